"""Small files that people write and name: configurations, prices, variables, tables."""

import errno
import os
import stat
import tomllib
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

from asyncgen.errors import AsyncgenError, UsageError

_MOST = 64 * 1024 * 1024  # bytes of what is no regular file: more than any of these, and bounds what has no end
_PIECE = 256 * 1024
_read_before: dict[tuple[Path, int, int], bytes] = {}


def read_small_file(path: Path) -> bytes:
    """The content of a file; that of a pipe, such as a shell's `<(…)`, is kept, as it can be read only once.

    Raises:
        OSError: it cannot be read, is a pipe into which nothing writes, or a device without an end.
    """
    with open(path, "rb", buffering=0, opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return file.read()
        this = path, status.st_dev, status.st_ino
        if this not in _read_before:
            first = file.read(1)  # None: somebody has it open for writing, and it is still empty
            if first == b"" and stat.S_ISFIFO(status.st_mode) and _has_name(path):
                raise OSError(
                    errno.ENXIO, "it is a pipe into which nothing writes: name a regular file", str(path)
                )
            content = bytearray(first or b"")
            os.set_blocking(file.fileno(), True)
            while len(content) <= _MOST and (piece := file.read(_PIECE)):
                content += piece
            if len(content) > _MOST:
                raise OSError(
                    errno.EFBIG, "it has no size, and holds more than 64 MiB: name a regular file", str(path)
                )
            _read_before[this] = bytes(content)
        return _read_before[this]


def read_small_text(path: Path) -> str:
    """The same as text with LF at the ends of lines, without a byte order mark.

    Raises:
        OSError: as above.
        UnicodeDecodeError: it is not UTF-8.
    """
    return TextIOWrapper(BytesIO(read_small_file(path)), encoding="utf-8-sig").read()


def read_toml(path: Path, name: str, malformed: type[AsyncgenError] = UsageError) -> dict[str, Any]:
    """Read the document in a file.

    Args:
        path: the file.
        name: the user's name for it in messages ("the prices").
        malformed: the error to raise if it is not TOML.

    Raises:
        UsageError: it cannot be read.
        malformed: it is not TOML in UTF-8.
    """
    try:
        return tomllib.loads(read_small_text(path))
    except OSError as error:
        raise UsageError(f"cannot read {name} {path}: {error.strerror}") from error
    except ValueError as error:
        raise malformed(f"{name} {path}: not TOML in UTF-8: {error}") from error


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # opening a pipe would wait for a writer


def _has_name(path: Path) -> bool:
    """Whether a pipe is one on the disk; that of a shell's `<(…)` has ended where it is empty."""
    return os.path.lexists(path.resolve())
