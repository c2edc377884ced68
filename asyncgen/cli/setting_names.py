"""Messages in the command line's words: settings are flags, and calls are commands."""

from collections.abc import Mapping
from typing import Any

from asyncgen.errors import AsyncgenError, Message, Phrase, Setting

PHRASES = {
    Phrase.AGAIN: "run the same command again",
    Phrase.SAME: "the same command",
    Phrase.VERIFY: "asyncgen verify DIR --input-jsonl P",
    Phrase.REGENERATION: "asyncgen verify --regenerate",
    Phrase.USE_RAY: "add --engine ray to resume it",
}
# All others are named like their settings.
_FLAGS = {"max_failed_share": "--max-failures", "fields": "--field", "params": "--param", "output": "-o"}


def in_flags(value: Any) -> str:
    """The text of an error or a message, with flags; other values as text."""
    message = value.message if isinstance(value, AsyncgenError) else value
    return "".join(map(_word, message.parts)) if isinstance(message, Message) else str(message)


def _word(part: str | Setting | Phrase) -> str:
    if isinstance(part, Phrase):
        return PHRASES[part]
    if isinstance(part, str):
        return part
    name = part.name.replace("_", "-")
    if part.of_endpoint:
        return name  # a key of [endpoint.NAME]
    flag = _FLAGS.get(part.name, f"--{name}")
    if part.value is None or part.value is True:
        return flag
    pairs = part.value.items() if isinstance(part.value, Mapping) else ()
    return " ".join([flag, *(f"{key}={value}" for key, value in pairs)]) if pairs else f"{flag} {part.value}"
