"""The position of each key in a TOML file, which `tomllib` does not report.

The text is known to be valid, so this reads only what it needs: keys, brackets, and the ends of strings.
"""

import re
from collections.abc import Callable

KeyPath = tuple[str | int, ...]
"""The way to a value: keys, and places in lists (from 0)."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[ \t\r]+"
    r"|[\[\]{},=.\n]"
    r"|[^\s\[\]{},=.\#\"']+",
    re.DOTALL,
)


def places_of(text: str, unquote: Callable[[str], str]) -> dict[KeyPath, int]:
    """The offset of each key, and of each item of a list, by its place.

    Args:
        text: valid TOML.
        unquote: decodes a quoted key.
    """
    reader = _Reader(text, unquote)
    reader.read()
    return reader.found


class _Reader:
    def __init__(self, text: str, unquote: Callable[[str], str]) -> None:
        self._tokens = [
            (found[0], found.start())
            for found in _TOKEN.finditer(text)
            if found[0][0] != "#" and found[0].strip(" \t\r")
        ]
        self._unquote = unquote
        self._at = 0
        self._lengths: dict[KeyPath, int] = {}
        self.found: dict[KeyPath, int] = {}

    def read(self) -> None:
        """Read all lines."""
        table: KeyPath = ()
        while self._at < len(self._tokens):
            first, offset = self._tokens[self._at]
            if first == "\n":
                self._at += 1
            elif first == "[":
                table = self._header(offset)
            else:
                self._pair(table)

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else "\n"

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _skip_breaks(self) -> None:
        while self._at < len(self._tokens) and self._peek() == "\n":
            self._at += 1

    def _keys(self) -> list[str]:
        """A dotted key; never a number such as `1.5`, which does not occur where this is called."""
        keys = []
        while True:
            token = self._take()
            keys.append(self._unquote(token) if token[0] in "\"'" else token)
            if self._peek() != ".":
                return keys
            self._at += 1

    def _header(self, offset: int) -> KeyPath:
        """`[table]` or `[[item]]`; the place of the keys below it."""
        self._at += 1
        is_item = self._peek() == "["
        self._at += is_item
        *before, last = self._keys()
        self._at += 1 + is_item
        place: KeyPath = ()
        for key in before:
            self.found.setdefault((*place, key), offset)
            place = self._inside((*place, key))
        place = (*place, last)
        self.found.setdefault(place, offset)
        if is_item:
            self._lengths[place] = self._lengths.get(place, 0) + 1
            place = self._inside(place)
            self.found[place] = offset
        return place

    def _inside(self, place: KeyPath) -> KeyPath:
        """The last item of a list of tables, else the table itself."""
        return (*place, self._lengths[place] - 1) if place in self._lengths else place

    def _pair(self, table: KeyPath) -> None:
        offset = self._tokens[self._at][1]
        place = table
        for key in self._keys():
            place = (*place, key)
            self.found.setdefault(place, offset)
        self._at += 1  # =
        self._value(place)

    def _value(self, place: KeyPath) -> None:
        opening = self._take()
        if opening == "{":
            self._skip_breaks()
            while self._peek() != "}":
                self._pair(place)
                self._skip_breaks()
                self._at += self._peek() == ","
                self._skip_breaks()
            self._at += 1
        elif opening == "[":
            number = 0
            self._skip_breaks()
            while self._peek() != "]":
                self.found[*place, number] = self._tokens[self._at][1]
                self._value((*place, number))
                number += 1
                self._skip_breaks()
                self._at += self._peek() == ","
                self._skip_breaks()
            self._at += 1
        else:
            while self._peek() not in {",", "]", "}", "\n"}:  # a number, a date or a time may have several pieces
                self._at += 1
