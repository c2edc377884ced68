"""What is no set of whole shards of one run is not joined, and what stands at the target stays."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncgen.errors import AsyncgenError, BadDataError, Interrupted
from asyncgen.shard import Shard
from asyncgen.storage.checkpoint import load_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import STATISTICS, RunDirectory
from asyncgen.storage.shard_merge import arrange, join

from .shards import OF, OTHER_PROMPTS, OUTPUTS, PAIRS, Go, all_shards, files, on

pytestmark = pytest.mark.virtual_clock


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"model": "other"}, "model"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "endpoint"),
        ({"prompts": OTHER_PROMPTS}, "max_tokens of generation_params.correct_paraphrase was 2048, now 256"),
        ({"reasoning": False}, "add_reasoning"),
        ({"shard": Shard(2, OF + 1)}, "one of 4 shards"),
        ({"shard": None}, "out-2 holds a whole run"),
        ({"pairs": PAIRS + 8}, "cut from 39 pairs"),
        ({"edited": 2}, "does not start where"),
    ],
    ids=["model", "endpoint", "prompts", "recipe", "number of shards", "whole", "grown input", "edited input"],
)
async def test_shards_of_different_runs_are_refused(
    go: Go, tmp_path: Path, disk: Disk, changed: dict[str, Any], says: str
) -> None:
    """Nothing is written."""
    names = await all_shards(go)
    (tmp_path / "out-2").rename(tmp_path / "other")
    await go("out-2", **{"shard": Shard(2, OF), **changed})
    with pytest.raises(BadDataError, match=says):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert not [name for name in disk.list_directory(tmp_path) if name.startswith("joined")]


async def test_a_shard_of_an_earlier_version_does_not_join_simulated_ones_with_others(
    go: Go, tmp_path: Path, disk: Disk
) -> None:
    """It does not tell which server of this machine it had, and is like both."""
    directories = on(disk, [tmp_path / name for name in await all_shards(go)])
    made = ({}, {"simulated": True}, {"simulated": False})
    parts = []
    for directory, part in zip(directories, made, strict=True):
        state = load_statistics(directory)
        assert state is not None
        plain = {name: value for name, value in state.fingerprint.items() if name != "simulated"}
        parts.append((directory, replace(state, fingerprint=plain | part)))
    with pytest.raises(BadDataError, match="was the run's own simulator"):
        arrange(parts)


@pytest.mark.parametrize("name", [*OUTPUTS, STATISTICS])
async def test_a_shard_that_was_edited_is_refused(go: Go, tmp_path: Path, disk: Disk, name: str) -> None:
    """One byte is enough."""
    names = await all_shards(go)
    path = tmp_path / "out-2" / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(BadDataError, match=name):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert not [name for name in disk.list_directory(tmp_path) if name.startswith("joined")]


@pytest.mark.parametrize("name", OUTPUTS)
async def test_a_shard_that_lacks_a_file_is_refused(go: Go, tmp_path: Path, disk: Disk, name: str) -> None:
    """That is the shard's fault, not the disk's: to try again would not help."""
    names = await all_shards(go)
    (tmp_path / "out-2" / name).unlink()
    with pytest.raises(BadDataError, match="was changed since"):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert not [name for name in disk.list_directory(tmp_path) if name.startswith("joined")]


async def test_a_shard_that_has_not_reached_its_end_is_refused(go: Go, tmp_path: Path, disk: Disk) -> None:
    """It can still be gone on with."""
    names = await all_shards(go)
    (tmp_path / "out-2").rename(tmp_path / "other")
    with pytest.raises(Interrupted):
        await go("out-2", Shard(2, OF), stop_after=2)
    with pytest.raises(BadDataError, match="out-2 is not finished"):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    await go("out-2", Shard(2, OF))
    join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))


async def test_places_that_hold_no_shard_and_targets_that_hold_something_are_refused(
    go: Go, tmp_path: Path, disk: Disk
) -> None:
    """Each by its name; and a shard in use, by a process."""
    shards = [tmp_path / name for name in await all_shards(go)]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    (tmp_path / "twin").symlink_to(shards[0])
    for places, target, says in [
        ([*shards, tmp_path], "joined", "holds no shard"),
        ([*shards, tmp_path / "pairs.jsonl"], "joined", "holds no shard"),
        ([*shards, shards[0]], "joined", "given twice"),
        ([*shards, tmp_path / "twin"], "joined", "given twice"),
        (shards, "full", "full is not empty"),
        (shards, "link", "link is not empty"),
        (shards, "pairs.jsonl", "pairs.jsonl is not empty"),
    ]:
        with pytest.raises(BadDataError, match=says):
            join(on(disk, places), RunDirectory(disk, tmp_path / target))
    lock = disk.lock(shards[1] / ".asyncgen" / "lock")
    with pytest.raises(AsyncgenError, match="in use by another run"):
        join(on(disk, shards), RunDirectory(disk, tmp_path / "joined"))
    disk.close_descriptor(lock)
    assert (tmp_path / "full" / "diary.txt").read_text() == "mine"


async def test_what_no_merge_has_built_is_not_removed(go: Go, tmp_path: Path, disk: Disk) -> None:
    """Whoever named it so: a directory of notes, a run, a file, a link."""
    shards = [tmp_path / name for name in await all_shards(go)]
    beside, target = tmp_path / "joined.joining", RunDirectory(disk, tmp_path / "joined")
    beside.mkdir()
    (beside / "diary.txt").write_text("mine")
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    assert (beside / "diary.txt").read_text() == "mine"
    shutil.rmtree(beside)
    await go(beside.name, Shard(1, OF))
    kept = files(beside)
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    assert files(beside) == kept
    shutil.rmtree(beside)
    beside.write_text("mine")
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    beside.unlink()
    beside.symlink_to(shards[0])
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    assert beside.is_symlink()
    beside.unlink()
    join(on(disk, shards), target)
