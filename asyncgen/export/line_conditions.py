"""Conditions on the values of a line, which decide whether it is exported: `mark >= 4`. Pure."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from asyncgen.text import dumps, loads

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
NOWHERE: Any = object()
"""The value of a way that leads nowhere."""
_FORM = re.compile(r"\s*(?P<key>[^\s=<>!]+)\s*(?P<sign>[<>=!]=|[<>](?!=))\s*(?P<value>[^\s=<>!].*?)\s*", re.DOTALL)
_KEY = re.compile(r"\{([\w.-]+)\}")
_ANOTHER = re.compile(r"\s(?:and|or|&&|\|\|)\s+\S+\s*[<>=!]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LineCondition:
    """A key of a line compared with a value, or with that of another key.

    `other` is the way to the value of the other key, written `{known.label}`; empty: it is `value`. A value in
    JSON has its type, anything else is a text. Numbers compare with numbers and texts with texts; a text also
    equals what is `said`, whatever type that has.
    """

    text: str
    way: tuple[str, ...]
    sign: str
    said: str
    value: Any
    other: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "LineCondition":
        """Parse a condition: a key (`metadata.mark`, `marks.0`), a comparison, and a value.

        Raises:
            ValueError: it has another form.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text!r} is not a condition: 'mark >= 4' is one, which a shell needs in quotes; equal is =="
            )
        said = found["value"]
        other = _KEY.fullmatch(said)
        if len(said) > 1 and said[0] == said[-1] == "'":  # as SQL and Python quote texts
            said = orjson.dumps(said[1:-1]).decode()
        try:
            value = loads(said)
        except ValueError:
            value = said
            if _ANOTHER.search(said):
                raise ValueError(f"{text!r} holds several conditions: give each of its own") from None
        ways = [tuple(key.split(".")) for key in (found["key"], *([] if other is None else [other[1]]))]
        return cls(text.strip(), ways[0], found["sign"], said, value, *ways[1:])

    def holds(self, record: Mapping[str, Any]) -> bool | None:
        """Whether a line meets it; None: the line has no value there that can be compared."""
        found = value_at(record, self.way)
        value, said = self.value, self.said
        if self.other:
            value = value_at(record, self.other)
            said = value if isinstance(value, str) or value is NOWHERE else dumps(value).decode()
        if found is NOWHERE or value is NOWHERE:
            return None
        same_kind = _kind(found) is _kind(value)
        if self.sign in _ORDER:
            return _ORDER[self.sign](found, value) if same_kind and _kind(found) in {str, float} else None
        if not (same_kind or isinstance(found, str) or found is None or value is None):
            return None
        equal = bool(found == (value if same_kind else said))
        return equal == (self.sign == "==")


def value_at(record: Mapping[str, Any], way: Sequence[str]) -> Any:
    """The value under the keys of a way (`marks.0`, cut at its dots); `NOWHERE` if there is none."""
    found: Any = record
    for part in way:
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return NOWHERE
    return found


def _kind(value: Any) -> type:
    """The type of a value in JSON, which has one for all numbers."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
