"""Which rows of a run to export: by the stored verdicts, else by the rules alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from asyncgen.quality.judge.trust import ACCEPTED, Trust, trust_of
from asyncgen.quality.judge.verdict_file import RowVerdict
from asyncgen.quality.verification import Judged


@dataclass(frozen=True, slots=True)
class RowSelection:
    """The selected rows among those that did not fail, in order; `choice` is the name of the selection.

    `figures` are the judge's, None if the rules alone decided.
    """

    choice: str
    keeps: bytes
    trust: Counter[Trust]
    figures: Mapping[str, Any] | None = None

    @property
    def left_out(self) -> dict[Trust, int]:
        """How many rows are left out, by reason."""
        return {trust: self.trust[trust] for trust in Trust if trust not in ACCEPTED[self.choice]}


def select_by_verdicts(choice: str, rows: Iterable[RowVerdict], figures: Mapping[str, Any]) -> RowSelection:
    """Select rows by the rules and the judge together.

    Args:
        choice: a key of `ACCEPTED`.
        rows: all rows.
        figures: the judge's, for the card.
    """
    return _selection(choice, [row.trust for row in rows], figures)


def select_by_rules(choice: str, judged: Iterable[Judged]) -> RowSelection:
    """Select rows by the rules alone.

    Args:
        choice: a key of `ACCEPTED`.
        judged: all rows; those that come once more at the end are flagged.
    """
    found: dict[int, Trust] = {}
    for one in judged:
        found[one.index] = trust_of(one.state, one.kinds, None)
    return _selection(choice, list(found.values()), None)


def _selection(choice: str, trusts: list[Trust], figures: Mapping[str, Any] | None) -> RowSelection:
    accepted = ACCEPTED[choice]
    return RowSelection(choice, bytes(trust in accepted for trust in trusts), Counter(trusts), figures)
