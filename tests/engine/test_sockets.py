"""How many calls may be in flight where a process may open few sockets."""

import resource

import pytest

from asyncgen.api.settings import Settings
from asyncgen.cluster.messages import Instruction, WorkerReport
from asyncgen.cluster.shard_job import ClusterJob
from asyncgen.cluster.shard_worker import ShardWorker
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine import sockets

HERE = "http://127.0.0.1:1/v1"


@pytest.fixture(autouse=True)
def limits(monkeypatch):
    """A process that may open 100 files, and 1,000 if it asks; what it has asked for."""
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 1000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: asked.append(limit))
    return asked


@pytest.fixture
def job(tmp_path):
    """The paths of a job."""
    return {"input_jsonl": tmp_path / "rows.jsonl", "output_dir": tmp_path / "out"}


def test_a_process_without_a_maximum_asks_for_enough(monkeypatch, limits):
    """Some containers set none."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, resource.RLIM_INFINITY))
    assert sockets.sockets() == sockets.MOST_DESCRIPTORS - sockets.OTHER_DESCRIPTORS
    assert limits == [(sockets.MOST_DESCRIPTORS, resource.RLIM_INFINITY)]


def test_a_run_from_python_opens_no_more_sockets_than_it_may(job, limits):
    """As one of the command line: what is beyond would count as failures of rows."""
    config = Settings(**job, base_url=HERE).config()
    assert config.most_in_flight == config.ceiling == 1000 - sockets.OTHER_DESCRIPTORS
    assert limits[0] == (1000, 1000)


def test_a_concurrency_that_is_set_is_taken_as_it_is(job, limits):
    """From Python: whoever sets it knows what else the process has open."""
    assert Settings(**job, base_url=HERE, concurrency=937).config().ceiling == 937


async def unheard(report: WorkerReport) -> Instruction:
    """A coordinator that is not there."""
    raise ConnectionError


def test_a_worker_keeps_to_the_sockets_of_its_own_machine(tmp_path, job):
    """Its process may be allowed fewer than the one that started the run."""
    for name in ("rows.jsonl", "out"):
        (tmp_path / name).touch()

    def worker(workers: int, **fields: object) -> ShardWorker:
        endpoints = (EndpointConfig(base_url=HERE, **fields),)
        return ShardWorker(0, ClusterJob(RunConfig(**job, endpoints=endpoints), None, workers), unheard)

    assert worker(1)._job.config.ceiling == 936
    assert worker(2, concurrency=1872).trouble() == ""
    assert "concurrency 937 needs as many sockets" in worker(2, concurrency=1874).trouble()
