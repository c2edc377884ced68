"""The table format of a file: by its first bytes if they show it, else by its extension."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import BinaryIO

from asyncgen.storage.file_kinds import kind_of
from asyncgen.storage.input_formats.delimited import BOM, check_text, is_header, read_delimited
from asyncgen.storage.input_formats.parquet_rows import read_parquet
from asyncgen.storage.input_formats.pieces import Piece, UnreadableInputError


@dataclass(frozen=True, slots=True)
class ColumnTable:
    """A table format: its reader, the word for its places, and whether reading can start at any place."""

    name: str
    read: Callable[[BinaryIO], Iterator[Piece]]
    check: Callable[[bytes], None] = lambda _: None
    unit: str = "line"
    needs_seeking: bool = False


def read_json_lines(file: BinaryIO) -> Iterator[Piece]:
    """The content unchanged."""
    while piece := file.read(READ):
        yield piece


READ = 256 * 1024  # bytes at a time
JSON_LINES = ColumnTable("JSON lines", read_json_lines)
CSV = ColumnTable("CSV", partial(read_delimited, delimiter=","), check_text)
TSV = ColumnTable("TSV", partial(read_delimited, delimiter="\t"), check_text)
_PARQUET_MARK = b"PAR1"


def check_parquet(first: bytes) -> None:
    """Refuse what only has the name of Parquet.

    Raises:
        UnreadableInputError: it does not begin like Parquet.
    """
    if not first.startswith(_PARQUET_MARK):
        kind = kind_of(first)
        said = "this is not Parquet, though it has the name" if kind is None else f"this is {kind}"
        raise UnreadableInputError(said)


PARQUET = ColumnTable("Parquet", read_parquet, check_parquet, unit="row", needs_seeking=True)

_BY_SUFFIX = {
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".parquet": PARQUET,
    ".pq": PARQUET,
}


def table_of(first: bytes, name: str) -> ColumnTable:
    """The table format of a decompressed file.

    A file whose name has no extension (such as standard input) is a table if its first line can be a header.

    Args:
        first: bytes of the file; none: it is empty.
        name: of the file, without the compression's extension.
    """
    if first.startswith(_PARQUET_MARK):
        return PARQUET
    text = first.removeprefix(BOM).lstrip()
    if not text or text.startswith(b"{"):
        return JSON_LINES
    suffix = PurePath(name).suffix.lower()
    if suffix:
        return _BY_SUFFIX.get(suffix, JSON_LINES)
    line = text.partition(b"\n")[0].decode(errors="replace")
    return next(
        (table for table, delimiter in ((TSV, "\t"), (CSV, ",")) if is_header(line, delimiter)), JSON_LINES
    )
