"""The output directory of a run: the names of the files in it, and its lock.

OUT/                              the outputs of the recipe, and what users read
  checkpoint.json                 how far an unfinished run is durable
  generation_stats_safe.json      how a finished one ended
  failed.jsonl                    the rows that failed
  .asyncgen/                      what only the program reads
    lock                          held by the process that works here
    manifest.json                 what the last accepted run knew of its input
    intent.json                   an unfinished merge (see `repair`)
    journal-00000001.jsonl, …     paid answers (see `segment_format`)
    standard-input                the rows that came in on standard input
    ballast                       space for such answers when the disk is full
    events.jsonl, calls.jsonl     for status, report and trace
    cache-claims.db               which answers of a cache the run has taken (see `cache.claims`)
    shards.json                   how a run on a cluster is divided
  shards/1-of-8/, …               the shards of such a run, each an output directory
  shards/merged/                  all of them, merged, until they are moved up
  superseded-<time>/              a former run
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from asyncgen.errors import DiskError
from asyncgen.shard import Shard
from asyncgen.storage.disk import Disk

CHECKPOINT = "checkpoint.json"
STATISTICS = "generation_stats_safe.json"
FAILED = "failed.jsonl"
STATE_DIRECTORY = ".asyncgen"
LOCK = "lock"
EVENTS = "events.jsonl"
CALLS = "calls.jsonl"
KEPT_INPUT = "standard-input"
CLAIMS = "cache-claims.db"
SHARDS = "shards"
MERGED = "merged"


@dataclass(frozen=True)  # without slots: paths are made once, as a run needs them again and again
class RunDirectory:
    """An output directory on a disk, which may not exist yet; as text, its path."""

    disk: Disk
    path: Path

    def __str__(self) -> str:
        return str(self.path)

    # Files of the user

    def output(self, name: str) -> Path:
        """An output file of the recipe, or `failed.jsonl`."""
        return self.path / name

    @cached_property
    def checkpoint(self) -> Path:
        """How far an unfinished run is durable."""
        return self.path / CHECKPOINT

    @cached_property
    def statistics(self) -> Path:
        """How a finished run ended."""
        return self.path / STATISTICS

    @cached_property
    def failed(self) -> Path:
        """The rows that failed."""
        return self.path / FAILED

    def is_own(self, path: Path, outputs: Iterable[str]) -> bool:
        """Whether a path is, or will be, that of a file of the run.

        Args:
            path: of any file.
            outputs: the names of the recipe's.
        """
        names = {CHECKPOINT, STATISTICS, FAILED, STATE_DIRECTORY, SHARDS, *outputs}
        place, here = path.parent.resolve() / path.name, self.path.resolve()
        return place.is_relative_to(here) and not names.isdisjoint(place.relative_to(here).parts[:1])

    # Files of the program

    @cached_property
    def state_directory(self) -> Path:
        """The directory of the files that only the program reads."""
        return self.path / STATE_DIRECTORY

    @cached_property
    def manifest(self) -> Path:
        """What the last accepted run knew of its input."""
        return self.state_directory / "manifest.json"

    @cached_property
    def standard_input(self) -> Path:
        """The rows of a run that came in on standard input."""
        return self.state_directory / KEPT_INPUT

    @cached_property
    def intent(self) -> Path:
        """The merge that is under way."""
        return self.state_directory / "intent.json"

    @cached_property
    def ballast(self) -> Path:
        """The space reserved for paid answers."""
        return self.state_directory / "ballast"

    @cached_property
    def events(self) -> Path:
        """The log of the run's events."""
        return self.state_directory / EVENTS

    @cached_property
    def calls(self) -> Path:
        """The log of calls, with their outcomes."""
        return self.state_directory / CALLS

    @cached_property
    def claims(self) -> Path:
        """Which answers of a cache the run has taken."""
        return self.state_directory / CLAIMS

    # A run on a cluster

    @property
    def division(self) -> Path:
        """How the run is divided into shards."""
        return self.state_directory / "shards.json"

    @property
    def shards(self) -> Path:
        """The directory of the shards, until they are merged and moved up."""
        return self.path / SHARDS

    def shard(self, shard: Shard) -> "RunDirectory":
        """The output directory of a shard."""
        return RunDirectory(self.disk, self.shards / f"{shard.number:0{len(str(shard.of))}}-of-{shard.of}")

    def shard_directories(self) -> list["RunDirectory"]:
        """The output directories of the shards that have begun; none once they are moved up."""
        names = self.disk.list_directory(self.shards)
        return [RunDirectory(self.disk, self.shards / name) for name in names if name != MERGED]

    @property
    def merged(self) -> "RunDirectory":
        """The merged output directory of all shards, until it is moved up."""
        return RunDirectory(self.disk, self.shards / MERGED)

    # The lock

    @cached_property
    def lock_file(self) -> Path:
        """Locked while a process works here; holds the id of the last one."""
        return self.state_directory / LOCK

    def make(self) -> None:
        """Create the directory and its state directory if they are missing.

        Raises:
            DiskError: the disk refuses, or the state directory is a symbolic link: answers would get elsewhere.
        """
        self.disk.make_directory(self.path)
        if self.state_directory.is_symlink():
            raise DiskError(f"{self.state_directory} is a symbolic link: remove it, or take another directory")
        self.disk.make_directory(self.state_directory)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out of the directory, which must exist.

        Raises:
            TryLaterError: another process works in it.
        """
        fd = self.disk.lock(self.lock_file)
        try:
            yield
        finally:
            self.disk.close_descriptor(fd)

    def locked(self) -> bool:
        """Whether a process works in the directory. Creates and writes nothing."""
        return self.disk.locked(self.lock_file)

    def holder(self) -> int | None:
        """The id of the process that works in the directory (0: unknown), or None."""
        if not self.locked():
            return None
        text = (self.disk.read(self.lock_file, 0, 32) or b"").decode("ascii", "replace").strip()
        return int(text) if text.isdecimal() else 0
