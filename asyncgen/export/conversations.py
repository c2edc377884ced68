"""Messages in the lines of a recipe: what can be trained on, and what only some formats can hold. Pure."""

from typing import Any

import orjson

Message = dict[str, Any]
_REASONING = ("reasoning_content", "reasoning", "thinking")  # the keys that chat templates know
_ROLES = {"system", "developer", "user", "assistant", "tool"}


class UnfitError(ValueError):
    """A line cannot be written in a format; the text says why."""


def as_text(value: Any, name: str) -> str:
    """What is trained of a field: a text as it is, an answer in JSON as its text.

    Raises:
        UnfitError: it is null.
    """
    if value is None:
        raise UnfitError(f"{name} is null")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def are_messages(value: Any) -> bool:
    """Whether it is a conversation, and not an answer that is a list."""
    return isinstance(value, list) and all(isinstance(one, dict) and "role" in one for one in value)


def said(value: Any, role: str, name: str) -> list[Message]:
    """Messages as they are; anything else as one of a role.

    Raises:
        UnfitError: it is null.
    """
    return value if are_messages(value) else [{"role": role, "content": as_text(value, name)}]


def conversation(messages: Any, name: str) -> list[Message]:
    """A conversation that ends with an answer; contents in JSON become texts.

    Args:
        messages: the list that the line has.
        name: of its field.

    Raises:
        UnfitError: it is no such conversation.
    """
    if not isinstance(messages, list) or not messages:
        raise UnfitError(f"{name} is not a list of messages")
    made = [_message(one, name) for one in messages]
    last = made[-1]
    if last["role"] != "assistant" or not (_calls(last) or last["content"].strip()):
        raise UnfitError(f"{name} does not end with an answer of the assistant")
    return made


def _message(one: Any, name: str) -> Message:
    if not isinstance(one, dict) or one.get("role") not in _ROLES:
        raise UnfitError(f"a message of {name} has no role")
    content = one.get("content")
    if content is None and _calls(one):
        return one
    if isinstance(content, list) and any(isinstance(part, dict) and "type" in part for part in content):
        raise UnfitError(f"a message of {name} has parts, such as images, which no format has a place for")
    return (
        one
        if isinstance(content, str)
        else {**one, "content": as_text(content, f"the content of a message of {name}")}
    )


def _calls(message: Message) -> bool:
    return message["role"] == "assistant" and bool(message.get("tool_calls"))


def with_arguments_as_text(messages: list[Message]) -> list[Message]:
    """The messages with the arguments of called functions as texts of JSON, as the API has them.

    A recipe file writes an object for `{step.arguments}`, which chat templates take, and OpenAI refuses.
    """
    return [{**one, "tool_calls": _written(one["tool_calls"])} if _calls(one) else one for one in messages]


def _written(calls: Any) -> Any:
    if not isinstance(calls, list):
        return calls
    made = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict):
            arguments = as_text(function["arguments"], "arguments")
            made.append({**call, "function": {**function, "arguments": arguments}})
        else:
            made.append(call)
    return made


def plain_texts(messages: list[Message], format_name: str) -> list[Message]:
    """The messages, for a format that holds texts and nothing else of them.

    Raises:
        UnfitError: tools are called, reasoning stands beside an answer, or one is marked as not to be trained.
    """
    if any(one["role"] == "tool" or _calls(one) for one in messages):
        raise UnfitError(f"{format_name} has no place for calls of tools")
    if any(one.get(name) for one in messages for name in _REASONING):
        raise UnfitError(
            f"{format_name} has no place for reasoning beside an answer: <think> marks in its content would stay"
        )
    if any(one.get("weight") not in {None, 1} for one in messages):
        raise UnfitError(f"{format_name} has no place for the weight of an answer")
    return messages
