"""The side that a reasoning argues for, and whether it mentions another version of the note."""

import re

from asyncgen.quality.checks.vocabulary import word_set

Telling = tuple[frozenset[str], frozenset[str]]
"""The words that distinguish the notes of a pair: those of the error, those of its correction."""

_VERSION = r"(?:note|version|text|wording)"
_COMPARED = r"\bcompar(?:ed|ing|ison) (?:to|with|of|between) the (?:correct|corrected|original|other|two)\b"
_VERSIONS = ("note", "version", "text", "wording", "paraphras", "compar")
_TWO = rf"\bboth {_VERSION}s\b|\btwo {_VERSION}s\b|{_COMPARED}"
_COMPARISON = {
    "CORRECT": re.compile(
        r"\b(?:original|paraphrased|revised|reworded|rephrased|other|previous|first|second|reference|source) "
        rf"{_VERSION}\b"
        rf"|\bparaphras(?:e|ed|ing)\b|{_TWO}",
        re.IGNORECASE,
    ),
    "INCORRECT": re.compile(
        rf"\b(?<!in)(?:correct|corrected|original|other|reference|source) {_VERSION}\b|{_TWO}", re.IGNORECASE
    ),
}
_FORBIDS = re.compile(
    r"(?:do not|don't|never|must not|without|avoid)[^.\n]{0,120}"
    r"(?:original|paraphras|compar|other note|other version|two notes|both notes)",
    re.IGNORECASE,
)
_IS = r"\b(?:is|are|was|were)\s(?:(?:therefore|thus|medically|clinically|indeed)\s)?"
_APPROVES = re.compile(
    rf"{_IS}(?:correct|appropriate|right|accurate|indicated|justified|the (?:correct|right|appropriate))"
    r"|\bcorrectly\b|\bsupports? (?:the )?(?:diagnosis|use|choice)",
    re.IGNORECASE,
)
_REJECTS = re.compile(
    rf"{_IS}(?:incorrect|wrong|inappropriate|inaccurate|erroneous|contraindicated"
    r"|not (?:correct|appropriate|indicated|right))|\bincorrectly\b",
    re.IGNORECASE,
)
_VERDICTS = (
    "correct",
    "appropriate",
    "right",
    "accurate",
    "indicated",
    "justified",
    "support",
    "wrong",
    "erroneous",
)
_CONTRASTS = word_set("""
    not no rather instead unlike unlikely rule rules ruled ruling exclude excludes excluded excluding against
    versus vs alternative alternatives differ differs different differently whereas than without would should
    neither less but however
""")
"""With one of these a sentence may name the other side and argue against it."""
_CORRECTION = re.compile(r"correction|corrected|right_?(?:sentence|answer)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")
_WORD = re.compile(r"[^\W\d_]\w*")


def forbids_comparison(system: str) -> bool:
    """Whether a system prompt forbids mentioning another version of the note."""
    return _FORBIDS.search(system) is not None


def comparison(text: str, label: str) -> str:
    """The words in which a reasoning mentions another version; empty if it does not."""
    if not any(part in text.lower() for part in _VERSIONS):
        return ""  # most texts, and faster than the pattern
    said = _COMPARISON[label].search(text)
    return "" if said is None else said[0]


def wrong_side(key: str, text: str, label: str, telling: Telling) -> str | None:
    """The sentence that argues for the error of a correct note, or against the correction of an incorrect one.

    A correction that is the error itself counts too.
    """
    error, correction = telling
    if not error or not correction:
        return None
    if label == "INCORRECT" and _CORRECTION.search(key):
        words = _words(text)
        # A quotation of the error may be followed by what is wrong with it.
        return text if error <= words and correction.isdisjoint(words) and '"' not in text else None
    verdict = _APPROVES if label == "CORRECT" else _REJECTS
    against, for_it = (error, correction) if label == "CORRECT" else (correction, error)
    if not any(part in text for part in _VERDICTS) or verdict.search(text) is None:
        return None
    for sentence in _SENTENCE_END.split(text):
        words = _words(sentence)
        argues = against <= words and for_it.isdisjoint(words) and _CONTRASTS.isdisjoint(words)
        if argues and "n't" not in sentence and verdict.search(sentence):
            return sentence
    return None


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
