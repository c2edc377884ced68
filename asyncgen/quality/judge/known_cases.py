"""Cases whose answer is known, made from the input and from rows that the rules proved, to measure the judge.

Rows are chosen by a hash of their index, so the same directory gives the same cases, and paid answers about them
are reused.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from random import Random

from asyncgen.quality.judge.case import Case
from asyncgen.quality.judge.planting import PLANTERS, plant, reorder

MOST = 2000  # cases: intervals narrow with the root of the number, cost grows with it
DOCTOR = "doctor's error"
PLANTED = "planted"
PROVEN = "proven by the rules"
UNCHANGED = "unchanged"
_UNCHANGED_EVERY = 8  # good cases: unchanged notes are too easy to teach much
REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A case, whether both texts mean the same, and the kind of case."""

    case: Case
    same: bool
    kind: str


@dataclass(frozen=True, slots=True, order=True)
class SampledRow:
    """A row of the sample: its place in the draw, and its texts; `wrong` and `proven` may be empty."""

    place: bytes
    original: str
    wrong: str
    proven: str


class RowSample:
    """Some rows, spread evenly over all of them.

    Args:
        most: how many are kept at most.
    """

    def __init__(self, most: int = MOST // 2) -> None:
        self._most = most
        self._rows: list[SampledRow] = []

    def add(self, index: int, original: str, wrong: str, proven: str) -> None:
        """Add a row to the draw."""
        place = blake2b(b"%d" % index, digest_size=8).digest()
        if len(self._rows) == self._most and place > self._rows[-1].place:
            return
        insort(self._rows, SampledRow(place, original, wrong, proven))
        del self._rows[self._most :]

    def cases(self, number: int) -> list[KnownCase]:
        """About so many cases, half of them bad, or as many as the rows give."""
        half = ceil(number / 2)
        return [*_some(self._bad(), half), *_some(self._good(), half)]

    def _bad(self) -> Iterator[KnownCase]:
        """Doctors' errors and planted ones alternately, the planted ones of each kind in turn."""
        kinds = [*PLANTERS]
        for number, row in enumerate(self._rows):
            if row.wrong and row.wrong.split() != row.original.split():
                yield KnownCase(Case(row.original, row.wrong), same=False, kind=DOCTOR)
            planted = plant(row.original, kinds[number % len(kinds)], _draw(row))
            if planted is not None:
                yield KnownCase(Case(row.original, planted[1]), same=False, kind=f"{PLANTED}: {planted[0]}")

    def _good(self) -> Iterator[KnownCase]:
        """Proven paraphrases and reordered notes if there are any; few unchanged ones, which are too easy."""
        for number, row in enumerate(self._rows):
            if number % _UNCHANGED_EVERY:
                reordered = reorder(row.original, _draw(row)) if number % 2 or not row.proven else None
                if reordered is not None and reordered != row.original:
                    yield KnownCase(Case(row.original, reordered), same=True, kind=REORDERED)
                elif row.proven and row.proven.split() != row.original.split():
                    yield KnownCase(Case(row.original, row.proven), same=True, kind=PROVEN)
            elif row.original.strip():
                yield KnownCase(Case(row.original, row.original), same=True, kind=UNCHANGED)
        for row in self._rows:
            if row.original.strip():
                yield KnownCase(Case(row.original, row.original), same=True, kind=UNCHANGED)


def wanted_cases(judged: int, share: float, least: int) -> int:
    """How many known cases to mix in.

    Args:
        judged: cases of the set.
        share: the wanted share of known cases among all (0 to below 1).
        least: at least so many, unless the share is 0.
    """
    if not share or not judged:
        return 0
    return min(MOST, max(least, ceil(judged * share / (1 - share))))


def _some(cases: Iterator[KnownCase], number: int) -> Iterator[KnownCase]:
    seen: set[str] = set()
    for known in cases:
        if len(seen) == number:
            return
        if known.case.key not in seen:
            seen.add(known.case.key)
            yield known


def _draw(row: SampledRow) -> Random:
    return Random(row.place)  # noqa: S311 - no secret
