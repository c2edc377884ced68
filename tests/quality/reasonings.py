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
        "correction": pair.corrected_sentence or "The sentence as it should be.",
        "conclusion": f"The note is incorrect because it states: {pair.error_sentence}",
    }


def _clauses(note: str) -> list[str]:
    return [clause for clause in CLAUSE.split(note) if len(clause.split()) > 2]


def _summary(note: str, draw: Random) -> str:
    words = note.split(". ", maxsplit=1)[0].split()
    return " ".join(words[: draw.randint(8, 20)])


def _findings(note: str, draw: Random) -> list[str]:
    clauses = _clauses(note)
    return [
        " ".join(clause.split()[:12]) for clause in draw.sample(clauses, min(len(clauses), draw.randint(3, 6)))
    ]


def _argument(note: str, draw: Random) -> str:
    words = draw.choice(_clauses(note)).split()
    first, second = draw.sample(GENERAL, 2)
    return f"{first} In particular, {' '.join(words[:6])} fits this. {second}"
