"""A merge that is killed anywhere leaves no run or a whole one."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from asyncgen.errors import DiskError
from asyncgen.storage.checkpoint import load_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.shard_merge import join

from .shards import Go, ScriptedSteps, all_shards, files, on

pytestmark = pytest.mark.virtual_clock


async def test_what_a_crash_left_is_no_obstacle(
    go: Go, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the last moment there is no run in the target; afterwards there is a whole one."""
    shards = [tmp_path / name for name in await all_shards(go)]

    def refuse(_source: Path, target: Path) -> None:
        if target.name == "joined":
            raise DiskError("no")

    with monkeypatch.context() as patched:
        patched.setattr(disk, "rename", refuse)
        with pytest.raises(DiskError):
            join(on(disk, shards), RunDirectory(disk, tmp_path / "joined"))
    assert not (tmp_path / "joined").exists()
    (tmp_path / "joined.joining" / ".asyncgen").mkdir(parents=True)
    (tmp_path / "joined.joining" / "sft_correct.jsonl").write_bytes(b"torn")
    join(on(disk, shards), RunDirectory(disk, tmp_path / "joined"))
    await go("whole")
    assert files(tmp_path / "joined") == files(tmp_path / "whole")


class Killed(BaseException):
    """What would have come next never happens."""


class MortalDisk(Disk):
    """Dies at an operation that changes something, in the middle of it where it has one; and counts these.

    Remembers what is synced when the target gets its name.
    """

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__()
        self._dies_at = dies_at
        self.operations = 0
        self.written: set[Path] = set()
        self.synced: set[Path] = set()

    def _strike(self) -> bool:
        self.operations += 1
        return self.operations == self._dies_at

    def make_directory(self, path: Path) -> None:
        if self._strike():
            raise Killed
        super().make_directory(path)

    def open_append(self, path: Path) -> int:
        if self._strike():
            raise Killed
        self.synced.discard(path.parent)
        return super().open_append(path)

    def write(self, fd: int, data: bytes, path: Path) -> None:
        self.written.add(path)
        self.synced.discard(path)
        if self._strike():
            super().write(fd, data[: len(data) // 2], path)
            raise Killed
        super().write(fd, data, path)

    def fsync(self, fd: int, path: Path) -> None:
        if self._strike():
            raise Killed
        super().fsync(fd, path)
        self.synced.add(path)

    def fsync_directory(self, path: Path) -> None:
        if self._strike():
            raise Killed
        super().fsync_directory(path)
        self.synced.add(path)

    def rename(self, source: Path, target: Path) -> None:
        if self._strike():
            raise Killed
        if target.name == "joined":
            assert {path for path in self.written if path.is_relative_to(source)} <= self.synced
            assert {source, source / ".asyncgen"} <= self.synced
        self.written.discard(source)
        self.synced.discard(target.parent)
        super().rename(source, target)


async def test_wherever_it_is_killed_the_target_is_absent_or_whole(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every operation, and within every write; the same command then makes it, and all is synced before."""
    client.failing.add(15)
    shards = [tmp_path / name for name in await all_shards(go)]
    await go("whole")
    target, golden = tmp_path / "joined", files(tmp_path / "whole")
    state = load_statistics(RunDirectory(disk, tmp_path / "whole"))
    counting = MortalDisk()
    join(on(counting, shards), RunDirectory(counting, target))
    assert target.parent in counting.synced
    counting.close()
    for moment in range(1, counting.operations + 1):
        shutil.rmtree(target)
        mortal = MortalDisk(dies_at=moment)
        with monkeypatch.context() as patched:
            patched.setattr(ExitStack, "callback", _only_locks(ExitStack.callback))  # the dead clean up nothing
            with pytest.raises(Killed):
                join(on(mortal, shards), RunDirectory(mortal, target))
        mortal.close()
        if not target.exists():
            join(on(disk, shards), RunDirectory(disk, target))
        assert files(target) == golden
        assert load_statistics(RunDirectory(disk, target)) == state
        assert not (tmp_path / "joined.joining").exists()


def _only_locks(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Registers what the kernel does for the dead, and nothing else."""

    def register(stack: ExitStack, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return None if function is shutil.rmtree else callback(stack, function, *args, **named)

    return register
