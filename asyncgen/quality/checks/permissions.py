"""What a prompt file allows a paraphrase to do, from its `allowed_changes`."""

import re
from enum import StrEnum
from typing import Any


class Permission(StrEnum):
    """A kind of change that not every prompt file allows."""

    INDICATION = "added_indication"
    ORDER = "word_order"
    TYPING_ERROR = "typing_error"


EVERYTHING = frozenset(Permission)
_WORDS = {
    Permission.INDICATION: re.compile(r"indication|reason|purpose", re.IGNORECASE),
    Permission.ORDER: re.compile(
        r"order|voice|passive|restructur|rephras|syntax|reorder|clause|sentence", re.IGNORECASE
    ),
    Permission.TYPING_ERROR: re.compile(r"typing|typo|spelling|misspel", re.IGNORECASE),
}


def permitted(allowed_changes: Any) -> frozenset[Permission]:
    """The permissions that a prompt file gives; all of them if it has no list.

    Args:
        allowed_changes: the value of that key, in any JSON form: names, sentences, or objects with either; None
            for a file without it.
    """
    if allowed_changes is None:
        return EVERYTHING
    text = " ".join(_texts(allowed_changes))
    return frozenset(permission for permission, words in _WORDS.items() if words.search(text))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        # {"added_indication": false} forbids it.
        return [text for key, inner in value.items() if inner is not False for text in (key, *_texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []
