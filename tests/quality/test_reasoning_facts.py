"""Reasoning is held against the notes of its pair."""

import pytest

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.note_words import split_words
from asyncgen.quality.checks.reasoning_facts import Notes, check_facts
from asyncgen.quality.checks.reasoning_side import forbids_comparison

NOTE = (
    "A 45-year-old woman has severe pain in the left knee for 3 days. She has no fever or chills. "
    "Temperature is 38 C. Examination shows a warm, swollen joint. "
    "The patient was diagnosed with septic arthritis."
)
ERROR = "The patient was diagnosed with gout."
PAIR = Pair("1", NOTE, NOTE.replace("septic arthritis", "gout"), "diagnosis", ERROR, None)
NOTES = Notes(PAIR, split_words(NOTE), Change(split_words(NOTE), split_words(PAIR.incorrect_note)))


def kinds(reasoning: object, label: str = "CORRECT") -> set[str]:
    """The kinds found in a reasoning."""
    return {finding.kind for finding in check_facts(reasoning, label, NOTES)}


@pytest.mark.parametrize(
    ("reasoning", "label"),
    [
        ({"evidence": ['The passage "for 3 days" decides the question here.']}, "CORRECT"),
        ({"evidence": ["The wording \u201cin the left\u201d agrees, the reviewer concedes."]}, "CORRECT"),
        ({"evidence": ["The statement supports this conclusion."]}, "CORRECT"),
        ({"key_findings": ["severe pain in the left knee", "warm joint for 72 hours", "no fever"]}, "CORRECT"),
        ({"clinical_summary": "A 45-year-old woman with a temperature of 100.4 F."}, "CORRECT"),
        ({"why_correct": 'The note says "She has no fever or chills", which is 95% of cases.'}, "CORRECT"),
        ({"why_correct": "Gout is unlikely; septic arthritis is the correct diagnosis."}, "CORRECT"),
        ({"conclusion": "The diagnosis of septic arthritis is appropriate."}, "CORRECT"),
        (
            {"error_sentence": "The patient was diagnosed with gout.", "correction": "septic arthritis"},
            "INCORRECT",
        ),
        ({"conclusion": "The note is incorrect: gout is wrong."}, "INCORRECT"),
        ("no object", "CORRECT"),
    ],
)
def test_what_stands_in_the_notes_is_no_finding(reasoning: object, label: str) -> None:
    """In other words and units too, and medical knowledge where the key asks for it."""
    assert kinds(reasoning, label) == set()


@pytest.mark.parametrize(
    ("reasoning", "label", "kind"),
    [
        ({"why": 'The note says "She has high fever and chills".'}, "CORRECT", "reasoning_quote"),
        ({"error_sentence": "The patient was told to have gout."}, "INCORRECT", "reasoning_quote"),
        ({"key_findings": ["temperature of 39.5 C"]}, "CORRECT", "reasoning_number"),
        ({"clinical_summary": "Pain for 5 days."}, "CORRECT", "reasoning_number"),
        ({"clinical_summary": "Ibuprofen, max 100 mg."}, "CORRECT", "reasoning_number"),
        ({"key_findings": ["Persistent bloody diarrhea"]}, "CORRECT", "reasoning_finding"),
        ({"key_findings": ["productive cough"]}, "CORRECT", "reasoning_finding"),
        ({"evidence": ["The findings are consistent with pneumonia."]}, "CORRECT", "reasoning_finding"),
        ({"evidence": ['The phrase "productive cough" suggests pneumonia.']}, "CORRECT", "reasoning_finding"),
        ({"key_findings": ["fever and chills"]}, "CORRECT", "reasoning_finding"),
        ({"conclusion": "The diagnosis of gout is correct."}, "CORRECT", "reasoning_side"),
        ({"correction": "The patient was diagnosed with gout."}, "INCORRECT", "reasoning_side"),
        ({"why_wrong": "Septic arthritis is inappropriate here."}, "INCORRECT", "reasoning_side"),
        ({"why": "The original note says the same."}, "CORRECT", "reasoning_comparison"),
        ({"why": "Compared with the correct version, it differs."}, "INCORRECT", "reasoning_comparison"),
    ],
)
def test_what_does_not_stand_there_is_named(reasoning: object, label: str, kind: str) -> None:
    """Quotations, numbers, findings, the wrong side, another version."""
    assert kind in kinds(reasoning, label)


def test_a_comparison_is_no_finding_where_the_prompt_allows_it() -> None:
    """Only a prompt that forbids it says so."""
    reasoning = {"why": "The original note says the same."}
    assert not list(check_facts(reasoning, "CORRECT", NOTES, comparison_forbidden=False))
    assert forbids_comparison("Write as one who sees one note: do not mention an original or a comparison.")
    assert not forbids_comparison("Compare the original with the paraphrase.")
