"""What a conclusion says is held against the label of its note."""

import pytest

from asyncgen.quality.checks.reasoning_verdict import wrong_verdict


@pytest.mark.parametrize(
    "text",
    [
        "The note is correct: the drug given elsewhere would be contraindicated.",
        "Surgery is the right choice; antibiotics alone would be wrong.",
        "The note does not contain an error, and the plan is safe.",
        "Acoustic neuroma, not Meniere disease, is the appropriate diagnosis.",
        "The findings fit the diagnosis.",
        "ACE inhibitors are contraindicated in pregnancy, so labetalol was chosen.",
        "It is unclear whether the nodule is benign, so biopsy is appropriate.",
    ],
)
def test_a_correct_note_may_be_called_right_in_any_words(text: str) -> None:
    """And something else wrong."""
    assert wrong_verdict({"conclusion": text}, "CORRECT") is None


@pytest.mark.parametrize(
    "text",
    [
        "The note is not correct, because the drug does not fit.",
        "The stated plan is inappropriate.",
        "This was the wrong choice for the patient.",
        "There is an error in the management.",
        "The girl should have been admitted.",
        "It remains unclear whether the note is right.",
        "The note may or may not be correct.",
    ],
)
def test_a_correct_note_must_not_be_called_wrong(text: str) -> None:
    """Nor left undecided."""
    assert wrong_verdict({"conclusion": text}, "CORRECT") is not None


@pytest.mark.parametrize(
    "text",
    [
        "The note is incorrect because the drug is not the appropriate one.",
        "The plan delays the right treatment.",
        "Although the diagnosis is right, the treatment contradicts it.",
        "The correct diagnosis is gout.",
        "NSAIDs are appropriate for pericarditis, yet heparin was ordered.",
    ],
)
def test_an_incorrect_note_may_be_called_wrong_in_any_words(text: str) -> None:
    """And something else right, where the error is spoken against."""
    assert wrong_verdict({"conclusion": text}, "INCORRECT") is None


@pytest.mark.parametrize(
    "text",
    [
        "The note is medically accurate and consistent.",
        "No error is present in this note.",
        "A CT scan was an appropriate choice in this patient.",
        "The note is free of errors.",
        "The condition was diagnosed correctly.",
    ],
)
def test_an_incorrect_note_must_not_be_called_right(text: str) -> None:
    """In its conclusion."""
    assert wrong_verdict({"conclusion": text}, "INCORRECT") is not None


def test_an_argument_weighs_what_a_conclusion_decides() -> None:
    """There only what is said of the whole note counts."""
    assert wrong_verdict({"why_correct": "Gout is inappropriate as a diagnosis here."}, "CORRECT") is None
    assert wrong_verdict({"why_correct": "The note is incorrect."}, "CORRECT") == "note is incorrect"
