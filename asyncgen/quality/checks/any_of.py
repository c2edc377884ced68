"""One pattern for any of many words."""

import re
from collections.abc import Iterable
from typing import Any

_END = ""


def any_of(words: Iterable[str]) -> str:
    """A regular expression for any of some words, the longest first.

    A beginning that several share is compared once: it takes the time of one word, not of all of them.
    """
    tree: dict[str, Any] = {}
    for word in words:
        branch = tree
        for letter in word:
            branch = branch.setdefault(letter, {})
        branch[_END] = {}
    return _pattern(tree)


def _pattern(branch: dict[str, Any]) -> str:
    ways = [re.escape(letter) + _pattern(rest) for letter, rest in branch.items() if letter != _END]
    if not ways:
        return ""
    return f"(?:{'|'.join(ways)})" + ("?" if _END in branch else "")
