"""A pair of MEDEC: the same clinical note twice, correct and with a doctor-verified error."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from asyncgen.errors import missing_field
from asyncgen.rows import BadFieldError

CORRECT, INCORRECT = "CORRECT", "INCORRECT"  # the labels of the two examples of a pair
_NAMES = ("note_id", "correct_note", "incorrect_note", "error_type", "error_sentence", "corrected_sentence")
_PUBLISHED = {"Text ID", "Text", "Sentences"}  # columns of every file that the authors publish


@dataclass(frozen=True, slots=True)
class Pair:
    """A correct note and the same note with a doctor-verified error (docs/input.md).

    `reason` is why the existing paraphrase was rejected, if another one is asked for.
    """

    note_id: str
    correct_note: str
    incorrect_note: str
    error_type: str
    error_sentence: str | None
    corrected_sentence: str | None
    reason: str = ""

    def retried(self, reason: str) -> "Pair":
        """The same pair, to be asked again for a reason."""
        return replace(self, reason=reason)

    @property
    def rewritten(self) -> str:
        """The text that a paraphrase rewrites."""
        return self.correct_note


def _required(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None and fields.keys() >= _PUBLISHED:
        raise BadFieldError(f"no {name}; asyncgen prepare medec makes pairs of MEDEC's own files")
    if value is None:
        raise BadFieldError(missing_field(name, name, fields, _NAMES))
    if not isinstance(value, str):
        raise BadFieldError(f"{name} is not a string")
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
    """Build the pair from a decoded input line; other fields are ignored.

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
