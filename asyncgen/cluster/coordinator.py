"""The coordinator, to which workers report and which leases limits to them and tells them to stop."""

import time
from collections.abc import Callable

from asyncgen.cluster.leases import Leases
from asyncgen.cluster.messages import Instruction, News, WorkerReport
from asyncgen.cluster.probe_turns import ProbeTurns
from asyncgen.errors import AsyncgenError

KEPT = 60.0  # seconds for which news are handed out


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
        self._news: list[tuple[float, News]] = []
        self._stop: AsyncgenError | None = None

    def report(self, report: WorkerReport) -> Instruction:
        """Receive a worker's report; returns its lease, and what all have learned."""
        now = self._clock()
        self._reports[report.worker] = report
        self._news += [(now, one) for one in report.news]
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
        """The last report of each worker and the news of the last minute; with a reason, all are told to stop.

        News are handed out more than once, as a reply may be lost: who reads them shows each once.
        """
        self._stop = self._stop or stop
        now = self._clock()
        self._news = [(heard, one) for heard, one in self._news if now - heard < KEPT]
        return list(self._reports.values()), [one for _, one in self._news]
