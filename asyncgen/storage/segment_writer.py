"""The segments of a journal in use: lines are appended to the newest, even when the disk is full.

Rules:

1. Lines are written at the segment's end, by one call for all lines of a pass of the event loop: a call for each
   line costs a tenth of a run's CPU. What is written survives SIGKILL at once, and power loss after the next
   `sync`. What a refused write left is cut off.
2. When the disk is full, the ballast becomes the next segment, and answers in flight are written into it, line by
   line: if it were only freed, the outputs or another program could take the space first. The zeros behind its
   lines count as a torn last line, until closing cuts them off.
3. A segment is retired by the journal, and unlinked when the checkpoint that makes it superfluous is durable.
"""

import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from asyncgen.chat import fast_dataclass
from asyncgen.errors import AsyncgenError, DiskError, Message, Phrase, Setting
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import UNFINISHED, segment_name, segment_number

SEGMENT_SIZE = 16 * 1024 * 1024  # bytes: thousands of answers; journals shrink by whole segments
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(slots=True)
class Segment:
    """A segment file: `live` lines in it are needed, of which `kept` are of failed rows.

    `size` counts the bytes of all its lines, `written` those that are in the file, and `synced` those that are
    durable. `named` if its name is durable; `padded` if it was the ballast, and is longer than its lines.
    """

    path: Path
    fd: int
    size: int = 0
    written: int = 0
    synced: int = 0
    named: bool = False
    padded: bool = False
    live: int = 0
    kept: int = 0

    @property
    def is_durable(self) -> bool:
        """Whether all of its lines are, and its name."""
        return self.named and self.synced == self.size


@fast_dataclass(frozen=True, slots=True)
class LinePlace:
    """The place of a line; offset and length in bytes."""

    segment: Segment
    offset: int
    length: int


@dataclass(slots=True)
class _Unwritten:
    """A line that is not in the file yet, and what is called with its place if that is another one in the end."""

    line: bytes
    moved: Callable[[LinePlace], None]


class SegmentWriter:
    """The segments that are open.

    Args:
        directory: of the run.
        number: of the first one, which takes over what is needed of earlier ones until `take_over` is called.
        header: its first line.
        stop: called with the reason when the disk refuses lines; if it is full, what is in flight is still saved,
            in the ballast.
        at_end_of_pass: calls a function at the end of the event loop's pass; None: there is no loop.
    """

    def __init__(
        self,
        directory: RunDirectory,
        number: int,
        header: bytes,
        stop: Callable[[AsyncgenError], None],
        at_end_of_pass: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._disk = directory.disk
        self._state_directory = directory.state_directory
        self._stop = stop
        self._at_end_of_pass = at_end_of_pass
        self._unwritten: list[_Unwritten] = []
        self._number_written = 0
        self._due = False
        self._ballast = directory.ballast
        self._set_aside = False
        self._retired: list[Segment] = []
        self._closed: list[Segment] = []
        self._current = self._new(f"{segment_name(number)}{UNFINISHED}", header)

    def take_over(self, earlier: list[Path]) -> None:
        """Make the first segment durable under its name, and unlink those that it replaces."""
        segment = self._current
        self._disk.fsync(segment.fd, segment.path)
        segment.synced = segment.written
        final = segment.path.with_suffix("")
        self._disk.rename(segment.path, final)
        segment.path = final
        self._disk.fsync_directory(self._state_directory)
        segment.named = True
        for path in earlier:
            self._disk.unlink(path)

    def set_aside(self, size: int) -> None:
        """Reserve `size` bytes of the disk for what is in flight when it is full.

        Raises:
            DiskError: the disk does not have them.
        """
        try:
            self._disk.allocate(self._ballast, size)
        except DiskError as error:
            if error.errno not in _FULL:
                raise
            needed = Message(
                f"{error}; {size / 1e6:,.1f} MB are set aside for answers that come when it is full: a smaller ",
                Setting("concurrency"),
                " needs less",
            )
            raise DiskError(needed, error.errno) from None
        self._set_aside = True

    # Lines

    def append(self, line: bytes) -> LinePlace:
        """Write a line, and all before it.

        Raises:
            DiskError: it is not written: the disk is broken, or full beyond the ballast.
        """
        moved: list[LinePlace] = []
        place = self._add(line, moved.append)
        try:
            self.flush()
        except DiskError:
            if self._unwritten:
                self._unwritten.pop()
                self._current.size -= len(line)
            raise
        return moved[-1] if moved else place

    def append_soon(self, line: bytes, moved: Callable[[LinePlace], None]) -> LinePlace:
        """Have a line written at the end of the event loop's pass.

        Args:
            line: the line.
            moved: called with its new place, should the disk be full.

        Raises:
            DiskError: there is no loop, and it is not written.
        """
        if self._at_end_of_pass is None:
            return self.append(line)
        place = self._add(line, moved)
        if not self._due:
            self._due = True
            self._at_end_of_pass(self._flush_when_due)
        return place

    @property
    def line_count(self) -> int:
        """The lines so far, written or not."""
        return self._number_written + len(self._unwritten)

    def flush_to(self, number: int) -> None:
        """Write so many lines, if fewer are written; raises as `flush`.

        Those behind them wait for the end of their pass, when they are written together.
        """
        if self._number_written < number:
            self.flush()

    def flush(self) -> None:
        """Write every line so far.

        Raises:
            DiskError: the disk refuses; the next call tries again.
        """
        if not self._unwritten:
            return
        if not self._current.padded:
            try:
                self._write(b"".join([one.line for one in self._unwritten]))
            except DiskError as error:
                if error.errno not in _FULL:
                    raise
                self._go_on_in_ballast(error)
            else:
                self._number_written = self.line_count
                self._unwritten.clear()
                return
        # One by one: of the reserve, all of them together would give back what some of them could use.
        while self._unwritten:
            self._write_into_ballast(self._unwritten[0])
            del self._unwritten[0]
            self._number_written += 1

    def read(self, place: LinePlace) -> bytes:
        """Read a line."""
        if place.offset >= place.segment.written:
            self.flush()
        return self._disk.read(place.segment.path, place.offset, place.length) or b""

    def roll(self, header: Callable[[], bytes], *, durably: bool) -> None:
        """Begin the next segment if this one is long enough; without space for it, this one grows.

        Args:
            header: makes its first line.
            durably: make every line so far durable first.

        Raises:
            DiskError: the lines so far cannot be made durable.
        """
        if self._current.size < SEGMENT_SIZE:
            return
        self.flush()
        if self._current.padded:
            return
        if durably:
            self.sync()
        with suppress(DiskError):
            self._go_on_in(self._new(self._next_name(), header()))

    # Segments

    @property
    def closed(self) -> list[Segment]:
        """Segments to which nothing is appended any more, and which are not retired."""
        return list(self._closed)

    def retire(self, segment: Segment) -> None:
        """Remove a closed segment with the next `unlink_retired`."""
        self._closed.remove(segment)
        self._retired.append(segment)

    def sync(self) -> None:
        """Make every line durable that is written (helper thread)."""
        current = self._current  # read first: if a segment is closed meanwhile, it is in the list
        for segment in (*self._closed, current):
            written = segment.written
            if segment.synced < written:
                self._disk.fsync(segment.fd, segment.path)
                segment.synced = written
            if not segment.named:
                self._disk.fsync_directory(self._state_directory)
                segment.named = True

    def unlink_retired(self) -> None:
        """Remove the segments that the checkpoint just written makes superfluous (helper thread)."""
        while self._retired:
            segment = self._retired.pop(0)  # in order: a later one says how the calls of an earlier one ended
            self._disk.close_descriptor(segment.fd)
            self._disk.unlink(segment.path)

    def close(self) -> None:
        """Close the files and free the ballast."""
        with suppress(DiskError):  # the run has been told
            self.flush()
        if self._current.padded:
            self._disk.cut(self._current.fd, self._current.written, self._current.path)
        for segment in (*self._retired, *self._closed, self._current):
            self._disk.close_descriptor(segment.fd)
        self._disk.unlink(self._ballast)

    def unlink_dead(self, *, keep_last: bool = False) -> None:
        """Remove the segments before the first one with live rows (the run has reached its end).

        Those behind it stay: they say how its calls ended and what was spent. With `keep_last` the newest stays in
        any case: it holds lines other than those of rows.
        """
        for segment in (*self._closed, *([] if keep_last else [self._current])):
            if segment.live:
                return
            self._disk.unlink(segment.path)

    def _add(self, line: bytes, moved: Callable[[LinePlace], None]) -> LinePlace:
        segment = self._current
        place = LinePlace(segment, segment.size, len(line))
        segment.size += len(line)
        self._unwritten.append(_Unwritten(line, moved))
        return place

    def _flush_when_due(self) -> None:
        self._due = False
        try:
            self.flush()
        except DiskError as error:
            self._stop(error)

    def _write(self, data: bytes) -> None:
        segment = self._current
        try:
            self._disk.write_at(segment.fd, data, segment.written, segment.path)
        except DiskError:
            self._disk.cut(segment.fd, segment.written, segment.path)
            raise
        segment.written += len(data)

    def _go_on_in_ballast(self, error: DiskError) -> None:
        """Let the lines that a full disk has refused go into the ballast."""
        former = self._current
        full = DiskError(Message(f"the disk is full ({former.path}); make room, then ", Phrase.AGAIN), error.errno)
        if not self._set_aside:  # the journal is being opened, and nothing is in flight
            raise full from error
        self._stop(full)
        self._begin_ballast()
        former.size = former.written
        self._current.size = sum(len(one.line) for one in self._unwritten)

    def _write_into_ballast(self, one: _Unwritten) -> None:
        try:
            self._write(one.line)
        except DiskError as error:
            if error.errno not in _FULL:
                raise
            # Some file systems need new space even for reserved blocks; but the cut has just freed some.
            self._write(one.line)
        one.moved(LinePlace(self._current, self._current.written - len(one.line), len(one.line)))

    def _begin_ballast(self) -> None:
        path = self._state_directory / self._next_name()
        self._disk.rename(self._ballast, path)
        self._go_on_in(Segment(path, self._disk.open_write(path), padded=True))

    def _go_on_in(self, segment: Segment) -> None:
        self._closed.append(self._current)
        self._current = segment

    def _next_name(self) -> str:
        return segment_name(segment_number(self._current.path) + 1)

    def _new(self, name: str, header: bytes) -> Segment:
        path = self._state_directory / name
        segment = Segment(path, self._disk.open_write(path))
        try:
            self._disk.write_at(segment.fd, header, 0, path)
        except DiskError:
            self._disk.close_descriptor(segment.fd)
            self._disk.unlink(path)
            raise
        segment.size = segment.written = len(header)
        return segment
