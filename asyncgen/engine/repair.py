"""Merge rows that were asked again, failed or flagged ones, into finished files in place.

Several files change at once, which no rename does. So: the new files are written beside the old ones and synced;
an intent record with their names and sizes is made durable; then come the renames and the removal of the intent.
Before the intent, nothing has changed; after it, the next start finishes what it describes.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from asyncgen.chat import Adaptation
from asyncgen.cost import CacheUse, Spend
from asyncgen.engine.worker import Outcome
from asyncgen.engine.writer import count_outcome, failed_line
from asyncgen.errors import DirectoryError
from asyncgen.events import CheckpointSaved
from asyncgen.recipe import Examples, OutputFile, Recipe, writes_failed
from asyncgen.rows import Row
from asyncgen.storage.checkpoint import FileMeter, RunState, decode, encode, encode_statistics
from asyncgen.storage.failed import failed_records
from asyncgen.storage.layout import FAILED, STATISTICS, RunDirectory
from asyncgen.storage.whole_files import lines_of, replace_atomically, write_durably

SUFFIX = ".merge"
SPOOL = "spool-"


def finish_intent(directory: RunDirectory, *, restart: bool = False) -> bool:
    """Finish a merge that a crash interrupted; False if there is none.

    Args:
        directory: the output directory.
        restart: everything is moved aside anyhow: a merge that cannot be finished is left as it is.

    Raises:
        DirectoryError: the intent is damaged, or a file that it names is missing and not yet in place.
    """
    disk = directory.disk
    data = disk.read(directory.intent)
    if data is not None:
        try:
            _carry_out(directory, data)
        except DirectoryError:
            if not restart:
                raise
            disk.unlink(directory.intent)
    for name in disk.list_directory(directory.path):
        if name.endswith((".jsonl" + SUFFIX, ".json" + SUFFIX)):  # else it is the user's
            disk.unlink(directory.output(name))
    for name in disk.list_directory(directory.state_directory):
        if name.startswith(SPOOL):
            disk.unlink(directory.state_directory / name)
    return data is not None


def _carry_out(directory: RunDirectory, data: bytes) -> None:
    disk, path = directory.disk, directory.intent
    disk.fsync_directory(path.parent)  # a killed run may have left an intent that is visible but not durable
    try:
        intent = decode(data)
    except ValueError:
        raise DirectoryError(f"{path} is damaged") from None
    for name, size in intent["files"].items():
        source, target = directory.output(name + SUFFIX), directory.output(name)
        if disk.size(source) == size:
            disk.rename(source, target)
        elif disk.size(target) != size:
            raise DirectoryError(f"{target} was changed while a merge was unfinished")
    for name in intent["remove"]:
        disk.unlink(directory.output(name))
    disk.fsync_directory(directory.path)
    disk.unlink(path)
    disk.fsync_directory(path.parent)


class RepairSpool:
    """The sink of a repair: spools the results of failed rows, then merges them into the finished files.

    The spool need not survive a crash: the answers are in the journal, and a restarted repair takes them from
    there.

    Args:
        directory: the output directory.
        recipe: names the files and the counters.
        state: the finished run's.
    """

    def __init__(self, directory: RunDirectory, recipe: Recipe[Any], state: RunState) -> None:
        self._disk = directory.disk
        self._directory = directory
        self._recipe = recipe
        self._state = state
        self._stats = dict(state.stats)
        self._spools = {output.name: self._disk.open_append(self._spool(output)) for output in recipe.outputs}
        self._failed = {record["index"]: record for record in failed_records(directory)}
        self._still_failed: dict[object, bytes] = {}
        self._spooled: set[int] = set()
        self.repaired: list[int] = []

    async def append(self, outcomes: list[Outcome]) -> None:
        """Spool the rows whose examples go into the files."""
        for outcome in outcomes:
            if not self._takes(outcome) or outcome.examples is None:
                continue
            for output, blob in zip(self._recipe.outputs, outcome.examples.blobs, strict=True):
                self._disk.write(self._spools[output.name], blob, self._spool(output))
            self._spooled.add(outcome.row.index)
            if outcome.failure is None:
                self.repaired.append(outcome.row.index)

    def _takes(self, outcome: Outcome) -> bool:
        """Count an outcome; returns whether its examples go into the files."""
        before = self._failed[outcome.row.index]
        self._stats["total_tokens_used"] -= int(str(before["tokens"]))
        counter = self._recipe.failure_counters.get(str(before["step"]))
        if counter is not None:
            self._stats[counter] -= 1
        count_outcome(self._stats, self._recipe, outcome)
        if outcome.failure is not None:
            self._still_failed[outcome.row.index] = failed_line(outcome)
        return outcome.examples is not None

    async def commit(self) -> CheckpointSaved | None:
        """Do nothing: the merge commits everything at once."""
        return None

    async def close(self) -> None:
        """Close the spools."""
        for fd in self._spools.values():
            self._disk.close_descriptor(fd)

    def merge(
        self, spend: Spend, adaptations: Sequence[Adaptation], cache: CacheUse
    ) -> tuple[RunState, dict[str, FileMeter]]:
        """Write the merged files and the intent, then carry it out; returns the new state and its files' meters.

        Args:
            spend: of all runs, the repair included.
            adaptations: fields that endpoints have refused.
            cache: use of the cache by all runs.
        """
        meters = {output.name: self._write_merged(output) for output in self._recipe.outputs}
        repaired = set(self.repaired)
        lines = [
            self._still_failed.get(index) or orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
            for index, record in self._failed.items()
            if index not in repaired
        ]
        failed = FileMeter()
        failed.advance(b"".join(lines))
        if lines:
            write_durably(self._disk, self._directory.output(FAILED + SUFFIX), b"".join(lines))
        meters[FAILED] = failed
        state = replace(
            self._state,
            files={name: meter.mark() for name, meter in meters.items()},
            stats=self._stats,
            failed_pairs=len(lines),
            spend=spend,
            adaptations=tuple(adaptations),
            cache=cache,
        )
        statistics = encode_statistics(state)
        write_durably(self._disk, self._directory.output(STATISTICS + SUFFIX), statistics)
        self._disk.fsync_directory(self._directory.path)
        sizes = {name: meter.size for name, meter in meters.items() if meter.size}
        intent = {
            "files": {**sizes, STATISTICS: len(statistics)},
            "remove": [name for name, meter in meters.items() if not meter.size],
        }
        replace_atomically(self._disk, self._directory.intent, encode(intent))
        finish_intent(self._directory)
        return state, meters

    def _write_merged(self, output: OutputFile) -> FileMeter:
        """Interleave the old file with the spool, by index."""
        old = lines_of(self._disk, self._directory.output(output.name))
        new = lines_of(self._disk, self._spool(output))
        without_lines = set() if writes_failed(self._recipe) else self._failed.keys()
        path = self._directory.output(output.name + SUFFIX)
        meter = FileMeter()
        fd = self._disk.open_append(path)
        try:
            for index in range(self._state.first, self._state.last_completed_idx + 1):
                data = b"" if index in without_lines else b"".join(islice(old, output.lines))
                if index in self._spooled:
                    data = b"".join(islice(new, output.lines))
                self._disk.write(fd, data, path)
                meter.advance(data)
            self._disk.fsync(fd, path)
        finally:
            self._disk.close_descriptor(fd)
        return meter

    def _spool(self, output: OutputFile) -> Path:
        return self._directory.state_directory / f"{SPOOL}{output.name}"


class ReplacementSpool(RepairSpool):
    """The sink of a regeneration: takes examples that are better than a row's lines; other lines stay.

    Args:
        directory: the output directory.
        recipe: names the files and the counters.
        state: the finished run's.
        better: whether new examples of a row should replace the old ones.
    """

    def __init__(
        self,
        directory: RunDirectory,
        recipe: Recipe[Any],
        state: RunState,
        better: Callable[[Row[Any], Examples], bool],
    ) -> None:
        super().__init__(directory, recipe, state)
        self._better = better

    def _takes(self, outcome: Outcome) -> bool:
        # The row is already counted, in the same counters: only its cost is new.
        self._stats["total_tokens_used"] += outcome.tokens
        if outcome.failure is not None or outcome.examples is None:
            return False
        return self._better(outcome.row, outcome.examples)
