"""What a process leaves in `events.jsonl` and `calls.jsonl`."""

import asyncio
import errno
import json
import threading
from pathlib import Path

import pytest

from asyncgen.chat import Usage
from asyncgen.errors import DiskError
from asyncgen.events import CallEnded, CheckpointSaved, Notice, PairDone, ProcessEnded, RunStarted
from asyncgen.storage.disk import Disk
from asyncgen.storage.event_log import EventLog
from asyncgen.storage.layout import RunDirectory

STARTED = RunStarted(0, 0, 10, resumed=False)
CALL = CallEnded(7, "note-7", "paraphrase", "c0ffee", 2, "ok", 200, "req_1", 12.5, 0.25, 1.5, Usage(10, 5, 15))


@pytest.fixture
def directory(disk: Disk, tmp_path: Path) -> RunDirectory:
    """One in which nothing is."""
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    return directory


async def test_events_and_calls_are_appended_with_the_time_of_the_clock(directory: RunDirectory):
    """What the samples count anyway is left out."""
    log = EventLog(directory)
    for event in (STARTED, CALL, PairDone(7), CheckpointSaved(8, 10)):
        log.observe(event)
    await log.flush()

    (event,) = map(json.loads, directory.events.read_text().splitlines())
    (call,) = map(json.loads, directory.calls.read_text().splitlines())
    assert event["event"] == "RunStarted"
    assert event["time"].endswith("+00:00")
    assert call["time"] > 1.7e9
    assert {name: call[name] for name in ("index", "attempt", "waited", "took")} == {
        "index": 7,
        "attempt": 2,
        "waited": 0.25,
        "took": 1.5,
    }
    assert call["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "cached_tokens": 0,
    } | {"reasoning_tokens": 0}


@pytest.mark.parametrize(("left", "ends"), [(b'{"event":"Sam', b"\n"), (b"{}\n", b""), (b"", b"")])
async def test_a_line_that_a_crash_tore_does_not_spoil_the_next_one(directory, left, ends):
    """It is ended before the first line of the next process, once."""
    directory.events.write_bytes(left)
    log = EventLog(directory)
    for _ in range(2):
        log.observe(STARTED)
        await log.flush()

    content = directory.events.read_bytes()
    assert content.startswith(left + ends + b'{"event":"RunStarted"')
    assert content.count(b"\n") == left.count(b"\n") + len(ends) + 2


async def test_a_process_that_finds_nothing_to_do_leaves_nothing(directory: RunDirectory):
    """Not even an empty file; what it had to say is written when there is work after all."""
    log = EventLog(directory)
    log.observe(Notice("hello"))
    await log.flush()
    assert directory.disk.list_directory(directory.state_directory) == []
    log.observe(STARTED)
    await log.flush()
    assert directory.events.read_bytes().count(b"\n") == 2


async def test_what_a_cancelled_flush_has_not_written_is_left_to_the_next_one(directory: RunDirectory):
    """The end of a run cancels its ticker, which may be waiting for the disk."""
    log = EventLog(directory)
    log.observe(STARTED)
    log.observe(CALL)
    busy = threading.Event()
    behind = asyncio.ensure_future(directory.disk.call(busy.wait))
    flush = asyncio.ensure_future(log.flush())
    await asyncio.sleep(0)
    flush.cancel()
    await asyncio.wait([flush])
    log.observe(CALL)
    busy.set()
    await behind
    await log.flush()

    assert directory.calls.read_bytes().count(b"\n") == 2
    assert directory.events.read_bytes().count(b"\n") == 1


class FullOnce(Disk):
    """A disk that is full for one write, of which it takes half."""

    full = False

    def write(self, descriptor: int, data: bytes, path: Path) -> None:
        """Write all, or half."""
        if self.full:
            self.full = False
            super().write(descriptor, data[: len(data) // 2], path)
            raise DiskError("no space", errno.ENOSPC)
        super().write(descriptor, data, path)


async def test_the_end_is_told_on_a_line_of_its_own_after_a_full_disk(tmp_path: Path):
    """Or it would be lost together with the line that was torn."""
    disk = FullOnce()
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    log = EventLog(directory)
    log.observe(STARTED)
    await log.flush()
    disk.full = True
    log.observe(Notice("x" * 50))
    await log.flush()
    log.observe(ProcessEnded(74, "the disk is full"))
    await log.flush()
    disk.close()

    assert json.loads(directory.events.read_text().splitlines()[-1])["event"] == "ProcessEnded"
