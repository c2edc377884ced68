"""From one shard of a worker to the next, with a server that is played; each run is an ordinary one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.probes import Probes
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.lease_holder import LeaseHolder
from asyncgen.cluster.messages import ShardSample, WorkerReport
from asyncgen.cluster.shard_job import ClusterJob, ShardEnded
from asyncgen.cluster.shard_record import ShardRecord
from asyncgen.cluster.shard_worker import ShardWorker
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.engine.kept_service import KeptService
from asyncgen.errors import Interrupted, KeyOrQuotaError
from asyncgen.events import LimitUse
from asyncgen.shard import Portion, Shard

from .helpers import sample

ROWS, SHARDS, AT_ONCE = 12, 3, 4
FIRST, SECOND, THIRD = (Portion(Shard(number, SHARDS), ROWS) for number in (1, 2, 3))


class Server:
    """Answers at once, but rows that are `held` only when they are let go; then perhaps with a failure."""

    def __init__(self, held: set[int]) -> None:
        self.held = held
        self.opened = 0
        self.in_flight = self.most = 0
        self.answered: set[int] = set()
        self.failure: Failure | None = None
        self.let_go = asyncio.Event()
        self.busy = asyncio.Event()
        self.others_answered = asyncio.Event()

    def open(self, _config: RunConfig) -> ScriptedWire:
        self.opened += 1
        return ScriptedWire(self._answer)

    async def _answer(self, request: Prepared) -> Completion | Failure:
        row = int(orjson.loads(request.body)["messages"][-1]["content"].partition("row-")[2].split()[0])
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        if self.in_flight == AT_ONCE:
            self.busy.set()
        try:
            if row in self.held:
                await self.let_go.wait()
                if self.failure is not None:
                    return self.failure
            self.answered.add(row)
            if {*range(FIRST.stop)} <= self.answered | self.held:
                self.others_answered.set()
            return Completion(f"Paraphrase of row-{row} in other words.", Usage(1, 1, 2), "scripted")
        finally:
            self.in_flight -= 1


def job_of(tmp_path: Path, **fields: object) -> ClusterJob:
    """Of a dozen rows, for one worker."""
    source = tmp_path / "pairs.jsonl"
    rows = [
        {"note_id": str(row), "correct_note": f"right row-{row} .", "incorrect_note": f"wrong row-{row} ."}
        for row in range(ROWS)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ClusterJob(
        RunConfig(
            input_jsonl=source,
            output_dir=tmp_path / "out",
            prompt_file=shipped("prompts", "medec_safe.json"),
            endpoints=(EndpointConfig(concurrency=AT_ONCE),),
            model="gpt-4o",
            **fields,
        ),
        None,
    )


@asynccontextmanager
async def worker_of(job: ClusterJob, server: Server) -> AsyncIterator[ShardWorker]:
    """The only one, at a coordinator; whatever the test does, nothing is held at its end."""
    coordinator = Coordinator(1)

    async def channel(report: WorkerReport) -> object:
        return coordinator.report(report)

    try:
        yield ShardWorker(0, job, channel, KeptService(server.open, one_gate=job.shares_gate))
    finally:
        server.let_go.set()


def finished(job: ClusterJob, portion: Portion) -> bool:
    """Whether the directory of a shard says that it has reached its end."""
    directory = job.config.output_dir / "shards" / f"{portion.shard.number}-of-{SHARDS}"
    return (directory / "generation_stats_safe.json").exists() and not (directory / "checkpoint.json").exists()


async def test_a_shard_begins_while_a_call_of_the_former_one_is_in_flight(tmp_path: Path) -> None:
    """Over the same connections; each report is of its own shard."""
    job, server = job_of(tmp_path), Server({FIRST.first})
    async with worker_of(job, server) as worker:
        await worker.begin(FIRST)
        await worker.begin(SECOND)
        second = await worker.finish(SECOND)
        assert server.answered == {*range(FIRST.first + 1, SECOND.stop)}
        server.let_go.set()
        first = await worker.finish(FIRST)
        third = await worker.finish(THIRD)
    assert [end.error for end in (first, second, third)] == [None] * 3
    assert [end.report.shard for end in (first, second, third)] == [1, 2, 3]
    assert len({end.report.session for end in (first, second, third)}) == 3
    assert [end.report.sample and end.report.sample.calls for end in (first, second, third)] == [4, 4, 4]
    assert all(finished(job, portion) for portion in (FIRST, SECOND, THIRD))
    assert server.opened == 1


async def test_the_end_of_a_shard_is_told_while_the_next_one_has_everything_to_do(tmp_path: Path) -> None:
    """A budget lets one shard follow the other, so that the beginning of the next one lasts to its end."""
    job, server = job_of(tmp_path, max_total_tokens=10**6), Server({*range(SECOND.first, SECOND.stop)})
    async with worker_of(job, server) as worker:
        await worker.begin(FIRST)
        beginning = asyncio.create_task(worker.begin(SECOND))
        await server.busy.wait()
        async with asyncio.timeout(5):
            first = await worker.finish(FIRST)
        assert not beginning.done()
        server.let_go.set()
        second = await worker.finish(SECOND)
        await beginning
    assert [(end.error, end.report.shard) for end in (first, second)] == [(None, 1), (None, 2)]


async def test_two_shards_together_have_no_more_calls_in_flight_than_one(tmp_path: Path) -> None:
    """What the former one leaves free is the new one's, and no more."""
    job, server = job_of(tmp_path), Server({FIRST.stop - 1, *range(SECOND.first, SECOND.stop)})
    async with worker_of(job, server) as worker:
        await worker.begin(FIRST)
        await worker.begin(SECOND)
        await server.busy.wait()
        server.let_go.set()
        ends = await asyncio.gather(worker.finish(FIRST), worker.finish(SECOND))
    assert [end.error for end in ends] == [None, None]
    assert server.most == AT_ONCE


async def test_what_stops_one_shard_stops_the_other(tmp_path: Path) -> None:
    """Neither has reached its end, whichever hears of it first."""
    job, server = job_of(tmp_path), Server({FIRST.first, SECOND.first})
    server.failure = Failure("quota", Action.STOP, 429)
    async with worker_of(job, server) as worker:
        await worker.begin(FIRST)
        await worker.begin(SECOND)
        server.let_go.set()
        ends = await asyncio.gather(worker.finish(FIRST), worker.finish(SECOND))
    assert [type(end.error) for end in ends] == [KeyOrQuotaError, KeyOrQuotaError]
    assert not finished(job, FIRST)
    assert not finished(job, SECOND)


async def test_what_stops_a_shard_stops_the_one_that_follows_it_behind_a_gate_of_its_own(tmp_path: Path) -> None:
    """The worker is asked for it before anybody has heard of the end of the former one."""
    job, server = job_of(tmp_path, max_total_tokens=10**9), Server({FIRST.first})
    server.failure = Failure("quota", Action.STOP, 429)
    server.let_go.set()
    async with worker_of(job, server) as worker:
        await worker.begin(FIRST)
        await worker.begin(SECOND)
        ends = [await worker.finish(portion) for portion in (FIRST, SECOND)]
    assert [type(end.error) for end in ends] == [KeyOrQuotaError, KeyOrQuotaError]
    assert not server.answered & {*range(SECOND.first, SECOND.stop)}


async def test_the_wish_to_stop_reaches_both_shards_through_the_newer_one(tmp_path: Path) -> None:
    """The coordinator tells the worker once; rows that are not done are left for the next start."""
    job, server = job_of(tmp_path), Server({FIRST.first, SECOND.first, SECOND.first + 1})
    coordinator = Coordinator(1)

    async def channel(report: WorkerReport) -> object:
        return coordinator.report(report)

    worker = ShardWorker(0, job, channel, KeptService(server.open, one_gate=job.shares_gate))
    await worker.begin(FIRST)
    await worker.begin(SECOND)
    coordinator.overlook(Interrupted("enough"))
    ending = [asyncio.create_task(worker.finish(portion)) for portion in (FIRST, SECOND)]
    await worker._kept.gate(job.config).closing()
    server.let_go.set()
    ends = await asyncio.gather(*ending)
    assert [str(end.error) for end in ends] == ["enough", "enough"]


async def test_the_lease_is_held_as_long_as_any_shard_has_calls(tmp_path: Path) -> None:
    """Also when the newer one has ended: the wish to stop is heard, and the share of the limits is reported."""
    job, server = job_of(tmp_path), Server({FIRST.first})
    coordinator = Coordinator(1)

    async def channel(report: WorkerReport) -> object:
        return coordinator.report(report)

    worker = ShardWorker(0, job, channel, KeptService(server.open, one_gate=job.shares_gate))
    await worker.begin(FIRST)
    assert (await worker.finish(SECOND)).error is None
    coordinator.overlook(Interrupted("enough"))
    await worker._kept.gate(job.config).closing()
    server.let_go.set()
    assert str((await worker.finish(FIRST)).error) == "enough"
    assert worker._holding is not None
    await asyncio.wait({worker._holding})


async def test_with_a_budget_for_each_the_shards_follow_each_other(tmp_path: Path) -> None:
    """What calls in flight may cost is set aside from that of their own shard."""
    job, server = job_of(tmp_path, max_total_tokens=10**9), Server({FIRST.first})
    async with worker_of(job, server) as worker:
        beginning = asyncio.create_task(worker.begin(FIRST))
        await server.others_answered.wait()
        assert not beginning.done()
        server.let_go.set()
        await beginning
        ends: list[ShardEnded] = [await worker.finish(portion) for portion in (FIRST, SECOND)]
    assert [end.error for end in ends] == [None, None]


async def test_a_new_process_that_is_asked_for_the_end_of_a_shard_resumes_it(tmp_path: Path) -> None:
    """Ray repeats what it had asked of a process that has died; what is paid is not asked again."""
    job, server = job_of(tmp_path), Server({FIRST.first + 3})
    async with worker_of(job, server) as worker:
        await worker.begin(FIRST)
        server.failure = Failure("quota", Action.STOP, 429)
        server.let_go.set()
        await worker.finish(FIRST)
    server = Server(set())
    async with worker_of(job, server) as worker:
        assert (await worker.finish(FIRST)).error is None
    assert server.answered == {FIRST.first + 3}


async def test_what_is_asked_again_after_a_connection_has_died_is_done_once(tmp_path: Path) -> None:
    """While a shard is at work and after its end: each asker hears the same, and the server nothing."""
    job, server = job_of(tmp_path), Server({FIRST.first})
    async with worker_of(job, server) as worker:
        beginning = [asyncio.create_task(worker.begin(FIRST)) for _ in range(2)]
        ending = [asyncio.create_task(worker.finish(FIRST)) for _ in range(2)]
        await asyncio.gather(*beginning)
        server.let_go.set()
        ends = await asyncio.gather(*ending)
        server.answered.clear()
        await worker.begin(FIRST)
        ends.append(await worker.finish(FIRST))
    assert ends[0].error is None
    assert ends == ends[:1] * 3
    assert server.answered == set()


@pytest.mark.virtual_clock
async def test_what_both_shards_spend_of_a_limit_counts_once() -> None:
    """For the newer one: the former one's part stands still when it gives way."""
    spent = [(LimitUse("requests", 600, number),) for number in (7, 9)]
    holder = LeaseHolder(0, Coordinator(1).report, Probes())
    record = ShardRecord(1, holder)
    record.observe(sample(calls=7, limits=spent[0]))
    record.give_way()
    ShardRecord(2, holder)
    record.observe(sample(calls=9, limits=spent[1]))
    last = record.report()
    assert last.sample == sample(calls=9, limits=spent[0])
    assert (last.shard, last.news) == (1, ())
    assert holder.report().sample is None
    assert holder.report().former == ShardSample(1, record._session, last.sample)
