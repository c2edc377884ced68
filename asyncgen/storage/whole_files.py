"""Read a file line by line, and write or replace one durably, on any disk that has the calls of `Disk`."""

from collections.abc import Iterator
from math import inf
from pathlib import Path

from asyncgen.storage.disk import Disk


def lines_of(disk: Disk, path: Path, size: int | None = None) -> Iterator[bytes]:
    """The lines of a file with their ends (the last may lack it); none if it does not exist.

    With `size`, only those within the first `size` bytes.
    """
    left = inf if size is None else size
    for line in _all_lines(disk, path):
        left -= len(line)
        if left < 0:
            return
        yield line


def _all_lines(disk: Disk, path: Path) -> Iterator[bytes]:
    if disk.size(path) is None:
        return
    rest = b""
    for chunk in disk.chunks(path):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def write_durably(disk: Disk, path: Path, data: bytes) -> None:
    """Write a new file and make its content durable (its name is not, until the directory is synced)."""
    disk.unlink(path)
    fd = disk.open_append(path)
    try:
        disk.write(fd, data, path)
        disk.fsync(fd, path)
    finally:
        disk.close_descriptor(fd)


def replace_atomically(disk: Disk, path: Path, data: bytes) -> None:
    """Replace a file's content durably; a crash leaves the old or the new content."""
    temporary = _temporary(path)
    write_durably(disk, temporary, data)
    disk.rename(temporary, path)
    disk.fsync_directory(path.parent)


def remove_replaced(disk: Disk, path: Path) -> None:
    """Remove a file written by `replace_atomically`, and what a crash may have left of the new content."""
    disk.unlink(_temporary(path))
    disk.unlink(path)


def _temporary(path: Path) -> Path:
    return path.with_name(f"{path.name}.tmp")
