"""A cluster whose workers are in this process, without Ray: everything else is what runs on one."""

import asyncio
import pickle
from collections.abc import Callable

from asyncgen.client.wire import Wire
from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.messages import Instruction, News, WorkerReport
from asyncgen.cluster.shard_job import ClusterJob, ShardEnded
from asyncgen.cluster.shard_worker import ShardWorker
from asyncgen.config import RunConfig
from asyncgen.engine.kept_service import KeptService
from asyncgen.errors import AsyncgenError
from asyncgen.shard import Portion

ON_THE_WAY = 0.002
"""Seconds that a message takes."""


class LocalFleet:
    """Workers and their coordinator; what goes from one to another is pickled, as by Ray."""

    def __init__(self, job: ClusterJob, open_wire: Callable[[RunConfig], Wire]) -> None:
        self.workers = job.workers
        self._coordinator = Coordinator(job.workers, asyncio.get_running_loop().time)
        self._workers = [
            ShardWorker(
                number,
                pickle.loads(pickle.dumps(job)),
                self._report,
                KeptService(open_wire, one_gate=job.shares_gate),
            )
            for number in range(job.workers)
        ]

    async def begin(self, worker: int, portion: Portion) -> None:
        """See `Fleet`."""
        await self._workers[worker].begin(portion)

    async def finish(self, worker: int, portion: Portion) -> ShardEnded:
        """See `Fleet`."""
        ended: ShardEnded = pickle.loads(pickle.dumps(await self._workers[worker].finish(portion)))
        return ended

    async def overlook(self, stop: AsyncgenError | None) -> tuple[list[WorkerReport], list[News]] | None:
        """See `Fleet`."""
        await asyncio.sleep(ON_THE_WAY)
        return self._coordinator.overlook(stop)

    async def leave(self, worker: int) -> None:
        """See `Fleet`."""
        self._coordinator.leave(worker)

    async def _report(self, report: WorkerReport) -> Instruction:
        await asyncio.sleep(ON_THE_WAY)
        answer: Instruction = pickle.loads(pickle.dumps(self._coordinator.report(report)))
        return answer


class LocalCluster:
    """So many machines, whose workers open this transport."""

    def __init__(self, open_wire: Callable[[RunConfig], Wire], nodes: int = 2) -> None:
        self.nodes = nodes
        self._open_wire = open_wire

    async def fleet(self, job: ClusterJob) -> LocalFleet:
        """Start the workers of a job."""
        return LocalFleet(job, self._open_wire)

    def close(self) -> None:
        """Nothing was started."""
