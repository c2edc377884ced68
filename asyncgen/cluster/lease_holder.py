"""The worker's side of the leases: reports once a second, and follows the replies.

Without the coordinator, the worker's share of the limits ends (see `leases`): calls that no limit holds back go
on, and all others when there is a reply. After the seconds of `probe_turns` it probes by itself what servers
accept.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol
from uuid import uuid4

from asyncgen.client.probes import Probes
from asyncgen.cluster import probe_turns
from asyncgen.cluster.leases import SILENCE, demand, left_of
from asyncgen.cluster.messages import Instruction, News, ShardSample, WorkerReport
from asyncgen.errors import AsyncgenError
from asyncgen.events import CallEnded, Event, Notice, PairFailed, Paused, RecipeRaised, Sample
from asyncgen.humanize import MINUTE

INTERVAL = 1.0  # seconds: a rate moves no faster, and a report costs the coordinator 2 ms
GRACE = 3.0  # seconds in which a shard normally begins to send
MOST_NEWS = 20  # failed rows shown for a shard, and as many warnings: its directory has all
HELD_BACK = {"requests", "tokens", "pause"}  # after a pause, everything is wanted again at once
SOON = 0.2  # seconds until the next report of a worker that has no share, and gets one when others have heard
AT_ONCE = 0.05  # the same of one whose calls wait for what another one probes; then twice as long each time
TICK = 0.5  # seconds between two looks at a share that may have ended
CONFIRMED = 0.01  # by which a share has become smaller: others get it when they know that this is heard
LEAST_SHARE = 1e-6  # a rate must be above zero

Channel = Callable[[WorkerReport], Awaitable[Instruction]]


class LeasedRun(Protocol):
    """A run that follows the lease."""

    def stop(self, reason: AsyncgenError) -> None:
        """Stop in order."""

    def take_share(self, share: float) -> None:
        """Use at most this share of every limit from now on."""

    def pause(self, seconds: float, endpoint: str) -> None:
        """Send nothing to an endpoint ("": to any) for `seconds`."""


class LeaseHolder:
    """Holds the lease of one worker over all its shards; `former` is reported with the current one.

    Args:
        worker: its number.
        channel: sends a report and returns the reply; it may fail in any way.
        probes: shared by all its runs.
    """

    def __init__(self, worker: int, channel: Channel, probes: Probes) -> None:
        self._worker = worker
        self._channel = channel
        self._shard = 0
        self._session = ""
        self._begun = float("-inf")
        self._samples: list[tuple[float, Sample]] = []
        self.former: ShardSample | None = None
        self._former_at = float("-inf")
        self._pauses: dict[str, tuple[float, Paused]] = {}
        self._news: list[News] = []
        self._told: Counter[type[Event]] = Counter()
        self._refusals: set[tuple[object, ...]] = set()
        self._probes = probes
        self._changed = asyncio.Event()
        self._lease = 0.0
        self._leased_at = float("-inf")

    @property
    def share(self) -> float:
        """The share of the limits that the worker may use now and for another `TICK`; never 0."""
        return max(LEAST_SHARE, self._held)

    @property
    def _held(self) -> float:
        return left_of(self._lease, asyncio.get_running_loop().time() + TICK - self._leased_at)

    @property
    def session(self) -> str:
        """Identifies this process's work on its current shard."""
        return self._session

    def begin(self, shard: int) -> None:
        """Begin the next shard."""
        self._shard, self._session = shard, uuid4().hex
        self._begun = asyncio.get_running_loop().time()
        self._samples.clear()
        self._pauses = {name: one for name, one in self._pauses.items() if one[0] > self._begun}
        self._told.clear()
        self._refusals.clear()
        self._probes.on_change = self._changed.set

    def observe(self, event: Event) -> None:
        """Record an event of the shard's run."""
        now = asyncio.get_running_loop().time()
        if isinstance(event, Sample):
            self._samples = [*self._samples[-1:], (now, event)]
        elif isinstance(event, Paused):
            known = self._pauses.get(event.endpoint)
            if known is None or now + event.seconds > known[0]:
                self._pauses[event.endpoint] = (now + event.seconds, event)
        elif isinstance(event, CallEnded):
            self._explain(event)
        elif isinstance(event, (PairFailed, RecipeRaised)) or (isinstance(event, Notice) and event.warning):
            self._told[type(event)] += 1
            if self._told[type(event)] <= MOST_NEWS:
                self._news.append(News(uuid4().hex, event))

    def _explain(self, event: CallEnded) -> None:
        """Tell of the first refusal of each kind: the server's sentence is in no other event."""
        kind = event.outcome, event.status, event.code, event.param
        if event.needs_explanation and kind not in self._refusals:
            self._refusals.add(kind)
            self._news.append(News(uuid4().hex, event))

    def take_former(self, former: ShardSample) -> None:
        """Record a sample of the shard before the current one."""
        self.former, self._former_at = former, asyncio.get_running_loop().time()

    def report(self) -> WorkerReport:
        """The worker's current report."""
        now = asyncio.get_running_loop().time()
        return WorkerReport(
            worker=self._worker,
            shard=self._shard,
            session=self._session,
            wanted=self._wanted(),
            held=self._held,
            pauses=tuple((paused, max(0.0, until - now)) for until, paused in self._pauses.values()),
            sample=self._samples[-1][1] if self._samples else None,
            former=self.former,
            news=tuple(self._news),
            findings=self._probes.findings,
            unproven=self._probes.unproven,
        )

    async def hold(self, run: LeasedRun) -> None:
        """Report regularly and after each discovery, and apply the replies to the run; runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._let_end(run))
            await self._keep_reporting(run)

    async def _let_end(self, run: LeasedRun) -> None:
        """Take back what the run may no longer use."""
        while True:
            await asyncio.sleep(TICK)
            if self.share < self._lease:
                run.take_share(self.share)

    async def _keep_reporting(self, run: LeasedRun) -> None:
        now = asyncio.get_running_loop().time
        silent, patience = 0.0, AT_ONCE
        while True:
            began = now()
            self._changed.clear()
            pause = INTERVAL
            with suppress(Exception):  # whatever becomes of the coordinator, the work goes on
                report = self.report()
                async with asyncio.timeout(SILENCE):
                    answer = await self._channel(report)
                silent = 0.0
                del self._news[: len(report.news)]
                self._obey(run, answer, began)
                if answer.share <= LEAST_SHARE:
                    pause = SOON
                elif answer.share < report.held - CONFIRMED:
                    continue
                if report.unproven <= answer.permitted | answer.findings.proven:
                    patience = AT_ONCE
                else:
                    pause, patience = min(pause, patience), 2 * patience
            if silent >= probe_turns.SILENCE:
                self._probes.probe_alone()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            silent += min(now() - began, SILENCE + INTERVAL)  # if it took longer, the process stood still

    def _obey(self, run: LeasedRun, answer: Instruction, sent: float) -> None:
        self._lease, self._leased_at = answer.share, sent
        run.take_share(self.share)
        for endpoint, seconds in answer.pauses.items():
            run.pause(seconds, endpoint)
        self._probes.take(answer.findings, answer.permitted)
        if answer.stop is not None:
            run.stop(answer.stop)

    def _wanted(self) -> float:
        now = asyncio.get_running_loop().time()
        if self.former is not None and now - self._former_at < GRACE:  # it is still at work, behind the same gate
            if self.former.sample.waiting_on in HELD_BACK:
                return 1.0
            if self._samples and now - self._samples[-1][0] >= GRACE:
                return 0.0  # the current one has ended: its last samples say nothing of now
        if not self._samples:
            # The input is being checked. A share that is given away takes seconds to come back, so not at once.
            return 1.0 if now - self._begun < GRACE else 0.0
        if self._probes.unproven:
            return 1.0  # its calls wait until a shape is proven, and will then all go at once
        (began, first), (ended, last) = self._samples[0], self._samples[-1]
        if len(self._samples) == 1 or ended <= began:
            return 1.0
        before = {(use.endpoint, use.name): use.spent for use in first.limits}
        # The limits in a sample are this worker's share of them.
        used = [
            self.share
            * (use.spent - before.get((use.endpoint, use.name), 0.0))
            * MINUTE
            / (use.per_minute * (ended - began))
            for use in last.limits
        ]
        return demand(self.share, used, held_back=last.waiting_on in HELD_BACK)
