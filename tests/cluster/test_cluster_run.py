"""A cluster's run up to the point at which it would connect to the cluster."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest

from asyncgen.client.wire import LookedUp
from asyncgen.cluster.cluster_run import ClusterRun, usual_shards
from asyncgen.cluster.shard_directories import Division, save_division
from asyncgen.cluster.shard_job import ClusterJob
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.errors import Interrupted, KeyOrQuotaError, TryLaterError
from asyncgen.events import Event, InputLoaded, Notice, ProcessEnded
from asyncgen.shard import Portion, Shard
from asyncgen.storage.checkpoint import RunState, encode_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory


@pytest.mark.parametrize(
    ("pairs", "workers", "overlap", "each"),
    [(10, 2, True, 4), (9_999, 2, True, 4), (10_000, 2, True, 5), (10**9, 2, True, 16), (10**9, 2, False, 4)],
)
def test_a_long_run_has_more_shards(pairs: int, workers: int, overlap: bool, each: int) -> None:
    """So that nobody waits long for the last of them; but each has budgets of its own if there are any."""
    assert usual_shards(pairs, workers, overlap=overlap) == workers * each


def config_of_one_pair(tmp_path: Path) -> RunConfig:
    """Of a run over a file with one pair."""
    source = tmp_path / "pairs.jsonl"
    source.write_text(json.dumps({"note_id": "0", "correct_note": "right", "incorrect_note": "wrong"}) + "\n")
    return RunConfig(
        input_jsonl=source, output_dir=tmp_path / "out", prompt_file=shipped("prompts", "medec_safe.json")
    )


async def test_a_model_that_the_server_does_not_know_ends_it_before_the_cluster_is_there(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up once, not by every shard; nothing is divided."""
    config = config_of_one_pair(tmp_path)

    async def look_up(*_: object) -> LookedUp:
        return LookedUp(404, {"error": {"code": "model_not_found"}})

    def connect() -> Never:
        pytest.fail("it starts workers for a model that is not there")

    monkeypatch.setattr("asyncgen.client.wire.SdkWire.look_up", look_up)
    with pytest.raises(KeyOrQuotaError, match="does not know the model"):
        await ClusterRun(ClusterJob(config, None), None, None, connect, [], disk).execute()
    assert not RunDirectory(disk, config.output_dir).division.exists()


async def test_a_run_that_another_one_overtook_gives_way_to_it(tmp_path: Path, disk: Disk) -> None:
    """It has read its input without the lock, and would divide a run that has ended meanwhile."""
    source = tmp_path / "pairs.jsonl"
    source.write_text(json.dumps({"note_id": "0", "correct_note": "right", "incorrect_note": "wrong"}) + "\n")
    directory = RunDirectory(disk, tmp_path / "out")
    config = RunConfig(
        input_jsonl=source, output_dir=directory.path, prompt_file=shipped("prompts", "medec_safe.json")
    )
    events: list[Event] = []

    def observe(event: Event) -> None:
        events.append(event)
        if isinstance(event, InputLoaded):
            directory.make()
            directory.statistics.write_bytes(encode_statistics(RunState(0, 1, "", {}, {"total_pairs": 1})))

    def connect() -> Never:
        pytest.fail("it works in the directory of another run")

    with pytest.raises(TryLaterError, match="another run has just begun"):
        await ClusterRun(ClusterJob(config, None), None, None, connect, [observe], disk).execute()
    assert [event.exit_code for event in events if isinstance(event, ProcessEnded)] == [75]
    assert not directory.division.exists()


class Slow:
    """A cluster whose workers do not come up: a machine that is starting, or that hangs."""

    def __init__(self, nodes: int = 1) -> None:
        self.nodes = nodes
        self.asked = asyncio.Event()
        self.closed = False

    async def fleet(self, _job: ClusterJob) -> None:
        """Say that it was asked, and never return."""
        self.asked.set()
        await asyncio.Event().wait()

    def close(self) -> None:
        """Note it."""
        self.closed = True


async def stop_while_workers_start(run: ClusterRun, cluster: Slow) -> None:
    """Begin a run, and stop it when its cluster has been asked for workers."""
    running = asyncio.create_task(run.execute())
    async with asyncio.timeout(10):
        await cluster.asked.wait()
        run.stop(Interrupted("enough"))
        with pytest.raises(Interrupted):
            await running


async def test_the_wish_to_stop_is_heard_while_workers_start(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a machine is not there yet."""
    config = config_of_one_pair(tmp_path)

    async def look_up(*_: object) -> None:
        return None

    monkeypatch.setattr("asyncgen.client.wire.SdkWire.look_up", look_up)
    cluster = Slow()
    run = ClusterRun(ClusterJob(config, None), None, None, lambda: cluster, [], disk)
    await stop_while_workers_start(run, cluster)
    assert cluster.closed


async def test_rows_that_failed_in_an_earlier_start_are_asked_again(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where their shard has ended: one process does so, and its end would be another."""
    config = config_of_one_pair(tmp_path)
    config.input_jsonl.write_bytes(config.input_jsonl.read_bytes() * 2)

    async def look_up(*_: object) -> None:
        return None

    monkeypatch.setattr("asyncgen.client.wire.SdkWire.look_up", look_up)
    cluster, events = Slow(), list[Event]()
    run = ClusterRun(ClusterJob(config, None), None, None, lambda: cluster, [events.append], disk)
    directory = RunDirectory(disk, config.output_dir)
    directory.make()
    save_division(directory, Division(2, 2, run._whole.fingerprint))
    for index in range(2):
        portion = Portion(Shard(index + 1, 2), 2)
        shard = directory.shard(portion.shard)
        shard.make()
        state = RunState(index, 1, "", {}, {"total_pairs": 1}, failed_pairs=index, portion=portion)
        shard.statistics.write_bytes(encode_statistics(state))
    await stop_while_workers_start(run, cluster)
    assert "1 of 2 shards to do, by 1 actors on 1 machine" in [e.text for e in events if isinstance(e, Notice)]


async def test_there_are_no_more_workers_than_calls_that_may_be_in_flight(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker has at least one: on many machines they would be more than was allowed for all together."""
    config = replace(config_of_one_pair(tmp_path), endpoints=(EndpointConfig(concurrency=2),))
    config.input_jsonl.write_bytes(config.input_jsonl.read_bytes() * 9)

    async def look_up(*_: object) -> None:
        return None

    monkeypatch.setattr("asyncgen.client.wire.SdkWire.look_up", look_up)
    cluster, events = Slow(nodes=3), list[Event]()
    run = ClusterRun(ClusterJob(config, None), None, None, lambda: cluster, [events.append], disk)
    await stop_while_workers_start(run, cluster)
    assert "8 of 8 shards to do, by 2 actors on 3 machines" in [e.text for e in events if isinstance(e, Notice)]
