"""The pair of notes that one run turns into two examples, and its place in the input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class BadFieldError(ValueError):
    """A field of an input line is missing or of the wrong type; the text is the kind shown to the user."""


ROWS = "rows"
"""What messages call them, where the recipe says nothing better."""
ID_FIELDS = ("id", "note_id", "text_id", "custom_id")
"""What inputs call the field that names a row."""


class Item(Protocol):
    """What a recipe makes of an input line (such as a pair of notes); the engine only names it.

    Where it may hold much, its `size` in bytes counts in what may wait for its turn.
    """

    @property
    def note_id(self) -> str: ...  # noqa: D102


I = TypeVar("I", bound=Item)  # noqa: E741 - an item
Parse = Callable[[Mapping[str, Any]], I]
"""Takes the item out of a decoded line; raises BadFieldError."""


@dataclass(frozen=True, slots=True)
class Row(Generic[I]):
    """A pair and where it stands: everything the engine itself looks at.

    `index` counts accepted lines from 0; `end` is the byte offset behind the line; `chain` is the hash
    of all lines up to and including this one (hex), by which a resumed run knows its input again.
    """

    index: int
    end: int
    chain: str
    pair: I


def retried(item: I, reason: str) -> I:
    """The item, to be asked again for a reason, where it takes that."""
    again: Callable[[str], I] | None = getattr(item, "retried", None)
    return item if again is None or not reason else again(reason)


def named(item: I, number: int) -> I:
    """The item, which has no name: called by the number of its row (from 1) where it takes that."""
    numbered: Callable[[int], I] | None = getattr(item, "numbered", None)
    return item if numbered is None else numbered(number)
