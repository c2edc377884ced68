"""What a reasoning says of its pair's error: where it stands, of which type it is, and what corrects it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.additions import another_name, stem
from asyncgen.quality.checks.change import clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.meanings import normal_word

SENTENCE_KEYS = re.compile(r"(?:error|wrong|incorrect)_?(?:sentence|text|quote)", re.IGNORECASE)
CORRECTION_KEYS = re.compile(r"correction|corrected(?:_sentence)?|right_?(?:sentence|answer)", re.IGNORECASE)
TYPE_KEYS = re.compile(r"error_?(?:type|category|kind)", re.IGNORECASE)
TYPES = frozenset({"diagnosis", "management", "treatment", "pharmacotherapy", "causalorganism"})
"""The types of errors that pairs are labelled with, without blanks and in lower case."""
_LEAST_SAME = 0.9  # of the words of the corrected sentence
_LEAST_SHARED = 0.5  # of the words of the error's sentence, and of the named one's
_WORD = re.compile(r"[^\W_]+")


def plain_type(value: Any) -> str:
    """A type of errors without case, blanks and marks."""
    return re.sub(r"[\W_]+", "", value).lower() if isinstance(value, str) else ""


def check_error(
    fields: Mapping[str, Any], pair: Pair, telling: tuple[frozenset[str], frozenset[str]]
) -> Iterator[Finding]:
    """Hold what a reasoning on an incorrect note says of the error against the pair; one finding at most.

    Args:
        fields: the reasoning.
        pair: its pair.
        telling: the words that distinguish the notes: those of the error, those of its correction.
    """
    for key, value in fields.items():
        said = ""
        if not isinstance(value, str) or not value.strip():
            continue
        if SENTENCE_KEYS.fullmatch(str(key)):
            said = "" if _is_sentence(value, pair, *telling) else value
        elif TYPE_KEYS.fullmatch(str(key)):
            given, named = plain_type(pair.error_type), plain_type(value)
            said = "" if named == given or (named in TYPES and given not in TYPES) else value
        elif CORRECTION_KEYS.fullmatch(str(key)):
            said = "" if _alike(value, pair.corrected_sentence) or _corrects(value, telling[1]) else value
        if said:
            yield Finding("reasoning_error", "", f"{key}: {clip(said)}")
            return


def _is_sentence(text: str, pair: Pair, error: frozenset[str], correction: frozenset[str]) -> bool:
    """Whether a text is the sentence of the error, or the part of it that is wrong."""
    if not pair.error_sentence or text.strip() == pair.error_sentence.strip():
        return True
    named, wanted = _WORD.findall(text.lower()), _WORD.findall(pair.error_sentence.lower())
    if not named or not wanted:
        return True
    if error.isdisjoint(named) and not correction.isdisjoint(named):
        return False
    shared = len(set(named) & set(wanted))
    if shared < _LEAST_SHARED * len(set(named)):
        return False
    return shared >= _LEAST_SHARED * len(set(wanted)) or (bool(error) and error <= set(named))


def _alike(text: str, sentence: str | None) -> bool:
    """Whether a text has most of the words of a sentence."""
    wanted = set(_WORD.findall((sentence or "").lower()))
    return bool(wanted) and len(wanted & set(_WORD.findall(text.lower()))) >= _LEAST_SAME * len(wanted)


def _corrects(text: str, correction: frozenset[str]) -> bool:
    """Whether a text has something of what corrects the error, in one of its names."""
    if not correction:
        return True
    stems = frozenset(stem(normal_word(word)) for word in _WORD.findall(text.lower()))
    told = [normal_word(word) for word in correction]
    return any(stem(word) in stems or another_name(word, stems) for word in told)
