"""The single writer: puts outcomes into order, appends them in step, and advances the checkpoint.

Rules:

1. The output files are appended in step, in input order; a row is in all of them or in `failed.jsonl`. Each append
   is two or three hops to the disk's thread, a twentieth of a fast run's CPU if they come one by one: they come
   in bursts.
2. A commit covers what was appended before it began: journal and outputs are synced first, then the checkpoint is
   replaced. While one commit runs, the next one gathers; they never overlap, nor take more than a tenth of a run.
3. A row's window slot is free once it is appended. Its answers leave the journal once it is committed.
4. When the disk refuses, the writer stops appending and committing for good, asks the run to stop, and keeps
   taking outcomes: what is paid is in the journal, and the next start appends it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from asyncgen.engine.reorder import ReorderBuffer
from asyncgen.engine.window import Window
from asyncgen.engine.worker import Outcome
from asyncgen.errors import AsyncgenError, DiskError
from asyncgen.events import CheckpointSaved, Observer, PairDone, PairFailed
from asyncgen.recipe import Recipe
from asyncgen.storage.checkpoint import FileMeter, RunState, save_checkpoint
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import FAILED, RunDirectory

if TYPE_CHECKING:
    from asyncgen.storage.disk import Output

COMMIT_INTERVAL = 2.0  # seconds: the journal holds what lies between two commits
BURST_INTERVAL = 0.05  # seconds, at least, between two bursts of appends: far less than a window of rows takes
MOST_COMMITTING = 0.1  # share of the time: a small `save_every` must not slow a fast run


class Sink(Protocol):
    """Where ordered outcomes go."""

    async def append(self, outcomes: list[Outcome]) -> None:
        """Append outcomes, next in order."""

    async def commit(self) -> CheckpointSaved | None:
        """Make what was appended durable; None if there was nothing new."""

    async def close(self) -> None:
        """Close the files."""


def failed_line(outcome: Outcome) -> bytes:
    """The line of a failed row in `failed.jsonl`; without text of a note."""
    failure = outcome.failure
    assert failure is not None
    return orjson.dumps(
        {
            "index": outcome.row.index,
            "note_id": outcome.row.pair.note_id,
            "step": failure.step,
            "error": failure.kind,
            "attempts": failure.attempts,
            "tokens": outcome.tokens,
            **{
                name: value
                for name, value in (("status", failure.status), ("code", failure.code), ("param", failure.param))
                if value is not None
            },
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


class RunOutputs:
    """The sink of a run: the output files and `failed.jsonl`, their state, the checkpoint.

    Args:
        directory: the output directory.
        recipe: names the files and the counters.
        journal: released as rows are committed.
        state: of the files, which have been brought to it.
        meters: the meters of the files at that state, by name.
    """

    def __init__(
        self,
        directory: RunDirectory,
        recipe: Recipe[Any],
        journal: Journal,
        state: RunState,
        meters: dict[str, FileMeter],
    ) -> None:
        self._disk = directory.disk
        self._directory = directory
        self._recipe = recipe
        self._journal = journal
        self._begun = state
        self._meters = meters
        self._files: dict[str, Output] = {}
        self._stats = dict(state.stats)
        self._index, self._end, self._chain = state.last_completed_idx, state.input_end, state.input_chain
        self._failed_pairs = state.failed_pairs
        self._uncommitted: list[tuple[int, bool]] = []
        self._new_names = False

    @property
    def state(self) -> RunState:
        """The state up to the last row appended."""
        return replace(
            self._begun,
            last_completed_idx=self._index,
            input_end=self._end,
            input_chain=self._chain,
            files={name: meter.mark() for name, meter in self._meters.items()},
            stats=dict(self._stats),
            failed_pairs=self._failed_pairs,
            spend=replace(self._journal.spend),
            cache=replace(self._journal.cache),
            adaptations=tuple(self._journal.adaptations),
        )

    async def append(self, outcomes: list[Outcome]) -> None:
        """Append outcomes to the files in step."""
        good = [outcome.examples.blobs for outcome in outcomes if outcome.examples is not None]
        pieces = {
            output.name: b"".join(blobs[place] for blobs in good)
            for place, output in enumerate(self._recipe.outputs)
        }
        pieces[FAILED] = b"".join(failed_line(outcome) for outcome in outcomes if outcome.failure is not None)
        for name, data in pieces.items():
            if data:
                await self._append(name, data)
        # Only now: a commit that began between two of the appends must not cover this batch.
        for name, data in pieces.items():
            self._meters[name].advance(data)
        for outcome in outcomes:
            self._count(outcome)

    async def commit(self) -> CheckpointSaved | None:
        """Make everything appended durable and record it in the checkpoint."""
        if not self._uncommitted:
            return None
        state, covered = self.state, self._uncommitted
        self._uncommitted = []
        new_names, self._new_names = self._new_names, False
        self._journal.carry()
        self._journal.flush()
        await self._disk.call(lambda: self._commit(state, new_names))
        for index, failed in covered:
            if failed:
                self._journal.keep(index)
            else:
                self._journal.release(index)
        return CheckpointSaved(state.done, state.stats["total_pairs"])

    async def close(self) -> None:
        """Close the files."""
        for output in self._files.values():
            await output.close()

    def check(self) -> None:
        """Check that the files still are what was written, once everything is.

        Raises:
            DiskError: another program has removed, replaced or changed one.
        """
        sizes = {name: mark.size for name, mark in self.state.files.items() if mark.size}
        self._refuse_lost(sizes, lambda size, whole: size != whole)

    def _refuse_lost(self, sizes: Mapping[str, int], is_wrong: Callable[[int, int], bool]) -> None:
        for name, written in sizes.items():
            path = self._directory.output(name)
            found = self._disk.size(path) or 0
            if is_wrong(found, written):
                raise DiskError(
                    f"another program has removed or changed {path} while the run wrote it ({found:,} bytes are "
                    f"there, not {written:,}): put it back as it was, and the same command goes on"
                )

    def _commit(self, state: RunState, new_names: bool) -> None:
        self._journal.sync()
        for output in list(self._files.values()):
            self._disk.fsync(output.fd, output.path)
        if new_names:  # before the checkpoint, the names in it must be durable
            self._disk.fsync_directory(self._directory.path)
        # Rows that came since may be in the files already.
        self._refuse_lost({name: state.files[name].size for name in self._files}, lambda size, least: size < least)
        save_checkpoint(self._directory, state)
        self._journal.unlink_retired()

    async def _append(self, name: str, data: bytes) -> None:
        if name not in self._files:
            self._files[name] = await self._disk.open_output(self._directory.output(name))
            self._new_names = True
        output = self._files[name]
        try:
            await output.append(data)
        except DiskError:
            # Leave no torn line behind; if even that fails, the next start cuts it.
            self._disk.cut(output.fd, self._meters[name].size, output.path)
            raise

    def _count(self, outcome: Outcome) -> None:
        row = outcome.row
        self._index, self._end, self._chain = row.index, row.end, row.chain
        self._uncommitted.append((row.index, outcome.failure is not None))
        count_outcome(self._stats, self._recipe, outcome)
        self._failed_pairs += outcome.failure is not None


def count_outcome(stats: dict[str, int], recipe: Recipe[Any], outcome: Outcome) -> None:
    """Add an outcome to the statistics."""
    stats["total_tokens_used"] += outcome.tokens
    if outcome.examples is not None:
        for name, number in outcome.examples.counts.items():
            stats[name] += number
    if outcome.failure is not None:
        counter = recipe.failure_counters.get(outcome.failure.step)  # none if the recipe itself has raised
        if counter is not None:
            stats[counter] += 1


class OrderedWriter:
    """Takes outcomes in any order and gives them to the sink, in the order of `expected`.

    Args:
        sink: where they go.
        expected: the coming indexes, in order.
        save_every: rows after which a commit is due (or `COMMIT_INTERVAL` seconds, whichever is first).
        window: slots are freed here.
        observe: called for each row and each checkpoint.
        stop: called with the reason when the disk refuses.
    """

    def __init__(
        self,
        sink: Sink,
        expected: Iterator[int] | None = None,
        *,
        save_every: int,
        window: Window,
        observe: Observer,
        stop: Callable[[AsyncgenError], None],
    ) -> None:
        self._sink = sink
        self._reorder: ReorderBuffer[Outcome] = ReorderBuffer(count() if expected is None else expected)
        self._save_every = save_every
        self._window = window
        self._observe = observe
        self._stop = stop
        self._since_commit = 0
        self._news = asyncio.Event()
        self._complete = asyncio.Event()
        self._due = asyncio.Event()
        self._end = asyncio.Event()
        self._broken = False

    @property
    def missing(self) -> int | None:
        """The index of the first row that has not come; None: all have."""
        return self._reorder.next

    def take(self, outcome: Outcome) -> None:
        """Take an outcome; it is appended once all before it are.

        Raises:
            ValueError: its row has come already, or was not expected.
        """
        self._window.hold(outcome.size)
        self._reorder.push(outcome.row.index, outcome)
        self._news.set()

    def end(self) -> None:
        """Say that all have come."""
        self._complete.set()
        self._news.set()

    async def write(self) -> None:
        """Write until the end; `commit_regularly` then commits what is left and returns."""
        while True:
            await self._news.wait()
            self._news.clear()
            complete = self._complete.is_set()
            await self._append(list(self._reorder.pop_ready()))
            if complete:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(BURST_INTERVAL):
                    await self._complete.wait()
        self._end.set()
        self._due.set()

    async def commit_regularly(self) -> None:
        """Commit whenever it is due, though not most of the time, and once more at the end."""
        now = asyncio.get_running_loop().time
        while not self._end.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMIT_INTERVAL):
                    await self._due.wait()
            begun = now()
            await self._commit()
            rest = min(COMMIT_INTERVAL, (now() - begun) / MOST_COMMITTING)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._end.wait()
        # The writer may have ended during a commit.
        await self._commit()

    async def _commit(self) -> None:
        self._due.clear()
        self._since_commit = 0
        if self._broken:
            return
        try:
            saved = await self._sink.commit()
        except DiskError as error:
            self._refused(error)
            return
        if saved is not None:
            self._observe(saved)

    async def _append(self, ready: list[Outcome]) -> None:
        if not ready:
            return
        if not self._broken:
            try:
                await self._sink.append(ready)
            except DiskError as error:
                self._refused(error)
        for outcome in ready:
            self._window.hold(-outcome.size)
            self._window.free()
            if not self._broken:
                self._observe(_event(outcome))
        self._since_commit += len(ready)
        if self._since_commit >= self._save_every:
            self._due.set()

    def _refused(self, error: DiskError) -> None:
        self._broken = True
        self._stop(error)


def _event(outcome: Outcome) -> PairDone | PairFailed:
    if outcome.failure is None:
        return PairDone(outcome.row.index)
    failure = outcome.failure
    row = outcome.row
    return PairFailed(
        row.index, row.pair.note_id, failure.step, failure.kind, failure.attempts, earlier=failure.earlier
    )
