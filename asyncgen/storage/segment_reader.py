"""Read the segments of a journal that no run has open, and remove them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asyncgen.storage.batch_records import BatchBook, OpenBatch
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import PREFIX, SUFFIX, UNFINISHED, decode_line, last_compacted, segments
from asyncgen.storage.whole_files import lines_of


class SegmentReader:
    """Reads segments of a journal; `damaged` counts the lines that were set aside in `<segment>.broken`."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.damaged = 0

    def records(self, paths: list[Path]) -> Iterator[tuple[dict[str, Any], bytes]]:
        """All valid records of these segments, from the last compaction on, with their lines."""
        for path in last_compacted(self._disk, paths):
            broken = b""
            pending: bytes | None = None  # a damaged line that may be the torn last one
            for line in lines_of(self._disk, path):
                if pending is not None:
                    broken += pending
                    self.damaged += 1
                    pending = None
                record = decode_line(line)
                if record is None:
                    pending = line
                else:
                    yield record, line
            if broken:
                aside = path.with_name(path.name + ".broken")
                fd = self._disk.open_append(aside)
                self._disk.write(fd, broken, aside)
                self._disk.close_descriptor(fd)


def open_batches(directory: RunDirectory) -> list[OpenBatch]:
    """The open batches in a journal that is not in use."""
    book = BatchBook()
    for path in last_compacted(directory.disk, segments(directory)):
        for line in lines_of(directory.disk, path):
            record = decode_line(line) if b'"kind":"batch' in line else None
            if record is not None:
                book.take(record)
    return list(book.open.values())


def clear_journal(directory: RunDirectory) -> None:
    """Unlink all segments and the ballast of a run that has reached its end without failed rows."""
    disk, place = directory.disk, directory.state_directory
    for name in disk.list_directory(place):
        if name == directory.ballast.name or (name.startswith(PREFIX) and name.endswith((SUFFIX, UNFINISHED))):
            disk.unlink(place / name)


def clear_unfinished(directory: RunDirectory) -> None:
    """Unlink segments that a crash left without their names."""
    for name in directory.disk.list_directory(directory.state_directory):
        if name.startswith(PREFIX) and name.endswith(UNFINISHED):
            directory.disk.unlink(directory.state_directory / name)
