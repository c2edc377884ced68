"""Standard input: read once by a process, into a file without a name, so that it can be read more than once.

A run keeps a copy in its directory as soon as it begins. To resume it, the rows need not be given again; if they
are, they must be the same.
"""

import io
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from asyncgen.errors import DirectoryError, DiskError, Setting, UsageError
from asyncgen.storage.disk import READ_CHUNK, Disk, disk_errors
from asyncgen.storage.layout import RunDirectory

STANDARD_INPUT = Path("/dev/stdin")
"""The path of an input that is standard input, however it was typed."""


@dataclass(frozen=True, slots=True)
class Spool:
    """The content of standard input, in an open file; nothing is waited for at a `terminal`."""

    fd: int
    size: int
    terminal: bool

    def open(self) -> io.RawIOBase:
        """Open the content at its beginning, as often as needed and concurrently."""
        return _Reader(self.fd, self.size)


class _Reader(io.RawIOBase):
    """Reads a file that is open already, at its own position."""

    def __init__(self, fd: int, size: int) -> None:
        super().__init__()
        self._fd = fd
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = os.pread(self._fd, len(buffer), self._place)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        return self._place


@cache
def spooled() -> Spool:
    """Standard input, read to its end.

    Raises:
        DiskError: there is no space for it.
    """
    size = 0
    terminal = sys.stdin is not None and os.isatty(0)
    with disk_errors("keep standard input in", Path(tempfile.gettempdir())), tempfile.TemporaryFile() as file:
        if sys.stdin is not None and not terminal:  # if it was closed, its descriptor may be that of another file
            while chunk := os.read(0, READ_CHUNK):
                size += file.write(chunk)
            file.flush()
        return Spool(os.dup(file.fileno()), size, terminal)  # stays open as long as the process


def settle_standard_input(directory: RunDirectory | None, *, restart: bool = False) -> Path:
    """The path of the rows of standard input: the copy that a run has kept, else standard input.

    Args:
        directory: of the run; None: there is none.
        restart: ignore what has begun there.

    Raises:
        UsageError: it is a terminal, and nothing is kept.
        DirectoryError: it is not what the run has kept.
    """
    spool = spooled()
    kept = None if directory is None or restart or not _begun(directory) else directory.standard_input
    if directory is None or kept is None or directory.disk.size(kept) is None:
        if spool.terminal:
            raise UsageError("the input is standard input, and that is a terminal: pipe the rows into it")
        return STANDARD_INPUT
    if spool.size and not _same(directory.disk, kept, spool):
        raise DirectoryError(
            f"standard input is not what this run was begun with ({kept}): give the same again, or nothing "
            "(</dev/null); ",
            Setting("restart", True),
            " begins anew",
        )
    return kept


def keep_standard_input(directory: RunDirectory) -> Path:
    """Keep a copy in the directory of a run, durably; returns its path.

    Raises:
        DiskError: the disk refuses.
    """
    disk, kept = directory.disk, directory.standard_input
    temporary = kept.with_name(f"{kept.name}.tmp")
    disk.unlink(temporary)  # left by a crash
    fd = disk.open_append(temporary)
    try:
        with spooled().open() as source:
            while chunk := source.read(READ_CHUNK):
                disk.write(fd, chunk, temporary)
        disk.fsync(fd, temporary)
    except DiskError:
        disk.unlink(temporary)
        raise
    finally:
        disk.close_descriptor(fd)
    disk.rename(temporary, kept)
    disk.fsync_directory(kept.parent)
    return kept


def _begun(directory: RunDirectory) -> bool:
    """Whether the kept rows belong to a run that has begun: without one, a crash left them."""
    paths = (directory.checkpoint, directory.statistics, directory.division)
    return any(directory.disk.size(path) is not None for path in paths)


def _same(disk: Disk, kept: Path, spool: Spool) -> bool:
    if disk.size(kept) != spool.size:
        return False
    with spool.open() as given:
        return all(chunk == given.read(len(chunk)) for chunk in disk.chunks(kept))
