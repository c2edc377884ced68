"""The output directory of a run in shards, and crashes on its way to be one run's."""

from pathlib import Path

import pytest

from asyncgen.cluster.shard_directories import Division, clear, load_division, move_up, save_division
from asyncgen.errors import BadDataError
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import MERGED, RunDirectory

INSIDE = {"calls.jsonl": "calls", "manifest.json": "{}"}
OUTSIDE = {"sft_correct.jsonl": "correct", "failed.jsonl": "failed", "generation_stats_safe.json": "{}"}


class Crash(Exception):  # noqa: N818 - it is played
    """The process ends here."""


class CrashingDisk(Disk):
    """Ends the process before its nth change of a name."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self._left = left

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self._step()
        super().unlink(path)

    def remove_tree(self, path: Path) -> None:
        self._step()
        super().remove_tree(path)


@pytest.fixture
def merged(tmp_path: Path, disk: Disk) -> Path:
    """A directory whose shards are merged, and not yet moved up."""
    place = tmp_path / "shards" / MERGED
    for directory, files in ((place / ".asyncgen", INSIDE | {"lock": "2"}), (place, OUTSIDE)):
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name).write_text(text)
    (tmp_path / ".asyncgen").mkdir()
    (tmp_path / ".asyncgen" / "lock").write_text("1")
    (tmp_path / ".asyncgen" / "events.jsonl").write_text("events")
    save_division(RunDirectory(disk, tmp_path), Division(8, 100, {"model": "m"}))
    return tmp_path


@pytest.mark.parametrize("crash", range(8))
def test_a_crash_at_any_step_is_made_good_by_the_next_start(merged, disk, crash):
    """And as long as the statistics are not there, neither is the run."""
    dying = CrashingDisk(crash)
    try:
        move_up(RunDirectory(dying, merged))
        clear(RunDirectory(dying, merged))
    except Crash:
        pass
    finally:
        dying.close()
    if (merged / "generation_stats_safe.json").exists():
        assert all((merged / name).exists() for name in OUTSIDE)
        assert all((merged / ".asyncgen" / name).exists() for name in INSIDE)
    else:
        move_up(RunDirectory(disk, merged))
    clear(RunDirectory(disk, merged))
    assert {path.name: path.read_text() for path in merged.iterdir() if path.is_file()} == OUTSIDE
    inside = {path.name: path.read_text() for path in (merged / ".asyncgen").iterdir()}
    assert inside == INSIDE | {"lock": "1", "events.jsonl": "events"}
    assert not (merged / "shards").exists()


def test_the_division_is_known_again_and_a_changed_one_is_refused(merged, disk):
    """It says which shard is where: one that was edited must not be trusted."""
    found = load_division(RunDirectory(disk, merged))
    assert found == Division(8, 100, {"model": "m"})
    assert [(portion.first, portion.stop) for portion in found.portions][:2] == [(0, 12), (12, 25)]
    path = merged / ".asyncgen" / "shards.json"
    path.write_text(path.read_text().replace("8", "9"))
    with pytest.raises(BadDataError, match="damaged"):
        load_division(RunDirectory(disk, merged))
