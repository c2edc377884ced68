"""Read a file of prompts as a whole: a recipe, a prompt file, or a file beside a recipe."""

import errno
import stat
from pathlib import Path

from asyncgen.storage.file_kinds import kind_of
from asyncgen.storage.input_formats.advice import AS_UTF_8

READ_ONCE = "a pipe or a device can be read only once, and this is read again: write it to a regular file first"


def is_read_once(path: Path) -> bool:
    """Whether a path leads to a pipe or a device: reading it might wait for ever, and would not work again.

    Raises:
        OSError: it leads nowhere.
    """
    mode = path.stat().st_mode
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read_text_file(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: it cannot be read, or is not one.
    """
    if is_read_once(path):
        raise OSError(errno.ESPIPE, READ_ONCE, str(path))
    return path.read_bytes()


def why_no_text(data: bytes) -> str:
    """What bytes are that are not text in UTF-8, and what to do about it; empty: they are."""
    kind = kind_of(data)
    if kind is not None:
        return f"this is {kind}"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return f"line {line} is not UTF-8; {AS_UTF_8}"
    return ""
