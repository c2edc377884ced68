"""Quote the words of a command for a shell, whatever bytes they contain."""

import re
import shlex
from collections.abc import Iterable

_NO_TEXT = re.compile(r"[\ud800-\udfff\x00-\x1f\x7f]")
_SPECIAL = re.compile(r"[\\']|[^\x20-\x7e]")


def quote(word: str) -> str:
    r"""One word; bytes that are not UTF-8, and control characters, become `$'\351'`, which can be pasted."""
    if _NO_TEXT.search(word) is None:
        return shlex.quote(word)
    return "$'" + _SPECIAL.sub(_escaped, word) + "'"


def join(words: Iterable[str]) -> str:
    """A command of these words."""
    return " ".join(quote(word) for word in words)


def _escaped(found: re.Match[str]) -> str:
    character = found.group()
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    # Three digits each, so that the next characters are not part of it.
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
