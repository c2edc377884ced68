"""The output directory of a run in shards, until it is whole.

    OUT/.asyncgen/shards.json   how the run was divided, while it is
    OUT/.asyncgen/…             lock and events of the process that hands the shards out
    OUT/shards/2-of-8/          a shard: a run's directory like any other
    OUT/shards/merged/          all of them, merged; then moved up, the statistics last

Once the statistics are in OUT it is a finished run like any other, and `shards/` goes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asyncgen.errors import DirectoryError
from asyncgen.fingerprint import Fingerprint
from asyncgen.shard import Portion, Shard
from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.disk import Disk, replace_atomically
from asyncgen.storage.layout import EVENTS, MERGED, SHARDS, STATE_DIRECTORY, STATISTICS

DIVISION = "shards.json"
OF_THE_PROCESS = {"lock", EVENTS}


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


def shard_directory(output_dir: Path, shard: Shard) -> Path:
    """Where a shard's run is."""
    return output_dir / SHARDS / f"{shard.number:0{len(str(shard.of))}}-of-{shard.of}"


def load_division(disk: Disk, output_dir: Path) -> Division | None:
    """How the run in this directory is divided; None when none is.

    Raises:
        DirectoryError: what says so is damaged.
    """
    path = output_dir / STATE_DIRECTORY / DIVISION
    data = disk.read(path)
    if data is None:
        return None
    try:
        content = decode(data)
        return Division(int(content["of"]), int(content["pairs"]), dict(content["fingerprint"]))
    except (ValueError, TypeError, KeyError):
        raise DirectoryError(f"{path} is damaged") from None


def save_division(disk: Disk, output_dir: Path, division: Division) -> None:
    """Keep it, durably, before the first shard begins."""
    content = {"of": division.of, "pairs": division.pairs, "fingerprint": division.fingerprint}
    replace_atomically(disk, output_dir / STATE_DIRECTORY / DIVISION, encode(content))


def move_up(disk: Disk, output_dir: Path) -> None:
    """Make the merged run that of the directory; done again after a crash, it goes on."""
    merged, inside = output_dir / SHARDS / MERGED, output_dir / STATE_DIRECTORY
    _move(
        disk, merged / STATE_DIRECTORY, inside, set(disk.list_directory(merged / STATE_DIRECTORY)) - OF_THE_PROCESS
    )
    _move(disk, merged, output_dir, set(disk.list_directory(merged)) - {STATE_DIRECTORY, STATISTICS})
    _move(disk, merged, output_dir, [STATISTICS])


def clear(disk: Disk, output_dir: Path) -> None:
    """Remove the shards of a run that is whole, and what says that there were some."""
    disk.remove_tree(output_dir / SHARDS)
    disk.unlink(output_dir / STATE_DIRECTORY / DIVISION)
    disk.fsync_directory(output_dir)


def _move(disk: Disk, source: Path, target: Path, names: Iterable[str]) -> None:
    for name in sorted(names):
        disk.rename(source / name, target / name)
    disk.fsync_directory(target)
