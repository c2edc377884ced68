"""The output directory of a run in shards, until it is whole.

The process that hands the shards out has its lock and events there. Each shard is a run's directory like any
other, and so is what they are merged into, which is then moved up, the statistics last. Once these are there it is
a finished run like any other, and the shards go.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asyncgen.errors import DirectoryError
from asyncgen.shard import Portion, Shard
from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.disk import Disk, replace_atomically
from asyncgen.storage.fingerprint import Fingerprint
from asyncgen.storage.layout import EVENTS, LOCK, STATE_DIRECTORY, STATISTICS, RunDirectory

OF_THE_PROCESS = {LOCK, EVENTS}


@dataclass(frozen=True, slots=True)
class Division:
    """Into how many shards a run of so many pairs was divided, and which run it was."""

    of: int
    pairs: int
    fingerprint: Fingerprint

    @property
    def portions(self) -> list[Portion]:
        """What each shard has of the pairs, in order."""
        return [Portion(Shard(number, self.of), self.pairs) for number in range(1, self.of + 1)]


def load_division(directory: RunDirectory) -> Division | None:
    """How the run in this directory is divided; None when none is.

    Raises:
        DirectoryError: what says so is damaged.
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
    """Keep it, durably, before the first shard begins."""
    content = {"of": division.of, "pairs": division.pairs, "fingerprint": division.fingerprint}
    replace_atomically(directory.disk, directory.division, encode(content))


def move_up(directory: RunDirectory) -> None:
    """Make the merged run that of the directory; done again after a crash, it goes on."""
    disk, merged = directory.disk, directory.merged
    inside = set(disk.list_directory(merged.state_directory)) - OF_THE_PROCESS
    _move(disk, merged.state_directory, directory.state_directory, inside)
    names = set(disk.list_directory(merged.path)) - {STATE_DIRECTORY, STATISTICS}
    _move(disk, merged.path, directory.path, names)
    _move(disk, merged.path, directory.path, [STATISTICS])


def clear(directory: RunDirectory) -> None:
    """Remove the shards of a run that is whole, and what says that there were some."""
    directory.disk.remove_tree(directory.shards)
    directory.disk.unlink(directory.division)
    directory.disk.fsync_directory(directory.path)


def _move(disk: Disk, source: Path, target: Path, names: Iterable[str]) -> None:
    for name in sorted(names):
        disk.rename(source / name, target / name)
    disk.fsync_directory(target)
