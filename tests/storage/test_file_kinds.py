"""What a file is by its first bytes."""

import gzip

import pytest

from asyncgen.storage.file_kinds import kind_of

LINE = '{"note_id": "a", "correct_note": "The patient was given aspirin."}\n'


@pytest.mark.parametrize(
    ("first", "word"),
    [
        (gzip.compress(LINE.encode(), mtime=0), "gunzip"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "unzstd"),
        (b"PAR1" + bytes(50), "Parquet"),
        (b"PK\x03\x04" + bytes(50), "Excel"),
        (b"SQLite format 3\0", "SQLite"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7z x"),
        (b"\r\n <!DOCTYPE HTML PUBLIC", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied', "download"),
        (LINE.encode("utf-16"), "iconv -f UTF-16 "),
        (b"\xfe\xff" + LINE.encode("utf-16-be"), "iconv -f UTF-16 "),
        (LINE.encode("utf-16-le"), "iconv -f UTF-16LE "),
        (LINE.encode("utf-16-be"), "iconv -f UTF-16BE "),
    ],
)
def test_a_file_of_another_kind_is_named_with_what_makes_lines_of_it(first: bytes, word: str) -> None:
    """By its mark, or by the zeros of a wide encoding."""
    assert word in (kind_of(first) or "")


@pytest.mark.parametrize(
    "first", [b"", b"\0", LINE.encode(), b"\xef\xbb\xbf" + LINE.encode(), b"a,b\n", bytes(300)]
)
def test_text_and_nothing_are_no_other_kind(first: bytes) -> None:
    """Whoever reads it says what is wrong with its lines."""
    assert kind_of(first) is None
