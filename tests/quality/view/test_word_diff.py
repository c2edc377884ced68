"""Two texts with their changed words marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.quality.view.word_diff import mark_changes

TEXTS = st.lists(
    st.sampled_from(["a", "Fever", "fever", " ", "\n", ".", "3", "mg", "\u2028", "é", "<b>", "İ"])
).map("".join)


@pytest.mark.parametrize(
    ("was", "became", "went", "came"),
    [
        ("He has a fever.", "He has a rash.", ["fever"], ["rash"]),
        ("He has a fever.", "He has a fever today.", [], ["today"]),
        ("He has a high fever now.", "He has a fever now.", ["high"], []),
        ("The US was normal.", "The us was normal.", ["US"], ["us"]),
        ("Fever  and rash", "Fever and rash", [], []),
        ("one two three", "four five", ["one two three"], ["four five"]),
        ("", "new", [], ["new"]),
    ],
)
def test_what_went_and_what_came_is_marked(was: str, became: str, went: list[str], came: list[str]) -> None:
    """Words, whatever the blanks between them; a change of case alone is one."""
    first, second = mark_changes(was, became)
    assert (first[1::2], second[1::2]) == (went, came)


@given(TEXTS, TEXTS)
def test_pieces_are_the_text_and_the_others_are_the_same_on_both_sides(was: str, became: str) -> None:
    """Nothing is lost, and what is not marked differs in blanks alone."""
    first, second = mark_changes(was, became)
    assert ("".join(first), "".join(second)) == (was, became)
    assert len(first) % 2 == len(second) % 2 == 1
    assert "".join("".join(first[::2]).split()) == "".join("".join(second[::2]).split())
