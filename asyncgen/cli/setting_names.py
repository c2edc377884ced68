"""Messages in the command line's words: settings are flags, and calls are commands."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from asyncgen.cli.shell_words import quote
from asyncgen.errors import AsyncgenError, Message, Phrase, Setting

PHRASES = {
    Phrase.AGAIN: "run the same command again",
    Phrase.SAME: "the same command",
    Phrase.VERIFY: "asyncgen verify DIR --input-jsonl P",
    Phrase.REGENERATION: "asyncgen verify --regenerate",
    Phrase.JUDGEMENT: "asyncgen verify --judge",
    Phrase.USE_RAY: "add --engine ray to resume it",
    Phrase.CHECK: "check the prompts and --model",
    Phrase.START_OVER: "what is changed starts over, with --restart or in another directory; with nothing "
    "changed, run the same command again",
}
_OF_THE_JUDGE = {
    Phrase.CHECK: "another --judge-model may do better",
    Phrase.START_OVER: "it judges all anew; with nothing changed, run the same command again",
}
# All others are named like their settings.
_FLAGS = {"max_failed_share": "--max-failures", "fields": "--field", "params": "--param", "output": "-o"}


def in_flags(value: Any) -> str:
    """The text of an error or a message, with flags; other values as text."""
    message = value.message if isinstance(value, AsyncgenError) else value
    return "".join(map(_word, message.parts)) if isinstance(message, Message) else str(message)


def in_flags_of_judge(value: Any) -> str:
    """The same for `verify --judge`, whose prompts are its own, and whose model has a flag of its own."""
    message = value.message if isinstance(value, AsyncgenError) else value
    return in_flags(Message(*map(_of_judge, message.parts)) if isinstance(message, Message) else message)


def _of_judge(part: str | Setting | Phrase) -> str | Setting | Phrase:
    if isinstance(part, Phrase):
        return _OF_THE_JUDGE.get(part, part)
    return replace(part, name="judge_model") if isinstance(part, Setting) and part.name == "model" else part


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
    return (
        " ".join([flag, *(quote(f"{key}={value}") for key, value in pairs)]) if pairs else f"{flag} {part.value}"
    )
