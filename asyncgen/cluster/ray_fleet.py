"""The only user of `ray`: joins or starts the cluster, keeps the actors, and carries messages.

Ray restarts an actor whose process or node has died, and repeats its task, which resumes from the shard's
checkpoint; it also repeats a task whose connection has died (see `long_call`). The coordinator's actor is called
without retries: a worker without a reply knows what to do. Actors reserve no processor: workers sleep most of the
time, and must not block other jobs of the cluster. They reserve a byte of memory: what needs nothing at all, Ray
starts on any node, whatever was asked for.
"""

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.leases import SILENCE
from asyncgen.cluster.long_call import wait_for_reply
from asyncgen.cluster.messages import Instruction, News, WorkerReport
from asyncgen.cluster.shard_job import ClusterJob, ShardEnded
from asyncgen.cluster.shard_worker import ShardWorker
from asyncgen.config.version import __version__
from asyncgen.engine.event_loop import COLLECT_AFTER
from asyncgen.errors import AsyncgenError, TryLaterError, UsageError
from asyncgen.shard import Portion

NEXT_TO_NOTHING = {"num_cpus": 0, "memory": 1}
CONNECT_TIME = 10.0  # seconds, for a machine far away or busy
MOST_DEATHS = 10  # of processes in one shard: more is not an accident


class _WorkerActor:
    """A process of Ray that runs shards, on the loop that Ray gives to an actor with coroutines."""

    def __init__(self, number: int, job: ClusterJob, coordinator: str) -> None:
        import ray  # noqa: PLC0415 - optional, and slow

        gc.set_threshold(*COLLECT_AFTER)
        handle = ray.get_actor(coordinator)

        async def channel(report: WorkerReport) -> Instruction:
            answer: Instruction = await handle.report.remote(report)
            return answer

        self._worker = ShardWorker(number, job, channel)

    async def hello(self) -> tuple[str, str]:
        """The version of the package there, and what keeps the machine from taking part."""
        return __version__, self._worker.trouble()

    async def heed(self) -> None:
        """Reply at once."""

    async def begin(self, portion: Portion) -> None:
        """See `Fleet`."""
        await self._worker.begin(portion)

    async def finish(self, portion: Portion) -> ShardEnded:
        """See `Fleet`."""
        return await self._worker.finish(portion)


class RayFleet:
    """Workers and coordinator as actors of Ray."""

    def __init__(self, ray: Any, nodes: Sequence[str], job: ClusterJob) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - as above

        self._ray = ray
        self.workers = job.workers
        name = f"asyncgen-coordinator-{uuid4().hex}"
        # By its name: a handle among the arguments would have to be kept by Ray for a restart.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
        options = {"name": name, "max_restarts": -1, "scheduling_strategy": here}
        self._coordinator = ray.remote(Coordinator).options(**NEXT_TO_NOTHING, **options).remote(job.workers)
        self._actors = [
            ray.remote(_WorkerActor)
            .options(
                **NEXT_TO_NOTHING,
                max_restarts=-1,
                max_task_retries=MOST_DEATHS,
                scheduling_strategy=NodeAffinitySchedulingStrategy(nodes[number % len(nodes)], soft=True),
            )
            .remote(number, job, name)
            for number in range(job.workers)
        ]

    async def gather(self) -> None:
        """Wait until the coordinator and all workers are ready.

        Raises:
            UsageError: a machine cannot take part.
        """
        await self._coordinator.overlook.remote(None)  # first: workers that nobody answers go on without it
        for number, actor in enumerate(self._actors, 1):
            try:
                version, trouble = await wait_for_reply(actor.hello.remote(), actor.heed.remote)
            except self._ray.exceptions.RayActorError as error:
                raise UsageError(
                    f"the machine of worker {number} cannot take part: its process died at once, perhaps because "
                    f"asyncgen {__version__} is not installed there: see the logs of Ray"
                ) from error
            if version != __version__:
                trouble = f"it has asyncgen {version}, and this is {__version__}"
            if trouble:
                raise UsageError(f"the machine of worker {number} cannot take part: {trouble}")

    async def begin(self, worker: int, portion: Portion) -> None:
        """See `Fleet`."""
        with self._deaths(worker, portion):
            actor = self._actors[worker]
            await wait_for_reply(actor.begin.remote(portion), actor.heed.remote)

    async def finish(self, worker: int, portion: Portion) -> ShardEnded:
        """See `Fleet`."""
        with self._deaths(worker, portion):
            actor = self._actors[worker]
            ended: ShardEnded = await wait_for_reply(actor.finish.remote(portion), actor.heed.remote)
        return ended

    @contextmanager
    def _deaths(self, worker: int, portion: Portion) -> Iterator[None]:
        """Translate Ray's giving up on a worker."""
        try:
            yield
        except self._ray.exceptions.RayActorError as error:
            raise TryLaterError(
                f"the process of worker {worker + 1} died in shard {portion.shard.number}, and Ray did not start "
                f"it again (it does so {MOST_DEATHS} times): memory may have run out, or Ray itself has ended; "
                "see the logs of Ray; everything paid is saved"
            ) from error

    async def overlook(self, stop: AsyncgenError | None) -> tuple[list[WorkerReport], list[News]] | None:
        """See `Fleet`."""
        try:
            async with asyncio.timeout(SILENCE):
                seen: tuple[list[WorkerReport], list[News]] = await self._coordinator.overlook.remote(stop)
        except (TimeoutError, self._ray.exceptions.RayActorError):
            return None  # Ray is starting a new one
        return seen

    async def leave(self, worker: int) -> None:
        """See `Fleet`; a coordinator that does not receive it notices the silence."""
        self._coordinator.leave.remote(worker)


def _listens(address: str) -> bool:
    """Whether something takes connections at an address for Ray; one without a port ("auto") is Ray's own matter.

    Ray itself tries for seven minutes, and then ends the process without a word.
    """
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        if parts.port is not None:
            socket.create_connection((parts.hostname, parts.port), CONNECT_TIME).close()
    except (OSError, ValueError):
        return False
    return True


class RayCluster:
    """The cluster of RAY_ADDRESS or of this machine; if there is none, one is started here for the run.

    Raises:
        UsageError: the cluster cannot be reached.
    """

    def __init__(self) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray  # noqa: PLC0415 - as above

        named = os.environ.get("RAY_ADDRESS", "")
        last = "" if named else ray._private.utils.read_ray_address() or ""  # noqa: SLF001 - nothing else tells it
        if named and not _listens(named):
            raise UsageError(f"no Ray cluster can be reached at {named} (RAY_ADDRESS)")
        try:
            # Ray still knows the last cluster of this machine when that was killed, or before a reboot.
            address = "local" if last and not _listens(last) else None
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            line = str(error).strip().partition("\n")[0]
            raise UsageError(f"Ray cannot be reached or started (RAY_ADDRESS says where it is): {line}") from error
        # The driver reports the death of processes itself, in a line that names the shard.
        ray._private.worker._worker_logs_enabled = False  # noqa: SLF001 - there is no other switch
        self._ray = ray
        self._nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]

    @property
    def nodes(self) -> int:
        """How many machines there are."""
        return len(self._nodes)

    async def fleet(self, job: ClusterJob) -> RayFleet:
        """See `Cluster`."""
        fleet = RayFleet(self._ray, self._nodes, job)
        await fleet.gather()
        return fleet

    def close(self) -> None:
        """End what was started here."""
        self._ray.shutdown()
