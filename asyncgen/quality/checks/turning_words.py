"""Words that reverse the meaning: sides, sites, opposites, severity, certainty, persons, routes, drugs.

A class of words has exclusive values ("left", "right", "bilateral"). A finding requires that one value was
replaced by another of its class, or that such a word alone was added, removed or moved: a reworded sentence with
the same values is fine.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from asyncgen.quality.checks.change import Change, Hunk
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.meanings import drug_names, normal_word
from asyncgen.quality.checks.vocabulary import CLASSES, DRUG, OPPOSITE_PREFIXES

_ALONE = {"laterality", "severity", "site"}
"""Kinds for which a single added or removed word is a finding too."""

_NO_SIDE = re.compile(
    r"left\s+(?:the|a|an|his|her|for|to|untreated|home|work|against|ama)\b|right\s+(?:now|away|after|before)\b",
    re.IGNORECASE,
)


def check_wording(change: Change) -> Iterator[Finding]:
    """The classes, then prefixes and drugs; each kind is reported once."""
    seen: set[str] = set()
    for finding in (*_classes(change), *_prefixes(change), *_drugs(change)):
        if finding.kind not in seen:
            seen.add(finding.kind)
            yield finding


def _classes(change: Change) -> Iterator[Finding]:
    for kind, values in CLASSES:
        touched = [hunk for hunk in change.hunks if _valued(values, hunk.was) or _valued(values, hunk.became)]
        if touched and (
            _turned(values, change)
            or any(_replaced(values, hunk) for hunk in touched)
            or _moved(values, touched)
            or (kind in _ALONE and len(touched) == 1 and _alone(values, change, touched[0]))
        ):
            yield Finding(kind, *change.shown(*touched))


def _valued(values: Mapping[str, str], words: Iterable[str]) -> list[str]:
    """The values of those words that belong to a class."""
    return [values[plain] for word in words if (plain := word.removesuffix("'s")) in values]


def _turned(values: Mapping[str, str], change: Change) -> bool:
    """Whether one value was replaced by another."""
    lost, gained = set(_valued(values, change.lost)), set(_valued(values, change.gained))
    return bool(lost - gained and gained - lost)


def _replaced(values: Mapping[str, str], hunk: Hunk) -> bool:
    """Whether a hunk has words of a class on both sides, with different values."""
    was, became = set(_valued(values, hunk.was)), set(_valued(values, hunk.became))
    return bool(was and became and not was & became)


def _moved(values: Mapping[str, str], hunks: list[Hunk]) -> bool:
    """Whether only words of a class were exchanged: "left … right" that became "right … left"."""
    alone = [hunk for hunk in hunks if all(word in values for word in (*hunk.was, *hunk.became))]
    was = [values[word] for hunk in alone for word in hunk.was]
    became = [values[word] for hunk in alone for word in hunk.became]
    return len(alone) > 1 and was != became and len(was) == len(became)


def _alone(values: Mapping[str, str], change: Change, hunk: Hunk) -> bool:
    """Whether only a word of a class was added or removed ("left the hospital" has none)."""
    # "bilateral, nontender masses": the comma goes with the word.
    one = [word for word in (*hunk.was, *hunk.became) if word != ","]
    if (hunk.was and hunk.became) or not one or not all(word in values for word in one):
        return False
    words, place = (change.original, hunk.i1) if hunk.was else (change.revised, hunk.j1)
    return _NO_SIDE.match(words.text, words.spans[place][0]) is None


def _prefixes(change: Change) -> Iterator[Finding]:
    """A word that changed its prefix to the opposite: "hypertension", "hypotension"."""
    for was in change.lost:
        for one, other in OPPOSITE_PREFIXES:
            for prefix, opposite in ((one, other), (other, one)):
                became = opposite + was.removeprefix(prefix)
                if was.startswith(prefix) and became in change.gained:
                    yield Finding("opposite", was, became)


def _drugs(change: Change) -> Iterator[Finding]:
    """A drug replaced by another one, by the list of names or their endings."""
    was, became = ({_generic(word) for word in side} - {""} for side in (change.lost, change.gained))
    if was - became and became - was:
        yield Finding("drug", ", ".join(sorted(was - became)), ", ".join(sorted(became - was)))


def _generic(word: str) -> str:
    """The generic name of a drug; empty for other words."""
    return drug_names().get((normal_word(word),)) or (word if DRUG.fullmatch(word) else "")
