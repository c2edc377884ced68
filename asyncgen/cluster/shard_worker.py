"""A worker of the cluster: one shard after the other, each by an ordinary run."""

import asyncio

from asyncgen.client.probes import Probes
from asyncgen.cluster.lease_holder import Channel, LeaseHolder
from asyncgen.cluster.shard_job import ClusterJob, ShardEnded
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError
from asyncgen.shard import Portion
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

LONGEST_END = 60  # seconds in which a process that was given up normally ends


class ShardWorker:
    """Runs shards in its own process.

    Args:
        number: of the worker, from 0.
        job: the whole run.
        channel: to the coordinator that leases the limits.
    """

    def __init__(self, number: int, job: ClusterJob, channel: Channel) -> None:
        self._job = job
        self._probes = Probes(job.adaptations, shared=True)
        self._holder = LeaseHolder(number, job.workers, channel, self._probes)

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
        return f"{unseen[0]} does not exist there: it must be on a path that all nodes share" if unseen else ""

    async def work(self, portion: Portion) -> ShardEnded:
        """Run a shard to its end, or resume it."""
        disk = Disk()
        try:
            return await self._work(portion, RunDirectory(disk, self._job.config.output_dir).shard(portion.shard))
        finally:
            disk.close()

    async def _work(self, portion: Portion, directory: RunDirectory) -> ShardEnded:
        holder, job = self._holder, self._job
        holder.begin(portion.shard.number)
        failed, error = 0, None
        holding = None
        await self._wait_for_lock(directory)
        try:
            config = job.shard_config(portion, directory.path)
            disk, price = directory.disk, job.price
            run = Run(
                config,
                job.recipe(),
                [holder.observe],
                disk,
                price=price,
                wording=job.wording,
                probes=self._probes,
                model_checked=True,
            )
            run.take_share(holder.share)
            holding = asyncio.create_task(holder.hold(run))
            failed = (await run.execute()).failed_pairs
        except AsyncgenError as reason:
            error = reason
        finally:
            if holding is not None:
                holding.cancel()
        return ShardEnded(failed, holder.report(), error)

    async def _wait_for_lock(self, directory: RunDirectory) -> None:
        """Wait for a process that Ray has given up, which may live on for a moment; after that the run refuses."""
        for _ in range(LONGEST_END):
            if not directory.locked():
                return
            await asyncio.sleep(1)
