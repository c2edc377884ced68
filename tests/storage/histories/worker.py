"""A worker of a cluster, whose shards overlap: two runs in one process, behind one gate and one wire.

It is the real one on the model disk, and so is its coordinator; reports to that and replies get lost. What it does
on the disk is one record: each shard's directory follows the part of it that is its own.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from asyncgen.chat import Adaptation
from asyncgen.cluster import shard_job, shard_worker
from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.messages import Instruction, WorkerReport
from asyncgen.cluster.shard_job import ClusterJob, ShardEnded
from asyncgen.cluster.shard_record import ShardRecord
from asyncgen.cluster.shard_worker import ShardWorker
from asyncgen.config import RunConfig
from asyncgen.engine.kept_service import KeptService
from asyncgen.errors import Interrupted
from asyncgen.shard import Portion
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.learned_adaptations import known_adaptations
from tests.storage.batch_server import NOTHING
from tests.storage.model_disk import ModelDisk
from tests.storage.model_names import DIRECTORY as A_DIRECTORY
from tests.storage.model_names import OF_NAMES, Operation, moved_change
from tests.storage.model_store import Store
from tests.storage.world import DIRECTORY, JumpingLoop, World, abandon, stubs

from .network import Process, StormyNetwork
from .process import Command, Started

_OF_CALLS = {"asked", "refused", "answered", "at_risk", "billed"}
_OF_DIRECTORIES = {"sync_directory", "sync_directory_failed"}
_ELSEWHERE: Operation = ("elsewhere",)


def start_worker(
    world: World,
    config: RunConfig,
    store: Store,
    command: Command,
    portions: Sequence[Portion],
    network: StormyNetwork,
    channel: random.Random,
) -> Started:
    """Start a worker on some shards, on what is on a disk, which is changed; a process for each shard is returned.

    Args:
        world: where it happens.
        config: of the whole run; its output directory has the shards' below it.
        store: what is on the disk.
        command: when it is stopped or suspended; all else is in the configuration.
        portions: the shards, in order.
        network: to the server.
        channel: draws what gets lost on the way to the coordinator and back.
    """
    disk, process, loop = ModelDisk(store), Process(1), JumpingLoop()
    network.disk = disk
    random.seed(0)  # backoffs draw from it
    coordinator = Coordinator(1, loop.time)
    lost = channel.choice((0.0, 0.3, 0.9))

    async def ask(report: WorkerReport) -> Instruction:
        if channel.random() < lost / 2:
            raise ConnectionError("the report is lost")
        instruction = coordinator.report(report)
        if channel.random() < lost / 2:
            raise ConnectionError("the reply is lost")
        return instruction

    if command.stop_after is not None:
        loop.call_later(command.stop_after, coordinator.overlook, Interrupted("stopped"))
    if command.suspended is not None:
        after, seconds = command.suspended
        loop.call_later(after, loop.stand_still, seconds)
    with stubs(), _stand_ins(world, disk, process):
        job = ClusterJob(config, None, adaptations=_learned(RunDirectory(disk, config.output_dir)))
        worker = ShardWorker(0, job, ask, KeptService(partial(network.connect, process=process)))
        endings: list[ShardEnded] = []
        try:
            endings = loop.run_until_complete(_shards(worker, portions))
        except Exception as error:  # noqa: BLE001 - whatever it is, the history looks at it
            process.error = error
        except BaseExceptionGroup as error:
            process.error = error
        abandon(loop)
    processes = [replace(process, error=ended.error) for ended in endings] or [process]
    return Started(disk, tuple(processes), sum(ended.failed for ended in endings), NOTHING)


def _learned(directory: RunDirectory) -> tuple[Adaptation, ...]:
    """What any shard has learned of the requests that the server takes."""
    shards = directory.shard_directories()
    return tuple(dict.fromkeys(found for shard in shards for found in known_adaptations(shard)))


async def _shards(worker: ShardWorker, portions: Sequence[Portion]) -> list[ShardEnded]:
    """Give it one after the other, two at a time, until one ends with an error: as the driver does."""
    endings: list[asyncio.Task[ShardEnded]] = []
    for portion in portions:
        if any(ended.done() and ended.result().error is not None for ended in endings):
            break
        await worker.begin(portion)
        endings.append(asyncio.create_task(worker.finish(portion)))
        if len(endings) > 1:
            await endings[-2]
    return list(await asyncio.gather(*endings))


@contextmanager
def _stand_ins(world: World, disk: ModelDisk, process: Process) -> Iterator[None]:
    """The disk, the recipe, and an ear for what the shards tell."""
    observe = ShardRecord.observe

    def heard(record: ShardRecord, event: Any) -> None:
        process.log.append(event)
        observe(record, event)

    with (
        patch.object(shard_worker, "Disk", lambda: disk),
        patch.object(shard_job, "build", lambda _: world.recipe),
        patch.object(ShardRecord, "observe", heard),
    ):
        yield


def seen_from(place: str, portion: Portion, begun: Store, record: Sequence[Operation]) -> list[Operation]:
    """A record as one of the shards has made it, as if it stood at the place of every output directory.

    Args:
        place: the path of the shard's directory.
        portion: its rows.
        begun: the disk when the record began.
        record: of all shards; what is not of this one is only a note in what is returned.
    """
    inodes = {number for path, number in begun.names.items() if number != A_DIRECTORY and _is_in(path, place)}
    seen: list[Operation] = []
    for operation in record:
        verb, what = operation[0], operation[1]
        if verb in _OF_CALLS:
            own = portion.first <= what[0] < portion.stop
        elif verb in OF_NAMES or verb in _OF_DIRECTORIES:
            own = _is_in(what, place)
            if own and verb == "create":
                inodes.add(operation[2])
        else:
            own = what in inodes
        seen.append(moved_change(operation, place, str(DIRECTORY)) if own else _ELSEWHERE)
    return seen


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
