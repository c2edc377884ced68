"""Check a reasoning against the notes of its pair: quotations, numbers, findings, the side it argues for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.additions import another_name, stem
from asyncgen.quality.checks.change import Change, clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.leak import telling_words
from asyncgen.quality.checks.meanings import normal_word
from asyncgen.quality.checks.note_words import Words, is_content
from asyncgen.quality.checks.quantities import Quantity, quantities, same_amount
from asyncgen.quality.checks.reasoning_side import comparison, wrong_side
from asyncgen.quality.checks.vocabulary import DENIES, DENIES_TOO, word_set

_QUOTED = re.compile(r"\"([^\"]{12,600})\"|\u201c([^\u201d]{12,600})\u201d|(?<![\w])'([^'\n]{20,600})'(?!\w)")
_SHORT_QUOTED = re.compile(r"[\"\u201c]([^\"\u201d]*\w\s[^\"\u201d]*)[\"\u201d]")
_LEAST_QUOTED = 4  # words: fewer are a term in quotation marks
_SENTENCE_KEYS = re.compile(r"(?:error|wrong|incorrect)_?(?:sentence|text|quote|location)|quote", re.IGNORECASE)
_FACT_KEYS = re.compile(r"summary|finding|fact|presentation|evidence|history|observation|case", re.IGNORECASE)
_FINDING_KEYS = re.compile(r"finding|fact|evidence|observation|feature", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]*\d)")
_ENUMERATED = re.compile(r"^\s*\(?\d{1,2}[.):]\s", re.MULTILINE)
_SMALL = 1  # "1 lesion" is "a lesion"
_LEAST_CONTENT = 2  # words of a finding: one alone is too common
_ARGUMENT = word_set("""
    passage passages wording phrase phrasing sentence sentences statement statements detail details key point
    points question decide decides decisive reading conclusion conclusions reason reasons reasoning reader plan
    support supports supported supporting fit fits match matches consistent consistency agree agrees follow
    follows rest recorded described stated mentioned finding findings picture whole overall together taken weigh
    important central relevant note notes text clinical here this these
""")
"""Words of an argument: they are not findings, whether or not they occur in the notes."""
_LONGEST_DENIED = 4  # content words: a longer finding is not denied as a whole
_DENIED_BEFORE = 60  # characters between a denial and the finding
_WORD = re.compile(r"[^\W\d_]\w*(?:['\u2019]\w+)*")
_DENIED = re.compile(r"\b(?:no|denies|denied|without|never)(?: [\w-]+){0,3} \Z")
_DENYING = DENIES | DENIES_TOO | {"absence", "without", "rule", "ruled", "or", "nor"}
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|\u2026|\[[^\]]*\])\s*")


@dataclass(frozen=True)
class Notes:
    """The notes of a pair, prepared for checking its reasonings; made once for both labels.

    `note` is the paraphrase, `error` the change from the correct note to the incorrect one.
    """

    pair: Pair
    note: Words
    error: Change

    @cached_property
    def text(self) -> str:
        """All three notes in one text."""
        return f"{self.note.text}\n{self.pair.correct_note}\n{self.pair.incorrect_note}"

    @cached_property
    def flat(self) -> str:
        """The text in lower case with single blanks, for quotations."""
        return _flat(self.text)

    @cached_property
    def numbers(self) -> frozenset[float]:
        """All numbers in digits in the notes."""
        return frozenset(_value(word) for word in self._words if word[0].isdigit() and _NUMBER.fullmatch(word))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """All quantities of the notes."""
        return tuple(quantities(self.text))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all words."""
        return frozenset(stem(normal_word(word)) for word in self._words)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset((*self.note.words, *self.error.original.words, *self.error.revised.words))

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    def denies(self, word: str) -> bool:
        """Whether a denial directly precedes every occurrence of a word."""
        place, found = self.lower.find(word), False
        while place >= 0:
            if not self.lower[place - 1 : place].isalnum():
                found = True
                if _DENIED.search(self.lower, max(0, place - _DENIED_BEFORE), place) is None:
                    return False
            place = self.lower.find(word, place + 1)
        return found

    @cached_property
    def telling(self) -> tuple[frozenset[str], frozenset[str]]:
        """The words that distinguish the notes of the pair: those of the error, those of its correction."""
        return telling_words(self.error)


def check_facts(
    reasoning: Any, label: str, notes: Notes, *, comparison_forbidden: bool = True
) -> Iterator[Finding]:
    """What a reasoning says that the notes do not; one finding of each kind."""
    if not isinstance(reasoning, Mapping):
        return
    fields = [(str(key), text) for key, value in reasoning.items() for text in _texts(value)]
    seen: set[str] = set()
    for key, text in fields:
        for finding in _field(key, text, label, notes, comparison_forbidden=comparison_forbidden):
            if finding.kind not in seen:
                seen.add(finding.kind)
                yield finding


def _field(key: str, text: str, label: str, notes: Notes, *, comparison_forbidden: bool) -> Iterator[Finding]:
    for quoted in _quotations(key, text, notes.pair):
        if not all(part in notes.flat for part in map(_flat, _ELLIPSIS.split(quoted)) if part):
            yield Finding("reasoning_quote", "", f"{label}: {clip(quoted)}")
    if _FACT_KEYS.search(key):
        for number in _foreign_numbers(text, notes):
            yield Finding("reasoning_number", "", f"{label}: {number}")
    if _FINDING_KEYS.search(key) and _is_foreign(text, notes):
        yield Finding("reasoning_finding", "", f"{label}: {clip(text)}")
    if (wrong := wrong_side(key, text, label, notes.telling)) is not None:
        yield Finding("reasoning_side", "", f"{label}: {clip(wrong)}")
    said = comparison(text, label) if comparison_forbidden else ""
    if said and said.lower() not in notes.flat:
        yield Finding("reasoning_comparison", "", f"{label}: {clip(said)}")


def _quotations(key: str, text: str, pair: Pair) -> Iterator[str]:
    """The quotations in a text: between quotation marks, or all of it if the key asks for the error's sentence.

    Without that sentence in the pair, there is nothing to quote.
    """
    marked = [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]
    if pair.error_sentence and not marked and _SENTENCE_KEYS.search(key) and '"' not in text:
        yield text.strip()
    for quoted in marked:
        if len(quoted.split()) >= _LEAST_QUOTED:
            yield quoted


def _flat(text: str) -> str:
    plain = text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"').lower()
    return " ".join(plain.split()).strip(" .,;:!?\"'")


def _foreign_numbers(text: str, notes: Notes) -> Iterator[str]:
    """Numbers that occur in no note, in any unit."""
    found = _NUMBER.findall(_ENUMERATED.sub(" ", text))
    unknown = [number for number in found if _value(number) not in notes.numbers and _value(number) > _SMALL]
    if not unknown:
        return
    for quantity in quantities(text):
        if any(re.search(rf"(?<!\d){re.escape(number)}(?!\d)", quantity.text) for number in unknown) and not any(
            quantity.key == other.key or same_amount(other, quantity, 0.5) or other.value == quantity.value
            for other in notes.quantities
        ):
            yield quantity.text


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _is_foreign(text: str, notes: Notes) -> bool:
    """Whether no part of a finding occurs in the notes, or all of it is only denied there."""
    words = _words(text)
    content = [word for word in words if is_content(word)]
    told = [word for word in content if word not in _ARGUMENT]
    if len(content) < _LEAST_CONTENT or not told:
        return False
    if any(_flat(quoted) in notes.flat for quoted in _SHORT_QUOTED.findall(text)):
        return False
    if not any(
        stem(normal := normal_word(word)) in notes.stems or another_name(normal, notes.stems) for word in told
    ):
        return True
    if (
        len(told) > _LONGEST_DENIED
        or not _DENYING.isdisjoint(words)
        or any(word.endswith(("n't", "less")) for word in words)
    ):
        return False
    return all(map(notes.denies, told))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _texts(value: Any) -> list[str]:
    """All strings in a JSON value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []
