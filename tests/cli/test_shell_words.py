"""Commands that are printed: a shell takes them as they were meant."""

import os
import subprocess

import pytest

from asyncgen.cli.shell_words import join, quote

NAMES = [
    b"plain",
    b"my out",
    b'it\'s "out"',
    "ausgabe-ü-日本".encode(),
    b"a\nb",
    b"a\tb",
    b"out-\xe9",
    b"\xe91 \\'\xff",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_bytes_can_be_pasted(name: bytes) -> None:
    """It comes out of a shell as it went in."""
    word = quote(os.fsdecode(name))
    assert subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout == name


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_is_one_line_of_text(name: bytes) -> None:
    """So that it can be shown and copied."""
    word = quote(os.fsdecode(name))
    assert word.isprintable()
    assert word.encode("utf-8")


def test_words_that_need_no_quotes_stay_as_they_are() -> None:
    """Most commands look as typed."""
    assert join(["asyncgen", "verify", "my out"]) == "asyncgen verify 'my out'"
