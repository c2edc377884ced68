"""The side that a reasoning argues for, and whether it mentions another version of the note."""

import re

from asyncgen.quality.checks.reasoning_error import CORRECTION_KEYS
from asyncgen.quality.checks.vocabulary import word_set

Telling = tuple[frozenset[str], frozenset[str]]
"""The words that distinguish the notes of a pair: those of the error, those of its correction."""

_VERSION = r"(?:note|version|text|wording)"
_COMPARED = r"\bcompar(?:ed|ing|ison) (?:to|with|of|between) the (?:correct|corrected|original|other|two)\b"
_VERSIONS = ("note", "version", "text", "wording", "paraphras", "compar", "change", "replac", "alter", "edit")
_EDITED = (
    r"\b(?:synonym|word|phrase|wording|sentence|term)s? (?:was|were|has been|have been|is) "
    r"(?:changed|replaced|altered|swapped|reworded|substituted|edited|modified)\b"
    rf"|\bunlike the \w+ {_VERSION}\b|\bthe (?:change|edit|modification|rewording|substitution) (?:in|of|to) the "
    rf"(?:wording|{_VERSION})\b|\bmeaning is (?:unchanged|the same|preserved)\b"
)
_TWO = rf"\bboth {_VERSION}s\b|\btwo {_VERSION}s\b|{_COMPARED}|{_EDITED}"
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
    r"|\bcorrectly\b|\bsupports? (?:the )?(?:diagnosis|use|choice)"
    r"|\b(?:treatment|drug|agent|therapy|test|study|investigation|procedure|antibiotic|step) of choice\b"
    r"|\bfirst[- ]line\b"
    r"|\b(?:best|fully|well|readily|most likely) explain(?:s|ed)\b|\bmost likely (?:diagnosis|cause|organism)\b"
    r"|\bexplains? (?:all|each|every|both|the (?:findings|picture|presentation|symptoms)|these|her|his)\b"
    r"|\baccounts? (?:well |best )?for (?:all|the|these|her|his)\b|\b(?:is|are) consistent with\b"
    r"|\bfits? (?:best|well)\b|\bconfirm(?:s|ed)\b"
    r"|\b(?:sensible|reasonable|good|best|preferred|standard|ideal|safe|effective) "
    r"(?:choice|treatment|option|approach|therapy|drug|step|test|agent|management)\b",
    re.IGNORECASE,
)
_REJECTS = re.compile(
    rf"{_IS}(?:incorrect|wrong|inappropriate|inaccurate|erroneous|contraindicated|unnecessary|harmful|unsafe"
    r"|dangerous|ineffective|unlikely|not (?:correct|appropriate|indicated|right|needed|necessary|effective|safe))"
    r"|\bincorrectly\b|\bhas no (?:role|place|benefit)\b|\b(?:must|should) (?:not be|be avoided)\b",
    re.IGNORECASE,
)
_CONTRASTS = word_set("""
    not no rather instead unlike unlikely rule rules ruled ruling exclude excludes excluded excluding against
    versus vs alternative alternatives differ differs different differently whereas than without would should
    neither less but however
""")
"""With one of these a sentence may name the other side and argue against it."""
_AGAINST = re.compile(
    r"\b(?:in(?:correct|appropriate|accurate|consistent|compatible|effective)|un(?:safe|necessary|supported)"
    r"|wrong|error|harm|contraindicat|contradict|worsen|delay|fail|lack|cannot|never|miss|risk|danger|avoid|absen"
    r"|only|requires?|typically|usually|expected|reserved)\w*|n't",
    re.IGNORECASE,
)
_ARGUMENT = re.compile(r"why|reason|explanation|conclusion", re.IGNORECASE)
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
    if label == "INCORRECT" and CORRECTION_KEYS.search(key):
        words = _words(text)
        # A quotation of the error may be followed by what is wrong with it.
        return text if error <= words and correction.isdisjoint(words) and '"' not in text else None
    verdict = _APPROVES if label == "CORRECT" else _REJECTS
    against, for_it = (error, correction) if label == "CORRECT" else (correction, error)
    if label == "INCORRECT" and _ARGUMENT.search(key) and _defends(text, error, correction):
        return text
    if verdict.search(text) is None:
        return None
    for sentence in _SENTENCE_END.split(text):
        words = _words(sentence)
        argues = against <= words and for_it.isdisjoint(words) and _CONTRASTS.isdisjoint(words)
        if argues and "n't" not in sentence and verdict.search(sentence):
            return sentence
    return None


def _defends(text: str, error: frozenset[str], correction: frozenset[str]) -> bool:
    """Whether the argument against an error speaks for it, and says nothing against it."""
    words = _words(text)
    if not correction.isdisjoint(words) or not _CONTRASTS.isdisjoint(words) or _AGAINST.search(text):
        return False
    return any(error <= _words(sentence) and _APPROVES.search(sentence) for sentence in _SENTENCE_END.split(text))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
