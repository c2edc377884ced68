"""The output files of a run, as far as its checkpoint covers them.

An unfinished run may have written more than its checkpoint covers; the rest does not count. The files are checked
against the sizes and checksums that the run stored: if one was changed since, all are refused.
"""

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from asyncgen.errors import BadDataError, Phrase, UsageError
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.storage.resume import peek, refuse_shards

if TYPE_CHECKING:
    from asyncgen.storage.checkpoint import RunState


class RunFiles:
    """Reads the files of an output directory.

    Raises:
        UsageError: it does not exist.
        BadDataError: no run has begun there, or it was not written by this version of asyncgen.
    """

    def __init__(self, directory: RunDirectory) -> None:
        if not directory.path.is_dir():
            raise UsageError(f"{directory} is not a directory")
        state = peek(directory)
        if state is None and directory.disk.size(directory.checkpoint) is not None:
            raise BadDataError(
                f"{directory} was made by the sequential script: the same `asyncgen run` takes it over"
            )
        if state is None:
            refuse_shards(directory)
            raise BadDataError(f"no run has begun in {directory}: it has neither checkpoint nor statistics")
        self.state: RunState = state
        self.finished = directory.disk.size(directory.checkpoint) is None
        self.disk = directory.disk
        self._directory = directory

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the files that are not empty, in the order of the recipe."""
        return tuple(name for name, mark in self.state.files.items() if name != FAILED and mark.size)

    def nothing_yet(self) -> BadDataError:
        """The error that there is nothing to export."""
        return BadDataError(f"{self._directory} has no examples yet: nothing to export")

    def check_others(self, read: str) -> None:
        """Check every file but one, which is read anyhow, against its checksum.

        Raises:
            BadDataError: one is not what the run wrote.
        """
        for name in self.state.files:
            if name != read:
                for _ in self._chunks(name):
                    pass

    def lines(self, name: str) -> Iterator[tuple[bytes, int]]:
        """The lines of a file without their line breaks, each with the offset behind it; then checks the file.

        Raises:
            BadDataError: it is not what the run wrote.
        """
        end, rest = 0, b""
        for chunk in self._chunks(name):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                end += len(line) + 1
                yield line, end
        if rest:
            raise self.changed(name)

    def at(self, name: str, start: int, end: int) -> bytes:
        """The bytes between two offsets of a file."""
        return self.disk.read(self._directory.output(name), start, end - start) or b""

    def changed(self, name: str) -> BadDataError:
        """The error that a file is not what the run wrote."""
        return BadDataError(
            f"{self._directory.output(name)} is not what the run wrote (or a run is rewriting it just now): ",
            Phrase.VERIFY,
            " says what is wrong with it",
        )

    def _chunks(self, name: str) -> Iterator[bytes]:
        """A file as far as the state covers it; at its end it is checked against the checksum."""
        disk, mark, path = self.disk, self.state.files[name], self._directory.output(name)
        left, crc32, size = mark.size, 0, disk.size(path) or 0
        if size < left or (self.finished and size > left):
            raise self.changed(name)
        for chunk in disk.chunks(path) if left else ():
            piece = chunk[:left]
            left -= len(piece)
            crc32 = zlib.crc32(piece, crc32)
            yield piece
            if not left:
                break
        if crc32 != mark.crc32:
            raise self.changed(name)
