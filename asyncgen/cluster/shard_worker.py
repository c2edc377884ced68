"""A worker of the cluster: one shard after the other, each by an ordinary run.

Rules:

1. A shard begins when the one before has few rows left: the worker is never idle in between.
2. All share one gate and one pool of connections, kept with everything learned: so two shards together keep the
   limits, and older rows go first. What stops one stops the other.
3. Shards with their own budgets have their own gates, and run one after the other.
4. What is asked of a worker may be asked again, while it is done and after it: a reply may be lost on its way.
"""

import asyncio
import itertools
from dataclasses import replace

from asyncgen.client.probes import Probes
from asyncgen.cluster.lease_holder import Channel, LeaseHolder
from asyncgen.cluster.shard_job import ClusterJob, ShardEnded
from asyncgen.cluster.shard_record import ShardRecord
from asyncgen.engine.kept_service import KeptService
from asyncgen.engine.single_run import Run
from asyncgen.engine.sockets import check_sockets, sockets
from asyncgen.errors import AsyncgenError, UsageError
from asyncgen.events import Notice
from asyncgen.shard import Portion
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

NORMAL_END = 10  # seconds in which a process that Ray has given up ends, if its machine can be reached


class ShardWorker:
    """Runs shards in its own process, on one loop.

    Args:
        number: of the worker, from 0.
        job: the whole run.
        channel: to the coordinator that leases the limits.
        kept: limits and connections, for all shards.
    """

    def __init__(self, number: int, job: ClusterJob, channel: Channel, kept: KeptService | None = None) -> None:
        config = replace(job.config, most_in_flight=min(job.config.most_in_flight, sockets()))
        self._job = replace(job, config=config)
        self._probes = Probes(job.adaptations, shared=True)
        self._holder = LeaseHolder(number, channel, self._probes)
        self._turn = asyncio.Lock()
        self._working: dict[int, asyncio.Task[ShardEnded]] = {}
        self._newest: ShardRecord | None = None
        self._holding: asyncio.Task[None] | None = None
        self._at_work = 0
        self._kept = KeptService(one_gate=job.shares_gate) if kept is None else kept

    def trouble(self) -> str:
        """What keeps this machine from taking part; empty if nothing does."""
        config = self._job.config
        unseen = [
            path
            for path in (config.input_jsonl, config.prompt_file, config.recipe_file, config.output_dir)
            if path is not None and not path.exists()
        ]
        if config.cache is not None and not config.cache.parent.is_dir():
            unseen.append(config.cache.parent)
        if unseen:
            return f"{unseen[0]} does not exist there: it must be on a path that all nodes share"
        try:
            check_sockets(replace(config, endpoints=self._job.endpoints_of_worker))
        except UsageError as error:
            return f"for its part of the calls, {error}"
        return ""

    async def begin(self, portion: Portion) -> None:
        """Begin a shard, or resume it, once; returns when the next one can begin."""
        async with self._turn:
            if portion.shard.number in self._working:
                return
            few_left = asyncio.Event()
            reading = asyncio.create_task(few_left.wait())
            working = asyncio.create_task(self._work(portion, few_left))
            self._working[portion.shard.number] = working
            await asyncio.wait(
                {working, reading} if self._job.shares_gate else {working}, return_when=asyncio.FIRST_COMPLETED
            )
            reading.cancel()

    async def finish(self, portion: Portion) -> ShardEnded:
        """Wait for the end of a shard, which is resumed if an earlier process has begun it."""
        if portion.shard.number not in self._working:  # else the beginning of the next one would be waited for
            await self.begin(portion)
        return await self._working[portion.shard.number]

    async def _work(self, portion: Portion, few_left: asyncio.Event) -> ShardEnded:
        disk = Disk()
        try:
            directory = RunDirectory(disk, self._job.config.output_dir).shard(portion.shard)
            return await self._run(portion, directory, few_left)
        finally:
            disk.close()

    async def _run(self, portion: Portion, directory: RunDirectory, few_left: asyncio.Event) -> ShardEnded:
        job = self._job
        failed, error = 0, None
        record = self._take_over_lease(portion)
        try:
            run = Run(
                job.shard_config(portion, directory.path),
                job.recipe(),
                [record.observe],
                directory.disk,
                price=job.price,
                wording=job.wording,
                open_wire=self._kept.wire,
                probes=self._probes,
                checked=True,
                cut=job.cuts.get(portion.shard.number),
                open_gate=self._kept.gate,
                few_left=few_left.set,
            )
            run.take_share(self._holder.share)
            self._holding = asyncio.create_task(self._holder.hold(run))
            self._at_work += 1
            try:
                await self._wait_for_lock(portion.shard.number, directory, run, record)
                failed = (await run.execute()).failed_pairs
            finally:
                self._at_work -= 1
                if not self._at_work:  # else the former one still has calls, behind the same gate
                    self._holding.cancel()
        except AsyncgenError as reason:
            error = reason
            self._kept.stop(reason)
        return ShardEnded(failed, record.report(), error)

    def _take_over_lease(self, portion: Portion) -> ShardRecord:
        """Let the lease be held for a new shard instead of the one before."""
        if self._newest is not None:
            self._newest.give_way()
        if self._holding is not None:
            self._holding.cancel()
        self._newest = ShardRecord(portion.shard.number, self._holder)
        return self._newest

    async def _wait_for_lock(self, shard: int, directory: RunDirectory, run: Run, record: ShardRecord) -> None:
        """Wait for a process that Ray has given up: it may live on while its machine cannot be reached.

        The run refuses what is locked after that.
        """
        for waited in itertools.count():
            if run.reason is not None:
                raise run.reason
            if waited >= self._job.config.patience or not directory.locked():
                return
            if waited == NORMAL_END:
                text = (
                    f"Shard {shard} waits for its former process, on a machine that cannot be reached at present"
                )
                record.observe(Notice(text, warning=True))
            await asyncio.sleep(1)
