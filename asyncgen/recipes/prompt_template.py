"""Templates: text that is split at its placeholders once, and joined with values for each row in one pass.

A value is never read as a template. A prompt file lists the placeholders of each prompt, and any other brace is
text. In a recipe file every `{name}` is one, and so is `{name.key}`, a way into its value; `{{` is a brace, and
`{{name}}` the text `{name}`. As an item of a list, `{*name}` stands for all items of a value.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

_NAME = r"[A-Za-z_]\w*"
_WAY = rf"{_NAME}(?:\.[\w-]+|\[{_NAME}(?:\.[\w-]+)*\])*"
_TOKEN = re.compile(rf"\{{\{{({_WAY})\}}\}}|\{{\{{|\{{({_WAY})\}}", re.ASCII)
_SPLICE = re.compile(rf"\{{\*({_WAY})\}}", re.ASCII)
_PART = re.compile(r"\.([\w-]+)|\[([\w.-]+)\]", re.ASCII)
NEAR = 2
"""Edits between a name and the one that was probably meant; with more, unrelated short names would match."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text, split at its placeholders: text, name, text, name, … text."""

    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, allowed: tuple[str, ...]) -> "Template":
        """Split `text` at `{name}` for each allowed name."""
        return cls(tuple(re.split("{(" + "|".join(map(re.escape, allowed)) + ")}", text)))

    @classmethod
    def parse_all(cls, text: str) -> "Template":
        """Split `text` at each placeholder of a recipe file."""
        pieces, end = [""], 0
        for found in _TOKEN.finditer(text):
            pieces[-1] += text[end : found.start()]
            end = found.end()
            escaped, name = found.groups()
            if name is not None:
                pieces += [name, ""]
            else:
                pieces[-1] += "{" if escaped is None else f"{{{escaped}}}"
        pieces[-1] += text[end:]
        return cls(tuple(pieces))

    def only(self, allowed: Callable[[str], bool]) -> "Template":
        """The same template, with all other names as text."""
        pieces = [self.pieces[0]]
        for name, text in zip(self.pieces[1::2], self.pieces[2::2], strict=True):
            if allowed(name):
                pieces += [name, text]
            else:
                pieces[-1] += f"{{{name}}}{text}"
        return Template(tuple(pieces))

    def __str__(self) -> str:
        """The original text, if nothing in it was escaped."""
        return "".join(f"{{{piece}}}" if place % 2 else piece for place, piece in enumerate(self.pieces))

    @property
    def names(self) -> frozenset[str]:
        """Placeholders that occur."""
        return frozenset(self.pieces[1::2])

    def render(self, values: Mapping[str, str]) -> str:
        """The text with each placeholder replaced by its value."""
        return "".join([values[piece] if place % 2 else piece for place, piece in enumerate(self.pieces)])


class PlacedText(NamedTuple):
    """The text of a template and its place in a table; `as_list`: the items of its value are put into a list."""

    place: tuple[str | int, ...]
    text: str
    as_list: bool = False


def spliced(item: Any) -> str | None:
    """The name in an item of a list that stands for all items of a value; None for any other item."""
    found = _SPLICE.fullmatch(item) if isinstance(item, str) else None
    return None if found is None else found[1]


def without_placeholders(text: str) -> str:
    """The text of a recipe file with a line break in the place of each placeholder."""
    return _TOKEN.sub(lambda found: found[0] if found[2] is None else "\n", text)


@dataclass(frozen=True, slots=True)
class Reference:
    """The meaning of a placeholder: a field of the row or the answer of a step, and the way into it.

    A part of the way is a key, a place in a list (from 0), or a reference to a value that is a place.
    """

    root: str
    way: tuple["str | Reference", ...] = ()

    @classmethod
    def parse(cls, name: str) -> "Reference":
        """Parse a reference without its braces."""
        root = name.partition(".")[0].partition("[")[0]
        parts = _PART.findall(name[len(root) :])
        return cls(root, tuple(key or cls.parse(inner) for key, inner in parts))

    def __str__(self) -> str:
        return self.root + "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in self.way)

    @property
    def roots(self) -> Iterator[str]:
        """The names of all fields and steps that are needed."""
        yield self.root
        for part in self.way:
            if isinstance(part, Reference):
                yield from part.roots

    def value(self, values: Mapping[str, Any]) -> Any:
        """The value that it refers to.

        Raises:
            LookupError: the way leads nowhere.
        """
        found = values[self.root]
        for part in self.way:
            key = part.value(values) if isinstance(part, Reference) else part
            if isinstance(found, list):
                place = int(key) if isinstance(key, int) or key.isdecimal() else len(found)
                if not 0 <= place < len(found):
                    raise LookupError
                found = found[place]
            else:
                try:
                    found = found[key]
                except TypeError:  # not an object either
                    raise LookupError from None
        return found

    def replaced(self, values: Mapping[str, Any], new: Any) -> dict[str, Any]:
        """The values with another one where it leads, which has a value; what is on the way is copied."""
        copied: Any = dict(values)
        inside = copied
        key: str | int = self.root
        for part in self.way:
            inside[key] = copy(inside[key])
            inside = inside[key]
            key = int(str(part)) if isinstance(inside, list) else str(part)
        inside[key] = new
        return dict(copied)


def nearest(name: str, known: AbstractSet[str]) -> str | None:
    """The known name that was probably meant; None if none is near.

    Names of one or two letters have no near ones: all would be.
    """
    edits = {one: _edits(name, one) for one in known}
    near = [one for one, number in edits.items() if 0 < number <= NEAR and number < min(len(one), len(name))]
    return min(near, key=lambda one: (edits[one], one), default=None)


def _edits(one: str, other: str) -> int:
    """The edit distance: how many letters must be added, removed or replaced."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, wanted in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != wanted))
    return row[-1]
