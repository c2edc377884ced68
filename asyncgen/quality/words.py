"""A note as words: lower-case, with their places in the text and the sentence they belong to."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]\w*(?:['\u2019]\w+)*|[^\s\w]|_+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\s*\n\s*")

_FUNCTION = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by
    can could did do does doing down due during each every few for from further had has have having he her here hers him his
    how i if in into is it its itself just may me might more most must my no nor not now of off on once only or other
    our out over own per same she should since so some such than that the their them then there these they this those
    through to too under until up upon very was we were what when where which while who whom why will with within
    without would you your s t
    currently additionally however reports reported states stated notes noted shows showed reveals revealed
    demonstrates demonstrated found finding findings seen patient patients physician doctor
    """.split()
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text; `spans[i]` is the place of `words[i]`, `sentences[i]` the number of its sentence."""

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    sentences: tuple[int, ...]

    def slice(self, first: int, last: int) -> str:
        """The text from word `first` to before word `last`."""
        return self.text[self.spans[first][0] : self.spans[last - 1][1]] if first < last else ""


def split_words(text: str) -> Words:
    """Cut a text into words, numbers and marks."""
    words, spans, sentences = [], [], []
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    for match in _WORD.finditer(text):
        words.append(match[0].lower().replace("\u2019", "'"))
        spans.append(match.span())
        sentences.append(bisect_right(ends, match.start()))
    return Words(text, tuple(words), tuple(spans), tuple(sentences))


def is_content(word: str) -> bool:
    """Whether a word carries medical content: no mark, no number, no function word."""
    return len(word) > 1 and word[0].isalpha() and word not in _FUNCTION


def content(words: Iterable[str]) -> list[str]:
    """The words that carry content."""
    return [word for word in words if is_content(word)]
