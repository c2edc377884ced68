"""The names in an output directory, and its lock."""

import fcntl
import os
from pathlib import Path

import pytest

from asyncgen.engine.repair import finish_intent
from asyncgen.errors import TryLaterError
from asyncgen.shard import Shard
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import segments


@pytest.fixture
def directory(disk: Disk, tmp_path: Path) -> RunDirectory:
    """One that is not there yet."""
    return RunDirectory(disk, tmp_path / "out")


def test_the_files_have_the_names_that_directories_of_earlier_versions_have(directory: RunDirectory) -> None:
    """A change of one would lose what such a directory holds."""
    paths = [
        directory.checkpoint,
        directory.statistics,
        directory.failed,
        directory.output("some.jsonl"),
        directory.lock_file,
        directory.manifest,
        directory.intent,
        directory.ballast,
        directory.events,
        directory.calls,
        directory.division,
        directory.shard(Shard(2, 8)).checkpoint,
        directory.shard(Shard(2, 16)).calls,
        directory.merged.statistics,
    ]
    assert [str(path.relative_to(directory.path)) for path in paths] == [
        "checkpoint.json",
        "generation_stats_safe.json",
        "failed.jsonl",
        "some.jsonl",
        ".asyncgen/lock",
        ".asyncgen/manifest.json",
        ".asyncgen/intent.json",
        ".asyncgen/ballast",
        ".asyncgen/events.jsonl",
        ".asyncgen/calls.jsonl",
        ".asyncgen/shards.json",
        "shards/2-of-8/checkpoint.json",
        "shards/02-of-16/.asyncgen/calls.jsonl",
        "shards/merged/generation_stats_safe.json",
    ]
    assert str(directory) == str(directory.path)


def test_the_shards_are_found_without_what_they_are_merged_into(directory: RunDirectory) -> None:
    """As long as there are any."""
    assert directory.shard_directories() == []
    shards = [directory.shard(Shard(number, 2)) for number in (1, 2)]
    for one in (*shards, directory.merged):
        one.make()
    assert directory.shard_directories() == shards


def test_the_lock_is_held_by_one_until_it_ends(directory: RunDirectory) -> None:
    """Also when it ends by an error; to look is no way to make the directory."""
    assert (directory.locked(), directory.holder()) == (False, None)
    assert not directory.path.exists()
    directory.make()

    def hold() -> None:
        with directory.lock():
            assert (directory.locked(), directory.holder()) == (True, os.getpid())
            with pytest.raises(TryLaterError, match=f"{directory} is in use"), directory.lock():
                pytest.fail("two hold it")
            raise ValueError("over")

    with pytest.raises(ValueError, match="over"):
        hold()
    assert (directory.locked(), directory.holder()) == (False, None)


def test_a_holder_that_has_not_said_who_it_is_is_unknown(directory: RunDirectory) -> None:
    """It is between taking the lock and writing its id."""
    directory.make()
    with directory.lock():
        directory.lock_file.write_bytes(b"")
        assert directory.holder() == 0


def test_the_lock_is_taken_although_somebody_looks_whether_it_is_held(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` locks a free file for a moment: that must not end a run which starts just then."""
    directory.make()
    looking = os.open(directory.lock_file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    # The onlooker leaves while the run waits.
    monkeypatch.setattr("asyncgen.storage.disk.time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
    with directory.lock():
        assert directory.holder() == os.getpid()
    os.close(looking)


def test_files_of_others_are_no_part_of_a_run(directory: RunDirectory) -> None:
    """A copy that a program made which keeps folders alike, and a file that happens to end as ours do."""
    directory.make()
    (directory.state_directory / "journal-00000001 (conflicted copy).jsonl").write_text("")
    (directory.state_directory / "journal-00000002.jsonl").write_text("")
    mine, left = directory.output("mine.merge"), directory.output("sft_correct.jsonl.merge")
    mine.write_text("mine")
    left.write_text("left")

    assert [path.name for path in segments(directory)] == ["journal-00000002.jsonl"]
    finish_intent(directory)
    assert mine.read_text() == "mine"
    assert not left.exists()
