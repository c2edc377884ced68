"""Typing errors of an original that a paraphrase corrects."""

from functools import cache

from rapidfuzz.distance import OSA, Indel

from asyncgen.quality.checks.meanings import meanings, normal_word, right_word
from asyncgen.quality.checks.vocabulary import FUNCTION

_LEAST = 6  # letters


@cache
def corrects(was: str, became: str) -> bool:
    """Whether a lower-case word is the right spelling of another one.

    Either the error is a known one, or one letter is missing, too many or out of place in the middle of a word
    that nobody knows, and the right one is known. Another letter is not enough: "dysphasia" is a word too.
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
    """Whether a word is one of the lexicon."""
    return word in FUNCTION or word in meanings().words or normal_word(word) in meanings().words
