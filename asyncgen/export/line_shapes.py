"""Lines that show by their keys what to train: conversations, prompts with a completion, preference pairs. Pure.

- `messages`: a conversation, whose last message is the assistant's;
- `prompt` and `completion`: texts, or messages;
- `chosen` and `rejected`, mostly with `prompt`: texts, or messages.

A function `…_line` makes of such a line what a format holds; it raises `UnfitError` for a line that is incomplete,
or that the format cannot hold.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from asyncgen.export.conversations import (
    Message,
    UnfitError,
    are_messages,
    as_text,
    conversation,
    plain_texts,
    said,
    with_arguments_as_text,
)

Record = dict[str, Any]
_SYSTEM = {"system", "developer"}
_FROM = {"system": "system", "developer": "system", "user": "human", "assistant": "gpt"}
_OF_API = {"role", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "weight"}
_SPEAKER = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}


class Shape(StrEnum):
    """The shape of a file's lines, in words for messages."""

    CHAT = "conversations (messages)"
    COMPLETION = "prompts with completions"
    PREFERENCE = "preference pairs (chosen, rejected)"

    @property
    def keys(self) -> str:
        """The keys of such a line, in words."""
        return _KEYS[self]


_KEYS = {
    Shape.CHAT: "messages",
    Shape.COMPLETION: "prompt and completion",
    Shape.PREFERENCE: "chosen and rejected",
}


def shape_of(record: Mapping[str, Any]) -> Shape | None:
    """The shape of a decoded line, by its keys."""
    if "messages" in record:
        return Shape.CHAT
    if {"prompt", "completion"} <= record.keys():
        return Shape.COMPLETION
    return Shape.PREFERENCE if {"chosen", "rejected"} <= record.keys() else None


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


def chat_line(record: Mapping[str, Any]) -> Record:
    """A conversation, with its tools."""
    tools = {
        name: record[name] for name in ("tools", "parallel_tool_calls") if name in record and record.get("tools")
    }
    return {"messages": _messages(record), **tools}


def openai_line(record: Mapping[str, Any]) -> Record:
    """The same for a fine-tuning file, whose messages have nothing beside what the API knows."""
    made = chat_line(record)
    messages = [
        {
            key: value
            for key, value in message.items()
            if key == "content" or (key in _OF_API and value not in (None, []))
        }
        for message in with_arguments_as_text(made["messages"])
    ]
    return {**made, "messages": messages}


def completion_line(record: Mapping[str, Any]) -> Record:
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
    tools = {"tools": record["tools"]} if record.get("tools") else {}
    return {"prompt": messages[:asked], "completion": messages[asked:], **tools}


def alpaca_line(record: Mapping[str, Any]) -> Record:
    """One question and its answer."""
    messages = plain_texts(_messages(record), "alpaca")
    system = [one for one in messages[:1] if one["role"] in _SYSTEM]
    talk = messages[len(system) :]
    if [one["role"] for one in talk] != ["user", "assistant"]:
        raise UnfitError("alpaca holds one question and its answer, and this is another conversation")
    made = {"instruction": talk[0]["content"], "input": "", "output": talk[1]["content"]}
    return made | {"system": system[0]["content"]} if system else made


def sharegpt_line(record: Mapping[str, Any]) -> Record:
    """Questions and answers in turn."""
    messages = plain_texts(_messages(record), "sharegpt")
    talk = [one["role"] for one in messages[messages[0]["role"] in _SYSTEM :]]
    if talk != ["user", "assistant"] * (len(talk) // 2):
        raise UnfitError("sharegpt holds questions and answers in turn, and this is another conversation")
    return {"conversations": [{"from": _FROM[one["role"]], "value": one["content"]} for one in messages]}


def preference_line(record: Mapping[str, Any]) -> Record:
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


def whole_line(record: Mapping[str, Any]) -> Record:
    """The line with all its other fields."""
    shape = shape_of(record)
    if shape is Shape.PREFERENCE:
        return {**record, **preference_line(record)}
    if shape is Shape.COMPLETION:
        return {**record, **completion_line(record)}
    return {**record, "messages": _messages(record)}
