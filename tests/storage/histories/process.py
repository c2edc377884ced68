"""One start of a history: the real program on the model disk and a virtual clock, or two of it at once."""

import asyncio
import random
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from asyncgen.config import RunConfig
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.engine.single_run import Run
from asyncgen.errors import Interrupted
from tests.storage.batch_server import ModelBatchServer, Receive, Remote
from tests.storage.model_disk import ModelDisk
from tests.storage.model_store import Store
from tests.storage.world import JumpingLoop, World, abandon, stubs

from .cache import PLACE, Kept, model_cache
from .network import Process, StormyNetwork


@dataclass(frozen=True, slots=True)
class Command:
    """What is started: how many pairs, through batches or not, within which budget (tokens), with a cache or not.

    `stop_after` is when Ctrl-C comes, `second_after` when the same command is given once more, in seconds;
    `suspended` is when the machine is, and for how long.
    """

    pairs: int
    batch: bool = False
    budget: int | None = None
    cached: bool = False
    most_attempts: int = 6
    stop_after: float | None = None
    second_after: float | None = None
    suspended: tuple[float, float] | None = None

    def configured(self, config: RunConfig) -> RunConfig:
        """The configuration of the start."""
        return replace(
            config,
            num_pairs=self.pairs,
            batch=self.batch,
            max_total_tokens=self.budget,
            max_attempts=self.most_attempts,
            cache=PLACE if self.cached else None,
        )


@dataclass(frozen=True, slots=True)
class Started:
    """How a start ended, where nothing has ended it before: the record of its disk, and what its processes did."""

    disk: ModelDisk
    processes: tuple[Process, ...]
    failed_pairs: int
    remote: Remote

    @property
    def error(self) -> BaseException | None:
        """Why the first process ended early."""
        return self.processes[0].error


class DoublingServer(ModelBatchServer):
    """Sends some lines of results twice."""

    def __init__(self, remote: Remote, network: StormyNetwork, disk: ModelDisk) -> None:
        super().__init__(remote, network, disk)
        self._weather = network.weather

    async def download(self, file: str, receive: Receive) -> None:
        """The answers, some of them twice."""
        draw = random.Random(file)

        async def twice(line: bytes) -> None:
            await receive(line)
            if draw.random() < self._weather.doubled:
                await receive(line)

        await super().download(file, twice)


def start(
    world: World,
    config: RunConfig,
    store: Store,
    command: Command,
    network: StormyNetwork,
    remote: Remote,
    kept: Kept,
) -> Started:
    """Start what the command says on what is on a disk, which is changed."""
    disk = ModelDisk(store)
    network.disk = disk
    server = DoublingServer(remote, network, disk)
    random.seed(0)  # backoffs draw from it
    processes = (Process(1),) if command.second_after is None else (Process(1), Process(2))
    with stubs():  # a run notes its process when it is made
        runs = [_run(world, config, disk, process, network, server) for process in processes]
    loop = JumpingLoop()
    if command.stop_after is not None:
        loop.call_later(command.stop_after, runs[0].stop, Interrupted("stopped"))
    if command.suspended is not None:
        after, seconds = command.suspended
        loop.call_later(after, loop.stand_still, seconds)
    with ExitStack() as stack:
        stack.enter_context(stubs())
        if command.cached:
            stack.enter_context(model_cache(disk, kept))
        delays = (0.0, command.second_after or 0.0)
        failed = loop.run_until_complete(_together(list(zip(runs, processes, delays, strict=False))))
        abandon(loop)
    return Started(disk, processes, failed, server.remote)


async def _together(starts: list[tuple[Run, Process, float]]) -> int:
    return (await asyncio.gather(*(_carry_out(*one) for one in starts)))[0]


def _run(
    world: World, config: RunConfig, disk: ModelDisk, process: Process, network: StormyNetwork, server: Any
) -> Run:
    return Run(
        config,
        world.recipe,
        [process.log.append],
        disk,
        open_wire=partial(network.connect, process=process),
        batch_access=BatchAccess(lambda *_: server),
    )


async def _carry_out(run: Run, process: Process, delay: float) -> int:
    """Let a process work; how many pairs have failed at its end."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(delay)
    process.began = loop.time()
    try:
        return (await run.execute()).failed_pairs
    except Exception as error:  # noqa: BLE001 - whatever it is, the history looks at it
        process.error = error
    except BaseExceptionGroup as error:
        process.error = error
    finally:
        process.ended = loop.time()
    return 0
