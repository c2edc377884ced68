"""The output directory of a run in shards, until it is merged.

The process that assigns the shards has its lock and events there. Each shard is a run's directory like any other,
and so is what they are merged into, which is then moved up, the statistics last. From then on it is a finished run
like any other, and the shards are removed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asyncgen.errors import DirectoryError
from asyncgen.shard import Portion, Shard
from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.disk import Disk
from asyncgen.storage.fingerprint import Fingerprint
from asyncgen.storage.layout import EVENTS, LOCK, STATE_DIRECTORY, STATISTICS, RunDirectory
from asyncgen.storage.whole_files import replace_atomically

OF_THE_PROCESS = {LOCK, EVENTS}


@dataclass(frozen=True, slots=True)
class Division:
    """How many shards a run of so many rows was divided into, and the run's fingerprint."""

    of: int
    pairs: int
    fingerprint: Fingerprint

    @property
    def portions(self) -> list[Portion]:
        """The part of each shard, in order."""
        return [Portion(Shard(number, self.of), self.pairs) for number in range(1, self.of + 1)]


def load_division(directory: RunDirectory) -> Division | None:
    """The division of the run in this directory; None if it is not divided.

    Raises:
        DirectoryError: the file is damaged.
    """
    data = directory.disk.read(directory.division)
    if data is None:
        return None
    try:
        content = decode(data)
        return Division(int(content["of"]), int(content["pairs"]), dict(content["fingerprint"]))
    except (ValueError, TypeError, KeyError):
        raise DirectoryError(f"{directory.division} is damaged") from None


def save_division(directory: RunDirectory, division: Division) -> None:
    """Store the division durably, before the first shard begins."""
    content = {"of": division.of, "pairs": division.pairs, "fingerprint": division.fingerprint}
    replace_atomically(directory.disk, directory.division, encode(content))


def move_up(directory: RunDirectory) -> None:
    """Move the files of the merged run into the directory; resumes after a crash."""
    disk, merged = directory.disk, directory.merged
    inside = set(disk.list_directory(merged.state_directory)) - OF_THE_PROCESS
    _move(disk, merged.state_directory, directory.state_directory, inside)
    names = set(disk.list_directory(merged.path)) - {STATE_DIRECTORY, STATISTICS}
    _move(disk, merged.path, directory.path, names)
    _move(disk, merged.path, directory.path, [STATISTICS])


def clear(directory: RunDirectory) -> None:
    """Remove the shards of a merged run, and its division."""
    directory.disk.remove_tree(directory.shards)
    directory.disk.unlink(directory.division)
    directory.disk.fsync_directory(directory.path)


def _move(disk: Disk, source: Path, target: Path, names: Iterable[str]) -> None:
    for name in sorted(names):
        disk.rename(source / name, target / name)
    disk.fsync_directory(target)
