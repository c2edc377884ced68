"""Compressed files: gzip and Zstandard."""

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import PurePath
from typing import Any, BinaryIO

from asyncgen.storage.file_kinds import text_of
from asyncgen.storage.input_formats.pieces import UnreadableInputError


@dataclass(frozen=True, slots=True)
class Packing:
    """A compression format: its first bytes, the extension, how to open it, and its errors."""

    name: str
    marks: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    open: Callable[[BinaryIO], AbstractContextManager[Any]]
    damage: Callable[[], tuple[type[Exception], ...]]


def _zstd() -> Any:
    """The module of the standard library, or its backport; both are slow to import."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415

        return zstd
    from backports import zstd  # noqa: PLC0415

    return zstd


PACKINGS = (
    Packing(
        "gzip",
        (b"\x1f\x8b",),
        (".gz", ".gzip"),
        lambda file: gzip.GzipFile(fileobj=file),
        lambda: (gzip.BadGzipFile, zlib.error),
    ),
    # The second mark is that of a skippable frame, with which parallel compressors begin.
    Packing(
        "Zstandard",
        (b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"),
        (".zst", ".zstd"),
        lambda file: _zstd().ZstdFile(file),
        lambda: (_zstd().ZstdError,),
    ),
)


def packing_of(first: bytes, name: str) -> Packing | None:
    """How a file is compressed, by its first bytes, or by its extension if it does not look like text.

    Browsers unpack what they download, and leave the name.

    Args:
        first: bytes of the file; none: it is empty.
        name: of the file.
    """
    marked = next((packing for packing in PACKINGS if first.startswith(packing.marks)), None)
    text = text_of(first)
    if marked is not None or not first or (text is not None and min(text, default="\t") >= "\t"):
        return marked
    return next((packing for packing in PACKINGS if PurePath(name).suffix.lower() in packing.suffixes), None)


def unpacked_name(name: str) -> str:
    """The name of a compressed file without the compression's extension."""
    path = PurePath(name)
    suffixes = {suffix for packing in PACKINGS for suffix in packing.suffixes}
    return path.stem if path.suffix.lower() in suffixes else name


@contextmanager
def unpack(packing: Packing, file: BinaryIO) -> Iterator["BufferedReader[Any]"]:
    """Open a compressed file.

    Raises:
        UnreadableInputError: while reading: it is cut off or damaged.
    """
    try:
        with packing.open(file) as stream:
            yield BufferedReader(stream)
    except EOFError:
        raise UnreadableInputError(
            f"this {packing.name} file ends in the middle: copy or download it again"
        ) from None
    except packing.damage():
        raise UnreadableInputError(f"this {packing.name} file is damaged: copy or download it again") from None
