"""What a worker does before and around the run of a shard."""

import asyncio
import math
from pathlib import Path

import pytest

from asyncgen.cluster.messages import Instruction, WorkerReport
from asyncgen.cluster.shard_job import ClusterJob
from asyncgen.cluster.shard_worker import ShardWorker
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.errors import AsyncgenError, Interrupted
from asyncgen.events import Event
from asyncgen.shard import Portion, Shard
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory


def job_of(tmp_path: Path, **fields: object) -> ClusterJob:
    """For four workers."""
    paths = {name: tmp_path / name for name in ("input_jsonl", "output_dir", "prompt_file")}
    return ClusterJob(RunConfig(**paths, **fields), None, 4)


async def unheard(report: WorkerReport) -> Instruction:
    """A coordinator that is not there."""
    raise ConnectionError


def test_calls_in_flight_are_divided_by_workers_and_a_budget_by_pairs(tmp_path):
    """All workers together keep to what was asked for; a shard is no restart of anything."""
    endpoints = (EndpointConfig(concurrency=10),)
    job = job_of(tmp_path, endpoints=endpoints, max_cost=8.0, max_total_tokens=1001, restart=True)
    portion = Portion(Shard(2, 4), 100)
    config = job.shard_config(portion, tmp_path / "shard")
    assert (config.endpoints[0].concurrency, config.max_cost, config.max_total_tokens) == (2, 2.0, 250)
    assert (config.output_dir, config.shard, config.restart) == (tmp_path / "shard", Shard(2, 4), False)


def test_without_such_bounds_there_are_none(tmp_path):
    """And those of several endpoints are divided one by one."""
    endpoints = tuple(
        EndpointConfig(name=name, base_url="http://127.0.0.1:1/v1", concurrency=number)
        for name, number in (("a", 9), ("b", None))
    )
    config = job_of(tmp_path, endpoints=endpoints).shard_config(Portion(Shard(1, 2), 9), tmp_path)
    assert (config.max_cost, config.max_total_tokens) == (None, None)
    assert [endpoint.concurrency for endpoint in config.endpoints] == [2, None]


def test_a_machine_that_does_not_see_the_shared_paths_is_told_of(tmp_path):
    """By the first of them."""
    worker = ShardWorker(0, job_of(tmp_path), unheard)
    assert "input_jsonl does not exist there" in worker.trouble()
    for name in ("input_jsonl", "output_dir", "prompt_file"):
        (tmp_path / name).touch()
    assert worker.trouble() == ""


def test_the_key_is_in_no_text_that_a_job_makes_of_itself(tmp_path):
    """Ray may print what it is given."""
    job = job_of(tmp_path, endpoints=(EndpointConfig(api_key="sk-never-to-be-seen"),))
    assert "sk-never" not in f"{job!r} {job} {ShardWorker(0, job, unheard)!r}"


class Waiting:
    """A run and its record: keeps what it is told, and why it was asked to stop."""

    def __init__(self) -> None:
        self.reason: AsyncgenError | None = None
        self.told: list[Event] = []

    def observe(self, event: Event) -> None:
        self.told.append(event)


@pytest.mark.asyncio
@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("patience", "ends", "waited", "told"),
    [(600.0, 0, 0, 0), (600.0, 5, 5, 0), (600.0, 70, 70, 1), (600.0, 1000, 600, 1), (math.inf, 1000, 1000, 1)],
)
async def test_a_process_that_was_given_up_may_end_before_its_shard_goes_on(
    tmp_path: Path, disk: Disk, patience: float, ends: int, waited: int, told: int
) -> None:
    """It holds the lock meanwhile; the run refuses what is locked when the patience is over."""
    directory = RunDirectory(disk, tmp_path).shard(Shard(1, 2))
    directory.make()
    loop, waiting = asyncio.get_running_loop(), Waiting()
    lock = disk.lock(directory.lock_file)
    if ends:
        ending = loop.call_later(ends - 0.5, disk.close_descriptor, lock)
    else:
        disk.close_descriptor(lock)
    worker = ShardWorker(0, job_of(tmp_path, patience=patience), unheard)
    await worker._wait_for_lock(1, directory, waiting, waiting)  # type: ignore[arg-type]
    assert loop.time() == pytest.approx(waited)
    assert len(waiting.told) == told
    if ends > waited:
        ending.cancel()
        disk.close_descriptor(lock)


@pytest.mark.asyncio
@pytest.mark.virtual_clock
async def test_the_wait_for_a_process_that_was_given_up_ends_with_the_wish_to_stop(
    tmp_path: Path, disk: Disk
) -> None:
    """Ctrl-C is heard while a machine cannot be reached."""
    directory = RunDirectory(disk, tmp_path).shard(Shard(1, 2))
    directory.make()
    waiting, lock = Waiting(), disk.lock(directory.lock_file)
    asyncio.get_running_loop().call_later(20, setattr, waiting, "reason", Interrupted("enough"))
    with pytest.raises(Interrupted, match="enough"):
        await ShardWorker(0, job_of(tmp_path), unheard)._wait_for_lock(1, directory, waiting, waiting)  # type: ignore[arg-type]
    disk.close_descriptor(lock)
