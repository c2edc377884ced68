"""Changed short codes: IgG, hepatitis B, CN VII, C3, BRCA1, RLQ; and units of time without a number."""

import re
from collections.abc import Iterator

from asyncgen.quality.checks.change import Change, Hunk
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.meanings import meanings
from asyncgen.quality.checks.vocabulary import word_set

_LETTERS_AND_DIGITS = re.compile(r"[A-Za-z]{1,6}\d{1,4}[A-Za-z]?")
_CAPITALS = re.compile(r"[A-Z]{2,6}|Ig[AGMED]|[IVX]+")
_LETTER = re.compile(r"[A-Z]")
_LETTERED = word_set("""
    hepatitis vitamin influenza group type factor hemophilia haemophilia protein class stage complement bulimia
    streptococcus lipoprotein apolipoprotein antigen blood immunoglobulin wave
""")
"""Words after which a letter is a code."""
_VAGUE = word_set("several some few many for of within in per each every next last this past")
"""Words after which a unit of time needs no number."""
_TIMES = {
    word: unit for unit in word_set("second minute hour day week month year decade") for word in (unit, f"{unit}s")
}


def check_codes(change: Change) -> Iterator[Finding]:
    """A code replaced by another one of the same kind; only the first in a note."""
    for hunk in change.hunks:
        if len(hunk.was) != len(hunk.became):
            continue
        for place in range(len(hunk.was)):
            was, became = _written(change, hunk, place)
            if (
                _is_code(change, hunk, place, was)
                and _is_code(change, hunk, place, became)
                and not _same(was, became)
            ):
                yield Finding("code", *change.shown(hunk))
                return


def check_times(change: Change) -> Iterator[Finding]:
    """A changed unit of time after a word that is not a number: "several months", "several weeks"."""
    for hunk in change.hunks:
        if (
            hunk.was
            and len(hunk.was) == len(hunk.became)
            and all(word in _TIMES for word in (*hunk.was, *hunk.became))
        ):
            before = change.original.words[hunk.i1 - 1] if hunk.i1 else ""
            if before in _VAGUE and _TIMES[hunk.was[0]] != _TIMES[hunk.became[0]]:
                yield Finding("unit", *change.shown(hunk))
                return


def _written(change: Change, hunk: Hunk, place: int) -> tuple[str, str]:
    """The two words as written."""
    (begin, end), (other_begin, other_end) = (
        change.original.spans[hunk.i1 + place],
        change.revised.spans[hunk.j1 + place],
    )
    return change.original.text[begin:end], change.revised.text[other_begin:other_end]


def _is_code(change: Change, hunk: Hunk, place: int, word: str) -> bool:
    if _LETTERS_AND_DIGITS.fullmatch(word) or _CAPITALS.fullmatch(word):
        return True
    before = change.original.words[hunk.i1 + place - 1] if hunk.i1 + place else ""
    return before in _LETTERED and _LETTER.fullmatch(word) is not None


def _same(was: str, became: str) -> bool:
    """Whether the lexicon has two codes as synonyms: ECG, EKG."""
    index = meanings()
    one, other = (index.targets.get((word.lower(),), frozenset()) for word in (was, became))
    return was.lower() == became.lower() or bool(one & other)
