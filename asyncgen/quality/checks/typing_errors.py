"""Typing errors of an original that a paraphrase corrects."""

from functools import cache

from rapidfuzz.distance import OSA, Indel

from asyncgen.quality.checks.meanings import meanings, normal_word, right_word
from asyncgen.quality.checks.vocabulary import FUNCTION

_LEAST = 6  # letters: in shorter words, one letter often makes another word
_LEAST_ROOT = 4  # letters: shorter roots are other words by chance
_ENDINGS = ("ment", "ly", "ness")
"""Endings that turn a known word into another part of speech of the same meaning."""


@cache
def corrects(was: str, became: str) -> bool:
    """Whether a lower-case word is the correct spelling of another one.

    Either the error is a known one, or one letter is missing, surplus or misplaced in the middle of an unknown
    word, and the result is known. A different letter is not enough: "dysphasia" is a word too.
    """
    if right_word(was) == became:
        return True
    if min(len(was), len(became)) < _LEAST or was[0] != became[0] or was[-1] != became[-1]:
        return False
    if not (was.isalpha() and became.isalpha()) or is_known(was) or not is_known(became):
        return False
    distance = Indel.distance(was, became)
    return distance == 1 or (sorted(was) == sorted(became) and OSA.distance(was, became) == 1)


def is_known(word: str) -> bool:
    """Whether a word occurs in the lexicon, or is derived from one that does."""
    words = meanings().words
    if word in FUNCTION or word in words or normal_word(word) in words:
        return True
    roots = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return any(len(root) >= _LEAST_ROOT and root in words for root in roots)
