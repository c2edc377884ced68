"""The model's answers to whether two notes have the same meaning.

It knows the truth for mere reordering, and for its own rewrites; it takes any other change for one of meaning.
"""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from asyncgen.simulator.paraphrase import is_paraphrase

_WORD = re.compile(r"\S+")
_NOTES = re.compile(r"<first>\n?(.*?)\n?</first>.*?<second>\n?(.*?)\n?</second>", re.DOTALL)


def asks_for_judgement(schema: Mapping[str, Any]) -> bool:
    """Whether the JSON schema of an answer belongs to such a question."""
    return {"same_meaning", "before", "after"} <= (schema.get("properties") or {}).keys()


def judgement(message: str, filled: Mapping[str, Any], *, errs: bool) -> dict[str, Any]:
    """The values of the answer that depend on the notes in the message.

    Args:
        message: has the notes between `<first>` and `<second>` tags.
        filled: any values that satisfy the schema.
        errs: give the opposite of the truth.
    """
    match = _NOTES.search(message)
    first, second = match.groups() if match else ("", "")
    same = _say_the_same(first, second) != errs
    before, after = ("", "") if same else _difference(first, second)
    return {
        "same_meaning": same,
        "before": before,
        "after": after,
        **{name: "none" if same else value for name, value in _VALUES.items() if name in filled},
    }


_VALUES = {"kind": "other", "severity": "major"}


def _say_the_same(first: str, second: str) -> bool:
    if sorted(_bare(first)) == sorted(_bare(second)):
        return True
    return is_paraphrase(first.strip(), second.strip())


def _bare(text: str) -> list[str]:
    return [word.strip(".,;:").lower() for word in text.split()]


def _difference(first: str, second: str) -> tuple[str, str]:
    """The first words that differ, as written in both; if none do, the first word."""
    words = [list(_WORD.finditer(text)) for text in (first, second)]
    matcher = SequenceMatcher(None, [one[0] for one in words[0]], [one[0] for one in words[1]], autojunk=False)
    changed = next((place for place in matcher.get_opcodes() if place[0] != "equal"), None)
    if changed is None:
        return (words[0][0][0] if words[0] else ""), ""
    _, i1, i2, j1, j2 = changed
    return _span(first, words[0][i1:i2]), _span(second, words[1][j1:j2])


def _span(text: str, words: list[re.Match[str]]) -> str:
    return text[words[0].start() : words[-1].end()] if words else ""
