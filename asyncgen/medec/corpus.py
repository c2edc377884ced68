"""The pairs of several published files, and everything odd in them: repeats, and rows that are left out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from asyncgen.medec.csv_files import Found
from asyncgen.medec.pair import Pair


class RowPlace(NamedTuple):
    """Where a row is: its file, its number there, its Text ID."""

    file: str
    number: int
    text_id: str


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd about a row. `like` is an earlier row that it repeats."""

    kind: str
    place: RowPlace
    left_out: bool
    like: RowPlace | None = None


@dataclass(slots=True)
class Collection:
    """The pairs of several files, and what was odd in them; `clean` counts the notes without an error."""

    pairs: list[Pair] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    rows: int = 0
    clean: int = 0
    _seen: dict[bytes, RowPlace] = field(default_factory=dict)

    def add(self, file: str, found: Found) -> None:
        """Add a row."""
        self.rows += 1
        place = RowPlace(file, found.number, found.text_id)
        pair, odd = found.reading
        if pair is None and not odd:
            self.clean += 1
        repeated = [] if pair is None else list(self._repeated(place, pair))
        again = any(oddity.left_out for oddity in repeated)
        self.oddities += repeated
        if again:
            return
        self.oddities += [Oddity(kind, place, left_out=pair is None) for kind in odd]
        if pair is not None:
            self.pairs.append(pair)

    @property
    def left_out(self) -> int:
        """Rows that are odd and give no pair."""
        return self.rows - self.clean - len(self.pairs)

    def _repeated(self, place: RowPlace, pair: Pair) -> Iterator[Oddity]:
        """How a pair repeats an earlier one: entirely (it is left out), or in part."""
        both = _digest("both", pair.correct_note, pair.incorrect_note)
        if both in self._seen:
            yield Oddity("both notes were there already", place, left_out=True, like=self._seen[both])
            return
        self._seen[both] = place
        parts = {
            "Text ID of other notes": _digest("id", pair.note_id),
            "Text of another pair": _digest("text", pair.incorrect_note),
            "Corrected Text of another pair": _digest("corrected", pair.correct_note),
        }
        for kind, key in parts.items():
            if (earlier := self._seen.setdefault(key, place)) is not place:
                yield Oddity(kind, place, left_out=False, like=earlier)


def _digest(kind: str, *texts: str) -> bytes:
    digests = (blake2b(text.encode(), digest_size=16).digest() for text in (kind, *texts))
    return blake2b(b"".join(digests), digest_size=16).digest()
