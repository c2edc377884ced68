"""The engine: one TaskGroup from rows to ordered outcomes.

It has a reader, a pool of workers, the writer and its commits, the gate's pump, the journal's syncs, and a ticker.
It is asked to stop by a reason (the first one counts): the gate closes, what is in flight is finished and
journaled, the writer commits, and the reason is raised.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from asyncgen.chat import ModelWays
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.model_check import check_model
from asyncgen.client.probes import Probes
from asyncgen.client.wire import Wire
from asyncgen.config import RunConfig
from asyncgen.config.shipped import listed_model
from asyncgen.cost import Price, describe
from asyncgen.engine.failure_threshold import FailureThreshold
from asyncgen.engine.tally import Tally
from asyncgen.engine.window import Window
from asyncgen.engine.worker import Worker
from asyncgen.engine.writer import OrderedWriter, Sink
from asyncgen.errors import (
    AsyncgenError,
    BadDataError,
    BudgetError,
    DiskError,
    Message,
    UsageError,
)
from asyncgen.events import (
    Event,
    Observer,
    StopRequested,
)
from asyncgen.humanize import counted
from asyncgen.limits.gate import Gate
from asyncgen.limits.opening import open_budget, open_gate
from asyncgen.recipe import Recipe, rows_of_recipe
from asyncgen.rows import Row
from asyncgen.storage.disk import Disk
from asyncgen.storage.journal import Journal

if TYPE_CHECKING:
    from asyncgen.engine.batch.asker import Collected
    from asyncgen.engine.row_calls import Asker
    from asyncgen.storage.cache.cached_answers import CachedAnswers

JOURNAL_SYNC_INTERVAL = 0.5  # seconds: what a power cut may lose; a sync takes a few milliseconds
SAMPLE_INTERVAL = 1.0  # seconds: as often as a person looks; status and report need no more
MAX_WAITING_BYTES = 64 * 1024 * 1024  # of outcomes behind a stuck row: 10,000 with a page of text
SPARE = 16  # more calls in flight than workers, so that a new call finds one


class Engine:
    """Processes rows; the same one serves the repair and the run that may follow it.

    `cache`, if there is one, is asked before the server. `gate` grants the calls, `tally` counts the events, and
    `reason` says why it was asked to stop. The phase of batches reads the arguments under their names.

    Args:
        config: limits, window, and how often to commit.
        price: of the model, None if unknown.
        recipe: makes the calls for a row.
        disk: the disk.
        observe: called with every event.
        flush: awaited after each sample but the last.
        open_wire: opens the transport of requests.
        probes: keeps what is learned about the requests that servers accept.
        model_checked: the model has already been looked up.
        open_gate: opens the limits, or hands out those of an earlier run.
        few_left: called when a pass has no more unread rows than calls may be in flight.
    """

    def __init__(
        self,
        config: RunConfig,
        price: Price | None,
        recipe: Recipe[Any],
        disk: Disk,
        observe: Observer,
        flush: Callable[[], Awaitable[None]],
        open_wire: Callable[[RunConfig], Wire],
        probes: Probes,
        *,
        model_checked: bool = False,
        open_gate: Callable[[RunConfig], Gate] = open_gate,
        few_left: Callable[[], None] = lambda: None,
    ) -> None:
        self.config = config
        self._open_wire = open_wire
        self._probes = probes
        self._model_checked = model_checked
        self.price = price
        self.recipe = recipe
        self.disk = disk
        self._observe = observe
        self._flush = flush
        self.tally = Tally(price)
        self.cache: CachedAnswers | None = None
        self._window = Window(config.window_slots, MAX_WAITING_BYTES)
        self.gate = open_gate(config)
        self.tally.sent_before = {one.name: dict(one.limiter.sent) for one in self.gate.endpoints}
        self._few_left = few_left
        self._reason: AsyncgenError | None = None
        self._lacking = Message()

    @property
    def reason(self) -> AsyncgenError | None:
        """Why it was asked to stop, itself or another run behind the same gate; None: it was not."""
        return self._reason or self.gate.reason

    def stop(self, reason: AsyncgenError) -> None:
        """Ask for the end; see above."""
        if self._reason is None:
            self._reason = reason
            self.tell(StopRequested(reason.message, self.gate.in_flight))
            self.gate.close(reason)
            self._probes.close()
            self._window.close()

    def take_share(self, share: float) -> None:
        """Use at most this share of what the configuration allows of every limit, from now on."""
        self.gate.share = share * self.config.share

    def pause(self, seconds: float, endpoint: str) -> None:
        """Send nothing to an endpoint ("": to any) for `seconds`."""
        for one in self.gate.endpoints:
            if endpoint in {"", one.name}:
                self.gate.pause(seconds, one)

    async def run(
        self,
        journal: Journal,
        sink: Sink,
        rows: AsyncGenerator[Row[Any], None],
        expected: Sequence[int],
        threshold: FailureThreshold,
        ways: ModelWays | None,
        *,
        generation: int = 0,
        collected: "Collected | None" = None,
    ) -> None:
        """Run the pool over the rows until they are done or the run is asked to stop.

        Args:
            journal: records calls and knows paid answers.
            sink: takes the outcomes in order.
            rows: what to process; closed at the end.
            expected: the indexes of the rows, in order.
            threshold: says when too many rows fail.
            ways: what was known of the model when the run began; None: an older version began it.
            generation: of the answers, raised when flagged rows are regenerated.
            collected: what a phase of batches has left; None: there was none.

        Raises:
            AsyncgenError: the reason for which it was asked to stop.
        """
        config = self.config
        queue: asyncio.Queue[Row[Any] | None] = asyncio.Queue(config.batch_size)
        writer = OrderedWriter(
            sink,
            iter(expected),
            save_every=config.save_every,
            window=self._window,
            observe=self.tell,
            stop=self.stop,
        )
        async with self.service(journal, ways) as (group, client):
            asker: Asker = client
            if collected is not None:
                from asyncgen.engine.batch.asker import AfterBatches  # noqa: PLC0415 - only batches need it

                asker = AfterBatches(client, collected, self.stop)
            worker = Worker(
                self.recipe,
                asker,
                journal,
                self.stop,
                threshold,
                config.pair_timeout,
                self.tell,
                generation,
                self.cache,
            )
            writing = [
                group.create_task(writer.write()),
                group.create_task(writer.commit_regularly()),
            ]
            pool: list[asyncio.Task[None]] = []

            def hire() -> None:
                # A backoff holds a worker, not a call; and there is always one at the gate. Where probes fail, the
                # next is to be of another row: those at work may all be such at which the server fails.
                gate = self.gate
                wanted = gate.limit + gate.limit // SPARE + 1 + gate.backing_off + gate.vain_probes
                missing = wanted - len(pool)
                pool.extend(group.create_task(worker.work(queue, writer.take)) for _ in range(missing))

            hire()
            hiring = group.create_task(self._hire(hire))
            await self._read(rows, queue, len(expected))
            hiring.cancel()
            await asyncio.wait(pool)
            writer.end()
            await asyncio.wait(writing)
        if isinstance(self._reason, BudgetError):
            # Since then, calls that were in flight were paid, and rows behind them were written.
            self._reason = self.exhausted(journal, self._lacking)
        if self.reason is not None:
            raise self.reason
        if writer.missing is not None:  # whatever has lost it, this is no success
            raise RuntimeError(f"row {writer.missing} has no outcome")

    @asynccontextmanager
    async def service(
        self, journal: Journal, ways: ModelWays | None
    ) -> AsyncGenerator[tuple[asyncio.TaskGroup, ChatClient], None]:
        """The services that calls need: budget, transport, gate's pump, syncs and samples, in a task group."""
        config = self.config
        self.tally.spend = journal.spend
        self.gate.budget = open_budget(config, journal.spend, self.price, lambda: journal.batches.most)
        wire = self._open_wire(config)
        listed = listed_model(config.model)
        for known in journal.adaptations:
            self._probes.found(known)
        client = ChatClient(
            config,
            self.gate,
            journal,
            self.tell,
            self.stop,
            wire,
            ways=ways,
            learned=journal.adaptations,
            probes=self._probes,
            longest_answer=0 if listed is None else listed.max_output or 0,
        )
        try:
            await self._check_model(wire)
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(self.gate.pump()),
                    group.create_task(self._sync_regularly(journal)),
                    group.create_task(self._sample_regularly()),
                    group.create_task(self._stop_when_exhausted(journal)),
                    group.create_task(self._stop_with_the_gate()),
                ]
                yield group, client
                for helper in helpers:
                    helper.cancel()
        finally:
            await wire.close()
            self._sample()

    async def check_model(self) -> None:
        """Look the model up before anything begins; `run` does it unless it was done.

        Raises:
            KeyOrQuotaError: the server does not know it.
        """
        wire = self._open_wire(self.config)
        try:
            await self._check_model(wire)
        finally:
            await wire.close()

    async def _check_model(self, wire: Wire) -> None:
        if not self._model_checked:
            self._model_checked = True
            for notice in await check_model(wire, self.config):
                self.tell(notice)

    async def _read(
        self, rows: AsyncGenerator[Row[Any], None], queue: asyncio.Queue[Row[Any] | None], left: int
    ) -> None:
        """Put so many rows into the queue, window permitting; None at the end."""
        try:
            # Closed here, whether done or not: its file is open on the disk's thread.
            async with aclosing(rows):
                async for row in rows:
                    await self._window.take()
                    if self.reason is not None:
                        break
                    await queue.put(row)
                    left -= 1
                    if left <= self.gate.limit:
                        self._few_left()
        except (BadDataError, DiskError, UsageError) as error:
            self.stop(error)
        self._few_left()
        await queue.put(None)

    async def _hire(self, hire: Callable[[], None]) -> None:
        """Hire workers whenever more calls may be in flight, or a worker backs off; runs until cancelled."""
        while True:
            self.gate.grown.clear()
            hire()
            await self.gate.grown.wait()

    async def _stop_when_exhausted(self, journal: Journal) -> None:
        await self.gate.exhausted.wait()
        self.stop(self.exhausted(journal, self.gate.lacking))

    async def _stop_with_the_gate(self) -> None:
        """Stop when another run behind it has closed the gate, and write at once that it stops.

        Who asks twice leaves before the next sample, and `status` is to tell that from a crash.
        """
        await self.gate.closing()
        if self.gate.reason is not None:
            self.stop(self.gate.reason)
        await self._flush()

    def exhausted(self, journal: Journal, lacking: Message) -> BudgetError:
        """The error of a budget that covers no further call; `lacking` says what is missing."""
        spent, left = describe(journal.spend, self.price), self.tally.total - self.tally.done
        rows = counted(left, rows_of_recipe(self.recipe))
        self._lacking = lacking
        return BudgetError(f"the budget covers no further call: {spent} spent, {rows} left; ", lacking)

    async def _sync_regularly(self, journal: Journal) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(JOURNAL_SYNC_INTERVAL)
                try:
                    await journal.make_durable()
                except DiskError as error:
                    self.stop(error)
                    return

    async def _sample_regularly(self) -> None:
        while True:
            self._sample()
            await self._flush()  # the first too, so that an early look shows that the run works
            await asyncio.sleep(SAMPLE_INTERVAL)

    def _sample(self) -> None:
        self.tell(self.tally.sample(self.gate, self._window.oldest))

    def tell(self, event: Event) -> None:
        """Count an event and pass it on."""
        self.tally.observe(event)
        self._observe(event)
