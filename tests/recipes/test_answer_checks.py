"""Comparisons of an answer with a text of its row."""

import pytest

from asyncgen.recipes.answer_checks import stands_in


@pytest.mark.parametrize(
    ("text", "part", "stands"),
    [
        ("The answer is \\boxed{42}.", "42", True),
        ("The answer is 42.", "42", True),
        ("It is 142.", "42", False),
        ("It is 42.5", "42", False),
        ("It is 0.42", "42", False),
        ("It is 1,042", "042", False),
        ("in 42, 43", "42", True),
        ("New\n  YORK city", "new york", True),
        ("cafe\u0301", "CAFÉ", True),
        ("東京都は", "東京", True),
        ("f(x) = [a+b]*", "[a+b]*", True),
        ("no", "yes", False),
        ("anything", " ", True),
    ],
)
def test_a_text_stands_in_another(text: str, part: str, stands: bool) -> None:
    """Up to case, blanks and the form of accents; a number only as a whole; nothing stands in everything."""
    assert stands_in(text, part) is stands
