"""What the run of a shard gets of the limits of the whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.chat import Usage
from asyncgen.cluster.shard_job import ClusterJob
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.cost import Price, Spend
from asyncgen.limits.budget import Budget
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
    only = ClusterJob(RunConfig(**paths, endpoints=(EndpointConfig(concurrency=8),)), None, workers)
    portion = Portion(Shard(2, 3), 24)
    assert [one.concurrency for one in named.shard_config(portion, SAMPLES).endpoints] == [part, None]
    assert [one.concurrency for one in only.shard_config(portion, SAMPLES).endpoints] == [part]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(2, 10**6), st.data())
def test_a_shard_whose_part_is_used_up_asks_for_a_budget_of_the_whole_run_that_covers_its_call(
    shards: int, pairs_each: int, tokens: int, data: st.DataObject
) -> None:
    """What it says is typed as a flag of the run, which is divided again."""
    pairs = data.draw(st.integers(shards, shards * pairs_each + shards))
    portion = Portion(Shard(data.draw(st.integers(1, shards)), shards), pairs)
    paths = {"input_jsonl": SAMPLES, "output_dir": SAMPLES, "prompt_file": SAMPLES}
    price = Price(model="m", prompt=2.5, cached=1.25, completion=10)
    call = Usage(tokens, tokens // 3, tokens + tokens // 3)

    def budget(**most: Any) -> Budget:
        config = ClusterJob(RunConfig(**paths, **most), price).shard_config(portion, SAMPLES)
        most_cost, most_tokens = config.max_cost, config.max_total_tokens
        return Budget(Spend(), price, most_cost=most_cost, most_tokens=most_tokens, part=config.budget_part)

    [cost] = budget(max_cost=1e-9).shortfall(call).settings
    assert budget(max_cost=cost.value).covers(call)
    [tokens_needed] = budget(max_total_tokens=1).shortfall(call).settings
    assert budget(max_total_tokens=tokens_needed.value).covers(call)
