"""Give the shards of a run to workers, report on all as one run, and pass on the wish to stop.

It is asked to stop by a reason (the first one counts): the coordinator passes it on, the workers finish what is in
flight and save it, and the reason is raised. A shard that ends early is such a reason for all the others.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Protocol

from asyncgen.chat import Adaptation
from asyncgen.client.adaptations import told
from asyncgen.cluster.leases import ECHO
from asyncgen.cluster.messages import News, WorkerReport
from asyncgen.cluster.run_threshold import RunThreshold
from asyncgen.cluster.shard_job import ShardEnded
from asyncgen.cluster.totals import Totals
from asyncgen.errors import AsyncgenError
from asyncgen.events import Notice, Observer, StopRequested
from asyncgen.shard import Portion

INTERVAL = 1.0  # seconds: as often as the workers report


class Fleet(Protocol):
    """The workers and the coordinator, wherever they are."""

    workers: int

    async def begin(self, worker: int, portion: Portion) -> None:
        """Let a worker run a shard; returns when the next one is to begin: it has few rows left.

        Raises:
            AsyncgenError: the worker cannot be kept alive.
        """

    async def finish(self, worker: int, portion: Portion) -> ShardEnded:
        """Wait for the end of a shard.

        Raises:
            AsyncgenError: the worker cannot be kept alive.
        """

    async def overlook(self, stop: AsyncgenError | None) -> tuple[list[WorkerReport], list[News]] | None:
        """See `Coordinator.overlook`; None while there is no coordinator."""

    async def leave(self, worker: int) -> None:
        """A worker has nothing more to do."""


class Driver:
    """Assigns shards until all are done or the run is asked to stop.

    Args:
        fleet: the workers.
        totals: adds up their reports.
        observe: called with the events of the whole run.
        flush: awaited after each sample.
        threshold: says when too many rows fail.
        model: the model in use.
        adaptations: what endpoints have refused in earlier starts.
    """

    def __init__(
        self,
        fleet: Fleet,
        totals: Totals,
        observe: Observer,
        flush: Callable[[], Awaitable[None]],
        threshold: RunThreshold,
        model: str,
        adaptations: Iterable[Adaptation] = (),
    ) -> None:
        self._fleet = fleet
        self._totals = totals
        self._observe = observe
        self._flush = flush
        self._threshold = threshold
        self._sessions: dict[int, str] = {}
        self._model = model
        self._told = {told(model, known) for known in adaptations}
        self._shown: set[str] = set()
        self._in_flight = 0
        self._paused_until: dict[str, float] = {}
        self._asked = asyncio.Event()
        self.reason: AsyncgenError | None = None

    def stop(self, reason: AsyncgenError) -> None:
        """Ask for the end; see above."""
        if self.reason is None:
            self.reason = reason
            self._observe(StopRequested(reason.message, self._in_flight))
            self._asked.set()

    async def run(self, portions: Iterable[Portion]) -> None:
        """Run all shards, in order.

        Raises:
            AsyncgenError: the reason for which it was asked to stop.
        """
        waiting = deque(portions)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch())
            serving = [
                group.create_task(self._serve(group, worker, waiting)) for worker in range(self._fleet.workers)
            ]
            await asyncio.wait(serving)
            watching.cancel()
        last = await self._fleet.overlook(self.reason)
        self._show([] if last is None else last[1])
        self._tell([])
        await self._flush()
        if self.reason is not None:
            raise self.reason

    async def _serve(self, group: asyncio.TaskGroup, worker: int, waiting: deque[Portion]) -> None:
        """Give a worker one shard after the other, each during the last calls of the one before."""
        former: asyncio.Task[None] | None = None
        while waiting and self.reason is None:
            portion = waiting.popleft()
            try:
                await self._fleet.begin(worker, portion)
            except AsyncgenError as error:
                self.stop(error)
                break
            newer = group.create_task(self._finish(worker, portion))  # now: it may end, or its process die, before
            if former is not None:
                await former  # two at a time: a third would only take memory
            former = newer
        if former is not None:
            await former
        await self._fleet.leave(worker)

    async def _finish(self, worker: int, portion: Portion) -> None:
        try:
            ended = await self._fleet.finish(worker, portion)
        except AsyncgenError as error:
            self.stop(error)
            return
        self._hear(ended.report)
        self._show(ended.report.news)
        self._totals.end(ended)
        if ended.error is not None:
            self.stop(ended.error.prefixed(f"shard {portion.shard}: "))

    async def _watch(self) -> None:
        """Read the reports once a second, and pass on a reason to stop; runs until cancelled."""
        while True:
            asked = self.reason
            seen = await self._fleet.overlook(asked)
            if seen is not None:
                reports, news = seen
                for report in reports:
                    self._hear(report)
                self._show(news)
                self._tell(reports)
            await self._flush()
            if asked is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(INTERVAL):
                        await self._asked.wait()
            else:
                await asyncio.sleep(INTERVAL)

    def _hear(self, report: WorkerReport) -> None:
        before = self._sessions.get(report.shard)
        self._sessions[report.shard] = report.session
        if before is not None and before != report.session:
            again = f"shard {report.shard} resumes from its checkpoint"
            text = f"The process of worker {report.worker + 1} has died; {again}"
            self._observe(Notice(text, warning=True))
        for found in report.findings.adaptations:
            if (text := told(self._model, found)) not in self._told:
                self._told.add(text)
                self._observe(Notice(text))
        for paused, left in report.pauses:
            until = asyncio.get_running_loop().time() + left
            if until > self._paused_until.get(paused.endpoint, float("-inf")) + ECHO:
                self._paused_until[paused.endpoint] = until
                self._observe(paused)
        self._totals.take(report)

    def _show(self, news: Iterable[News]) -> None:
        for one in news:
            if one.id not in self._shown:
                self._shown.add(one.id)
                self._threshold.observe(one.event)
                self._observe(one.event)

    def _tell(self, live: list[WorkerReport]) -> None:
        sample = self._totals.sample(live)
        self._in_flight = sample.in_flight
        self._observe(sample)
        failed, ended = self._totals.of_this_start()
        reason = self._threshold.after(failed, ended, live, alone=self._totals.failed_alone)
        if reason is not None:
            self.stop(reason)
