"""`messages` of a step: examples before the question, or the conversation that a row holds.

[[step]]
messages = [
  { role = "system", content = "…" },            # optional, first
  "{*history}",                                  # all messages of a list in the row
  { role = "user", content = "{question}" },     # last, unless a list of the row is
]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asyncgen.chat import ROLES, ChatMessage
from asyncgen.errors import either
from asyncgen.recipes.prompt_template import Reference, Template, spliced
from asyncgen.recipes.table import Table
from asyncgen.rows import BadFieldError

KEY = "messages"
SYSTEM, USER, ASSISTANT = ROLES
_ROLES = {SYSTEM: SYSTEM, "developer": SYSTEM, USER: USER, ASSISTANT: ASSISTANT}
_SHAREGPT = {SYSTEM: SYSTEM, "human": USER, USER: USER, "gpt": ASSISTANT, ASSISTANT: ASSISTANT}
"""Roles by the names that lists of `from` and `value` have."""
_KEYS = {False: (("role", "content"), _ROLES), True: (("from", "value"), _SHAREGPT)}
_MORE_THAN_TEXT = ("tool_calls", "function_call", "images", "audio", "videos")


def read_messages(table: Table) -> tuple[str, str]:
    """The system prompt and the text of the user in the messages of a step; "" for what they leave to the row.

    Raises:
        BadDataError: they are invalid.
    """
    other = next((key for key in ("system", "system-file", "user") if key in table.content), None)
    if other is not None:
        table.fail(
            f"{table.what} has messages, which are all that is sent: put what {other} says into them", other
        )
    messages = table.content[KEY]
    if not isinstance(messages, list) or not messages:
        table.fail(
            f'{KEY} of {table.what} must be a list, such as ["{{*messages}}"] for those of the row, or of tables '
            "with role and content",
            KEY,
        )
    said = [_read(table, number, message) for number, message in enumerate(messages)]
    for number, turn in enumerate(said):
        if turn is not None and turn.role == SYSTEM and number:
            table.fail("a system message comes first", KEY, number)
    last = said[-1]
    if last is not None and last.role != USER:
        table.fail(
            f"the last message of {table.what} must be the user's: it is what is answered", KEY, len(said) - 1
        )
    system = "" if said[0] is None or said[0].role != SYSTEM else said[0].content
    return system, "" if last is None else last.content


def _read(table: Table, number: int, message: Any) -> ChatMessage | None:
    """A message; None for a list of the row."""
    if isinstance(message, str):
        if spliced(message) is None:
            table.fail(
                f'a message of {table.what} is a table with role and content; "{{*name}}" takes all messages of a '
                "list in the row",
                KEY,
                number,
            )
        return None
    if not isinstance(message, dict) or message.keys() != {"role", "content"}:
        table.fail(f"a message of {table.what} has role and content, and nothing else", KEY, number)
    one = Table(table.source, message, (*table.place, KEY, number), f"message {number + 1} of {table.what}")
    role = one.text("role")
    if role not in ROLES:
        one.fail(f"role of {one.what} must be {either(ROLES)}, not {role}", "role")
    return ChatMessage(role, one.text("content"))


@dataclass(frozen=True, slots=True)
class _Of:
    """A message with a template."""

    role: str
    content: Template


class Conversation:
    """The messages of a step, for any row.

    Args:
        messages: as the recipe file has them, and checked.
        system: the system prompt, in which only known names are placeholders.
    """

    def __init__(self, messages: Sequence[Any], system: Template) -> None:
        self._parts = [_part(message) for message in messages]
        first = self._parts[0]
        if isinstance(first, _Of) and first.role == SYSTEM:
            self._parts[0] = _Of(SYSTEM, system)

    def check_row(self, values: Mapping[str, Any]) -> None:
        """Check the conversations in a row, which are lists.

        Raises:
            BadFieldError: one is no conversation, or its end is nothing to answer.
        """
        messages: list[ChatMessage] = []
        for place, part in enumerate(self._parts):
            messages = read_conversation(part.value(values), str(part)) if isinstance(part, Reference) else []
            for number, message in enumerate(messages):
                if message.role == SYSTEM and (place or number):
                    raise BadFieldError(
                        f"message {number + 1} of {part} is the system's, which comes first, before all others"
                    )
        last = self._parts[-1]
        if isinstance(last, Reference) and not (messages and messages[-1].role == USER):
            raise BadFieldError(f"{last} does not end with a message of the user, which could be answered")

    def messages(self, values: Mapping[str, Any], texts: Mapping[str, str]) -> list[ChatMessage]:
        """All messages of a row, of which the last is the user's.

        Args:
            values: of the row; `check_row` has checked them.
            texts: the values of placeholders, as texts.
        """
        messages: list[ChatMessage] = []
        for part in self._parts:
            if isinstance(part, Reference):
                messages += read_conversation(part.value(values), str(part))
            else:
                messages.append(ChatMessage(part.role, part.content.render(texts)))
        return messages


def _part(message: Any) -> _Of | Reference:
    name = spliced(message)
    if name is not None:
        return Reference.parse(name)
    return _Of(message["role"], Template.parse_all(message["content"]))


def read_conversation(value: list[Any], name: str) -> list[ChatMessage]:
    """The messages in a list of a row, whose name is for the error.

    Raises:
        BadFieldError: one of them is none.
    """
    return [_message(message, f"message {number} of {name}") for number, message in enumerate(value, 1)]


def _message(message: Any, which: str) -> ChatMessage:
    if not isinstance(message, dict):
        raise BadFieldError(f"{which} is not an object with role and content")
    (said_by, said), roles = _KEYS[is_sharegpt(message)]
    name, content = message.get(said_by), message.get(said)
    role = roles.get(name) if isinstance(name, str) else None
    if role is None:
        raise BadFieldError(f"the {said_by} of {which} must be {either(tuple(roles))}")
    more = next((key for key in _MORE_THAN_TEXT if message.get(key)), None)
    if more is not None:
        raise BadFieldError(f"{which} has {more}, not only text")
    if not isinstance(content, str):
        raise BadFieldError(
            f"{which} has no {said}" if content is None else f"the {said} of {which} is not a text"
        )
    if not content.strip():
        raise BadFieldError(f"the {said} of {which} is empty")
    return ChatMessage(role, content)


def is_sharegpt(message: Any) -> bool:
    """Whether a message has `from` and `value`, as those of ShareGPT, rather than `role` and `content`."""
    return isinstance(message, dict) and message.get("role") is None and message.get("from") is not None
