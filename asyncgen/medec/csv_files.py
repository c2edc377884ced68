"""The CSV files that MEDEC publishes: each row is a pair, a note without an error, or odd.

Only rows whose Error Flag is 1 are pairs. Their text is taken byte for byte: blanks and line breaks at the ends of
a field, and CR LF inside it, are part of the note. Nothing odd is dropped silently: a row without a usable pair is
recorded as left out, one with a doubtful pair as kept.
"""

import csv
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import orjson

from asyncgen.errors import BadDataError, Setting, UsageError
from asyncgen.medec.pair import Pair, parse_pair
from asyncgen.rows import BadFieldError

# The training file of the MEDIQA-CORR shared task has no Error Type; other columns (Sentences, Split) are ignored.
COLUMNS = ("Text ID", "Text", "Error Flag", "Error Sentence", "Corrected Sentence", "Corrected Text")
ERROR_TYPE = "Error Type"
ERROR_TYPES = {"diagnosis", "management", "treatment", "pharmacotherapy", "causalorganism"}
NOT_GIVEN = {"", "NA"}
# A column with gaps that a spreadsheet or pandas has written contains floats.
YES, NO = {"1", "1.0"}, {"0", "0.0"}

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


class Reading(NamedTuple):
    """The content of a row: its pair if it has one, and any oddities. Neither: a note without an error."""

    pair: Pair | None
    odd: tuple[str, ...] = ()


class Found(NamedTuple):
    """A row of a file: its number (from 1, the header not counted), its Text ID, its content."""

    number: int
    text_id: str
    reading: Reading


def read_row(fields: Mapping[str, str]) -> Reading:
    """Read a row from its fields by column."""
    flag = fields["Error Flag"].strip()
    if flag in NO:
        there = fields["Corrected Text"] not in NOT_GIVEN and fields["Corrected Text"] != fields["Text"]
        return Reading(None, ("Error Flag is 0, but Corrected Text differs",) if there else ())
    if flag not in YES:
        return Reading(None, ("Error Flag is neither 0 nor 1" if flag else "Error Flag is empty",))
    for column in ("Text ID", "Text", "Corrected Text"):
        if fields[column].strip() in NOT_GIVEN:
            return Reading(None, (f"{column} is empty",))
    if fields["Text"] == fields["Corrected Text"]:
        return Reading(None, ("Text and Corrected Text are the same",))
    try:
        pair = parse_pair(
            {
                "note_id": fields["Text ID"],
                "correct_note": fields["Corrected Text"],
                "incorrect_note": fields["Text"],
                "error_type": (_given(fields.get(ERROR_TYPE, "")) or "").strip().lower(),
                "error_sentence": _given(fields["Error Sentence"]),
                "corrected_sentence": _given(fields["Corrected Sentence"]),
            }
        )
    except BadFieldError as error:
        return Reading(None, (str(error),))
    return Reading(pair, tuple(_doubts(pair, typed=ERROR_TYPE in fields)))


def read_csv(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> Iterator[Found]:
    """The rows of a published file, without blank lines.

    Args:
        path: of the file.
        read: gives its content.

    Raises:
        UsageError: the file cannot be read.
        BadDataError: it is not CSV in UTF-8, or lacks a column.
    """
    csv.field_size_limit(sys.maxsize)  # the default of 128 KiB is shorter than a long note may be
    done = 0
    try:
        # utf-8-sig: a byte order mark is not part of the first column's name. No newline translation.
        with TextIOWrapper(BytesIO(read(path)), encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            if first.startswith("{"):
                raise BadDataError(
                    f"{path} is not CSV, it looks like JSON lines: pairs in that form need no prepare, "
                    "asyncgen run takes them with ",
                    Setting("input_jsonl"),
                )
            reader = csv.reader(chain((first,), file), strict=True)
            columns = _columns(next(reader, []), path)
            done = reader.line_num
            for number, row in enumerate(filter(None, reader), 1):
                yield _found(number, columns, row)
                done = reader.line_num
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BadDataError(f"{path} is not UTF-8, somewhere from line {done + 1} on: save it as UTF-8") from None
    except csv.Error as error:
        raise BadDataError(f"{path} is not CSV: {error}, in the row that begins in line {done + 1}") from None


def encode_pair(pair: Pair, side: str | None) -> bytes:
    """A line of the input format: the fields in their documented order."""
    fields = {
        "note_id": pair.note_id,
        "correct_note": pair.correct_note,
        "incorrect_note": pair.incorrect_note,
        "error_type": pair.error_type,
        "error_sentence": pair.error_sentence,
        "corrected_sentence": pair.corrected_sentence,
        "split": side,
    }
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _columns(header: Sequence[str], path: Path) -> list[str]:
    names = [name.strip() for name in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise BadDataError(
            f"{path} is not a MEDEC file with the ground truth: it lacks the columns {', '.join(missing)}; "
            f"it has {', '.join(map(repr, names)) or 'none'}"
        )
    double = [column for column in (*COLUMNS, ERROR_TYPE) if names.count(column) > 1]
    if double:
        raise BadDataError(f"{path} has the column {double[0]} more than once")
    return names


def _found(number: int, columns: list[str], row: list[str]) -> Found:
    if len(row) != len(columns):
        return Found(number, row[0], Reading(None, ("not as many fields as the header",)))
    fields = dict(zip(columns, row, strict=True))
    return Found(number, fields["Text ID"], read_row(fields))


def _given(value: str) -> str | None:
    return None if value.strip() in NOT_GIVEN else value


def _doubts(pair: Pair, *, typed: bool) -> Iterator[str]:
    """What is odd about a usable pair. `typed`: the file has a column for the type."""
    if typed and pair.error_type == "unknown":
        yield "no Error Type"
    elif typed and pair.error_type not in ERROR_TYPES:
        yield "an Error Type that MEDEC does not document"
    if pair.error_sentence is None:
        yield "no Error Sentence"
    elif pair.error_sentence not in pair.incorrect_note:
        yield "Error Sentence does not occur in Text"
    if pair.corrected_sentence is None:
        yield "no Corrected Sentence"
    elif pair.corrected_sentence not in pair.correct_note:
        yield "Corrected Sentence does not occur in Corrected Text"
    if any(map(_is_garbled, _NOT_ASCII.findall(pair.incorrect_note + pair.correct_note))):
        yield "letters garbled in the published file (UTF-8 read as Windows-1252)"


def _is_garbled(letters: str) -> bool:
    """Whether a run of non-ASCII letters becomes shorter when the wrong decoding is undone."""
    try:
        # Python's cp1252 lacks the five bytes that Windows passes through as control characters.
        data = b"".join(one.encode("latin-1" if one <= "\x9f" else "cp1252") for one in letters)
        return bool(data.decode())
    except UnicodeError:
        return False
