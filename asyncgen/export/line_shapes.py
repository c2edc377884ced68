"""Lines that show by their keys what to train: conversations, prompts with a completion, preference pairs. Pure.

- `messages`: a conversation, whose last message is the assistant's;
- `prompt` and `completion`: texts, or messages;
- `chosen` and `rejected`, mostly with `prompt`: texts, or messages.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

Record = dict[str, Any]
_ROLES = {"system", "developer", "user", "assistant", "tool"}
_FROM = {"system": "system", "developer": "system", "user": "human", "assistant": "gpt", "tool": "tool"}


class Shape(StrEnum):
    """The shape of a file's lines, in words for messages."""

    CHAT = "conversations (messages)"
    COMPLETION = "prompts with completions"
    PREFERENCE = "preference pairs (chosen, rejected)"


class UnfitError(ValueError):
    """A line cannot be written in a format; the text says why."""


def shape_of(record: Mapping[str, Any]) -> Shape | None:
    """The shape of a decoded line, by its keys."""
    if "messages" in record:
        return Shape.CHAT
    if {"prompt", "completion"} <= record.keys():
        return Shape.COMPLETION
    return Shape.PREFERENCE if {"chosen", "rejected"} <= record.keys() else None


def formats_of(shape: Shape) -> tuple[str, ...]:
    """The formats in which lines of a shape can be written."""
    return tuple(name for name, (shapes, _) in _FORMATS.items() if shape in shapes)


def needs(name: str) -> str:
    """The keys that a format needs, in words."""
    return ", or ".join(_KEYS[shape] for shape in _FORMATS[name][0])


def as_format(name: str, record: Mapping[str, Any]) -> Record:
    """A line in a format.

    Raises:
        UnfitError: it is incomplete, or the format cannot hold it.
    """
    return _FORMATS[name][1](record)


def prompt_text(record: Mapping[str, Any]) -> str:
    """The prompt as text: two lines with the same one stay together."""
    asked = record.get("prompt", record.get("messages"))
    if isinstance(asked, list):
        said = [one for one in asked if isinstance(one, dict) and one.get("role") != "assistant"]
        return "\n".join(str(one.get("content")) for one in said)
    return str(asked)


def _messages(record: Mapping[str, Any]) -> list[Record]:
    """The conversation in a line that is one, or a prompt with a completion."""
    if "messages" in record:
        return _conversation(record["messages"], "messages")
    prompt, completion = record["prompt"], record["completion"]
    if isinstance(prompt, str) and isinstance(completion, str):
        prompt, completion = (
            [{"role": "user", "content": prompt}],
            [{"role": "assistant", "content": completion}],
        )
    if not isinstance(prompt, list) or not isinstance(completion, list):
        raise UnfitError("prompt and completion are neither two texts nor two lists of messages")
    return _conversation([*prompt, *completion], "prompt and completion")


def _conversation(messages: Any, name: str) -> list[Record]:
    if not isinstance(messages, list) or not messages:
        raise UnfitError(f"{name} is not a list of messages")
    for one in messages:
        if not isinstance(one, dict) or one.get("role") not in _ROLES or not isinstance(one.get("content"), str):
            raise UnfitError(f"a message of {name} has no role and text")
    if messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip():
        raise UnfitError(f"{name} does not end with an answer of the assistant")
    return messages


def _chat(record: Mapping[str, Any]) -> Record:
    return {"messages": _messages(record)}


def _completion(record: Mapping[str, Any]) -> Record:
    if "messages" in record or isinstance(record["prompt"], list):
        *prompt, completion = _messages(record)
        return {"prompt": prompt, "completion": [completion]}
    _messages(record)
    return {"prompt": record["prompt"], "completion": record["completion"]}


def _alpaca(record: Mapping[str, Any]) -> Record:
    messages = _messages(record)
    system = [one for one in messages[:1] if one["role"] in {"system", "developer"}]
    talk = messages[len(system) :]
    if [one["role"] for one in talk] != ["user", "assistant"]:
        raise UnfitError("alpaca holds one question and its answer, and this is another conversation")
    made = {"instruction": talk[0]["content"], "input": "", "output": talk[1]["content"]}
    return made | {"system": system[0]["content"]} if system else made


def _sharegpt(record: Mapping[str, Any]) -> Record:
    turns = [{"from": _FROM[one["role"]], "value": one["content"]} for one in _messages(record)]
    return {"conversations": turns}


def _preference(record: Mapping[str, Any]) -> Record:
    for name in ("chosen", "rejected"):
        value = record[name]
        if not isinstance(value, str):
            _conversation(value, name)
        elif not value.strip():
            raise UnfitError(f"{name} is empty")
    if record["chosen"] == record["rejected"]:
        raise UnfitError("chosen and rejected are the same")
    return {name: record[name] for name in ("prompt", "chosen", "rejected") if name in record}


def _whole(record: Mapping[str, Any]) -> Record:
    """The line with all its other fields."""
    if shape_of(record) is Shape.PREFERENCE:
        _preference(record)
    else:
        _messages(record)
    return dict(record)


_KEYS = {
    Shape.CHAT: "messages",
    Shape.COMPLETION: "prompt and completion",
    Shape.PREFERENCE: "chosen and rejected",
}
_TALKS = (Shape.CHAT, Shape.COMPLETION)
_FORMATS: Mapping[str, tuple[tuple[Shape, ...], Callable[[Mapping[str, Any]], Record]]] = {
    "openai": (_TALKS, _chat),
    "trl-messages": (_TALKS, _chat),
    "trl-prompt-completion": (_TALKS, _completion),
    "trl-preference": ((Shape.PREFERENCE,), _preference),
    "alpaca": (_TALKS, _alpaca),
    "sharegpt": (_TALKS, _sharegpt),
    "parquet": ((*_TALKS, Shape.PREFERENCE), _whole),
    "hf": ((*_TALKS, Shape.PREFERENCE), _whole),
}
