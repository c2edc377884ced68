"""Opens an input file of any kind, and translates what is wrong with it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError, UsageError
from asyncgen.storage.input_formats.packed import packing_of, unpack, unpacked_name
from asyncgen.storage.input_formats.pieces import Piece, UnreadableError, behind, gathered
from asyncgen.storage.input_formats.tables import JSON_LINES, READ, Table, table_of
from asyncgen.storage.standard_input import STANDARD_INPUT, spooled

_HEAD = 1024  # bytes by which a kind is told


def pieces_of(path: Path, offset: int = 0) -> Iterator[Piece]:
    """The rows of an input file as JSON lines, those behind so many bytes of them.

    Raises:
        UsageError: the file cannot be read, or a package for its kind is missing.
        BadDataError: it is damaged, or not what it is called.
    """
    with _translated(path), _opened(path) as (table, _, file):
        pieces = table.read(file) if table is JSON_LINES else gathered(table.read(file))
        yield from behind(pieces, offset) if offset else pieces


def is_seekable(path: Path) -> bool:
    """Whether the bytes of the file are JSON lines as they stand, so that a place in them is one in the file."""
    if path == STANDARD_INPUT:
        return False
    with _translated(path), _opened(path) as (table, packed, _):
        return table is JSON_LINES and not packed


def unit_of(path: Path) -> str:
    """What the places in a file are called, by which its rows are named."""
    with _translated(path), _opened(path) as (table, _, _):
        return table.unit


def first_bytes(path: Path) -> bytes:
    """How a file begins, unpacked."""
    with _translated(path), _opened(path) as (_, _, file):
        return file.peek(READ)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Table, bool, "BufferedReader[Any]"]]:
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
            raise UnreadableError(f"this is {table.name} inside {packing.name}: unpack it first")
        yield table, packing is not None, file


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot read the input {path}: {os.strerror(error.errno or 0)}") from error
    except UnreadableError as error:
        raise BadDataError(f"the input {path}: {error}") from None
