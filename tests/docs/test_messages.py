"""Every text that a user may see stands in one file, and none is in odd words."""

import re
from pathlib import Path

import pytest

from .messages import MESSAGES, all_messages, as_file
from .pages import ROOT

LEAST = 800
REWRITE = "python -m tests.docs.messages"
ODD = {
    r"\bgo(es)? on where\b": "resumes",
    r"\bmended?\b": "fixed",
    r"\bbeg[iu]n anew\b": "start over",
    r"\basked anew\b": "asked again",
    r"(?<!there )\b(is|are) no (directory|regular file|JSON|text|list|address|share|CSV|HTTP)\b": "is not a …",
    r"\bnobody pays\b": "is not charged",
    r"\bgo(es)? on (without|here|there)\b": "continues",
    r"\breplaces? what is there\b": "overwrites",
    r"\bsign of life\b": "last wrote",
    r"(?<!there )\b(is|are) no (shard|object|number|tables?)\b": "is not a",
    r"\bcome on top\b": "not included",
    r"\bhas not reached its end\b": "is not finished",
    r"\b([a-z]+(?: [a-z]+)+) \1\b": "once",
}


@pytest.fixture(scope="module")
def messages() -> list[str]:
    """Each with its place."""
    return [f"{name}: {text}" for name, texts in all_messages().items() for text in texts]


def test_the_file_of_all_messages_is_up_to_date(messages: list[str]) -> None:
    """So that a change of one is seen beside the others."""
    assert MESSAGES.read_text("utf-8") == as_file(all_messages()), REWRITE
    assert len(messages) > LEAST
    assert any("everything paid is saved" in message for message in messages)


@pytest.mark.parametrize(("odd", "better"), ODD.items(), ids=ODD.values())
def test_no_message_is_odd(messages: list[str], odd: str, better: str) -> None:
    """What stands for it is the id of the test."""
    assert better
    assert [message for message in messages if re.search(odd, message)] == []


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.stem
)
def test_no_page_is_odd(page: Path) -> None:
    """By the same list."""
    text = page.read_text("utf-8")
    assert [odd for odd in ODD if re.search(odd, text)] == []
