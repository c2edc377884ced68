"""A table of a recipe file: its values are read with type checks, and errors name file and line."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from asyncgen.errors import BadDataError, Setting, UsageError
from asyncgen.recipes.text_file import read_text_file
from asyncgen.recipes.toml_places import KeyPath, places_of
from asyncgen.storage.file_kinds import why_no_text
from asyncgen.text import loads

_KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    dict: "a table",
    list: "a list",
    bool: "true or false",
}


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a recipe file."""

    path: Path
    text: str
    places: Mapping[KeyPath, int]

    def line(self, place: KeyPath, quoted: str = "") -> int:
        """The line (from 1) of a value, or of the first `quoted` text in it."""
        while place and place not in self.places:
            place = place[:-1]
        offset = self.places.get(place, 0)
        if quoted:
            offset = max(offset, self.text.find(quoted, offset))
        return self.text.count("\n", 0, offset) + 1

    def error(self, place: KeyPath, message: str, quoted: str = "") -> BadDataError:
        """The error about a place in the file."""
        return BadDataError(f"the recipe file {self.path}, line {self.line(place, quoted)}: {message}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its place; `what` is its name in messages."""

    source: Source
    content: Mapping[str, Any]
    place: KeyPath
    what: str

    @classmethod
    def load(cls, path: Path) -> "Table":
        """Read a recipe file.

        Raises:
            UsageError: it cannot be read.
            BadDataError: it is not TOML in UTF-8.
        """
        try:
            data = read_text_file(path).removeprefix(b"\xef\xbb\xbf")
        except OSError as error:
            raise UsageError(f"cannot read the recipe file {path}: {error.strerror}") from error
        if no_text := why_no_text(data):
            raise BadDataError(f"the recipe file {path}: {no_text}")
        text = data.decode()
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            _refuse_json(path, text)
            said = str(error).partition(" (")[0]
            line = getattr(error, "lineno", None) or _line_in(str(error), text)
            raise BadDataError(f"the recipe file {path}, line {line}: not TOML: {said}") from None
        except RecursionError:
            raise BadDataError(f"the recipe file {path} is nested too deeply") from None
        return cls(Source(path, text, places_of(text, _unquoted)), content, (), "the recipe")

    def allow(self, *keys: str) -> None:
        """Refuse any other key, and suggest the nearest allowed one."""
        for key in self.content:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1, cutoff=0.6)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
                self.fail(f"unknown key {key} in {self.what}; {hint}", key)

    def fail(self, message: str, *keys: str | int, quoted: str = "") -> NoReturn:
        """Refuse the value under a key.

        Raises:
            BadDataError: always.
        """
        raise self.source.error((*self.place, *keys), message, quoted)

    def text(self, key: str, default: str | None = None) -> str:
        """The text under a key, which must not be empty; without a default it is required."""
        value: str = self._typed(key, str, default)
        if not value.strip() and key in self.content:
            self.fail(f"{key} of {self.what} is empty", key)
        return value

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """The whole number under a key."""
        value: int = self._typed(key, int, default)
        if not least <= value <= most:
            self.fail(f"{key} of {self.what} must be from {least} to {most}, not {value}", key)
        return value

    def table(self, key: str, what: str) -> "Table":
        """The table under a key; an empty one if there is none."""
        return Table(self.source, self._typed(key, dict, {}), (*self.place, key), what)

    def tables(self, key: str) -> "Sequence[Table]":
        """The tables of a list, at least one."""
        if isinstance(self.content.get(key), dict):
            self.fail(f"write [[{key}]], not [{key}], above the keys of each {key}", key)
        found = self._typed(key, list, [])
        if not found:
            self.fail(f"there is no [[{key}]]", key)
        for number, one in enumerate(found):
            if not isinstance(one, dict):
                self.fail(f"write [[{key}]] above the keys of each {key}", key, number)
        return [
            Table(self.source, one, (*self.place, key, number), f"[[{key}]] number {number + 1}")
            for number, one in enumerate(found)
        ]

    def named(self, what: str) -> "Table":
        """The same table under another name."""
        return Table(self.source, self.content, self.place, what)

    def _typed(self, key: str, kind: type, default: Any) -> Any:
        value = self.content.get(key, default)
        if value is None:
            self.fail(f"{self.what} lacks {key}", *([] if key not in self.content else [key]))
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            found = next((name for one, name in _KINDS.items() if type(value) is one), "something else")
            self.fail(f"{key} of {self.what} must be {_KINDS[kind]}, not {found}", key)
        return value


def _refuse_json(path: Path, text: str) -> None:
    try:
        content = loads(text)
    except ValueError:
        return
    is_prompt_file = isinstance(content, dict) and any(key.endswith("_user") for key in content)
    to = ("; prompts in JSON go to ", Setting("prompt_file")) if is_prompt_file else ()
    raise BadDataError(f"the recipe file {path}: this is JSON, and a recipe file is TOML", *to)


def _unquoted(key: str) -> str:
    return str(next(iter(tomllib.loads(f"{key} = 0"))))


def _line_in(message: str, text: str) -> int:
    """The line that the decoder's message names; for the end of the file it uses words."""
    _, found, place = message.rpartition("(at line ")
    return int(place.partition(",")[0]) if found else text.count("\n") + 1
