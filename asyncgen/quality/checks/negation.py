"""Added or lost denials: words ("no", "denies") and prefixes ("nontender")."""

import re
from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.checks.change import Change, Hunk, balance
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.vocabulary import DENIES, DENIES_TOO, DENYING_PREFIXES

_SAME_PHRASE = 3  # words: "has not had" and "has had no" are this close
_LIST = {"or", "nor"}
_DENYING = re.compile(r"(?:non|un(?!der|i|til))\w{4,}|\w{3,}less|0")
_LEAST_STEM = {"un": 4, "non": 4}
_LEAST_STEM_OTHER = 6  # letters: short stems occur in words that deny nothing
_NO_DENIALS = {"inpatient", "inpatients", "informed", "indicated", "invasive"}


def check_negation(change: Change) -> Iterator[Finding]:
    """In each place, compare denials with each other, and with words that deny in another way."""
    for place in change.places:
        touched = [hunk for hunk in place if any(map(_denies, (*hunk.was, *hunk.became)))]
        lost, gained = balance(place)
        if not touched:
            yield from _prefixed(lost, gained)
        elif _turned(change, touched, lost, gained):
            yield Finding("negation", *change.shown(*touched))


def _turned(change: Change, touched: list[Hunk], lost: Counter[str], gained: Counter[str]) -> bool:
    before, after = _denials(lost), _denials(gained)
    if before == after:
        # "has not had" and "has had no" are the same; farther apart, something else is denied.
        apart = max(hunk.i1 for hunk in touched) - min(hunk.i2 for hunk in touched)
        return apart > _SAME_PHRASE and all(
            _denies(word) for hunk in touched for word in (*hunk.was, *hunk.became)
        )
    others = _denials_too(gained) - _denials_too(lost)
    made_up_for = others > 0 if before > after else others < 0
    # "no fever and no cough" is "no fever or cough".
    listed = bool(_LIST & {*lost, *gained}) and _says_no(
        " ".join(passage.became if before > after else passage.was for passage in change.passages)
    )
    return not made_up_for and not listed


def _denies(word: str) -> bool:
    return word in DENIES or word.endswith("n't")


def _denials(words: Counter[str]) -> int:
    return sum(number for word, number in words.items() if _denies(word))


def _denials_too(words: Counter[str]) -> int:
    return sum(number for word, number in words.items() if word in DENIES_TOO or _DENYING.fullmatch(word))


def _says_no(text: str) -> bool:
    return any(map(_denies, text.lower().split()))


def _prefixed(lost: Counter[str], gained: Counter[str]) -> Iterator[Finding]:
    """A word that gained or lost a denying prefix."""
    for was in lost:
        for became in gained:
            shorter, longer = sorted((was, became), key=len)
            prefix = longer.removesuffix(shorter)
            if (
                prefix in DENYING_PREFIXES
                and len(shorter) >= _LEAST_STEM.get(prefix, _LEAST_STEM_OTHER)
                and longer not in _NO_DENIALS
            ):
                yield Finding("negation", was, became)
