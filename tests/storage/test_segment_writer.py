"""The segments of a journal alone, on a real disk whose writes may be refused."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asyncgen.errors import AsyncgenError, DiskError
from asyncgen.storage import segment_writer
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_writer import LinePlace, SegmentWriter


class RefusingDisk(Disk):
    """The real disk; it refuses writes with the error numbers in `refusals`, and counts those that it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: list[int] = []
        self.writes: list[bytes] = []

    def write_at(self, fd: int, data: bytes, offset: int, path: Path) -> None:
        """Write, or refuse."""
        if self.refusals:
            raise DiskError(f"cannot write {path}", self.refusals.pop(0))
        self.writes.append(data)
        super().write_at(fd, data, offset, path)


class Segments:
    """A log in a directory, and the end of the loop's pass, which comes when a test says so."""

    def __init__(self, disk: RefusingDisk, path: Path) -> None:
        self.disk = disk
        self.stops: list[AsyncgenError] = []
        self.moves: list[LinePlace] = []
        self._due: list[Callable[[], None]] = []
        directory = RunDirectory(disk, path)
        directory.make()
        self.log = SegmentWriter(directory, 1, b"header\n", self.stops.append, self._due.append)
        self.log.take_over([])
        self.log.set_aside(64)
        disk.writes.clear()

    def end_pass(self) -> None:
        """Call what was to be called then."""
        due, self._due[:] = list(self._due), []
        for function in due:
            function()

    def soon(self, line: bytes) -> LinePlace:
        """Append a line that is written at the end of the pass."""
        return self.log.append_soon(line, self.moves.append)


@pytest.fixture
def segments(tmp_path: Path) -> Iterator[Segments]:
    """A log with an empty first segment."""
    disk = RefusingDisk()
    made = Segments(disk, tmp_path)
    yield made
    made.log.close()
    disk.close()


def test_the_lines_of_a_pass_are_written_together(segments: Segments) -> None:
    """Each is where it was said to be."""
    places = [segments.soon(line) for line in (b"one\n", b"two\n", b"three\n")]
    assert segments.disk.writes == []

    segments.end_pass()

    assert segments.disk.writes == [b"one\ntwo\nthree\n"]
    assert [segments.log.read(place) for place in places] == [b"one\n", b"two\n", b"three\n"]
    assert segments.moves == []


def test_a_line_that_is_written_at_once_comes_behind_those_before_it(segments: Segments) -> None:
    """They are written with it."""
    segments.soon(b"one\n")

    place = segments.log.append(b"two\n")

    assert segments.disk.writes == [b"one\ntwo\n"]
    assert segments.log.read(place) == b"two\n"


def test_who_waits_for_own_lines_does_not_break_up_those_behind_them(segments: Segments) -> None:
    """They are written together when their pass ends, and the own ones at once where the disk refused them."""
    segments.soon(b"one\n")
    own = segments.log.line_count
    segments.disk.refusals.append(errno.EIO)
    segments.end_pass()
    segments.log.flush_to(own)
    segments.soon(b"two\n")
    segments.log.flush_to(own)
    segments.soon(b"three\n")
    segments.end_pass()

    assert segments.disk.writes == [b"one\n", b"two\nthree\n"]
    assert segments.log.line_count == 3


def test_a_line_is_read_before_the_pass_is_over(segments: Segments) -> None:
    """It is written for that."""
    assert segments.log.read(segments.soon(b"one\n")) == b"one\n"


def test_what_was_refused_is_written_by_the_next_pass(segments: Segments) -> None:
    """The run is told, and the lines are where they were said to be."""
    segments.disk.refusals = [errno.EIO]
    place = segments.soon(b"one\n")
    segments.end_pass()
    assert [error.errno for error in segments.stops if isinstance(error, DiskError)] == [errno.EIO]

    other = segments.soon(b"two\n")
    segments.end_pass()

    assert segments.disk.writes == [b"one\ntwo\n"]
    assert [segments.log.read(one) for one in (place, other)] == [b"one\n", b"two\n"]


def test_a_line_that_is_refused_at_once_is_not_written_later(segments: Segments) -> None:
    """Whoever appended it was told, and those before it are still to come."""
    segments.soon(b"one\n")
    segments.disk.refusals = [errno.EIO]
    with pytest.raises(DiskError):
        segments.log.append(b"two\n")

    segments.end_pass()

    assert segments.disk.writes == [b"one\n"]


def test_a_disk_without_room_for_the_ballast_is_told_how_large_it_is(
    segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small one (a RAM disk, a quota) has room for that of fewer calls."""

    def full(path: Path, _: int) -> None:
        raise DiskError(f"cannot write {path}: No space left on device", errno.ENOSPC)

    monkeypatch.setattr(segments.disk, "allocate", full)
    said = r"No space left on device; 8\.4 MB are set aside for answers .*: a smaller concurrency needs less"
    with pytest.raises(DiskError, match=said) as caught:
        segments.log.set_aside(1024 * 8192)
    assert caught.value.errno == errno.ENOSPC


def test_on_a_full_disk_all_lines_of_the_pass_move_into_the_ballast(segments: Segments) -> None:
    """Their new places are told."""
    before = segments.log.append(b"earlier\n")
    segments.disk.writes.clear()
    segments.disk.refusals = [errno.ENOSPC]
    segments.soon(b"one\n")
    segments.soon(b"two\n")

    segments.end_pass()

    assert segments.disk.writes == [b"one\n", b"two\n"]
    assert [segments.log.read(place) for place in segments.moves] == [b"one\n", b"two\n"]
    assert segments.log.read(before) == b"earlier\n"
    assert len(segments.stops) == 1


def test_on_a_full_disk_a_line_that_is_written_at_once_moves_too(segments: Segments) -> None:
    """Whoever appends it gets its place in the ballast."""
    segments.disk.refusals = [errno.ENOSPC]

    place = segments.log.append(b"one\n")

    assert segments.log.read(place) == b"one\n"
    assert len(segments.log.closed) == len(segments.stops) == 1


def test_a_segment_that_is_full_when_the_disk_is_stays_in_the_ballast(
    segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next segment would be another file, for which there is no room."""
    monkeypatch.setattr(segment_writer, "SEGMENT_SIZE", 1)
    segments.disk.refusals = [errno.ENOSPC]
    segments.soon(b"one\n")

    segments.log.roll(lambda: b"header\n", durably=True)

    place = segments.log.append(b"two\n")
    assert [segments.log.read(one) for one in (*segments.moves, place)] == [b"one\n", b"two\n"]
    assert segments.moves[0].segment is place.segment
    assert place.segment.padded


def test_in_the_ballast_each_line_has_its_own_try(segments: Segments) -> None:
    """Those for which there is room are saved, though there is none for all of them."""
    segments.disk.refusals = [errno.ENOSPC]
    segments.log.append(b"one\n")
    segments.disk.writes.clear()
    places = [segments.soon(b"two\n"), segments.soon(b"three\n")]

    segments.end_pass()

    assert segments.disk.writes == [b"two\n", b"three\n"]
    assert [segments.log.read(place) for place in places] == [b"two\n", b"three\n"]


def test_places_stay_right_where_the_ballast_cannot_be_used(
    segments: Segments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are written where they were said to be, once there is room."""
    segments.disk.refusals = [errno.ENOSPC]
    with monkeypatch.context() as without:
        without.setattr(segments.disk, "rename", _refuse)
        places = [segments.soon(b"one\n"), segments.soon(b"two\n")]
        segments.end_pass()

    segments.log.flush()

    assert [segments.log.read(place) for place in places] == [b"one\n", b"two\n"]
    assert places[0].segment.size == places[0].segment.written


def _refuse(*_: object) -> None:
    raise DiskError("cannot rename", errno.EIO)
