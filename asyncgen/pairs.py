"""The pair of notes that one run turns into two examples, and its place in the input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class BadFieldError(ValueError):
    """A field of an input line is missing or of the wrong type; the text is the kind shown to the user."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A correct note and the same note with a doctor-verified error (DOMAIN.md "Input")."""

    note_id: str
    correct_note: str
    incorrect_note: str
    error_type: str
    error_sentence: str | None
    corrected_sentence: str | None


class Item(Protocol):
    """What a recipe makes of an input line (a pair, for MEDEC); the engine only names it."""

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


def _required(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadFieldError(f"no {name}" if value is None else f"{name} is not a string")
    if not value.strip():
        raise BadFieldError(f"{name} is empty")
    if "\x00" in value:
        raise BadFieldError(f"NUL character in {name}")
    return value


def _optional(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise BadFieldError(f"{name} is not a string")
    if value and "\x00" in value:
        raise BadFieldError(f"NUL character in {name}")
    return value


def parse_pair(fields: Mapping[str, Any]) -> Pair:
    """Take the pair out of one decoded input line; fields that are not named are ignored.

    Raises:
        BadFieldError: a field is missing, empty or of the wrong type.
    """
    return Pair(
        # Older files call the field text_id.
        note_id=_required(fields, "text_id" if "note_id" not in fields and "text_id" in fields else "note_id"),
        correct_note=_required(fields, "correct_note"),
        incorrect_note=_required(fields, "incorrect_note"),
        error_type=_optional(fields, "error_type") or "unknown",
        error_sentence=_optional(fields, "error_sentence"),
        corrected_sentence=_optional(fields, "corrected_sentence"),
    )
