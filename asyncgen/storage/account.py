"""What a directory has cost, as the lines of its journal tell it."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from asyncgen.chat import Usage
from asyncgen.cost import CacheUse, Spend
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import ADAPTED, records_of


class Account:
    """Counts the lines of a journal, from its last compaction on, in their order.

    Args:
        spend: what the directory has cost by its checkpoint or statistics, which may be older than the lines.
        cache: what it has taken from a cache by then.

    `cache` is kept up to date.
    """

    def __init__(self, spend: Spend, cache: CacheUse) -> None:
        self._recorded = spend
        self._counted = replace(spend)
        self.cache = replace(cache)
        self._in_flight: dict[tuple[int, str], Usage] = {}
        self._answers: set[bytes] = set()

    @property
    def unsettled(self) -> int:
        """Calls that were sent and neither answered nor failed: they may have been billed."""
        return len(self._in_flight)

    def read(self, record: Mapping[str, Any], line: bytes) -> None:
        """Count a line, given with its record."""
        kind = record["kind"]
        if kind in {"header", "spend"}:
            if record.get("spend") is not None:
                self._counted = Spend(**record["spend"])
                self.cache = CacheUse(**record.get("cache", {}))
        elif kind == "sent":
            self._in_flight[record["index"], record["step"]] = Usage(**record.get("most", {}))
        elif kind.startswith("batch"):
            self._count(record)
        elif kind != ADAPTED:
            if record.get("batch") is None:
                self._in_flight.pop((record["index"], record["step"]), None)
            if self._is_new(kind, line):
                self._count(record)

    def total(self) -> Spend:
        """What the directory has cost, with the worst case of calls without an answer."""
        spend = replace(self._counted)
        for most in self._in_flight.values():
            spend.lose(most)
        # It only grows: where less is counted, the newest segments have gone, or were lost with the power.
        return max(self._recorded, spend, key=lambda each: each.most.total_tokens)

    def _is_new(self, kind: str, line: bytes) -> bool:
        """Whether it was not read before: a crash in the middle of carrying leaves copies without their sum."""
        if kind != "answer":
            return True
        digest = blake2b(line, digest_size=16).digest()
        known = digest in self._answers
        self._answers.add(digest)
        return not known

    def _count(self, record: Mapping[str, Any]) -> None:
        usage, lost = (Usage(**record.get(name, {})) for name in ("usage", "lost"))
        if record.get("cached", False):
            self.cache.add(usage)
        else:
            self._counted.add(usage, batch=record.get("batch") is not None)
        self._counted.lose(lost)


def account_of(directory: RunDirectory, spend: Spend, cache: CacheUse) -> Account:
    """The account of a directory that no run has open, from what its statistics say and its journal."""
    account = Account(spend, cache)
    for record, line in records_of(directory):
        account.read(record, line)
    return account
