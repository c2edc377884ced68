"""The change from a note to its paraphrase: hunks of words, and the places that they form."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz.distance import Indel

from asyncgen.quality.checks.note_words import Words

_SHOWN = 90  # characters: about a line of a terminal


@dataclass(frozen=True, slots=True)
class Hunk:
    """Words `i1:i2` of the original that became words `j1:j2` of the revised note; one range may be empty."""

    i1: int
    i2: int
    j1: int
    j2: int
    was: tuple[str, ...]
    became: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangedPassage:
    """A changed passage in whole sentences: its text in both notes, its hunks, the start of the revised one."""

    was: str
    became: str
    hunks: tuple[Hunk, ...]
    offset: int


class Change:
    """The difference between two texts by words, ignoring case and blanks.

    `hunks` are in order and as small as the longest common subsequence of words makes them.
    """

    def __init__(self, original: Words, revised: Words) -> None:
        self.original = original
        self.revised = revised
        self.hunks = tuple(_hunks(original, revised))

    @cached_property
    def lost(self) -> Counter[str]:
        """Words that the whole change removes; moved words are not among them."""
        return balance(self.hunks)[0]

    @cached_property
    def gained(self) -> Counter[str]:
        """Words that the whole change adds."""
        return balance(self.hunks)[1]

    @property
    def kept(self) -> float:
        """The share of both texts that is the same words in the same order, 0 to 1."""
        changed = sum(len(hunk.was) + len(hunk.became) for hunk in self.hunks)
        return 1 - changed / max(1, len(self.original.words) + len(self.revised.words))

    @cached_property
    def places(self) -> tuple[tuple[Hunk, ...], ...]:
        """The hunks by place: those that touch the same sentence of the original form one."""
        places: list[list[Hunk]] = []
        last = -1
        for hunk in self.hunks:
            if not _has_word(hunk):
                continue
            first_sentence, last_sentence = self._sentences(hunk)
            if places and first_sentence <= last:
                places[-1].append(hunk)
            else:
                places.append([hunk])
            last = max(last, last_sentence)
        return tuple(map(tuple, places))

    @cached_property
    def passages(self) -> tuple[ChangedPassage, ...]:
        """The changed passages in whole sentences, in order; hunks whose sentences touch share one.

        Everything outside them is the same in both texts.
        """
        groups: list[tuple[list[Hunk], int, int]] = []
        for hunk in self.hunks:
            first, last = _whole_sentences(self.original, hunk)
            if groups and first <= groups[-1][2]:
                hunks, begin, end = groups.pop()
                groups.append(([*hunks, hunk], begin, max(end, last)))
            else:
                groups.append(([hunk], first, last))
        return tuple(self._passage(*group) for group in groups)

    def _passage(self, hunks: list[Hunk], begin: int, end: int) -> ChangedPassage:
        before, behind = hunks[0].j1 - (hunks[0].i1 - begin), hunks[-1].j2 + (end - hunks[-1].i2)
        offset = self.revised.spans[before][0] if before < behind else 0
        return ChangedPassage(
            self.original.slice(begin, end), self.revised.slice(before, behind), tuple(hunks), offset
        )

    def shown(self, *hunks: Hunk) -> tuple[str, str]:
        """The text from the first to the last of some hunks, in both versions; of all hunks if none is given."""
        chosen = hunks or self.hunks
        if not chosen:
            return "", ""
        first, last = chosen[0], chosen[-1]
        return (
            clip(self.original.slice(first.i1, last.i2)),
            clip(self.revised.slice(first.j1, last.j2)),
        )

    def _sentences(self, hunk: Hunk) -> tuple[int, int]:
        """First and last sentence of the original that a hunk touches; an insertion at a boundary touches both."""
        sentences = self.original.sentences
        if not sentences:
            return 0, 0
        first, last = (hunk.i1, hunk.i2 - 1) if hunk.i1 < hunk.i2 else (hunk.i1 - 1, hunk.i1)
        return sentences[max(0, first)], sentences[min(last, len(sentences) - 1)]


def balance(hunks: Iterable[Hunk]) -> tuple[Counter[str], Counter[str]]:
    """Words that some hunks remove and add, without those that only move."""
    was: Counter[str] = Counter()
    became: Counter[str] = Counter()
    for hunk in hunks:
        was.update(hunk.was)
        became.update(hunk.became)
    return was - became, became - was


def clip(text: str) -> str:
    """As much of a text as a line shows, from both its ends."""
    half = _SHOWN // 2
    return text if len(text) <= _SHOWN else f"{text[:half]} … {text[-half:]}"


def _has_word(hunk: Hunk) -> bool:
    return any(word[0].isalnum() for word in (*hunk.was, *hunk.became))


def _hunks(original: Words, revised: Words) -> Iterator[Hunk]:
    was, became = original.words, revised.words
    begun: tuple[int, int] | None = None
    i = j = 0
    for operation in Indel.opcodes(was, became):
        if operation.tag == "equal":
            if begun is not None:
                yield _hunk(was, became, begun, (i, j))
            begun = None
        elif begun is None:
            begun = (operation.src_start, operation.dest_start)
        i, j = operation.src_end, operation.dest_end
    if begun is not None:
        yield _hunk(was, became, begun, (i, j))


def _hunk(was: tuple[str, ...], became: tuple[str, ...], begin: tuple[int, int], end: tuple[int, int]) -> Hunk:
    (i1, j1), (i2, j2) = begin, end
    return Hunk(i1, i2, j1, j2, was[i1:i2], became[j1:j2])


def _whole_sentences(words: Words, hunk: Hunk) -> tuple[int, int]:
    """The words of the sentences that a hunk touches: the first one, and the end."""
    sentences = words.sentences
    if not sentences:
        return 0, 0
    first = min(hunk.i1, len(sentences) - 1)
    last = min(max(hunk.i2 - 1, first), len(sentences) - 1)
    if hunk.i1 == hunk.i2 and first > 0:
        first -= 1  # an insertion at a boundary touches both
    if words.words[last] in ".;" and last + 1 < len(sentences):
        last += 1  # two sentences may have become one
    begin, end = first, last + 1
    while begin > 0 and sentences[begin - 1] == sentences[first]:
        begin -= 1
    while end < len(sentences) and sentences[end] == sentences[last]:
        end += 1
    return begin, end
