"""A note as words: lower-case, with their places in the text and their sentences."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from asyncgen.quality.checks.vocabulary import FUNCTION

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]\w*(?:['\u2019]\w+)*|[^\s\w]|_+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\s*\n\s*")


@dataclass(frozen=True)
class Words:
    """The words of a text; `spans[i]` is the place of `words[i]`."""

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    @cached_property
    def sentences(self) -> tuple[int, ...]:
        """The number of each word's sentence; asked only of the text that others are compared with."""
        ends = [match.end() for match in _SENTENCE_END.finditer(self.text)]
        return tuple([bisect_right(ends, begin) for begin, _ in self.spans]) if ends else (0,) * len(self.spans)

    def slice(self, first: int, last: int) -> str:
        """The text from word `first` up to word `last`, excluded."""
        return self.text[self.spans[first][0] : self.spans[last - 1][1]] if first < last else ""


def split_words(text: str) -> Words:
    """Split a text into words, numbers and marks."""
    spans = tuple([match.span() for match in _WORD.finditer(text)])
    lower = text.lower().replace("\u2019", "'")
    if len(lower) != len(text):  # a few letters have no single lower-case form
        words = tuple([text[begin:end].lower().replace("\u2019", "'") for begin, end in spans])
    else:
        words = tuple([lower[begin:end] for begin, end in spans])
    return Words(text, words, spans)


def is_content(word: str) -> bool:
    """Whether a word carries medical content: not a mark, a number or a function word."""
    return len(word) > 1 and word[0].isalpha() and word not in FUNCTION


def content(words: Iterable[str]) -> list[str]:
    """The content words."""
    return [word for word in words if is_content(word)]
