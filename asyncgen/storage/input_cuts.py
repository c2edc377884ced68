"""The places in an input where shards begin, found in one pass, so that no shard reads what is before it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asyncgen.rows import Parse
from asyncgen.storage.input_file import FileIdentity, Scan, rows_of


@dataclass(frozen=True, slots=True)
class Cut:
    """A place between two rows of a scanned input: `end` and `chain` of the row before it."""

    scan: Scan
    end: int = 0
    chain: str = ""

    def fits(self, path: Path) -> bool:
        """Whether this is still the file that was scanned, perhaps seen from another machine.

        Raises:
            UsageError: it cannot be read.
        """
        # Each machine has its own number for the device of a shared file system.
        now = replace(FileIdentity.of(path), device=self.scan.identity.device)
        return now == self.scan.identity


def cut_at(path: Path, parse: Parse[Any], scan: Scan, indexes: Iterable[int]) -> dict[int, Cut]:
    """The places before the rows with these indexes, for those that exist.

    Raises:
        UsageError: the file cannot be read.
    """
    wanted = set(indexes)
    found = {0: Cut(scan)}
    last = max(wanted, default=0)
    for row in rows_of(path, parse) if last else ():
        following = row.index + 1
        if following in wanted:
            found[following] = Cut(scan, row.end, row.chain)
        if following == last:
            break
    return found
