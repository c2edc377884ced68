"""Lines that show by their keys what to train: conversations, prompts with a completion, preference pairs. Pure.

- `messages`: a conversation, whose last message is the assistant's;
- `prompt` and `completion`: texts, or messages;
- `chosen` and `rejected`, mostly with `prompt`: texts, or messages.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from asyncgen.export.conversations import (
    Message,
    UnfitError,
    are_messages,
    as_text,
    conversation,
    said,
    without_tools,
)

Record = dict[str, Any]
_SYSTEM = {"system", "developer"}
_FROM = {"system": "system", "developer": "system", "user": "human", "assistant": "gpt"}
_SPEAKER = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}


class Shape(StrEnum):
    """The shape of a file's lines, in words for messages."""

    CHAT = "conversations (messages)"
    COMPLETION = "prompts with completions"
    PREFERENCE = "preference pairs (chosen, rejected)"


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
    asked = record.get("prompt", record.get("messages", record.get("chosen")))
    return _asked_text(asked) if isinstance(asked, list) else str(asked)


def _asked_text(messages: list[Any]) -> str:
    """The messages that are no answers; all, if each is one."""
    asked = [one for one in messages if isinstance(one, dict) and one.get("role") != "assistant"]
    return "\n".join(str(one.get("content")) for one in asked or messages if isinstance(one, dict))


def _messages(record: Mapping[str, Any]) -> list[Message]:
    """The conversation in a line that is one, or a prompt with a completion."""
    if "messages" in record:
        return conversation(record["messages"], "messages")
    asked = said(record["prompt"], "user", "prompt")
    answered = said(record["completion"], "assistant", "completion")
    return conversation([*asked, *answered], "prompt and completion")


def _chat(record: Mapping[str, Any]) -> Record:
    tools = {name: record[name] for name in ("tools", "parallel_tool_calls") if name in record}
    return {"messages": _messages(record), **tools}


def _completion(record: Mapping[str, Any]) -> Record:
    """Texts stay texts; what of messages is trained is for the recipe to say, or the last of a conversation."""
    messages = _messages(record)
    if "messages" in record:
        asked = len(messages) - 1
    elif are_messages(record["prompt"]) or are_messages(record["completion"]):
        asked = len(said(record["prompt"], "user", "prompt"))
    else:
        return {"prompt": messages[0]["content"], "completion": messages[1]["content"]}
    if not 0 < asked < len(messages):
        raise UnfitError("there is no prompt, or no answer to it")
    tools = {"tools": record["tools"]} if "tools" in record else {}
    return {"prompt": messages[:asked], "completion": messages[asked:], **tools}


def _alpaca(record: Mapping[str, Any]) -> Record:
    messages = without_tools(_messages(record), "alpaca")
    system = [one for one in messages[:1] if one["role"] in _SYSTEM]
    talk = messages[len(system) :]
    if [one["role"] for one in talk] != ["user", "assistant"]:
        raise UnfitError("alpaca holds one question and its answer, and this is another conversation")
    made = {"instruction": talk[0]["content"], "input": "", "output": talk[1]["content"]}
    return made | {"system": system[0]["content"]} if system else made


def _sharegpt(record: Mapping[str, Any]) -> Record:
    messages = without_tools(_messages(record), "sharegpt")
    talk = [one["role"] for one in messages[messages[0]["role"] in _SYSTEM :]]
    if talk != ["user", "assistant"] * (len(talk) // 2):
        raise UnfitError("sharegpt holds questions and answers in turn, and this is another conversation")
    return {"conversations": [{"from": _FROM[one["role"]], "value": one["content"]} for one in messages]}


def _preference(record: Mapping[str, Any]) -> Record:
    """Texts stay texts; where anything is messages, all is."""
    names = [name for name in ("prompt", "chosen", "rejected") if name in record]
    if any(are_messages(record[name]) for name in names):
        made = _preferred_messages({name: said(record[name], _SPEAKER[name], name) for name in names})
    else:
        made = {name: as_text(record[name], name) for name in names}
        for name in ("chosen", "rejected"):
            if not made[name].strip():
                raise UnfitError(f"{name} is empty")
    if made["chosen"] == made["rejected"]:
        raise UnfitError("chosen and rejected are the same")
    return made


def _preferred_messages(talks: dict[str, list[Message]]) -> Record:
    """A pair of conversations; a prompt that both repeat is left out of them."""
    prompt = talks.pop("prompt", None)
    made = {name: conversation(talk, name) for name, talk in talks.items()}
    if prompt is None:
        return made
    if all(talk[: len(prompt)] == prompt for talk in made.values()):
        made = {name: talk[len(prompt) :] for name, talk in made.items()}
    if any(talk[:1] == [] or talk[0]["role"] != "assistant" for talk in made.values()):
        raise UnfitError("chosen and rejected do not begin with the answer to prompt")
    return {"prompt": prompt, **made}


def _whole(record: Mapping[str, Any]) -> Record:
    """The line with all its other fields."""
    shape = shape_of(record)
    if shape is Shape.PREFERENCE:
        return {**record, **_preference(record)}
    if shape is Shape.COMPLETION:
        return {**record, **_completion(record)}
    return {**record, "messages": _messages(record)}


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
