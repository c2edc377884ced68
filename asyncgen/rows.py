"""A row of the input and its place there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class BadFieldError(ValueError):
    """A field of an input line is missing or of the wrong type; the text is the kind shown to the user."""


ROWS = "rows"
"""The word for rows in messages, unless the recipe has a better one."""
ID_FIELDS = ("id", "note_id", "text_id", "custom_id")
"""The names that inputs commonly give the field that identifies a row."""


class Item(Protocol):
    """What a recipe makes of an input line (such as a pair of notes); the engine only needs its name.

    If it may be large, its `size` in bytes counts towards what may wait to be written; `has_nul` tells whether a
    NUL character is in its texts, `empty_field` names a field that is asked about and holds nothing.
    """

    @property
    def note_id(self) -> str: ...  # noqa: D102


I = TypeVar("I", bound=Item)  # noqa: E741 - an item
Parse = Callable[[Mapping[str, Any]], I]
"""Builds the item from a decoded input line; raises BadFieldError."""


@dataclass(frozen=True, slots=True)
class Row(Generic[I]):
    """An item and its place: everything that the engine itself looks at.

    `index` counts accepted lines from 0; `end` is the byte offset behind the line; `chain` is the hash of all
    lines up to and including this one (hex), by which a resumed run recognises its input.
    """

    index: int
    end: int
    chain: str
    pair: I


def retried(item: I, reason: str) -> I:
    """The item, to be asked again for a reason, if it supports that."""
    again: Callable[[str], I] | None = getattr(item, "retried", None)
    return item if again is None or not reason else again(reason)


def named(item: I, number: int) -> I:
    """An item without a name, named by the number of its row (from 1), if it supports that."""
    numbered: Callable[[int], I] | None = getattr(item, "numbered", None)
    return item if numbered is None else numbered(number)
