"""The coordinator, to which workers report and which leases limits to them and tells them to stop."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from asyncgen.chat import NO_FINDINGS, Findings, RequestShape
from asyncgen.cluster.leases import Leases
from asyncgen.cluster.probe_turns import ProbeTurns
from asyncgen.errors import AsyncgenError
from asyncgen.events import Event, Paused, Sample


@dataclass(frozen=True, slots=True)
class News:
    """An event to show to the user, once: a report that was not answered arrives perhaps, and is made again."""

    id: str
    event: Event


@dataclass(frozen=True, slots=True)
class ShardSample:
    """The latest sample of a shard, with the session of its process."""

    shard: int
    session: str
    sample: Sample


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker's report, about once a second.

    `shard` (from 1) is its current one; `session` identifies its process's work on it, as the counts of a `sample`
    (None before the first one) start anew with each. `former` is that of the shard before, which may have rows
    left. `wanted` is a share of the limits, `held` the one that it may use until the reply; `pauses` are the
    servers' latest, with the seconds that are left of each. `findings` are all that it knows of the requests that
    servers accept, `unproven` the shapes that it would probe.
    """

    worker: int
    shard: int
    session: str
    wanted: float
    held: float
    pauses: tuple[tuple[Paused, float], ...] = ()
    sample: Sample | None = None
    former: ShardSample | None = None
    news: tuple[News, ...] = ()
    findings: Findings = NO_FINDINGS
    unproven: frozenset[RequestShape] = frozenset()


@dataclass(frozen=True, slots=True)
class Instruction:
    """The reply to a worker: its share of the limits, how long to send nothing, and the reason to stop, if any.

    `pauses` are seconds by endpoint ("": of the run). `findings` are those of all workers, and `permitted` the
    shapes that this one may probe now.
    """

    share: float
    pauses: Mapping[str, float] = field(default_factory=dict)
    stop: AsyncgenError | None = None
    findings: Findings = NO_FINDINGS
    permitted: frozenset[RequestShape] = frozenset()


class Coordinator:
    """Answers all workers. Nothing in it is durable: a new one learns everything within seconds.

    Args:
        workers: how many there are, numbered from 0.
        clock: in seconds.
    """

    def __init__(self, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._leases = Leases(workers, clock())
        self._turns = ProbeTurns()
        self._reports: dict[int, WorkerReport] = {}
        self._news: list[News] = []
        self._stop: AsyncgenError | None = None

    def report(self, report: WorkerReport) -> Instruction:
        """Receive a worker's report; returns its lease, and what all have learned."""
        now = self._clock()
        self._reports[report.worker] = report
        self._news += report.news
        pauses = {paused.endpoint: left for paused, left in report.pauses}
        lease = self._leases.report(now, report.worker, report.wanted, report.held, pauses)
        findings, permitted = self._turns.report(now, report.worker, report.findings, report.unproven)
        return Instruction(lease.share, lease.pauses, self._stop, findings, permitted)

    def leave(self, worker: int) -> None:
        """A worker has nothing more to do."""
        self._leases.leave(worker)
        self._turns.leave(worker)
        self._reports.pop(worker, None)

    def overlook(self, stop: AsyncgenError | None) -> tuple[list[WorkerReport], list[News]]:
        """The last report of each worker and all news since; with a reason, all workers are told to stop."""
        self._stop = self._stop or stop
        news, self._news = self._news, []
        return list(self._reports.values()), news
