"""What the run of a shard gets of the limits of the whole."""

import pytest

from asyncgen.cluster.job import ClusterJob
from asyncgen.config import EndpointConfig, RunConfig, shipped
from asyncgen.shard import Portion, Shard

SAMPLES = shipped("samples", "pairs.jsonl")


@pytest.mark.parametrize(("workers", "part"), [(1, 8), (3, 2), (20, 1)])
def test_calls_in_flight_are_divided_among_the_workers_at_each_endpoint_too(workers, part):
    """What finds itself goes on to do so."""
    endpoints = tuple(
        EndpointConfig(name=name, base_url="http://127.0.0.1:1/v1", concurrency=number)
        for name, number in (("a", 8), ("b", None))
    )
    paths = {"input_jsonl": SAMPLES, "output_dir": SAMPLES, "prompt_file": SAMPLES}
    named = ClusterJob(RunConfig(**paths, endpoints=endpoints), None, workers)
    only = ClusterJob(RunConfig(**paths, concurrency=8), None, workers)
    portion = Portion(Shard(2, 3), 24)
    assert [one.concurrency for one in named.shard_config(portion, SAMPLES).endpoints] == [part, None]
    assert only.shard_config(portion, SAMPLES).concurrency == part
