"""Facts that the notes contradict."""

import pytest

from asyncgen.quality.checks.reasoning_contradiction import contradiction

NOTES = (
    "a 45-year-old woman has severe pain in the left knee for 3 days. she has no fever or chills. examination "
    "shows guarding and moist mucous membranes. the left upper eyelid is swollen, the right elbow is not. "
    "the left wrist is warm, as is the right wrist. urine dipstick is negative for glucose. alt 140 u/l, "
    "ast 46 u/l. she left the hospital."
)


@pytest.mark.parametrize(
    "fact",
    [
        "A 45-year-old woman has pain in the left knee.",
        "No fever",
        "Swelling of the left upper eyelid, none of the right elbow",
        "Moist mucous membranes",
        "Dipstick negative for glucose",
        "ALT 140 U/L and AST 46 U/L",
        "No rash",
        "Right shoulder not mentioned",
        "Unilateral pain in the knee",
        "Unilateral knee pain",
        "AST and ALT 46 and 140 U/L, respectively",
        "AST/ALT of 46/140 U/L",
        "Swelling of bilateral wrists",
    ],
)
def test_what_stands_there_or_nowhere_contradicts_nothing(fact: str) -> None:
    """Whether it stands anywhere is asked elsewhere."""
    assert contradiction(fact, NOTES) is None


@pytest.mark.parametrize(
    "fact",
    [
        "A 45-year-old man has pain in the left knee.",
        "No guarding",
        "Pain in the right knee",
        "Swelling of the right upper eyelid",
        "Dry mucous membranes",
        "ALT 46 U/L",
        "Bilateral knee pain",
    ],
)
def test_the_contrary_is_named(fact: str) -> None:
    """Sex, denial, side, quality, value."""
    assert contradiction(fact, NOTES) is not None


def test_a_finding_that_is_one_long_word_is_read_in_no_time() -> None:
    """A pattern went through all ways to divide it."""
    assert contradiction("No " + "a" * 400 + " =b", NOTES) is None
