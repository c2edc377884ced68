"""Open an input file of any format, and translate its errors."""

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

JOIN = (
    "one file is read, so join several first (cat DIRECTORY/*.jsonl > rows.jsonl); of plain texts make a line "
    'each, such as {"id": "a.md", "text": "…"}'
)
_HEAD = 1024  # bytes that suffice to recognise a format


@dataclass(frozen=True, slots=True)
class Look:
    """The format of an input file.

    `json_lines` unless it is another kind of table; `unit` is the word for its places, by which rows are named;
    `first` are its first bytes, decompressed; `seekable` if a position in the lines is one in the file.
    """

    json_lines: bool
    unit: str
    first: bytes
    seekable: bool


def pieces_of(path: Path, offset: int = 0) -> Iterator[Piece]:
    """The rows of an input file as JSON lines, from byte `offset` of these lines on.

    Raises:
        UsageError: the file cannot be read, or a package for its format is missing.
        BadDataError: it is damaged, or does not match its extension.
    """
    with _translated(path), _opened(path) as (table, _, file):
        pieces = table.read(file) if table is JSON_LINES else gathered(table.read(file))
        yield from behind(pieces, offset) if offset else pieces


def look_at(path: Path) -> Look:
    """The format of an input file, by its first bytes and its name.

    Raises:
        UsageError: the file cannot be read.
        BadDataError: it is damaged, or does not match its extension.
    """
    with _translated(path), _opened(path) as (table, packed, file):
        plain = table is JSON_LINES
        return Look(plain, table.unit, file.peek(READ), plain and not packed and path != STANDARD_INPUT)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[ColumnTable, bool, "BufferedReader[Any]"]]:
    """The table format, whether it is compressed, and its bytes."""
    with ExitStack() as stack:
        raw = spooled().open() if path == STANDARD_INPUT else path.open("rb", buffering=0)
        file: BufferedReader[Any] = stack.enter_context(BufferedReader(raw, READ))
        name = "" if path == STANDARD_INPUT else path.name
        packing = packing_of(file.peek(_HEAD)[:_HEAD], name)
        if packing is not None:
            file = stack.enter_context(unpack(packing, file))
        first = file.peek(_HEAD)[:_HEAD]
        table = table_of(first, unpacked_name(name))
        table.check(first)
        if packing is not None and table.needs_seeking:
            raise UnreadableInputError(f"this is {table.name} inside {packing.name}: unpack it first")
        yield table, packing is not None, file


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        several = f"; {JOIN}" if isinstance(error, IsADirectoryError) else ""
        raise UsageError(f"cannot read the input {path}: {os.strerror(error.errno or 0)}{several}") from error
    except UnreadableInputError as error:
        raise BadDataError(f"the input {path}: {error}") from None
