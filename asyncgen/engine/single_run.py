"""One run: the state of the directory, the scan of the input, the passes that are missing, and the end."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.chat import ModelWays, leaves_effort_out
from asyncgen.client.probes import Probes
from asyncgen.client.wire import SdkWire, Wire
from asyncgen.config import RunConfig
from asyncgen.config.shipped import listed_model
from asyncgen.cost import Price
from asyncgen.engine.passes import Flaws, Passes
from asyncgen.engine.pool import Engine
from asyncgen.engine.reader import InputReader
from asyncgen.engine.repair import finish_intent
from asyncgen.engine.session import RunSession, Summary
from asyncgen.engine.stream import Tap
from asyncgen.errors import AsyncgenError, Message, Phrase, Setting, TryLaterError, UsageError
from asyncgen.events import Event, Notice, Observer, Planned, RunStarted
from asyncgen.humanize import many_of
from asyncgen.limits.gate import Gate
from asyncgen.limits.opening import open_gate
from asyncgen.recipe import Recipe, rows_of_recipe, sends_whole, writes_failed
from asyncgen.shard import Portion
from asyncgen.storage.checkpoint import FAILED_ROWS, Regeneration, RunState
from asyncgen.storage.disk import Disk
from asyncgen.storage.fingerprint import SIMULATED, Fingerprint, fingerprint, on_this_machine
from asyncgen.storage.input_cuts import Cut
from asyncgen.storage.input_file import Scan
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.recipe_record import RecipeRecord
from asyncgen.storage.resume import Beginning, WantedRun, begin, extend, peek
from asyncgen.storage.segment_format import paid_lines
from asyncgen.storage.segment_reader import clear_journal, open_batches

if TYPE_CHECKING:
    from asyncgen.engine.batch.access import BatchAccess


class Run:
    """One run of a recipe over an input file into an output directory.

    Args:
        config: what the user configured.
        recipe: makes the calls for a row.
        observers: called with every event, on the event loop.
        disk: the disk.
        price: of the model, None if unknown.
        expect: the forecast for so many rows, to compare with what they took.
        command: the command that resumes the run, without the key, kept for later.
        wording: turns a message into text, for the events that are kept.
        tap: receives the lines of one of the files.
        open_wire: opens the transport of requests.
        probes: keeps what is learned about the requests that servers accept; None: not shared with other runs.
        checked: the model and the input have been, by whoever runs this one shard: no word of them again.
        batch_access: opens a Batch API.
        cut: where a shard begins, found by whoever has checked the input.
        open_gate: opens the limits, or hands out those of an earlier run.
        few_left: called when a pass has no more unread rows than calls may be in flight.
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
        wording: Callable[[Any], str] = str,
        tap: Tap | None = None,
        open_wire: Callable[[RunConfig], Wire] = SdkWire,
        probes: Probes | None = None,
        checked: bool = False,
        batch_access: "BatchAccess | None" = None,
        cut: Cut | None = None,
        open_gate: Callable[[RunConfig], Gate] = open_gate,
        few_left: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._recipe = recipe
        self._disk = disk
        self._directory = RunDirectory(disk, config.output_dir)
        self._expect = expect
        self._session = RunSession(self._directory, observers, command, config.telling_settings, wording, price)
        self._observe = self._session.observe
        model = listed_model(config.model)
        ways = ModelWays() if model is None or sends_whole(recipe) else model.ways
        # Kept in the directory: one that began otherwise goes on so.
        self._ways = ways.beside(config.max_tokens_field).with_effort_of(config.params)
        flush = self._session.event_log.flush
        probes = Probes() if probes is None else probes
        self._engine = Engine(
            config,
            price,
            recipe,
            disk,
            self._observe,
            flush,
            open_wire,
            probes,
            model_checked=checked,
            open_gate=open_gate,
            few_left=few_left,
        )
        self._fingerprint = _fingerprint_of(config, recipe)
        self._reader = InputReader(
            config,
            recipe,
            self._directory,
            _say_nothing if checked else self._observe,
            lambda: self._engine.reason,
            cut=cut,
        )
        self._passes = Passes(
            config,
            recipe,
            self._fingerprint,
            self._reader,
            self._engine,
            self._directory,
            self._observe,
            tap,
            batch_access,
        )

    def stop(self, reason: AsyncgenError) -> None:
        """Ask the run to stop: no more calls are sent, those in flight are finished. The first reason counts."""
        self._engine.stop(reason)

    def take_share(self, share: float) -> None:
        """Use at most this share (above 0 up to 1) of what the configuration allows, from now on."""
        self._engine.take_share(share)

    def pause(self, seconds: float, endpoint: str) -> None:
        """Send nothing to an endpoint ("": to any) for `seconds`, as it told another process with our key."""
        self._engine.pause(seconds, endpoint)

    @property
    def reason(self) -> AsyncgenError | None:
        """Why it was asked to stop; None: it was not."""
        return self._engine.reason

    @property
    def fingerprint(self) -> Fingerprint:
        """What distinguishes this run from others."""
        return self._fingerprint

    async def check_input(self) -> int:
        """Check the input for a run in shards; returns how many rows a run over all of it has.

        Raises:
            UsageError: the cache is not a cache file.
            BadDataError: a line is bad and bad lines are not skipped, or there is no row at all.
        """
        introduction = self._check_cache()
        if introduction is not None:
            self._observe(introduction)  # workers open the cache without this notice
        return self._reader.wanted(await self._reader.check(None))

    async def cuts(self, portions: Iterable[Portion]) -> dict[int, Cut]:
        """Where shards begin in the input that was checked, by the index of their first rows."""
        return await self._reader.cuts(portion.first for portion in portions)

    def keep_input(self) -> Path:
        """A path at which others can read the input; standard input is copied into the locked directory."""
        return self._reader.keep() or self._config.input_jsonl

    async def check_model(self) -> None:
        """Look the model up before anything begins, and tell what is known of it, for runs that skip both.

        Raises:
            KeyOrQuotaError: the server does not know it.
        """
        self._tell_ways(self._ways)
        await self._engine.check_model()

    async def execute(self) -> Summary:
        """Run to the end.

        Raises:
            AsyncgenError: the reason it ended early; everything paid is saved.
        """
        return await self._session.carry_out(self._check, self._execute)

    async def regenerate(self, flaws: Flaws) -> Summary:
        """Regenerate flagged rows of a finished run, one round; or finish the round that was begun.

        Args:
            flaws: selects the rows, and judges the new examples.

        Raises:
            AsyncgenError: the reason it ended early; everything paid is saved.
        """
        return await self._session.carry_out(self._check, partial(self._regenerate, flaws))

    async def _check(self, begun: bool) -> Scan:
        """Check the input, as far as the directory's last run has not; the cache first, which is quick."""
        self._check_cache()
        resuming = begun and not self._config.restart
        return await self._reader.check(peek(self._directory) if resuming else None)

    def _check_cache(self) -> Notice | None:
        """Refuse a file that is not a cache; returns a notice about a new one."""
        cache = self._config.cache
        if cache is None:
            return None
        if self._directory.is_own(cache, (output.name for output in self._recipe.outputs)):
            raise UsageError(Setting("cache"), f": {cache} is a file of the run: name another one")
        from asyncgen.storage.cache.cache_file import check_cache  # noqa: PLC0415
        from asyncgen.storage.cache.cached_answers import introduced  # noqa: PLC0415 - as below

        check_cache(self._disk, cache)
        return introduced(cache)

    @asynccontextmanager
    async def _cache(self) -> AsyncGenerator[None, None]:
        """Open the cache, if any, for the engine."""
        config = self._config
        if config.cache is None:
            yield
            return
        from asyncgen.storage.cache.cached_answers import CachedAnswers  # noqa: PLC0415 - few runs need SQLite

        # What answers depend on beside their requests; with `thinking`, what the model thought is kept with them.
        scope = "\0".join(
            [
                config.endpoint,
                config.model_file,
                "thinking" if config.keep_thinking else "",
                *(["simulated"] if config.simulated else []),
            ]
        )
        cache = await CachedAnswers.open(config.cache, self._directory, scope, self._observe)
        self._engine.cache = cache
        try:
            yield
        finally:
            self._engine.cache = None
            await cache.close()

    def _begin(self, scanned: Scan) -> Beginning:
        """Bring the directory into the state from which a run can resume."""
        if finish_intent(self._directory, restart=self._config.restart):
            self._observe(Notice("Finished a merge that the last run had begun"))
        left = open_batches(self._directory) if self._config.restart else []
        wanted = WantedRun(
            self._recipe,
            self._fingerprint,
            pairs=self._reader.wanted(scanned),
            prefix_chain=scanned.prefix_chain,
            prefix_end=scanned.prefix_end,
            rows=self._reader.all,
            portion=self._reader.portion(scanned),
            cut=self._reader.cut,
            source=self._config.input_jsonl,
            ways=self._ways,
            record=RecipeRecord.of(self._config, self._recipe),
        )
        beginning = begin(self._directory, wanted, restart=self._config.restart)
        if beginning.state.portion is not None:
            part = beginning.state.portion.in_words(many_of(rows_of_recipe(self._recipe)))
            self._observe(Notice(part.capitalize()))
        if beginning.moved_to is not None:
            self._observe(Notice(f"The files of an earlier run were moved to {beginning.moved_to}"))
        for batch in left:
            name = batch.id or batch.file
            goes_on = f"Batch {batch.number} of it is still at the server and will be billed: cancel {name} there"
            self._observe(Notice(goes_on, warning=True))
        self._reader.trust(scanned)
        self._tell_ways(beginning.state.ways)
        if self._config.began_with:
            return replace(beginning, state=replace(beginning.state, finished_with=self._config.model))
        return beginning

    def _tell_ways(self, ways: ModelWays | None) -> None:
        told = _told(self._config, ways and ways.beside(self._config.max_tokens_field))
        if told:
            self._observe(Notice(told))

    async def _execute(self, scanned: Scan) -> tuple[RunState, bool]:
        """Bring the run to its end; returns its final state, and whether there was anything to do."""
        beginning = self._begin(scanned)
        async with self._cache() if not beginning.finished or beginning.state.failed_pairs else nullcontext():
            return await self._complete(beginning)

    async def _complete(self, beginning: Beginning) -> tuple[RunState, bool]:
        """Do what is missing."""
        state, meters, worked = beginning.state, beginning.meters, False
        ended = self._disk.size(self._directory.statistics) is not None
        if ended and (state.failed_pairs or not beginning.finished):
            self._passes.leave_batches_of(state.regeneration.unfinished, Phrase.REGENERATION)
        if ended and state.failed_pairs:
            state, meters = await self._passes.repair(state, self._passes.failed())
            worked = True
        if beginning.finished:
            if state.regeneration.unfinished:
                begun_by = Message(Phrase.REGENERATION, " has begun here, and resumes when called again")
                self._observe(Notice(begun_by))
            elif not state.failed_pairs and not self._paid_ahead(state):
                clear_journal(self._directory)  # a crash at the end may have left segments
            await self._passes.begin_tap(state)
            return state, worked
        if ended:
            extend(self._directory, state)
        total = state.stats["total_pairs"]
        self._observe(RunStarted(state.last_completed_idx + 1, state.done, total, beginning.resumed))
        if self._expect is not None:
            self._observe(self._expect(total - state.done))
        before = [] if ended else self._passes.failed()
        state = await self._passes.generate(state, meters, state.first + total)
        if before:
            # They failed in a run that ended early: perhaps for a reason that has gone.
            state, _ = await self._passes.repair(state, before, tapped=True)
        return state, True

    def _paid_ahead(self, state: RunState) -> bool:
        """Whether the journal holds answers of rows behind the end: an earlier start wanted more of them."""
        return any(index > state.last_completed_idx for index, _ in paid_lines(self._directory))

    async def _regenerate(self, flaws: Flaws, scanned: Scan) -> tuple[RunState, bool]:
        """Work on one round of flagged rows; returns the new state, and whether any was asked."""
        beginning = self._begin(scanned)
        state = beginning.state
        if not beginning.finished:
            raise TryLaterError(f"another run has begun to extend {self._directory}; finish it first")
        self._passes.leave_batches_of(self._passes.failed(), "the run, for rows that failed")
        # Off the loop, so that a signal is handled while large files are read.
        await self._disk.call(lambda: flaws.find(self._directory))
        if self._engine.reason is not None:
            raise self._engine.reason
        self._observe(Notice(str(flaws)))
        now = state.regeneration
        if not now.unfinished:
            now = Regeneration(now.number + 1, flaws.worst())
        if not now.unfinished:
            return state, False
        async with self._cache():
            return await self._passes.regenerate(state, now, flaws), True


def _say_nothing(_event: Event) -> None:
    """Observe what was told before."""


def _fingerprint_of(config: RunConfig, recipe: Recipe[Any]) -> Fingerprint:
    """What decides the bytes of the outputs."""
    served: dict[str, Any] = {"model": config.began_with or config.model, "endpoint": config.endpoint}
    if on_this_machine(config.endpoint):
        served[SIMULATED] = config.simulated
    if config.model_file:
        served["model_file"] = config.model_file
    if config.keep_thinking:
        served["keep_thinking"] = "yes"
    if writes_failed(recipe):
        served[FAILED_ROWS] = "written"
    return fingerprint({**served, **recipe.fingerprint})


def _told(config: RunConfig, ways: ModelWays | None) -> str:
    """How requests to a listed model differ from the configuration; empty if they do not."""
    said = []
    if ways is not None and ways.max_tokens_field == "max_completion_tokens":
        said.append("max_tokens is sent as max_completion_tokens")
    if ways is not None and ways.sampling != "always":
        left_to_it = leaves_effort_out(config.params) and ways.reasons and not ways.can_be_switched_off
        if ways.sampling == "never" or left_to_it:
            said.append("temperature and top_p are left out")
        elif ways.reasons and ways.can_be_switched_off and config.params.get("reasoning_effort") is None:
            said.append('reasoning_effort "none" is sent unless one is set')
    return f"{config.model}: {'; '.join(said)}" if said else ""
