"""A run, composed: what the directory holds, the scan, the work that is missing, and the way it ends."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.breaker import Breaker
from asyncgen.budget import Price, Spend
from asyncgen.checkpoint import CHECKPOINT, STATISTICS, FileMeter, Regeneration, RunState, encode_statistics
from asyncgen.config import RunConfig
from asyncgen.disk import Disk, replace_atomically
from asyncgen.engine import Engine
from asyncgen.errors import AsyncgenError, BadDataError, Exit, TryLaterError
from asyncgen.fingerprint import Fingerprint, fingerprint
from asyncgen.journal import Journal, clear_journal
from asyncgen.manifest import load_manifest, save_manifest
from asyncgen.merge import RepairSpool, ReplacementSpool, failed_records, finish_intent
from asyncgen.pairs import Row
from asyncgen.progress import (
    Event,
    InputLoaded,
    Notice,
    Observer,
    Planned,
    ProcessEnded,
    ProcessStarted,
    RepairStarted,
    RunStarted,
)
from asyncgen.recipe import Recipe
from asyncgen.resume import STATE_DIRECTORY, Beginning, begin, begun, extend, peek
from asyncgen.shard import Portion
from asyncgen.source import FileIdentity, RowCutter, Scan, read_rows, rows_of, scan, trusted
from asyncgen.telemetry import Telemetry
from asyncgen.version import __version__
from asyncgen.writer import RunOutputs

if TYPE_CHECKING:
    from asyncgen.regeneration import Flaws  # it brings what judges examples, which a run does not need

BALLAST_PER_CALL = 8 * 1024


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended: the statistics of the directory, and the calls and tokens of this process.

    `already_complete` when there was nothing to do.
    """

    stats: dict[str, int]
    spend: Spend
    failed_pairs: int
    calls: int
    refused: int
    tokens: int
    seconds: float
    already_complete: bool


class Run:
    """One run of a recipe over an input file into an output directory.

    Args:
        config: what the user asked for.
        recipe: what is asked for a pair.
        observers: told of everything, on the event loop.
        disk: the disk.
        price: of the model, None when it is not known.
        expect: what so many pairs are expected to take, for comparing it with what they took.
        command: what goes on with the run, for whoever asks for it later; without the key.
    """

    def __init__(
        self,
        config: RunConfig,
        recipe: Recipe[Any],
        observers: list[Observer],
        disk: Disk,
        *,
        price: Price | None = None,
        expect: Callable[[int], Planned] | None = None,
        command: str = "",
    ) -> None:
        self._config = config
        self._recipe = recipe
        self._disk = disk
        self._expect = expect
        self._command = command
        self._directory = config.output_dir
        self._state_directory = config.output_dir / STATE_DIRECTORY
        self._telemetry = Telemetry(disk, self._state_directory)
        self._observers = [self._telemetry.observe, *observers]
        self._engine = Engine(config, price, recipe, disk, self._observe, self._telemetry.flush)
        served = {"model": config.model, "endpoint": config.endpoint}
        if config.model_file:
            served["model_file"] = config.model_file
        self._fingerprint: Fingerprint = fingerprint({**served, **recipe.fingerprint})

    def stop(self, reason: AsyncgenError) -> None:
        """Ask the run to stop: nothing more is sent, what is in flight is finished. The first reason counts."""
        self._engine.stop(reason)

    def take_share(self, share: float) -> None:
        """Use at most this share (above 0 up to 1) of what the configuration allows, from now on."""
        self._engine.take_share(share)

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the server has asked somebody else with our key for it."""
        self._engine.pause(seconds)

    @property
    def fingerprint(self) -> Fingerprint:
        """What makes this run another one than others."""
        return self._fingerprint

    async def check_input(self) -> int:
        """Check the input; how many pairs a run of all of it is about.

        Raises:
            BadDataError: a line is bad and bad lines are not skipped, or there is no pair at all.
        """
        return self._wanted(await self._scan(None))

    async def execute(self) -> Summary:
        """Run to the end.

        Raises:
            AsyncgenError: why it ended early; everything paid is saved.
        """
        return await self._carry_out(self._execute)

    async def regenerate(self, flaws: "Flaws") -> Summary:
        """Ask flagged pairs of a finished run anew, one round; or finish the round that was begun.

        Args:
            flaws: find the pairs, and judge what comes.

        Raises:
            AsyncgenError: why it ended early; everything paid is saved.
        """
        return await self._carry_out(partial(self._regenerate, flaws))

    async def _carry_out(self, work: Callable[[Scan], Awaitable[tuple[RunState, bool]]]) -> Summary:
        """Do some work on the directory, which is locked meanwhile, and tell of its begin and end."""
        started = asyncio.get_running_loop().time()
        self._observe(ProcessStarted(__version__, os.getpid(), self._command, self._config.telling_settings))
        lock = self._lock() if begun(self._disk, self._directory) else None
        try:
            going_on = lock is not None and not self._config.restart
            scanned = await self._scan(peek(self._disk, self._directory) if going_on else None)
            if lock is None:
                # Only now: bad input writes nothing, not even a directory.
                lock = self._lock()
                self._check_still_fresh()
            state, worked = await work(scanned)
            await self._tell_end(Exit.SOME_FAILED if state.failed_pairs else Exit.DONE)
        except AsyncgenError as error:
            await self._tell_end(error.exit_code, str(error))
            raise
        except Exception as error:
            await self._tell_end(Exit.BUG, type(error).__name__)
            raise
        finally:
            if lock is not None:
                self._disk.close_descriptor(lock)
        return Summary(
            stats=dict(state.stats),
            spend=state.spend,
            failed_pairs=state.failed_pairs,
            calls=self._engine.tally.calls,
            refused=self._engine.tally.refused,
            tokens=self._engine.tally.tokens,
            seconds=asyncio.get_running_loop().time() - started,
            already_complete=not worked,
        )

    def _check_still_fresh(self) -> None:
        if peek(self._disk, self._directory) is not None:
            raise TryLaterError(f"another run has just begun in {self._directory}; try again")

    async def _tell_end(self, code: Exit, reason: str = "") -> None:
        self._observe(ProcessEnded(code, reason))
        await self._telemetry.flush()

    # Before the first call

    def _lock(self) -> int:
        self._disk.make_directory(self._directory)
        self._disk.make_directory(self._state_directory)
        return self._disk.lock(self._state_directory / "lock")

    async def _scan(self, before: RunState | None) -> Scan:
        """Check the input, or trust the last check of the unchanged file.

        Args:
            before: the state that the run goes on from, if there is one.

        Raises:
            BadDataError: a line is bad and bad lines are not skipped, or there is no pair at all, or not one for
                each shard.
        """
        path, limit = self._config.input_jsonl, self._config.num_pairs
        watermark = -1 if before is None else before.last_completed_idx
        reach = None if limit is None else max(limit, watermark + 1)
        earlier = load_manifest(self._disk, self._state_directory) if before is not None else None
        scanned = None if earlier is None else trusted(earlier, FileIdentity.of(path), reach)
        if scanned is not None and before is not None:
            # The manifest was written when this very file was found to agree with the checkpoint.
            scanned = replace(scanned, prefix_chain=before.input_chain)
        else:
            # Off the loop, so that a signal is heard while a large file is read.
            scanned = await self._disk.call(
                lambda: scan(
                    path,
                    self._recipe.parse,
                    limit=reach,
                    prefix_index=watermark,
                    stopped=lambda: self._engine.reason is not None,
                )
            )
            if self._engine.reason is not None:
                raise self._engine.reason
        if scanned.bad_count and not self._config.skip_bad:
            raise BadDataError(_bad_lines(scanned, path) + "\nfix them, or --skip-bad to go on without them")
        if not scanned.pairs:
            raise BadDataError(f"the input {path} holds no pair")
        self._portion(scanned)  # or it is refused, before anything is written
        self._observe(InputLoaded(path, self._wanted(scanned), scanned.bad_count))
        if scanned.bad_count:
            self._observe(Notice(_bad_lines(scanned, path) + "\nskipped", warning=True))
        if scanned.repeated:
            pairs = "1 pair has" if scanned.repeated == 1 else f"{scanned.repeated:,} pairs have"
            self._observe(Notice(f"{pairs} the note_id of an earlier one; all are kept", warning=True))
        return scanned

    def _wanted(self, scanned: Scan) -> int:
        limit = self._config.num_pairs
        return scanned.pairs if limit is None else min(scanned.pairs, limit)

    def _portion(self, scanned: Scan) -> Portion | None:
        shard = self._config.shard
        return None if shard is None else shard.portion(self._wanted(scanned))

    def _begin(self, scanned: Scan) -> Beginning:
        """Bring the directory into the state that a run goes on from."""
        if finish_intent(self._disk, self._directory, self._state_directory, restart=self._config.restart):
            self._observe(Notice("Finished a merge that the last run had begun"))
        beginning = begin(
            self._disk,
            self._directory,
            self._recipe,
            self._fingerprint,
            pairs=self._wanted(scanned),
            portion=self._portion(scanned),
            prefix_chain=scanned.prefix_chain,
            restart=self._config.restart,
            rows=lambda: rows_of(self._config.input_jsonl, self._recipe.parse),
        )
        if beginning.state.portion is not None:
            self._observe(Notice(str(beginning.state.portion).capitalize()))
        if beginning.moved_to is not None:
            self._observe(Notice(f"The files of an earlier run were moved to {beginning.moved_to}"))
        save_manifest(self._disk, self._state_directory, scanned)
        return beginning

    async def _execute(self, scanned: Scan) -> tuple[RunState, bool]:
        """Bring the directory to its end; its final state, and whether there was anything to do."""
        beginning = self._begin(scanned)
        state, meters, worked = beginning.state, beginning.meters, False
        ended = self._disk.size(self._directory / STATISTICS) is not None
        if ended and state.failed_pairs:
            state, meters = await self._repair(state, self._failed_indexes())
            worked = True
        if beginning.finished:
            if state.regeneration.unfinished:
                self._observe(Notice("asyncgen verify --regenerate has begun here, and goes on when called again"))
            elif not state.failed_pairs:
                clear_journal(self._disk, self._state_directory)  # a crash at the end may have left some
            return state, worked
        if ended:
            extend(self._disk, self._directory, state)
        total = state.stats["total_pairs"]
        self._observe(RunStarted(state.last_completed_idx + 1, state.done, total, beginning.resumed))
        if self._expect is not None:
            self._observe(self._expect(total - state.done))
        before = [] if ended else self._failed_indexes()
        state = await self._generate(state, meters, state.first + total)
        if before:
            # They failed in a run that ended early: perhaps for the same reason, and that is gone.
            state, _ = await self._repair(state, before)
        return state, True

    # The two kinds of work

    async def _generate(self, state: RunState, meters: dict[str, FileMeter], stop: int) -> RunState:
        """Process the pairs behind the watermark, up to and without index `stop`."""
        first = state.last_completed_idx + 1
        earlier = self._asked_again(state)
        journal = self._open_journal(lambda index: index >= first or index in earlier, state)
        for index in earlier:
            journal.keep(index)
        outputs = RunOutputs(self._disk, self._directory, self._recipe, journal, state, meters)
        self._engine.tally.begin(stop - state.first, done=state.done, failed=state.failed_pairs)
        start = RowCutter(self._recipe.parse, index=first, end=state.input_end, chain=state.input_chain)
        rows = read_rows(self._disk, self._config.input_jsonl, start, stop, skip_bad=self._config.skip_bad)
        try:
            breaker = Breaker(self._config.max_failures, self._config.max_failed_share)
            await self._engine.run(journal, outputs, rows, count(first), breaker)
            state = outputs.state
            replace_atomically(self._disk, self._directory / STATISTICS, encode_statistics(state))
            self._disk.unlink(self._directory / CHECKPOINT)
            journal.remove()
            self._disk.fsync_directory(self._directory)
            return state
        finally:
            await outputs.close()
            await self._disk.call(journal.close)  # behind a sync that may still be queued

    async def _repair(self, state: RunState, failed: list[int]) -> tuple[RunState, dict[str, FileMeter]]:
        """Ask failed pairs again and merge them in place; the new state and the meters of its files."""
        journal = self._open_journal(self._asked_again(state).__contains__, state)
        self._observe(RepairStarted(len(failed)))
        spool = RepairSpool(self._disk, self._directory, self._state_directory, self._recipe, state)
        self._engine.tally.begin(len(failed))
        try:
            # Pairs that failed before may all fail again, and that is no news.
            breaker = Breaker(None, 1.0)
            await self._engine.run(journal, spool, self._rows(failed), iter(failed), breaker)
            merged = await self._disk.call(lambda: spool.merge(replace(journal.spend)))
            for index in spool.repaired:
                journal.release(index)
            journal.remove()
            return merged
        finally:
            await spool.close()
            await self._disk.call(journal.close)  # behind a sync that may still be queued

    async def _regenerate(self, flaws: "Flaws", scanned: Scan) -> tuple[RunState, bool]:
        """Ask flagged pairs anew and replace those that come out better; the new state, and whether any was asked.

        The statistics name the pairs before the first is asked: whoever goes on asks the same ones, and takes
        what was paid from the journal.
        """
        beginning = self._begin(scanned)
        state = beginning.state
        if not beginning.finished:
            raise TryLaterError(f"another run has begun to extend {self._directory}; finish it first")
        # Off the loop, so that a signal is heard while large files are read.
        await self._disk.call(lambda: flaws.find(self._disk))
        if self._engine.reason is not None:
            raise self._engine.reason
        self._observe(Notice(str(flaws)))
        now = state.regeneration
        if not now.unfinished:
            now = Regeneration(now.number + 1, flaws.worst())
        if not now.unfinished:
            return state, False
        # When a round begins, nothing in the journal is of it.
        journal = self._open_journal(self._asked_again(state).__contains__, state, now.number)
        merged_state = replace(state, regeneration=Regeneration(now.number))
        spool = ReplacementSpool(
            self._disk, self._directory, self._state_directory, self._recipe, merged_state, flaws.better
        )
        try:
            begun_state = encode_statistics(replace(state, regeneration=now))
            replace_atomically(self._disk, self._directory / STATISTICS, begun_state)
            asked = list(now.unfinished)
            self._observe(RepairStarted(len(asked), "were flagged"))
            self._engine.tally.begin(len(asked))
            breaker = Breaker(self._config.max_failures, self._config.max_failed_share)
            await self._engine.run(journal, spool, self._rows(asked), iter(asked), breaker, seed=now.number)
            state, _ = await self._disk.call(lambda: spool.merge(replace(journal.spend)))
            for index in asked:
                journal.release(index)
            journal.remove()
        finally:
            await spool.close()
            await self._disk.call(journal.close)  # behind a sync that may still be queued
        kept = len(asked) - len(spool.repaired)
        left = f", {kept:,} kept: no better answer came" if kept else ""
        self._observe(Notice(f"{len(spool.repaired):,} replaced in place{left}"))
        return state, True

    async def _rows(self, indexes: Sequence[int]) -> AsyncGenerator[Row[Any], None]:
        wanted = set(indexes)
        rows = read_rows(
            self._disk,
            self._config.input_jsonl,
            RowCutter(self._recipe.parse),
            indexes[-1] + 1,
            skip_bad=self._config.skip_bad,
        )
        async with aclosing(rows):
            async for row in rows:
                if row.index in wanted:
                    yield row

    def _failed_indexes(self) -> list[int]:
        return [int(str(record["index"])) for record in failed_records(self._disk, self._directory)]

    def _asked_again(self, state: RunState) -> set[int]:
        """Pairs behind the watermark for which something is paid that is not in the files yet."""
        return {*self._failed_indexes(), *state.regeneration.unfinished}

    def _open_journal(self, needed: Callable[[int], bool], state: RunState, generation: int = 0) -> Journal:
        journal = Journal(
            self._disk,
            self._state_directory,
            self._fingerprint,
            needed,
            self.stop,
            ballast=BALLAST_PER_CALL * self._config.ceiling,
            spend=replace(state.spend),
            generation=generation,
        )
        if journal.unsettled:
            self._observe(
                Notice(
                    f"The last run ended while {journal.unsettled} calls were in flight: "
                    "these are sent again and may be billed twice",
                    warning=True,
                )
            )
        if journal.damaged:
            self._observe(
                Notice(f"{journal.damaged} damaged journal lines were kept aside (.broken)", warning=True)
            )
        return journal

    def _observe(self, event: Event) -> None:
        for observer in self._observers:
            observer(event)


def _bad_lines(scanned: Scan, path: Path) -> str:
    shown = [f"  line {bad.number}: {bad.kind}" for bad in scanned.bad]
    lines = "line is" if scanned.bad_count == 1 else "lines are"
    more = scanned.bad_count - len(shown)
    return "\n".join(
        [f"{scanned.bad_count} {lines} no pair in {path}:", *shown, *([f"  and {more} more"] if more else [])]
    )
