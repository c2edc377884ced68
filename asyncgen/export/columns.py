"""The types of exported lines, by all of them: readers guess by the first. Pure.

`load_dataset` reads JSON lines in blocks of 10 MB, each by the types that it finds there: where a value is null in
the first block and a text in the next, nothing can be read, unless the card names the types. And a column whose
texts all look like times in a block becomes one of times, whatever the card says.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from json import dumps
from typing import Any

from asyncgen.export.formats import Record

BLOCK = 10 << 20  # bytes of JSON lines that `load_dataset` reads at once
_TIME = re.compile(  # as Arrow knows them, to seconds
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([ T]([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"
)
_LARGEST, _EXACT = 2**63 - 1, 2**53


class Kind(StrEnum):
    """The types of single values, by the names that Arrow and `datasets` have for them."""

    NULL = "null"
    BOOL = "bool"
    INTEGER = "int64"
    NUMBER = "float64"
    TEXT = "string"


class NoTypeError(ValueError):
    """A column has no type that holds all its values; the text names it and says why."""


@dataclass(slots=True)
class _Column:
    """What was seen of a value: its kinds, what is in its lists (`items`) and in its objects (`fields`).

    `count`: how often it was there, `objects`: as an object; `largest`: the size of its largest whole number.
    `times`: whether all its texts in this block look like times, None if there was none; `became_times`: whether
    that was so in any block.
    """

    count: int = 0
    objects: int = 0
    largest: int = 0
    kinds: set[Kind] = field(default_factory=set)
    items: "_Column | None" = None
    fields: "dict[str, _Column] | None" = None
    times: bool | None = None
    became_times: bool = False

    def add(self, value: Any) -> None:
        self.count += 1
        if isinstance(value, dict):
            self.objects += 1
            fields = self.fields = {} if self.fields is None else self.fields
            for name, inner in value.items():
                if name not in fields:
                    fields[name] = _Column()
                fields[name].add(inner)
        elif isinstance(value, list):
            items = self.items = _Column() if self.items is None else self.items
            for inner in value:
                items.add(inner)
        else:
            kind = _kind_of(value)
            self.kinds.add(kind)
            if kind is Kind.INTEGER:
                self.largest = max(self.largest, abs(value))
            if isinstance(value, str) and self.times is not False:
                self.times = _TIME.fullmatch(value) is not None

    def end_block(self) -> None:
        self.became_times |= bool(self.times)
        self.times = None
        for inner in (self.items, *(self.fields or {}).values()):
            if inner is not None:
                inner.end_block()

    def single(self, name: str) -> Kind:
        """The type of values that are neither lists nor objects."""
        kinds = self.kinds - {Kind.NULL}
        if kinds == {Kind.INTEGER, Kind.NUMBER}:
            if self.largest > _EXACT:
                raise NoTypeError(f"{name} has whole numbers too large to stand beside fractions")
            return Kind.NUMBER
        if self.largest > _LARGEST:
            raise NoTypeError(f"{name} has whole numbers of more than 63 bits")
        if len(kinds) > 1:
            raise NoTypeError(f"{name} has values of several types")
        return next(iter(kinds), Kind.NULL)

    def check(self, name: str) -> None:
        """Check that there is one type."""
        several = (bool(self.kinds - {Kind.NULL}), self.items is not None, self.fields is not None)
        if sum(several) > 1:
            raise NoTypeError(f"{name} has values of several types")
        if self.fields is not None and not self.fields:
            raise NoTypeError(f"{name} is an object without fields")


def _kind_of(value: Any) -> Kind:
    if isinstance(value, str):
        return Kind.TEXT
    if value is None:
        return Kind.NULL
    if isinstance(value, bool):
        return Kind.BOOL
    return Kind.NUMBER if isinstance(value, float) else Kind.INTEGER


@dataclass(slots=True)
class Columns:
    """The columns of all lines that were added."""

    _whole: _Column = field(default_factory=lambda: _Column(fields={}))
    _size: int = 0

    def add(self, record: Record, size: int = 0) -> None:
        """Look at a line of so many bytes."""
        self._whole.add(record)
        self._size += size
        if self._size >= BLOCK:
            self.end_block()

    def end_block(self) -> None:
        """End a block: with its size, or with the file."""
        self._size = 0
        self._whole.end_block()

    def read_as_times(self) -> list[str]:
        """The columns that `load_dataset` reads as times, though they are texts."""
        return [name for name, column in _walk("", self._whole) if column.became_times]

    def described(
        self, of: Callable[[Kind], Any], a_list: Callable[[Any], Any], objects: Callable[[Any], Any]
    ) -> Any:
        """The types, made of those of single values, lists, and objects (of pairs of a name and a type).

        Raises:
            NoTypeError: a column has none.
        """

        def describe(name: str, column: _Column) -> Any:
            column.check(name)
            if column.fields is not None:
                inside = [(key, describe(f"{name}.{key}".lstrip("."), one)) for key, one in column.fields.items()]
                return objects(inside)
            return of(column.single(name)) if column.items is None else a_list(describe(name, column.items))

        return describe("", self._whole)

    def problem(self) -> str:
        """Which column has no type, and why; empty: each has one."""
        try:
            self._types()
        except NoTypeError as problem:
            return str(problem)
        return ""

    def features(self) -> list[str]:
        """The lines of a card that name the types to `load_dataset`; none if a column has none, or objects differ.

        By the documentation of `datasets`: `dataset_info` in the head of a dataset card.
        """
        # Readers give an object all fields of others, as null; those of today would infer that it is JSON.
        if self.problem() or any(
            column is not self._whole and _differ(column) for _, column in _walk("", self._whole)
        ):
            return []
        return ["dataset_info:", "  features:", *(f"  {line}" for line in _yaml_of_fields(self._types()))]

    def is_text(self, name: str) -> bool:
        """Whether a column holds texts and nothing else."""
        column = (self._whole.fields or {}).get(name)
        return column is not None and (column.kinds, column.items, column.fields) == ({Kind.TEXT}, None, None)

    def _types(self) -> Any:
        return self.described(lambda kind: kind, lambda inner: ("list", inner), lambda fields: fields)


def _differ(column: _Column) -> bool:
    """Whether some of its objects lack a field that others have."""
    return any(inner.count < column.objects for inner in (column.fields or {}).values())


def _walk(name: str, column: _Column) -> Iterator[tuple[str, _Column]]:
    yield name, column
    if column.items is not None:
        yield from _walk(name, column.items)
    for key, inner in (column.fields or {}).items():
        yield from _walk(f"{name}.{key}".lstrip("."), inner)


def _yaml_of_fields(fields: list[tuple[str, Any]]) -> Iterator[str]:
    for name, type_ in fields:
        yield f"- name: {dumps(name)}"
        yield from (f"  {line}" for line in _yaml_of_type(type_, "dtype", "struct"))


def _yaml_of_type(type_: Any, single: str, several: str) -> Iterator[str]:
    if isinstance(type_, Kind):
        yield f"{single}: {dumps(type_)}"
    elif isinstance(type_, tuple):
        yield from _yaml_of_list(type_[1])
    else:
        yield f"{several}:"
        yield from _yaml_of_fields(type_)


def _yaml_of_list(inner: Any) -> Iterator[str]:
    if isinstance(inner, tuple):
        yield "list:"
        yield from (f"  {line}" for line in _yaml_of_list(inner[1]))
    else:
        yield from _yaml_of_type(inner, "list", "list")
