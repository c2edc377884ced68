"""Denials that came or went: words ("no", "denies") and prefixes ("nontender")."""

import re
from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.change import Change
from asyncgen.quality.finding import Finding
from asyncgen.quality.vocabulary import DENIES, DENIES_TOO, DENYING_PREFIXES

_SAME_PHRASE = 3  # words
_LIST = {"or", "nor"}
_PREFIXED = re.compile(r"(?:non|un(?!der|i|til))\w{4,}")
_LEAST_STEM = {"un": 4, "non": 4}
_LEAST_STEM_OTHER = 6
_NO_DENIALS = {"inpatient", "inpatients", "informed", "indicated", "invasive"}


def check_negation(change: Change) -> Iterator[Finding]:
    """Weigh denials against each other, and against words that deny in another way."""
    touched = [hunk for hunk in change.hunks if any(map(_denies, (*hunk.was, *hunk.became)))]
    lost, gained = _denials(change.lost), _denials(change.gained)
    if not touched:
        yield from _prefixed(change)
        return
    if lost == gained:
        alone = [hunk for hunk in touched if all(map(_denies, (*hunk.was, *hunk.became)))]
        # "has not had" and "has had no" are the same; over more words, something else is denied.
        apart = max(hunk.i1 for hunk in touched) - min(hunk.i2 for hunk in touched)
        turned = len(alone) > 1 and len(change.hunks) == len(alone) and apart > _SAME_PHRASE
    else:
        fewer = lost > gained
        others = _denials_too(change.gained) - _denials_too(change.lost)
        made_up_for = others > 0 if fewer else others < 0
        # "no fever and no cough" is "no fever or cough".
        listed = bool(_LIST & {*change.lost, *change.gained}) and _says_no(change.window[1 if fewer else 0])
        turned = not made_up_for and not listed
    if turned:
        yield Finding("negation", *change.shown(*touched))


def _denies(word: str) -> bool:
    return word in DENIES or word.endswith("n't")


def _denials(words: Counter[str]) -> int:
    return sum(number for word, number in words.items() if _denies(word))


def _denials_too(words: Counter[str]) -> int:
    return sum(number for word, number in words.items() if word in DENIES_TOO or _PREFIXED.fullmatch(word))


def _says_no(text: str) -> bool:
    return any(map(_denies, text.lower().split()))


def _prefixed(change: Change) -> Iterator[Finding]:
    """A word that became itself with a denying prefix, or lost it."""
    for was in change.lost:
        for became in change.gained:
            shorter, longer = sorted((was, became), key=len)
            prefix = longer.removesuffix(shorter)
            if (
                prefix in DENYING_PREFIXES
                and len(shorter) >= _LEAST_STEM.get(prefix, _LEAST_STEM_OTHER)
                and longer not in _NO_DENIALS
            ):
                yield Finding("negation", was, became)
