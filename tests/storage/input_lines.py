"""Lines of an input, and what a cutter makes of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asyncgen.medec.pair import parse_pair
from asyncgen.rows import Row
from asyncgen.storage.input_file import BadLine, RowCutter

BOM = b"\xef\xbb\xbf"
FIELDS = {"note_id": "n", "correct_note": "He is well.", "incorrect_note": "He is ill."}


def line(note_id: str = "n", **changes: Any) -> bytes:
    """An input line, without its line break."""
    return json.dumps({**FIELDS, "note_id": note_id, **changes}, ensure_ascii=False).encode()


def cut(data: bytes, chunks: list[int] | None = None, start: RowCutter | None = None) -> list[Row | BadLine]:
    """What a cutter makes of these bytes, fed in chunks of these sizes (over and over)."""
    cutter = start or RowCutter(parse_pair)
    return [*feed(cutter, data, chunks or [len(data) + 1]), *cutter.finish()]


def feed(cutter: RowCutter, data: bytes, chunks: list[int]) -> Iterator[Row | BadLine]:
    """Feed bytes in chunks of these sizes."""
    place = 0
    while data[place:]:
        for size in chunks:
            yield from cutter.feed(data[place : place + size])
            place += size


def rows(items: list[Row | BadLine]) -> list[Row]:
    """The rows among them."""
    return [item for item in items if isinstance(item, Row)]


def rows_in(path: Path) -> list[Row]:
    """The rows of a file."""
    return rows(cut(path.read_bytes()))


def behind(row: Row) -> RowCutter:
    """A cutter that starts where a row ended."""
    return RowCutter(parse_pair, index=row.index + 1, end=row.end, chain=row.chain)


def ids(items: list[Row | BadLine]) -> list[str]:
    """The note ids of the rows among them."""
    return [row.pair.note_id for row in rows(items)]
