"""The corpus as files: pairs as JSON lines, and a CSV file as MEDEC publishes it, with the oddities of real ones.

JSON lines: the older field `text_id`, slashes escaped. CSV: blank and short rows, flags that are missing or
contradict the text, pairs that are there twice. Both: repeated ids, no error type, no sentences, and text that was
garbled by reading UTF-8 as Windows-1252.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.corpus.notes import ERROR_TYPES, Note, compose

SEED = 23
PAIRS_NAME = "medec_pairs_train.jsonl"
CSV_NAME = "MEDEC-MS-ValidationSet-with-GroundTruth-and-ErrorType.csv"
"""The names of the real files, so that a directory of these can stand for the real one."""
PAIRS = 420
PUBLISHED_PAIRS = 320
PUBLISHED_CLEAN = 250
# About as in MEDEC, so that lists by number come in the same order: management first, organisms last.
_SHARES = dict(zip(ERROR_TYPES, (0.40, 0.26, 0.14, 0.12, 0.08), strict=True))
_GARBLED = 0.3  # of the notes with letters beyond ASCII
_HEADER = (
    "Text ID", "Text", "Sentences", "Error Flag", "Error Type", "Error Sentence ID", "Error Sentence",
    "Corrected Sentence", "Corrected Text",
)  # fmt: skip
_NA = "NA"
_FLAG, _TYPE, _SENTENCE, _CORRECTED, _TEXT = 3, 4, 6, 7, 8


@dataclass(frozen=True, slots=True)
class _Texts:
    """What a file says of a note."""

    right: str
    wrong: str
    sentences: str
    error_type: str
    error_sentence_id: int
    error_sentence: str
    corrected_sentence: str


def pairs_jsonl(seed: int = SEED, count: int = PAIRS) -> bytes:
    """Pairs in the input format of `asyncgen run`, one a line."""
    draw = Random(f"pairs {seed}")
    lines = []
    for number, texts in enumerate(_texts(count, draw)):
        fields: dict[str, str | None] = {
            "split": None,
            "note_id": f"own-train-{number}",
            "incorrect_note": texts.wrong,
            "correct_note": texts.right,
            "error_type": texts.error_type.lower(),
            "error_sentence": texts.error_sentence,
            "corrected_sentence": texts.corrected_sentence,
        }
        match number % 60:
            case 7 | 37:
                fields["text_id"] = fields.pop("note_id")
            case 16 | 46:
                del fields["error_type"]
            case 25:
                fields |= {"error_sentence": None, "corrected_sentence": None}
            case 34:
                fields["note_id"] = f"own-train-{number - 3}"
        lines.append(json.dumps(fields, ensure_ascii=False).replace("/", "\\/") + "\n")
    return "".join(lines).encode()


def published_csv(seed: int = SEED, pairs: int = PUBLISHED_PAIRS, clean: int = PUBLISHED_CLEAN) -> bytes:
    """A file as MEDEC publishes it: notes with and without an error, and rows that are odd."""
    draw = Random(f"published {seed}")
    spoilt = [_row(texts) for texts in _texts(pairs, draw)]
    rows = spoilt + [_clean(_row(texts)) for texts in _texts(clean, draw)]
    draw.shuffle(rows)
    for number, row in enumerate(rows):
        row[0] = f"own-val-{number}"
    # The first ten rows stay as they are. Each oddity takes the next rows that have an error.
    chosen = iter(draw.sample([row for row in rows[10:] if row[_FLAG] == "1"], 30))
    for change, number in _ODDITIES.items():
        for _ in range(number):
            change(rows, next(chosen))
    for _ in range(5):
        rows.insert(draw.randrange(10, len(rows)), [])
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows([_HEADER, *rows])
    return file.getvalue().removesuffix("\r\n").encode()


def write_corpus(directory: Path, seed: int = SEED) -> None:
    """Write both files into a directory, under the names of the real ones."""
    (directory / PAIRS_NAME).write_bytes(pairs_jsonl(seed))
    (directory / CSV_NAME).write_bytes(published_csv(seed))


def _texts(count: int, draw: Random) -> Iterator[_Texts]:
    types = [name for name, share in _SHARES.items() for _ in range(round(share * count))]
    draw.shuffle(types)
    for number in range(count):
        note = compose(types[number % len(types)], draw)
        yield _written(note, garbled=draw.random() < _GARBLED, crlf=draw.random() < 0.1)


def _written(note: Note, *, garbled: bool, crlf: bool) -> _Texts:
    def write(text: str) -> str:
        text = text.replace("\n", "\r\n") if crlf else text
        return _garble(text) if garbled else text

    return _Texts(
        write(note.text(note.right)),
        write(note.text(note.wrong)),
        write("\n".join(f"{number} {sentence}" for number, sentence in enumerate(note.wrong))),
        note.error_type,
        note.place,
        write(note.error_sentence),
        write(note.corrected_sentence),
    )


_NOT_IN_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
_AS_1252 = "".join(bytes([byte]).decode("latin-1" if byte in _NOT_IN_1252 else "cp1252") for byte in range(256))


def _garble(text: str) -> str:
    """UTF-8 read as Windows-1252; the five bytes that it lacks pass through, as Windows does it."""
    return text.encode().decode("latin-1").translate(_AS_1252)


def _row(texts: _Texts) -> list[str]:
    return [
        "", texts.wrong, texts.sentences, "1", texts.error_type, str(texts.error_sentence_id),
        texts.error_sentence, texts.corrected_sentence, texts.right,
    ]  # fmt: skip


def _clean(row: list[str]) -> list[str]:
    sentences = row[2].replace(row[_SENTENCE], row[_CORRECTED])
    return ["", row[_TEXT], sentences, "0", _NA, "-1", _NA, _NA, _NA]


# Oddities: each changes a row with an error, or puts another one behind it.

_Rows = list[list[str]]


def _put(column: int, value: str) -> Callable[[_Rows, list[str]], None]:
    def change(rows: _Rows, row: list[str]) -> None:
        row[column] = value

    return change


def _no_sentences(rows: _Rows, row: list[str]) -> None:
    row[_SENTENCE] = row[_CORRECTED] = _NA


def _no_error(rows: _Rows, row: list[str]) -> None:
    row[_TEXT] = row[1]


def _short(rows: _Rows, row: list[str]) -> None:
    del row[_TYPE:]


def _twice(rows: _Rows, row: list[str]) -> None:
    rows.insert(rows.index(row) + 1, [f"{row[0]}b", *row[1:]])


def _same_id(rows: _Rows, row: list[str]) -> None:
    row[0] = rows[9][0]


_ODDITIES: dict[Callable[[_Rows, list[str]], None], int] = {
    _put(_TYPE, _NA): 4,
    _put(_FLAG, ""): 3,
    _put(_FLAG, "0"): 1,
    _put(1, ""): 2,
    _no_sentences: 3,
    _no_error: 1,
    _short: 2,
    _twice: 3,
    _same_id: 3,
}
