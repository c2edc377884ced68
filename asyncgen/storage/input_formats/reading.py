"""Opens an input file of any kind, and translates what is wrong with it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError, UsageError
from asyncgen.storage.input_formats.packed import packing_of, unpack, unpacked_name
from asyncgen.storage.input_formats.pieces import Piece, UnreadableInputError, behind, gathered
from asyncgen.storage.input_formats.tables import JSON_LINES, READ, ColumnTable, table_of
from asyncgen.storage.standard_input import STANDARD_INPUT, spooled

_HEAD = 1024  # bytes by which a kind is told


@dataclass(frozen=True, slots=True)
class Look:
    """What an input file is.

    `json_lines` when no other kind of table is in it; `unit` is what its places are called, by which its rows are
    named; `first` are its first bytes, unpacked; `seekable` when a place in the lines is one in the file.
    """

    json_lines: bool
    unit: str
    first: bytes
    seekable: bool


def pieces_of(path: Path, offset: int = 0) -> Iterator[Piece]:
    """The rows of an input file as JSON lines, those behind so many bytes of them.

    Raises:
        UsageError: the file cannot be read, or a package for its kind is missing.
        BadDataError: it is damaged, or not what it is called.
    """
    with _translated(path), _opened(path) as (table, _, file):
        pieces = table.read(file) if table is JSON_LINES else gathered(table.read(file))
        yield from behind(pieces, offset) if offset else pieces


def look_at(path: Path) -> Look:
    """What an input file is, by how it begins.

    Raises:
        UsageError: the file cannot be read.
        BadDataError: it is damaged, or not what it is called.
    """
    with _translated(path), _opened(path) as (table, packed, file):
        plain = table is JSON_LINES
        return Look(plain, table.unit, file.peek(READ), plain and not packed and path != STANDARD_INPUT)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[ColumnTable, bool, "BufferedReader[Any]"]]:
    """The kind of table, whether it is compressed, and its bytes."""
    with ExitStack() as stack:
        raw = spooled().open() if path == STANDARD_INPUT else path.open("rb", buffering=0)
        file: BufferedReader[Any] = stack.enter_context(BufferedReader(raw, READ))
        name = "" if path == STANDARD_INPUT else path.name
        packing = packing_of(file.peek(_HEAD)[:_HEAD], name)
        if packing is not None:
            file = stack.enter_context(unpack(packing, file))
        first = file.peek(_HEAD)[:_HEAD]
        table = table_of(first, unpacked_name(name) if packing is not None else name)
        table.check(first)
        if packing is not None and table.needs_seeking:
            raise UnreadableInputError(f"this is {table.name} inside {packing.name}: unpack it first")
        yield table, packing is not None, file


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot read the input {path}: {os.strerror(error.errno or 0)}") from error
    except UnreadableInputError as error:
        raise BadDataError(f"the input {path}: {error}") from None
