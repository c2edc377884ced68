"""CSV and TSV: a header that names the columns, then a record for each row; every cell is text.

Cells may be quoted, and then hold line breaks. A record that cannot be a row is refused with the line in which it
begins; an error that makes all behind it doubtful (another encoding, an unclosed quotation) ends the reading.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from asyncgen.storage.file_kinds import kind_of
from asyncgen.storage.input_formats.pieces import Piece, Refused, UnreadableInputError

BOM = b"\xef\xbb\xbf"
MOST = 64 * 1024 * 1024  # bytes of a record: larger than any real cell, and bounds an unclosed quotation
_LONGEST_NAME = 100  # characters of a column name: a longer one is a note, which no message may repeat
_OTHERS = {",": ";\t|", "\t": ",;|"}  # other common separators, to recognise a file with the wrong extension
_NAMED = {"\t": ("tabs", ".tsv"), ",": ("commas", ".csv")}
_WITH_COMMAS = (
    """python3 -c 'import csv;csv.field_size_limit(1<<30);csv.writer(open(1,"w",newline="","""
    """encoding="utf-8")).writerows(csv.reader(open(0,newline="",encoding="utf-8-sig"),delimiter="{}"))' """
    "<OLD.csv >NEW.csv"
)
_OF_A_SPREADSHEET = "sep="  # begins a line above the header by which Excel knows the separator


class _Lines:
    """The lines of a file as text, with their ends; tracks the record that is being read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0
        self.first = 1
        self.size = 0
        self.ended = False
        self.header = ""

    def begin(self) -> None:
        """Begin a record."""
        self.first, self.size = self.number + 1, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MOST + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.size += len(line)
        if self.size > MOST:
            raise UnreadableInputError(
                f"line {self.first}: the record is longer than 64 MiB; is a quotation mark left open?"
            )
        if self.number == 1:
            line = line.removeprefix(BOM)
            if b"\r" in line.rstrip(b"\r\n") and b'"' not in line:
                raise UnreadableInputError("its lines end in CR alone: make that LF first (tr '\\r' '\\n')")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise UnreadableInputError(
                f"line {self.number} is not UTF-8: save it as UTF-8 first (iconv -f WINDOWS-1252 -t UTF-8, if it "
                "comes from Windows)"
            ) from None
        self.header = self.header or text.strip()
        return text


def read_delimited(file: BinaryIO, delimiter: str) -> Iterator[Piece]:
    """The records as JSON lines, one in each piece.

    Raises:
        UnreadableInputError: it is not UTF-8, a quotation is not closed, or the header does not name every column
            once.
    """
    csv.field_size_limit(sys.maxsize)  # `_Lines` has its own limit
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    columns: list[str] = []
    while (found := _record(reader, lines)) is not None:
        taken = lines.number - lines.first + 1
        if not columns and isinstance(found, str):
            _check_separator(lines.header, delimiter)
            raise UnreadableInputError(f"line {lines.first}, where the columns are named: {found}")
        goes_on = f" (it goes on to line {lines.number})" if taken > 1 else ""
        if isinstance(found, str):
            yield Refused(found + goes_on, taken)
        elif not any(cell.strip() for cell in found):  # spreadsheets write blank rows as separators alone
            yield b"\n" * taken
        elif not columns:
            columns = _columns(found, lines.header, delimiter)
            yield b"\n" * taken
        elif any("\0" in cell for cell in found):
            yield Refused(f"NUL byte{goes_on}", taken)
        elif len(found) != len(columns):
            cells = "1 cell" if len(found) == 1 else f"{len(found)} cells"
            yield Refused(f"{cells} in this row, and {len(columns)} columns in the header{goes_on}", taken)
        else:
            yield orjson.dumps(dict(zip(columns, found, strict=True))) + b"\n" * taken


def _record(reader: Iterator[list[str]], lines: _Lines) -> list[str] | str | None:
    """The cells of the next record, or the reason it has none; None at the end."""
    lines.begin()
    try:
        return next(reader, None)
    except csv.Error:
        if lines.ended:
            raise UnreadableInputError(
                f"line {lines.first}: a quoted cell begins in this record and never ends"
            ) from None
        return "a quotation mark or a CR stands alone in a cell: quote the cell, and double the marks within it"


def _columns(cells: list[str], header: str, delimiter: str) -> list[str]:
    """The names of the columns."""
    names = [cell.strip() for cell in cells]
    if names[0].startswith(_OF_A_SPREADSHEET) and len(names[0]) <= len(_OF_A_SPREADSHEET) + 1:
        raise UnreadableInputError("its first line names the separator alone: leave that out (tail -n +2)")
    if len(names) == 1:
        _check_separator(header, delimiter)
    if any(len(name) > _LONGEST_NAME for name in names):
        raise UnreadableInputError("its first line holds a row: name the columns in a line above it")
    for place, name in enumerate(names, 1):
        if not name:
            raise UnreadableInputError(
                f"column {place} of its header has no name: give it one, or leave the column out"
            )
    double = next((name for name, number in Counter(names).items() if number > 1), None)
    if double is not None:
        raise UnreadableInputError(f"its header has the column {double} more than once: rename one of them")
    return names


def with_commas(separator: str) -> str:
    """That a table has this separator, and the command that makes it one with commas."""
    command = _WITH_COMMAS.format(separator)
    return f"its columns are separated by {separator!r}: separate them by commas ({command})"


def _check_separator(header: str, delimiter: str) -> None:
    """Refuse a header whose columns are separated otherwise.

    Raises:
        UnreadableInputError: with what to do.
    """
    other = next((one for one in _OTHERS[delimiter] if is_header(header, one)), None)
    if other in _NAMED:
        now, ending = _NAMED[other]
        raise UnreadableInputError(
            f"its columns are separated by {now}: give the file a name that ends in {ending}"
        )
    if other is not None:
        raise UnreadableInputError(with_commas(other))


def is_header(line: str, delimiter: str) -> bool:
    """Whether a line may be a header, and not JSON."""
    try:
        names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return False
    words = all(name and not set(name) & set("{}[]:") for name in names)
    return len(names) > 1 and words and len({*names}) == len(names)


def check_text(first: bytes) -> None:
    """Refuse what cannot be a table in UTF-8.

    Raises:
        UnreadableInputError: it is another known format.
    """
    kind = kind_of(first)
    if kind is not None:
        raise UnreadableInputError(f"this is {kind}")
