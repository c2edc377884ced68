"""The passes over a run's directory: new rows are asked, failed ones repaired, flagged ones regenerated.

Each pass opens the journal for its rows, runs the engine into its own sink, and leaves the directory in a state
from which the next start can resume.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from asyncgen.chat import ModelWays
from asyncgen.config import RunConfig
from asyncgen.engine.failure_threshold import FailureThreshold
from asyncgen.engine.pool import Engine
from asyncgen.engine.reader import InputReader
from asyncgen.engine.repair import RepairSpool, ReplacementSpool
from asyncgen.engine.stream import Tap, TappedSink
from asyncgen.engine.writer import RunOutputs, Sink
from asyncgen.errors import Phrase, Setting, TryLaterError, UsageError
from asyncgen.events import Notice, Observer, RepairStarted
from asyncgen.humanize import plural
from asyncgen.recipe import Examples, Recipe, rows_of_recipe
from asyncgen.rows import Row, retried
from asyncgen.storage.batch_files import BatchFiles, Members
from asyncgen.storage.checkpoint import FileMeter, Regeneration, RunState, encode_statistics
from asyncgen.storage.failed import failed_records
from asyncgen.storage.fingerprint import Fingerprint
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_reader import open_batches
from asyncgen.storage.whole_files import remove_replaced, replace_atomically

if TYPE_CHECKING:
    from asyncgen.engine.batch.access import BatchAccess
    from asyncgen.engine.batch.asker import Collected
    from asyncgen.engine.batch.row_passes import Rows

# Bytes for an answer of 2,048 tokens, so that the answers in flight fit when the disk is full.
BALLAST_PER_CALL = 8 * 1024


class Flaws(Protocol):
    """Selects the rows to regenerate, and judges the new examples."""

    def find(self, directory: RunDirectory) -> None:
        """Read the whole directory; must be called first.

        Raises:
            BadDataError: the files are not what the run wrote.
        """

    def worst(self) -> tuple[int, ...]:
        """The indexes of the rows to regenerate, in input order."""

    def reason(self, index: int) -> str:
        """Why a row is regenerated, in words for the model; always the same for a row."""

    def better(self, row: Row[Any], examples: Examples) -> bool:
        """Whether new examples of a row are better than those in the files."""


class Passes:
    """The passes over one locked directory.

    Args:
        config: what the user configured.
        recipe: makes the calls for a row.
        fingerprint: of the run.
        reader: the input.
        engine: runs the rows.
        directory: the output directory.
        observe: called with every event.
        tap: receives the lines of one of the files.
        batch_access: opens the server's Batch API; None: over HTTP.
    """

    def __init__(
        self,
        config: RunConfig,
        recipe: Recipe[Any],
        fingerprint: Fingerprint,
        reader: InputReader,
        engine: Engine,
        directory: RunDirectory,
        observe: Observer,
        tap: Tap | None,
        batch_access: "BatchAccess | None" = None,
    ) -> None:
        self._batch_access = batch_access
        self._config = config
        self._recipe = recipe
        self._fingerprint = fingerprint
        self._reader = reader
        self._engine = engine
        self._disk = directory.disk
        self._directory = directory
        self._observe = observe
        self._tap = tap

    def failed(self) -> list[int]:
        """The indexes of the failed rows, in order."""
        return [int(str(record["index"])) for record in failed_records(self._directory)]

    async def generate(self, state: RunState, meters: dict[str, FileMeter], stop: int) -> RunState:
        """Process the rows behind the watermark, up to but excluding index `stop`; returns the final state."""
        first = state.last_completed_idx + 1
        earlier = self._asked_again(state)
        async with self._journal(self._needed(state), state) as journal:
            for index in earlier:
                journal.keep(index)
            outputs = RunOutputs(self._directory, self._recipe, journal, state, meters)
            self._engine.tally.begin(stop - state.first, done=state.done, failed=state.failed_pairs)
            await self.begin_tap(state)
            try:
                self._check_batches(journal, stop)
                collected = await self._collect(
                    journal, lambda: self._reader.behind(state, stop), self._threshold(), state.ways
                )
                rows = self._reader.behind(state, stop)
                await self._engine.run(
                    journal,
                    self._tapped(outputs),
                    rows,
                    range(first, stop),
                    self._threshold(),
                    state.ways,
                    collected=collected,
                )
                state = outputs.state
                outputs.check()
                replace_atomically(self._disk, self._directory.statistics, encode_statistics(state))
                remove_replaced(self._disk, self._directory.checkpoint)
                journal.unlink_dead()
                self._disk.fsync_directory(self._directory.path)
                return state
            finally:
                await outputs.close()

    async def repair(
        self, state: RunState, failed: list[int], *, tapped: bool = False
    ) -> tuple[RunState, dict[str, FileMeter]]:
        """Ask failed rows again and merge them in place; returns the new state and the meters of its files.

        Args:
            state: of the run, which has reached its end.
            failed: their indexes, in order.
            tapped: hand the new examples on now, rather than with the rest of the file.
        """
        merged = replace(state, repairs=state.repairs + 1)
        async with self._journal(self._needed(state), state, repair=merged.repairs) as journal:
            self._observe(RepairStarted(len(failed)))
            spool = RepairSpool(self._directory, self._recipe, merged)
            sink = self._tapped(spool) if tapped else spool
            return await self._merge(
                journal, spool, sink, failed, _no_threshold, lambda: spool.repaired, state.ways
            )

    async def regenerate(self, state: RunState, now: Regeneration, flaws: Flaws) -> RunState:
        """Regenerate flagged rows and replace those that come out better; returns the new state.

        The statistics name the rows before the first call: a resumed round has the same rows, and takes paid
        answers from the journal.

        Args:
            state: of the run, which has reached its end.
            now: the round, with its rows.
            flaws: judges the new examples.
        """
        asked = list(now.unfinished)
        # When a round begins, the journal holds nothing of it.
        async with self._journal(self._asked_again(state).__contains__, state, now.number) as journal:
            merged = replace(state, regeneration=Regeneration(now.number))
            spool = ReplacementSpool(self._directory, self._recipe, merged, flaws.better)
            begun = encode_statistics(replace(state, regeneration=now))
            replace_atomically(self._disk, self._directory.statistics, begun)
            self._observe(RepairStarted(len(asked), "was flagged" if len(asked) == 1 else "were flagged"))
            state, _ = await self._merge(
                journal, spool, spool, asked, self._threshold, lambda: asked, state.ways, now.number, flaws.reason
            )
        kept = len(asked) - len(spool.repaired)
        left = f", {kept:,} kept: no better answer came" if kept else ""
        self._observe(Notice(f"{len(spool.repaired):,} replaced in place{left}"))
        return state

    async def begin_tap(self, state: RunState) -> None:
        """Let the tap, if any, hand on what its file holds in this state."""
        if self._tap is not None:
            name = self._recipe.outputs[self._tap.place].name
            await self._tap.begin(self._directory, name, state.files[name].size)

    async def _merge(
        self,
        journal: Journal,
        spool: RepairSpool,
        sink: Sink,
        asked: list[int],
        threshold: Callable[[], FailureThreshold],
        settled: Callable[[], list[int]],
        ways: ModelWays | None,
        generation: int = 0,
        reason: Callable[[int], str] | None = None,
    ) -> tuple[RunState, dict[str, FileMeter]]:
        """Ask rows and merge the results; answers of rows that are then `settled` leave the journal."""
        self._engine.tally.begin(len(asked))

        def rows() -> AsyncGenerator[Row[Any], None]:
            again = self._reader.at(asked)
            return again if reason is None else _told(again, reason)

        try:
            collected = await self._collect(journal, rows, threshold(), ways, generation)
            await self._engine.run(
                journal, sink, rows(), asked, threshold(), ways, generation=generation, collected=collected
            )
            # Before the statistics say that a row failed again, what was paid for it must be safe.
            await journal.make_durable()
            merged = await self._disk.call(
                lambda: spool.merge(replace(journal.spend), journal.adaptations, replace(journal.cache))
            )
            for index in settled():
                journal.release(index)
            journal.unlink_dead()
            return merged
        finally:
            await spool.close()

    async def _collect(
        self,
        journal: Journal,
        rows: "Rows",
        threshold: FailureThreshold,
        ways: ModelWays | None,
        generation: int = 0,
    ) -> "Collected | None":
        """Ask in batches if the user wants that or an earlier start did; None: neither."""
        if not self._config.batch and not journal.batches.open:
            BatchFiles(self._directory).keep_only(set())
            return None
        from asyncgen.engine.batch.access import BatchAccess  # noqa: PLC0415 - most runs make no batches
        from asyncgen.engine.batch.collection import collect  # noqa: PLC0415

        access = BatchAccess() if self._batch_access is None else self._batch_access
        return await collect(
            self._engine, access, journal, self._directory, rows, threshold, ways, generation=generation
        )

    def leave_batches_of(self, rows: Sequence[int], whose: Phrase | str) -> None:
        """Refuse to go on while a batch at the server holds requests of rows that another command has to ask.

        Raises:
            TryLaterError: one does: it would be closed here, and is paid.
        """
        files = BatchFiles(self._directory)
        for batch in open_batches(self._directory) if rows else ():
            members = Members.load(files, batch.number)
            if members is not None and any(map(members.holds_row, rows)):
                sent = f"batch {batch.number} at the server was sent by "
                raise TryLaterError(sent, whose, ": finish that first")

    def _check_batches(self, journal: Journal, stop: int) -> None:
        """Refuse to take a batch that holds rows behind the end: it would be closed, and they are paid.

        Raises:
            UsageError: an earlier start wanted more rows, and sent them.
        """
        files = BatchFiles(self._directory)
        for number in journal.batches.open:
            members = Members.load(files, number)
            last = -1 if members is None else members.last_row
            if last >= stop:
                raise UsageError(
                    f"batch {number} at the server holds rows that are paid and not asked now: take it with ",
                    Setting("num_pairs", last + 1),
                    " first",
                )

    def _threshold(self) -> FailureThreshold:
        rows = rows_of_recipe(self._recipe)
        return FailureThreshold(self._config.max_failures, self._config.max_failed_share, rows=rows)

    def _tapped(self, sink: Sink) -> Sink:
        return sink if self._tap is None else TappedSink(sink, self._tap)

    def _asked_again(self, state: RunState) -> set[int]:
        """Rows behind the watermark with paid answers that are not in the files yet."""
        return {*self.failed(), *state.regeneration.unfinished}

    def _needed(self, state: RunState) -> Callable[[int], bool]:
        """The same, and all rows ahead: an earlier start with more rows may have paid for some."""
        again, first = self._asked_again(state), state.last_completed_idx + 1
        return lambda index: index >= first or index in again

    @asynccontextmanager
    async def _journal(
        self, needed: Callable[[int], bool], state: RunState, generation: int = 0, repair: int = 0
    ) -> AsyncGenerator[Journal, None]:
        journal = Journal(
            self._directory,
            self._fingerprint,
            needed,
            self._engine.stop,
            ballast=BALLAST_PER_CALL * self._config.ceiling,
            spend=replace(state.spend),
            generation=generation,
            repair=repair,
            adaptations=state.adaptations,
            cache=replace(state.cache),
            at_end_of_pass=asyncio.get_running_loop().call_soon,
        )
        try:
            for notice in _noticed(journal):
                self._observe(notice)
            yield journal
        finally:
            await self._disk.call(journal.close)  # queued behind a sync that may still be running


def _no_threshold() -> FailureThreshold:
    """For a repair: all rows that failed before may fail again, which must not end the run."""
    return FailureThreshold(None, 1.0, alike=False)


async def _told(
    rows: AsyncGenerator[Row[Any], None], reason: Callable[[int], str]
) -> AsyncGenerator[Row[Any], None]:
    """The rows, each with the reason it is asked again."""
    async with aclosing(rows):
        async for row in rows:
            yield replace(row, pair=retried(row.pair, reason(row.index)))


def _noticed(journal: Journal) -> Iterator[Notice]:
    if journal.unsettled:
        yield Notice(
            "The last run ended while 1 call was in flight: it is sent again and may be billed twice"
            if journal.unsettled == 1
            else f"The last run ended while {journal.unsettled:,} calls were in flight: "
            "these are sent again and may be billed twice",
            warning=True,
        )
    if journal.damaged:
        yield Notice(
            f"{plural(journal.damaged, 'damaged journal line')} kept aside (.broken)",
            warning=True,
        )
