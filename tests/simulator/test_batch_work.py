"""The states of a batch in time, on a virtual clock and without a connection."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from asyncgen.simulator import Batch, Profile
from asyncgen.simulator.batch.batch_job import BatchJob
from asyncgen.simulator.batch.batch_work import BatchWork
from asyncgen.simulator.batch.chance import Chance
from asyncgen.simulator.batch.create_request import CreateRequest
from asyncgen.simulator.batch.file_store import FileStore
from asyncgen.simulator.batch.jobs import Jobs
from asyncgen.simulator.batch.line_answers import LineAnswers
from asyncgen.simulator.counts import Counts
from asyncgen.simulator.providers import OpenAI
from asyncgen.simulator.providers.batch_rules import BatchRules

from .batch_client import ENDPOINT, jsonl, line

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

REQUESTS = 100
OPENAI = BatchRules()
Start = Callable[[], BatchJob]


@contextmanager
def batches(rules: BatchRules = OPENAI, **table: Any) -> Iterator[Start]:
    """A function that starts a batch of a hundred requests."""
    profile, counts, ids = Profile(batch=Batch(**table)), Counts(), (str(number) for number in count())
    provider, files = OpenAI(profile.models), FileStore(ids)
    chance = Chance(profile.batch, profile.seed, counts.faults)
    answers = LineAnswers(profile, provider, counts, chance, ids)
    work = BatchWork(profile.batch, provider, rules, files, answers, lambda _, __: None)
    jobs = Jobs(work.run, chance, counts, ids)
    source = files.new("input.jsonl", "batch")
    source.path.write_bytes(jsonl(line(number) for number in range(REQUESTS)))
    yield lambda: jobs.start(CreateRequest(source.id, ENDPOINT, "24h", None), source)
    files.close()


async def states(job: BatchJob, *, step_s: float = 0.5, until_s: float = 30.0) -> dict[float, tuple[str, int]]:
    """State and answered requests, as they are at each step."""
    seen = {}
    for step in range(1, int(until_s / step_s) + 1):
        await asyncio.sleep(step_s)
        seen[step * step_s] = (job.status, job.tally.completed)
        if job.status in ("completed", "failed", "expired", "cancelled"):
            break
    return seen


async def test_a_batch_passes_through_its_states_in_time() -> None:
    """Each state lasts as long as the table says, and the requests are done evenly over theirs."""
    with batches(validating_s=2.25, working_s=4.0, finalizing_s=1.0) as start:
        seen = await states(start())
    assert {at for at, (state, _) in seen.items() if state == "validating"} == {0.5, 1.0, 1.5, 2.0}
    done = {at: done for at, (state, done) in seen.items() if state == "in_progress"}
    assert list(done) == [2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0]
    assert all(completed == pytest.approx(25 * (at - 2.25), abs=6) for at, completed in done.items())
    assert {at for at, (state, _) in seen.items() if state == "finalizing"} == {6.5, 7.0}
    assert seen[7.5] == ("completed", REQUESTS)


async def test_a_batch_that_takes_longer_than_its_window_expires() -> None:
    """Its time runs from its creation; what was done by then is kept."""
    with batches(validating_s=2.0, working_s=10.0, finalizing_s=0.0, window_s=7.0) as start:
        job = start()
        seen = await states(job)
    assert max(seen) == pytest.approx(7.5, abs=0.6)
    assert job.status == "expired"
    assert job.tally.completed == pytest.approx(50, abs=6)
    assert job.tally.completed + job.tally.failed == REQUESTS


async def test_some_servers_let_no_batch_expire() -> None:
    """It goes on until it is done, whatever the window and the share of those that expire."""
    rules = BatchRules(expires=False)
    with batches(rules, working_s=10.0, window_s=3.0, expire=1.0) as start:
        job = start()
        await states(job)
    assert (job.status, job.tally.completed) == ("completed", REQUESTS)


@pytest.mark.parametrize("at_s", [0.5, 1.5, 3.0])
async def test_a_batch_can_be_cancelled_at_any_time(at_s: float) -> None:
    """It stops at once, and is cancelled a moment later."""
    with batches(validating_s=1.0, working_s=10.0, cancelling_s=2.0) as start:
        job = start()
        await asyncio.sleep(at_s)
        job.enter("cancelling", 0.0)
        job.cancelled.set()
        seen = await states(job)
    assert {state for _, (state, _) in seen.items()} == {"cancelling", "cancelled"}
    assert max(seen) == pytest.approx(2.0, abs=0.6)
    assert job.tally.completed == pytest.approx(10 * max(0.0, at_s - 1.0), abs=6)
