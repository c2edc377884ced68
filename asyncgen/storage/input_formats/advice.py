"""What to do about a file that is not one of rows: how another program's file becomes one."""

import re
from collections.abc import Iterator
from contextlib import suppress
from json import JSONDecoder, dumps
from pathlib import Path
from shlex import quote
from typing import Any

from asyncgen.errors import AsyncgenError
from asyncgen.storage.file_kinds import AS_UTF_8, kind_of, text_of
from asyncgen.storage.input_formats.delimited import is_header, with_commas
from asyncgen.storage.input_formats.pieces import Refused
from asyncgen.storage.input_formats.reading import Look, look_at, pieces_of
from asyncgen.storage.standard_input import STANDARD_INPUT
from asyncgen.text import loads

MOST = 32 * 1024 * 1024  # bytes of a file that is decoded as a whole, to see where its rows are
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)  # jq takes it as it is
_NOT_BY_LINE = "this is JSON, but not one object a line: make it that first (jq -c '{}')"
_ARE_LISTS = "its rows are lists, which name no fields: write each as an object first"


def advice_on(path: Path) -> str:
    """How to turn a file without a row in it into rows; empty: unknown, or it was read as what it is."""
    with suppress(AsyncgenError):
        seen = look_at(path)
        if not seen.json_lines:
            return ""
        if kind := _by_its_mark(seen):
            return kind
        if seen.first.lstrip()[:1] in {b"{", b"["}:
            if text_of(seen.first) is None:
                return AS_UTF_8  # jq would put U+FFFD in place of letters
            return _of_json(path, seen)
        header = seen.first.partition(b"\n")[0].decode(errors="replace").strip()
        separator = next((one for one in ",;\t|" if is_header(header, one)), None)
        if separator is not None and path == STANDARD_INPUT:
            return with_commas(separator)
        if separator is not None:
            ending = ".tsv" if separator == "\t" else ".csv"
            return f"this looks like CSV: give the file a name that ends in {ending}"
    return ""


def advice_by_mark(path: Path) -> str:
    """The same for a file of which lines are rows: an archive holds those of its files as they were."""
    with suppress(AsyncgenError):
        return _by_its_mark(look_at(path))
    return ""


def _by_its_mark(seen: Look) -> str:
    kind = kind_of(seen.first) if seen.json_lines else None
    return "" if kind is None else f"this is {kind}"


def _of_json(path: Path, seen: Look) -> str:
    """What jq makes of JSON in which the rows are not lines."""
    first = seen.first.partition(b"\n")[0].strip()
    whole = _whole(path)
    rows = next(iter(whole), None) if isinstance(whole, list) else None
    if isinstance(rows, list):
        return _ARE_LISTS
    one, behind = _first_value(first)
    if first.startswith(b"["):
        return (
            _ARE_LISTS
            if isinstance(one, list) and one and not isinstance(one[0], dict)
            else _NOT_BY_LINE.format(".[]")
        )
    if behind.startswith("{"):  # several on a line, or lines that end in CR alone
        return _NOT_BY_LINE.format(".")
    if behind.startswith(","):
        return "a comma stands behind each row: take it off first (sed 's/,[[:space:]]*$//')"
    if isinstance(whole, dict):
        inside = [name for name, value in whole.items() if _are_rows(value) and not _are_messages(value)]
        if len(inside) == 1:
            name = inside[0] if _PLAIN_NAME.fullmatch(inside[0]) else dumps(inside[0], ensure_ascii=False)
            each = quote(f".{name}[]")
            return f"if its rows are those in {inside[0]}, make each a line first (jq -c {each})"
        if len(whole) > 1 and _are_rows(list(whole.values())):
            return "if its rows are the values of one object, make each a line first (jq -c '.[]')"
    return _NOT_BY_LINE.format(".") if first == b"{" else ""


def _first_value(line: bytes) -> tuple[Any, str]:
    """The first JSON value of a line, and what stands behind it; (None, "") if it is not whole."""
    with suppress(ValueError, RecursionError):
        text = line.decode(errors="replace")
        value, end = JSONDecoder().raw_decode(text)
        return value, text[end:].lstrip()
    return None, ""


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _are_messages(value: list[Any]) -> bool:
    """Whether these are what was said in a conversation, which is one row."""
    return all("role" in one or "from" in one for one in value)


def _whole(path: Path) -> Any:
    """The file as one JSON value; None: it is none, or a large one."""
    pieces, size = [], 0
    for piece in _bytes_of(path):
        pieces.append(piece)
        size += len(piece)
        if size > MOST:
            return None
    with suppress(ValueError):
        return loads(b"".join(pieces))
    return None


def _bytes_of(path: Path) -> Iterator[bytes]:
    return (piece for piece in pieces_of(path) if not isinstance(piece, Refused))
