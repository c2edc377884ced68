"""Reasonings as a good model writes them, about a pair, drawn by a seed."""

import re
from random import Random
from typing import Any

from asyncgen.medec.pair import Pair

GENERAL = (
    "The working diagnosis accounts for the time course and the examination findings taken together.",
    "Competing explanations would be expected to produce a different pattern of findings.",
    "First-line management follows from the severity and the absence of complications.",
    "Guidelines recommend this approach in patients who are hemodynamically stable.",
    "The laboratory results support the suspected mechanism rather than an alternative one.",
    "An alternative etiology would require additional systemic features, which are not described.",
    "No further invasive testing is needed before treatment is begun.",
    "The choice of agent balances efficacy against the risk of adverse effects.",
)
CLAUSE = re.compile(r"[.,;]\s+")
OPEN_END = re.compile(
    r"(?: (?:the|an?|of|and|or|with|to|for|in|on|by|is|are|was|were|that|which|as|from|not|her|his|because|since"
    r"|when|who|at|after|than|into|would|has|had|have|no|this|their|its|about|before)|[-,;:(])+\Z"
)
"""What the end of a finding is not, where a clause is cut."""


def correct_reasoning(pair: Pair, note: str, draw: Random) -> dict[str, Any]:
    """Why a note is right."""
    return {
        "clinical_summary": _summary(note, draw),
        "key_findings": _findings(note, draw),
        "consistency_check": _argument(note, draw),
        "why_correct": f"{pair.corrected_sentence or ''} {draw.choice(GENERAL)}".strip(),
        "conclusion": draw.choice(("The note is medically correct.", "Taken together, the note is correct.")),
    }


def error_reasoning(pair: Pair, draw: Random) -> dict[str, Any]:
    """Why a note is wrong."""
    return {
        "clinical_summary": _summary(pair.incorrect_note, draw),
        "key_findings": _findings(pair.incorrect_note, draw),
        "error_sentence": pair.error_sentence or "One of the sentences above.",
        "error_type": pair.error_type,
        "why_wrong": _argument(pair.incorrect_note, draw),
        "correction": pair.corrected_sentence or _corrected(pair),
        "conclusion": f"The note is incorrect because it states: {pair.error_sentence or 'what it does.'}",
    }


def _corrected(pair: Pair) -> str:
    """What the correct note says where the incorrect one does not."""
    sentences = re.split(r"(?<=[.?!])\s+", pair.correct_note)
    return " ".join(sentence for sentence in sentences if sentence not in pair.incorrect_note)


def _clauses(note: str) -> list[str]:
    return [clause for clause in CLAUSE.split(note) if len(clause.split()) > 2]


def _summary(note: str, draw: Random) -> str:
    clauses = CLAUSE.split(note)
    return ", ".join(clauses[: draw.randint(1, 2)]).rstrip(" .,;") + "."


def _findings(note: str, draw: Random) -> list[str]:
    clauses = _clauses(note)
    return [
        OPEN_END.sub("", " ".join(clause.split()[:12]))
        for clause in draw.sample(clauses, min(len(clauses), draw.randint(3, 6)))
    ]


def _argument(note: str, draw: Random) -> str:
    words = draw.choice(_clauses(note)).split()
    first, second = draw.sample(GENERAL, 2)
    return f"{first} In particular, {' '.join(words[:6])} fits this. {second}"
