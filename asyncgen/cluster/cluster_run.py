"""A run in shards: the state of the directory, the division, the workers, and the end.

The order of steps makes every crash harmless: the division is durable before the first shard begins; the shards
are removed only when the statistics of the merged run, its last file, are in the output directory.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from asyncgen.chat import Adaptation
from asyncgen.cluster.driver import Driver, Fleet
from asyncgen.cluster.run_threshold import RunThreshold
from asyncgen.cluster.shard_directories import Division, clear, load_division, move_up, save_division
from asyncgen.cluster.shard_job import ClusterJob
from asyncgen.cluster.totals import Totals
from asyncgen.engine.session import RunSession, Summary
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError, DirectoryError, Setting
from asyncgen.events import CallEnded, Event, Notice, Observer, Planned, RunStarted
from asyncgen.recipe import nouns_of, rows_of_recipe
from asyncgen.shard import Portion
from asyncgen.storage.checkpoint import RunState, load_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.input_cuts import Cut
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.learned_adaptations import known_adaptations
from asyncgen.storage.resume import peek, refuse_other_run, supersede
from asyncgen.storage.shard_merge import join

RAY = Setting("engine", "ray")
FEW_SHARDS, MANY_SHARDS = 4, 16  # for each worker: at the end the others wait for the last one
ROWS_OF_MANY = 1_000  # rows of a shard, at least, where there are more than few: several times those in flight


def usual_shards(pairs: int, workers: int, *, overlap: bool) -> int:
    """How many shards a run has when nobody says it; `overlap`: a worker begins one before the last is done."""
    many = min(MANY_SHARDS, pairs // (ROWS_OF_MANY * workers)) if overlap else FEW_SHARDS
    return workers * max(FEW_SHARDS, many)


class Cluster(Protocol):
    """Machines on which workers can be started."""

    @property
    def nodes(self) -> int:
        """How many machines there are."""

    async def fleet(self, job: ClusterJob) -> Fleet:
        """Start the workers of a job.

        Raises:
            UsageError: a machine cannot take part.
        """

    def close(self) -> None:
        """End what was started."""


class ClusterRun:
    """One run whose shards are processed on one or many machines.

    Args:
        job: the whole run.
        shards: how many shards the run is divided into; None: as it was begun, else some for each worker.
        actors: how many workers; None: one for each machine.
        connect: finds or starts the cluster; called only if there is something to do.
        observers: called with every event, on the event loop.
        disk: the disk.
        expect: the forecast for so many rows.
        command: the command that resumes the run.
    """

    def __init__(
        self,
        job: ClusterJob,
        shards: int | None,
        actors: int | None,
        connect: Callable[[], Cluster],
        observers: Sequence[Observer],
        disk: Disk,
        *,
        expect: Callable[[int], Planned] | None = None,
        command: str = "",
    ) -> None:
        self._job = job
        self._config = job.config
        self._shards = shards
        self._actors = actors
        self._connect = connect
        self._disk = disk
        self._expect = expect
        self._directory = RunDirectory(disk, job.config.output_dir)
        self._session = RunSession(
            self._directory, observers, command, job.config.telling_settings, job.wording, job.price
        )
        self._observe = self._session.observe
        self._observers = observers
        # The same run in one process, for the work that is not done in shards.
        self._recipe = job.recipe()
        self._whole = Run(
            job.config,
            self._recipe,
            list(observers),
            disk,
            price=job.price,
            command=command,
            wording=job.wording,
        )
        self._driver: Driver | None = None
        self._reason: AsyncgenError | None = None
        self._asked = asyncio.Event()

    def stop(self, reason: AsyncgenError) -> None:
        """Ask the run to stop: no more calls are sent, those in flight are finished. The first reason counts."""
        self._reason = self._reason or reason
        self._asked.set()
        self._whole.stop(reason)
        if self._driver is not None:
            self._driver.stop(reason)

    async def execute(self) -> Summary:
        """Run to the end.

        Raises:
            AsyncgenError: the reason it ended early; everything paid is saved.
        """
        directory = self._directory
        if self._disk.size(directory.statistics) is not None and not self._config.restart:
            if self._disk.list_directory(directory.shards):
                directory.make()
                with directory.lock():
                    clear(directory)  # a crash at the end has left the shards
            self._observe(Notice("The shards of this run are merged: one process does what is left, without Ray"))
            return await self._whole.execute()
        return await self._session.carry_out(self._check, self._execute)

    async def _check(self, _begun: bool) -> int:
        return await self._whole.check_input()

    async def _execute(self, pairs: int) -> tuple[RunState, bool]:
        """Bring the run to its end; returns its final state, and that there was something to do."""
        directory = self._directory
        if self._config.restart:
            self._move_aside()
        self._job = replace(self._job, config=replace(self._config, input_jsonl=self._whole.keep_input()))
        division = self._begun_division(pairs)
        if division is None or self._disk.size(directory.merged.statistics) is None:
            division = await self._work(pairs, division)
            self._observe(Notice(f"Merging {division.of} shards"))
            directories = [directory.shard(portion.shard) for portion in division.portions]
            await self._disk.call(lambda: join(directories, directory.merged))
        move_up(directory)
        clear(directory)
        state = load_statistics(directory)
        assert state is not None
        return state, True

    async def _work(self, pairs: int, division: Division | None) -> Division:
        """Finish all shards; returns the division, which is made if there is none."""
        resumed = division is not None
        if division is None or self._stand(division)[1]:
            await self._whole.check_model()
        self._observe(Notice("Joining the Ray cluster, or starting one here"))
        cluster = self._connect()
        try:
            # Each has at least one call in flight.
            allowed = [one.concurrency for one in self._config.endpoints if one.concurrency is not None]
            workers = self._actors or min([cluster.nodes, *allowed])
            if division is None:
                of = min(pairs, self._shards or usual_shards(pairs, workers, overlap=self._job.shares_gate))
                division = Division(of, pairs, self._whole.fingerprint)
                save_division(self._directory, division)
            done, waiting = self._stand(division)
            before = sum(number for number, _ in done.values())
            self._observe(RunStarted(before, before, pairs, resumed))
            if self._expect is not None:
                self._observe(self._expect(pairs - before))
            if waiting:
                # Further workers would hold shares of the limits for nothing.
                job = replace(
                    self._job,
                    workers=min(workers, len(waiting)),
                    adaptations=self._adaptations(division),
                    cuts=await self._cuts(waiting),
                )
                machines = "1 machine" if cluster.nodes == 1 else f"{cluster.nodes} machines"
                text = f"{len(waiting)} of {division.of} shards to do, by {job.workers} actors on {machines}"
                self._observe(Notice(text))
                totals = Totals({portion.shard.number: portion.size for portion in division.portions}, done)
                bounds = self._config.max_failures, self._config.max_failed_share
                begun = {shard: number for shard, (number, _) in done.items()}
                threshold = RunThreshold(*bounds, rows_of_recipe(self._recipe), begun)
                await self._drive(await self._fleet(cluster, job), totals, threshold, waiting, job.adaptations)
        finally:
            cluster.close()
        return division

    async def _fleet(self, cluster: Cluster, job: ClusterJob) -> Fleet:
        """Start the workers, unless the run is asked to stop meanwhile: a machine may not come up for long."""
        starting, asked = asyncio.ensure_future(cluster.fleet(job)), asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done() and self._reason is not None:
                raise self._reason
            return await starting
        finally:
            starting.cancel()
            asked.cancel()

    async def _drive(
        self,
        fleet: Fleet,
        totals: Totals,
        threshold: RunThreshold,
        waiting: list[Portion],
        adaptations: tuple[Adaptation, ...],
    ) -> None:
        self._driver = Driver(
            fleet,
            totals,
            self._tell,
            self._session.event_log.flush,
            threshold,
            self._config.model,
            adaptations,
        )
        if self._reason is not None:
            self._driver.stop(self._reason)
        await self._driver.run(waiting)

    def _tell(self, event: Event) -> None:
        """Pass on an event of the workers; calls are in the logs of their shards, which are merged."""
        for observe in self._observers if isinstance(event, CallEnded) else [self._observe]:
            observe(event)

    def _stand(self, division: Division) -> tuple[dict[int, tuple[int, int]], list[Portion]]:
        """How many rows of each shard are done and have failed; and the shards with something to do.

        As in one process, a start asks again for rows that failed in an earlier one.
        """
        done, waiting = {}, []
        for portion in division.portions:
            directory = self._directory.shard(portion.shard)
            state = peek(directory)
            failed = 0 if state is None else state.failed_pairs
            done[portion.shard.number] = (0 if state is None else state.done, failed)
            unfinished = self._disk.size(directory.checkpoint) is not None
            if failed or unfinished or self._disk.size(directory.statistics) is None:
                waiting.append(portion)
        return done, waiting

    async def _cuts(self, waiting: list[Portion]) -> dict[int, Cut]:
        """The beginnings of shards that have not begun, so that workers need not read the input up to there."""
        fresh = [portion for portion in waiting if peek(self._directory.shard(portion.shard)) is None]
        cuts = await self._whole.cuts(fresh)
        return {portion.shard.number: cuts[portion.first] for portion in fresh}

    def _adaptations(self, division: Division) -> tuple[Adaptation, ...]:
        """What endpoints have refused, as far as any shard knows."""
        shards = (self._directory.shard(portion.shard) for portion in division.portions)
        return tuple(dict.fromkeys(found for shard in shards for found in known_adaptations(shard)))

    def _begun_division(self, pairs: int) -> Division | None:
        """The division with which the run was begun, if it was; it must be the requested one.

        Raises:
            DirectoryError: it is not.
        """
        if self._disk.size(self._directory.checkpoint) is not None:
            raise DirectoryError(f"{self._directory} holds an unfinished run of one process: leave out ", RAY)
        division = load_division(self._directory)
        if division is None:
            return None
        refuse_other_run(division.fingerprint, self._whole.fingerprint)
        if division.pairs != pairs:
            rows = nouns_of(rows_of_recipe(self._recipe)).many
            raise DirectoryError(
                f"this run was divided when it had {division.pairs:,} {rows}, and now there are {pairs:,}: finish "
                "it with ",
                Setting("num_pairs", division.pairs),
                ", then continue without ",
                RAY,
            )
        if self._shards is not None and division.of != min(pairs, self._shards):
            raise DirectoryError(f"this run is divided into {division.of} shards: leave out ", Setting("shards"))
        return division

    def _move_aside(self) -> None:
        moved_to = supersede(self._directory, self._recipe, self._config.input_jsonl)
        if moved_to is not None:
            self._observe(Notice(f"The files of an earlier run were moved to {moved_to}"))
        clear(self._directory)
