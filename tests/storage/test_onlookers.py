"""A lock that an onlooker holds for a moment, and names that are nearly those of our own files."""

import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from asyncgen.engine.repair import finish_intent
from asyncgen.errors import TryLaterError
from asyncgen.storage.disk import ONLOOKERS, ONLOOKING, Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import segments


def test_a_lock_is_taken_although_somebody_looks_whether_it_is_held(disk: Disk, tmp_path: Path) -> None:
    """`status` locks a free file for a moment: it must not end a run that starts just then."""
    path = tmp_path / "lock"
    looking = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    leaving = threading.Timer(ONLOOKERS * ONLOOKING / 3, fcntl.flock, (looking, fcntl.LOCK_UN))
    leaving.start()
    held = disk.lock(path)
    leaving.join()
    assert disk.locked(path)
    os.close(held)
    os.close(looking)


def test_a_lock_that_is_held_is_said_to_be_held_in_no_time(disk: Disk, tmp_path: Path) -> None:
    """By another run, which keeps it."""
    held = disk.lock(tmp_path / "lock")
    begun = time.monotonic()
    with pytest.raises(TryLaterError):
        Disk().lock(tmp_path / "lock")
    assert time.monotonic() - begun < 20 * ONLOOKERS * ONLOOKING
    os.close(held)


def test_files_of_others_are_no_part_of_a_run(disk: Disk, tmp_path: Path) -> None:
    """A copy that a program made which keeps folders alike, and a file that happens to end as ours do."""
    directory = RunDirectory(disk, tmp_path / "out")
    directory.make()
    copy = directory.state_directory / "journal-00000001 (conflicted copy).jsonl"
    copy.write_text("")
    (directory.state_directory / "journal-00000002.jsonl").write_text("")
    mine = directory.path / "mine.merge"
    mine.write_text("mine")
    (directory.path / "sft_correct.jsonl.merge").write_text("left")

    assert [path.name for path in segments(directory)] == ["journal-00000002.jsonl"]
    finish_intent(directory)
    assert mine.read_text() == "mine"
    assert not (directory.path / "sft_correct.jsonl.merge").exists()
