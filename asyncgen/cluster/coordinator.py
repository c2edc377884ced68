"""The desk where workers report and are given leases: what they say of themselves, and the wish to stop."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from asyncgen.chat import NO_FINDINGS, Findings, RequestShape
from asyncgen.cluster.leases import Leases
from asyncgen.cluster.probe_turns import ProbeTurns
from asyncgen.errors import AsyncgenError
from asyncgen.events import Event, Paused, Sample


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """What a worker says about once a second.

    `shard` (from 1) is what it works on; `session` names its process's work on it, for the counts of a `sample`
    (None before the first one) begin anew with each. `wanted` is a share of the limits; `pauses` are those that
    servers asked for last, with the seconds that are left of each. `news` are events that a person should hear of.
    `findings` are all that it knows of the requests that servers take, `unproven` the shapes that it would probe.
    """

    worker: int
    shard: int
    session: str
    wanted: float
    pauses: tuple[tuple[Paused, float], ...] = ()
    sample: Sample | None = None
    news: tuple[Event, ...] = ()
    findings: Findings = NO_FINDINGS
    unproven: frozenset[RequestShape] = frozenset()


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a worker is told: its share of the limits, for how long to send nothing, and why to stop, if at all.

    `pauses` are seconds by endpoint ("": of the run). `findings` are those of all workers, and `permitted` the
    shapes that it is this one's turn to probe.
    """

    share: float
    pauses: Mapping[str, float] = field(default_factory=dict)
    stop: AsyncgenError | None = None
    findings: Findings = NO_FINDINGS
    permitted: frozenset[RequestShape] = frozenset()


class Desk:
    """The one place that all workers talk to. Nothing in it is durable: a new one learns all within seconds.

    Args:
        workers: how many there are, from 0 on.
        clock: in seconds.
    """

    def __init__(self, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._leases = Leases(workers, clock())
        self._turns = ProbeTurns()
        self._reports: dict[int, WorkerReport] = {}
        self._news: list[Event] = []
        self._stop: AsyncgenError | None = None

    def report(self, report: WorkerReport) -> Instruction:
        """A worker's report; its lease, and what all have found out."""
        now = self._clock()
        self._reports[report.worker] = report
        self._news += report.news
        pauses = {paused.endpoint: left for paused, left in report.pauses}
        lease = self._leases.report(now, report.worker, report.wanted, pauses)
        findings, permitted = self._turns.report(now, report.worker, report.findings, report.unproven)
        return Instruction(lease.share, lease.pauses, self._stop, findings, permitted)

    def leave(self, worker: int) -> None:
        """A worker has nothing more to do."""
        self._leases.leave(worker)
        self._turns.leave(worker)
        self._reports.pop(worker, None)

    def overlook(self, stop: AsyncgenError | None) -> tuple[list[WorkerReport], list[Event]]:
        """The last report of each worker and all news since; everybody is told to stop, if there is a reason."""
        self._stop = self._stop or stop
        news, self._news = self._news, []
        return list(self._reports.values()), news
