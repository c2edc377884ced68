"""Texts of a reasoning that are none, or speak of what the model was told."""

from collections.abc import Mapping
from typing import Any

import pytest

from asyncgen.quality.checks.reasoning_form import expect
from asyncgen.quality.checks.reasoning_text import check_texts

SOUND: Mapping[str, Any] = {
    "clinical_summary": "A 45-year-old woman has had pain in the left knee for 3 days.",
    "key_findings": [
        "Warm, swollen joint",
        "Temperature 38 C, pulse 96/min, pressure 110/70 mm Hg, breathing calm",
    ],
    "why_correct": "A warm joint with fever is septic until the contrary is shown.",
    "conclusion": "The note is correct.",
}
NOTES = "she left against medical advice. the reference standard is a biopsy."


def kinds(**changed: object) -> set[str]:
    """The kinds found in the sound reasoning with other values."""
    return {finding.kind for finding in check_texts({**SOUND, **changed}, NOTES, "CORRECT")}


@pytest.mark.parametrize(
    "why",
    [
        SOUND["why_correct"],
        "She left against medical advice; the reference standard is a biopsy.",
        "The prompt treatment of a septic joint prevents its loss.",
        "Antibiotics are given as soon as the joint has been punctured.",
        "We cannot rule out gout by this alone, but the fever makes it unlikely.",
        "The cell count confirms it, as does the fluid of Figure A.",
        "Type I cannot be told from type II by the biopsy, and Salter-Harris type I does not show in a film.",
        "Warm swollen knee, restricted motion, cell count 80,000, fever before admission: septic arthritis until "
        "proven otherwise.",
        "Given correction of the sodium, the physicians verified the dose before finishing the task.",
    ],
)
def test_an_argument_is_a_text(why: str) -> None:
    """Also where it has words that would tell of the prompt elsewhere."""
    assert kinds(why_correct=why) == set()


@pytest.mark.parametrize(
    "why",
    [
        "I'm sorry, but I cannot give medical advice.",
        "As an AI, I can't determine whether this is right.",
        "<explanation>",
        "one or two sentences",
        "[insert the reason here]",
        "A warm joint with fever is septic until the",
        "A warm joint with fever is septic until the contrary is shown by what",
        "Una articulaci\u00f3n caliente con fiebre se considera s\u00e9ptica hasta que se demuestre lo contrario.",
        "The joint is warm. The joint is warm. The joint is warm. The joint is warm.",
        "A warm joint is septic. Let me know if you need anything else!",
    ],
)
def test_what_is_no_argument_is_named(why: str) -> None:
    """Refusals, templates, cut or foreign text, circles, the same text again, a chat."""
    assert kinds(why_correct=why) == {"reasoning_form"}


def test_findings_need_no_full_stop_but_may_not_be_all_the_same() -> None:
    """They are phrases, but phrases of something."""
    assert kinds(key_findings=["Warm, swollen joint of the knee"] * 3) == {"reasoning_form"}
    assert kinds(why_correct=SOUND["clinical_summary"], conclusion=SOUND["clinical_summary"]) == {"reasoning_form"}
    assert kinds(key_findings=["finding 1", "finding 2"]) == {"reasoning_form"}


@pytest.mark.parametrize(
    "why",
    [
        "According to the reference answer, the joint is septic.",
        "The planted error is the diagnosis of gout.",
        "Physicians have verified that the joint is septic.",
        "The note was given as correct, so the joint is septic.",
        "The corrected sentence given says that the joint is septic.",
        "It is the error_sentence, which the prompt says is wrong.",
    ],
)
def test_what_the_model_was_told_is_no_reason(why: str) -> None:
    """Whoever learns from it is told nothing."""
    assert "reasoning_source" in kinds(why_correct=why)


def test_where_reasonings_are_in_another_language_that_is_no_fault() -> None:
    """A prompt may ask for it; "todo" is a word there."""
    why = "Una articulaci\u00f3n caliente con fiebre es s\u00e9ptica, sobre todo hasta que se demuestre otra cosa."
    fields = {"clinical_summary": "La nota es correcta.", "why_correct": why}
    assert list(check_texts(fields, NOTES, "CORRECT", english=False)) == []
    german = "Das Gelenk ist warm und geschwollen, also ist die Diagnose einer Arthritis gut gestellt."
    assert not expect([{"why": german}] * 3).english
    assert expect([SOUND] * 3).english


def test_what_is_repeated_is_shown() -> None:
    """And not the text before it."""
    again = "The same sentence in the place of every argument."
    fields = {"summary": "A sound text about the case.", "why": again, "check": again, "conclusion": again}
    [found] = check_texts(fields, NOTES, "CORRECT")
    assert found.became == f"CORRECT: {again}"
