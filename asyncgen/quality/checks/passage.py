"""A passage as words that can be aligned with another's."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from asyncgen.quality.checks.meanings import meanings, normal_word, right_word
from asyncgen.quality.checks.note_words import Words, split_words
from asyncgen.quality.checks.quantities import Quantity, placed_quantities
from asyncgen.quality.checks.vocabulary import DENIES

_ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True)
class Passage:
    """A text as words that can be aligned: without hyphens, spelling normalized; `written` keeps the case.

    `correctable`: whether its typing errors may be corrected.
    """

    text: str
    correctable: bool = True

    @cached_property
    def _split(self) -> Words:
        return split_words(self.text)

    @cached_property
    def _kept(self) -> tuple[int, ...]:
        words = self._split.words
        return tuple(place for place, word in enumerate(words) if word != "-" or _in_numbers(words, place))

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The words as they are written."""
        return tuple(self.text[begin:end] for begin, end in self.spans)

    @cached_property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The places of the words."""
        return tuple(self._split.spans[place] for place in self._kept)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words, lower-case, in American spelling."""
        return tuple(normal_word(self._split.words[place]) for place in self._kept)

    @cached_property
    def quantities(self) -> dict[int, list[tuple[int, Quantity]]]:
        """By its first word, a quantity's end and value."""
        begins = {begin: place for place, (begin, _) in enumerate(self.spans)}
        ends = {end: place + 1 for place, (_, end) in enumerate(self.spans)}
        found: dict[int, list[tuple[int, Quantity]]] = {}
        for begin, end, quantity in placed_quantities(self.text):
            written = self.text[begin:end]
            first = begins.get(begin + len(written) - len(written.lstrip(" -")))
            last = ends.get(end - len(written) + len(written.rstrip()))
            if first is not None and last is not None:
                found.setdefault(first, []).append((last, quantity))
        return found

    def phrases(self, place: int, *, target: bool) -> Iterator[tuple[int, frozenset[int]]]:
        """The phrases of the lexicon that begin at a word: their end and their concepts."""
        index = meanings()
        known = index.targets if target else index.sources
        words = self.words if target else self.corrected
        for length in index.lengths.get(words[place], ()):
            concepts = known.get(words[place : place + length])
            if concepts is not None:
                yield place + length, concepts

    @cached_property
    def corrected(self) -> tuple[str, ...]:
        """The words, with known typing errors corrected if that is allowed."""
        if not self.correctable:
            return self.words
        return tuple(right_word(word) or word for word in self.words)

    def is_article(self, place: int) -> bool:
        """Whether a word is an article that may come or go: not a letter ("hepatitis A") nor in "a few"."""
        if self.words[place] not in _ARTICLES:
            return False
        following = self.words[place + 1] if place + 1 < len(self.words) else ""
        capital = self.written[place] == "A" and place > 0 and self.words[place - 1] not in ".:;?!"
        return not capital and following not in {"few", "little", "lot", "number", "", ".", ",", ")"}

    def is_denied(self, place: int) -> bool:
        """Whether a denial precedes a word in its sentence."""
        while place > 0 and self.words[place - 1] not in ".;":
            place -= 1
            if self.words[place] in DENIES or self.words[place].endswith("n't"):
                return True
        return False


def _in_numbers(words: tuple[str, ...], place: int) -> bool:
    """Whether a hyphen is part of numbers: a range, or a sign."""
    before = words[place - 1] if place else ""
    behind = words[place + 1] if place + 1 < len(words) else ""
    return behind[:1].isdigit() and (before[:1].isdigit() or not before[:1].isalnum())
