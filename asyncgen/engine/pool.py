"""The engine: one TaskGroup from rows to ordered outcomes.

A reader, a pool of workers, the writer and its commits, the gate's pump, the journal's syncs, and a ticker. It is
asked to stop by a reason (the first one counts): the gate closes, what is in flight is finished and journaled, the
writer commits, and the reason is raised.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asyncgen.chat import ModelWays, Usage
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.model_check import check_model
from asyncgen.client.probes import Probes
from asyncgen.client.wire import Wire
from asyncgen.config import RunConfig, listed_model
from asyncgen.cost import Price, Spend, describe
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.engine.batch.asker import Key, WithoutGivenUp
from asyncgen.engine.batch.batch_rounds import BatchRounds, Rows
from asyncgen.engine.failure_threshold import Breaker
from asyncgen.engine.window import Window
from asyncgen.engine.worker import Outcome, Worker
from asyncgen.engine.writer import OrderedWriter, Sink
from asyncgen.errors import (
    AsyncgenError,
    BadDataError,
    BudgetError,
    CallFailed,
    DiskError,
    Message,
    Stopping,
    UsageError,
)
from asyncgen.events import (
    CacheHit,
    CallEnded,
    EndpointUse,
    Event,
    LimitUse,
    Notice,
    Observer,
    PairDone,
    PairFailed,
    Sample,
    StopRequested,
)
from asyncgen.humanize import one_of, plural
from asyncgen.limits.budget import Budget
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.opening import open_budget, open_gate
from asyncgen.limits.pacer import MINUTE
from asyncgen.recipe import Recipe, rows_of_recipe
from asyncgen.rows import Row
from asyncgen.storage.disk import Disk
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import RunDirectory

if TYPE_CHECKING:
    from asyncgen.storage.cache.cached_answers import CachedAnswers

JOURNAL_SYNC_INTERVAL = 0.5  # seconds: what a power cut may lose; a sync takes a few milliseconds
SAMPLE_INTERVAL = 1.0  # seconds: as often as a person looks; status and report need no more
MAX_WAITING_BYTES = 64 * 1024 * 1024  # of outcomes behind a stuck row: 10,000 with a page of text
_OVER_HTTP = BatchAccess()
SPARE = 16  # calls in flight for each worker more than there are calls


@dataclass(slots=True)
class Tally:
    """What the events of this process add up to, for the samples and the summary.

    `price` is that of the model; None: it has none.
    """

    price: Price | None = None
    total: int = 0
    done: int = 0
    failed: int = 0
    calls: int = 0
    refused: int = 0
    retried: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tokens: int = 0
    spent: float = 0.0
    cached: int = 0

    @property
    def cost(self) -> float | None:
        """USD so far; None without a price."""
        return None if self.price is None else self.spent

    def begin(self, total: int, *, done: int = 0, failed: int = 0) -> None:
        """So many rows are to be processed, of which some are done."""
        self.total, self.done, self.failed = total, done, failed

    def observe(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, CallEnded):
            self.calls += 1
            self.refused += event.status in {429, 503}
            self.retried += event.attempt > 1
            self.prompt_tokens += event.usage.prompt_tokens
            self.completion_tokens += event.usage.completion_tokens
            self.tokens += event.usage.total_tokens
            if self.price is not None:
                self.spent += (self.price.of_batches if event.batch else self.price).cost(event.usage)
        elif isinstance(event, PairDone):
            self.done += 1
        elif isinstance(event, CacheHit):
            self.cached += 1
        elif isinstance(event, PairFailed):
            self.done += 1
            self.failed += 1


class Engine:
    """Processes rows; the same one serves the repair and the run that may follow it.

    `cache`, where there is one, is asked before the server.

    Args:
        config: limits, window, and how often to commit.
        price: of the model, None when it is not known.
        recipe: what is asked for a row.
        disk: the disk.
        observe: told of everything.
        flush: awaited after each sample but the last.
        open_wire: opens what carries the requests.
        probes: keeps what is found out about the requests that servers take.
        batch_access: how it comes to a Batch API.
        model_checked: somebody else has looked the model up.
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
        batch_access: BatchAccess = _OVER_HTTP,
        *,
        model_checked: bool = False,
    ) -> None:
        self._config = config
        self._batch_access = batch_access
        self._open_wire = open_wire
        self._probes = probes
        self._model_checked = model_checked
        self._price = price
        self._recipe = recipe
        self._disk = disk
        self._observe = observe
        self._flush = flush
        self.tally = Tally(price)
        self.reason: AsyncgenError | None = None
        self.cache: CachedAnswers | None = None
        self._window = Window(config.window_slots, MAX_WAITING_BYTES)
        self._gate = open_gate(config)
        self._spend: Spend | None = None

    def stop(self, reason: AsyncgenError) -> None:
        """Ask for the end; see the rules above."""
        if self.reason is None:
            self.reason = reason
            self._tell(StopRequested(reason.message, self._gate.in_flight))
            self._gate.close()
            self._window.close()

    def take_share(self, share: float) -> None:
        """Use at most this share of what the configuration allows of every limit, from now on."""
        self._gate.share = share * self._config.share

    def pause(self, seconds: float, endpoint: str) -> None:
        """Send nothing for so long to an endpoint ("": to any)."""
        for one in self._gate.endpoints:
            if endpoint in {"", one.name}:
                self._gate.pause(seconds, one)

    async def collect(
        self,
        journal: Journal,
        directory: RunDirectory,
        rows: Rows,
        breaker: Breaker,
        ways: ModelWays | None,
        *,
        generation: int = 0,
    ) -> dict[Key, CallFailed]:
        """Ask in batches what the rows need, until nothing is left to ask so; the calls that were given up.

        Args:
            journal: gets the answers.
            directory: the output directory.
            rows: streams them, from the first.
            breaker: says when too many rows fail.
            ways: what was known of the model when the run began.
            generation: of the answers.

        Raises:
            AsyncgenError: the reason for which it was asked to stop.
        """
        given_up: dict[Key, CallFailed] = {}
        if self._config.batch and self._price is not None and self._price.batch is None:
            unknown = f"No price of batches is known for {self._config.model}: they count at the ordinary one"
            self._tell(Notice(unknown))
        server = self._batch_access.open(self._config, self._disk)
        try:
            async with self._service(journal, ways) as (_, client):
                rounds = BatchRounds(
                    self._config,
                    self._recipe,
                    journal,
                    directory,
                    client,
                    self._gate,
                    server,
                    rows,
                    breaker,
                    self._tell,
                    self._batch_access.timing,
                    lambda most: self._exhausted(journal, _shortfall(self._gate.budget, most)),
                    generation,
                    self.cache,
                )
                try:
                    given_up = await rounds.work()
                except AsyncgenError as error:
                    self.stop(error)
                except Stopping:
                    pass
        finally:
            await server.close()
        if self.reason is not None:
            raise self.reason
        return given_up

    async def run(
        self,
        journal: Journal,
        sink: Sink,
        rows: AsyncGenerator[Row[Any], None],
        expected: Iterator[int],
        breaker: Breaker,
        ways: ModelWays | None,
        *,
        generation: int = 0,
        given_up: dict[Key, CallFailed] | None = None,
    ) -> None:
        """Run the pool over the rows until they are through or the run is asked to stop.

        Args:
            journal: records calls and knows paid answers.
            sink: takes the outcomes in order.
            rows: what to process; closed at the end.
            expected: the indexes of the rows, in order.
            breaker: says when too many rows fail.
            ways: what was known of the model when the run began; None: an older version began it.
            generation: of the answers, raised when flagged rows are asked anew.
            given_up: calls that have failed in batches.

        Raises:
            AsyncgenError: the reason for which it was asked to stop.
        """
        config = self._config
        queue: asyncio.Queue[Row[Any] | None] = asyncio.Queue(config.batch_size)
        outcomes: asyncio.Queue[Outcome | None] = asyncio.Queue()
        writer = OrderedWriter(
            sink,
            expected,
            save_every=config.save_every,
            window=self._window,
            observe=self._tell,
            stop=self.stop,
        )
        async with self._service(journal, ways) as (group, client):
            worker = Worker(
                self._recipe,
                WithoutGivenUp(client, given_up) if given_up else client,
                journal,
                self.stop,
                breaker,
                config.pair_timeout,
                self._tell,
                generation,
                self.cache,
            )
            writing = [
                group.create_task(writer.write(outcomes)),
                group.create_task(writer.commit_regularly()),
            ]
            pool: list[asyncio.Task[None]] = []

            def hire() -> None:
                # Who waits for a backoff holds a worker, not a call; and somebody always stands at the gate.
                gate = self._gate
                missing = gate.limit + gate.limit // SPARE + 1 + gate.backing_off - len(pool)
                pool.extend(group.create_task(worker.work(queue, outcomes)) for _ in range(missing))

            hire()
            hiring = group.create_task(self._hire(hire))
            await self._read(rows, queue)
            hiring.cancel()
            await asyncio.wait(pool)
            outcomes.put_nowait(None)
            await asyncio.wait(writing)
        if self.reason is not None:
            raise self.reason

    @asynccontextmanager
    async def _service(
        self, journal: Journal, ways: ModelWays | None
    ) -> AsyncGenerator[tuple[asyncio.TaskGroup, ChatClient], None]:
        """What calls need around them: budget, wire, the gate's pump, syncs and samples, in a group of tasks."""
        config = self._config
        self._spend = journal.spend
        self._gate.budget = open_budget(config, journal.spend, self._price, lambda: journal.batches.most)
        wire = self._open_wire(config)
        listed = listed_model(config.model)
        for known in journal.adaptations:
            self._probes.found(known)
        client = ChatClient(
            config,
            self._gate,
            journal,
            self._tell,
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
                    group.create_task(self._gate.pump()),
                    group.create_task(self._sync_regularly(journal)),
                    group.create_task(self._sample_regularly()),
                    group.create_task(self._stop_when_exhausted(journal)),
                ]
                yield group, client
                for helper in helpers:
                    helper.cancel()
        finally:
            await wire.close()
            self._sample()

    async def check_model(self) -> None:
        """Look the model up before anything is begun; `run` does it where nobody has.

        Raises:
            KeyOrQuotaError: the server does not know it.
        """
        wire = self._open_wire(self._config)
        try:
            await self._check_model(wire)
        finally:
            await wire.close()

    async def _check_model(self, wire: Wire) -> None:
        if not self._model_checked:
            self._model_checked = True
            for notice in await check_model(wire, self._config):
                self._tell(notice)

    async def _read(self, rows: AsyncGenerator[Row[Any], None], queue: asyncio.Queue[Row[Any] | None]) -> None:
        """Put rows into the queue, window permitting; None at the end."""
        try:
            # Closed here, whether it is through or not: its file is open on the disk's thread.
            async with aclosing(rows):
                async for row in rows:
                    await self._window.take()
                    if self.reason is not None:
                        break
                    await queue.put(row)
        except (BadDataError, DiskError, UsageError) as error:
            self.stop(error)
        await queue.put(None)

    async def _hire(self, hire: Callable[[], None]) -> None:
        """Hire workers whenever more calls may be in flight, or a worker backs off; runs until cancelled."""
        while True:
            self._gate.grown.clear()
            hire()
            await self._gate.grown.wait()

    async def _stop_when_exhausted(self, journal: Journal) -> None:
        await self._gate.exhausted.wait()
        self.stop(self._exhausted(journal, self._gate.lacking))

    def _exhausted(self, journal: Journal, lacking: Message) -> BudgetError:
        spent, left = describe(journal.spend, self._price), self.tally.total - self.tally.done
        rows = plural(left, one_of(rows_of_recipe(self._recipe)))
        return BudgetError(f"the budget covers no further call: {spent} spent, {rows} left; ", lacking)

    async def _sync_regularly(self, journal: Journal) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(JOURNAL_SYNC_INTERVAL)
                try:
                    await self._disk.call(journal.sync)
                except DiskError as error:
                    self.stop(error)
                    return

    async def _sample_regularly(self) -> None:
        while True:
            self._sample()
            await self._flush()  # the first too, so that whoever looks early sees that the run works
            await asyncio.sleep(SAMPLE_INTERVAL)

    def _sample(self) -> None:
        tally, gate = self.tally, self._gate
        self._tell(
            Sample(
                done=tally.done,
                failed=tally.failed,
                total=tally.total,
                in_flight=gate.in_flight,
                concurrency=gate.limit,
                waiting=gate.waiting,
                waiting_on=gate.waiting_on,
                oldest=self._window.oldest,
                calls=tally.calls,
                refused=tally.refused,
                retried=tally.retried,
                prompt_tokens=tally.prompt_tokens,
                completion_tokens=tally.completion_tokens,
                tokens=tally.tokens,
                cost=tally.cost,
                cached=tally.cached,
                total_cost=self._total_cost(),
                limits=tuple(
                    LimitUse(name, lane.pace.allowance * MINUTE, lane.spent, endpoint.name)
                    for endpoint in gate.endpoints
                    if endpoint.health.out is None
                    for name, lane in endpoint.limiter.lanes.items()
                ),
                endpoints=tuple(_use(endpoint) for endpoint in gate.endpoints) if len(gate.endpoints) > 1 else (),
            )
        )

    def _total_cost(self) -> float | None:
        return None if self._spend is None or self._price is None else self._price.known_cost(self._spend)

    def _tell(self, event: Event) -> None:
        self.tally.observe(event)
        self._observe(event)


def _shortfall(budget: Budget | None, most: Usage) -> Message:
    assert budget is not None
    return budget.shortfall(most, batch=True)


def _use(endpoint: Endpoint) -> EndpointUse:
    health = endpoint.health
    return EndpointUse(
        name=endpoint.name,
        in_flight=endpoint.in_flight,
        concurrency=endpoint.limit,
        waiting_on=endpoint.waiting_on,
        out=health.out,
        rests=health.rests,
    )
