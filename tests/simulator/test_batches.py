"""Batches as OpenAI's own client sees them: from the upload to the files that come back."""

import asyncio

import openai
import pytest

from asyncgen.simulator import Latency

from .batch_client import ENDPOINT, batch, line, request, serve


async def test_a_batch_is_answered() -> None:
    """Each request is in the output under its id, in another order; the batch says what it was."""
    async with serve() as client:
        done = await client.run([line(number) for number in range(30)], metadata={"run": "one"})
        output = await client.content(done.output_file_id)
    assert done.status == "completed"
    assert done.endpoint == ENDPOINT
    assert done.completion_window == "24h"
    assert done.metadata == {"run": "one"}
    assert done.model == "gpt-4o"
    assert done.errors is None
    assert done.error_file_id is None
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (30, 30, 0)
    assert done.expires_at == done.created_at + 86_400
    assert done.created_at <= done.in_progress_at <= done.finalizing_at <= done.completed_at
    names = [one["custom_id"] for one in output]
    assert sorted(names) == sorted(f"r{number}" for number in range(30))
    assert names != sorted(names, key=lambda name: int(name[1:]))
    spent = sum(one["response"]["body"]["usage"]["total_tokens"] for one in output)
    assert done.usage.total_tokens == spent
    assert all(one["error"] is None and one["response"]["status_code"] == 200 for one in output)
    assert len({one["id"] for one in output}) == 30


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-6-luna"])
async def test_an_answer_is_that_of_the_live_server(model: str) -> None:
    """The same body is answered with the same text and usage, reasoning tokens among it."""
    body = request(1, model=model)
    body["max_completion_tokens"] = body.pop("max_tokens") * 10
    async with serve(latency=Latency(median_s=0.0)) as client:
        live = (await client.sdk.chat.completions.create(**body)).model_dump(exclude_unset=True)
        done = await client.run([line(1, body=body)])
        (output,) = await client.content(done.output_file_id)
    batched = output["response"]["body"]
    for answer in (live, batched):
        del answer["id"], answer["created"]
    assert batched == live


async def test_a_refused_request_is_in_the_error_file() -> None:
    """Its line has the status and the error that the live server answers with; the others are answered."""
    async with serve() as client:
        bad = request(2, reasoning_effort="sideways")
        done = await client.run([line(1), line(2, body=bad), line(3)])
        (error,) = await client.content(done.error_file_id)
        assert len(await client.content(done.output_file_id)) == 2
        with pytest.raises(openai.BadRequestError) as live:
            await client.sdk.chat.completions.create(**bad)
    assert done.status == "completed"
    assert (done.request_counts.completed, done.request_counts.failed) == (2, 1)
    assert error["custom_id"] == "r2"
    assert error["error"] is None
    assert error["response"]["status_code"] == 400
    assert error["response"]["body"] == live.value.response.json()


async def test_a_cancelled_batch_keeps_what_is_done() -> None:
    """What was answered by then is in the output, the rest in the error file; to cancel it again is no error."""
    async with serve(batch(working_s=30.0)) as client:
        job = await client.submit([line(number) for number in range(2000)])
        while job.request_counts.completed == 0:
            job = await client.sdk.batches.retrieve(job.id)
        assert (await client.sdk.batches.cancel(job.id)).status == "cancelling"
        job = await client.wait(job.id)
        output = await client.content(job.output_file_id)
        errors = await client.content(job.error_file_id)
        assert client.sim.counts.batch_requests == len(output)
        assert (await client.sdk.batches.cancel(job.id)).status == "cancelled"
    assert job.status == "cancelled"
    assert len(errors) == job.request_counts.failed == 2000 - len(output)
    assert {(one["response"], one["error"]["code"]) for one in errors} == {(None, "batch_cancelled")}
    assert job.cancelling_at <= job.cancelled_at
    assert 0 < len(output) == job.request_counts.completed < 2000


async def test_an_ended_batch_cannot_be_cancelled() -> None:
    """It is a conflict, whichever way it ended."""
    async with serve() as client:
        done = await client.run([line(1)])
        with pytest.raises(openai.ConflictError, match="completed"):
            await client.sdk.batches.cancel(done.id)


async def test_batches_are_listed_by_pages() -> None:
    """The newest comes first; `after` and `limit` walk through all of them."""
    async with serve() as client:
        file = await client.upload(b"{}")
        made = [(await client.create(file.id)).id for _ in range(5)]
        page = await client.sdk.batches.list(limit=2)
        assert [job.id for job in page.data] == made[:-3:-1]
        assert page.has_more
        assert [job.id async for job in client.sdk.batches.list(limit=2)] == made[::-1]
        rest = await client.sdk.batches.list(after=made[1])
        assert [job.id for job in rest.data] == made[:1]
        assert not rest.has_more
        for bad in ({"limit": 101}, {"limit": 0}, {"after": "batch_none"}):
            with pytest.raises(openai.BadRequestError):
                await client.sdk.batches.list(**bad)


async def test_the_ledger_tells_what_was_paid_twice() -> None:
    """A body that is answered in two batches, and live, is counted each time; so is the id of its line."""
    async with serve(latency=Latency(median_s=0.0)) as client:
        await client.run([line(1), line(2)])
        await client.run([line(2)])
        await client.sdk.chat.completions.create(**request(2))
        ledger = client.sim.counts.ledger()
        counts = client.sim.counts.as_dict()
    assert ledger["custom_ids"] == {"r1": 1, "r2": 2}
    assert sorted(ledger["bodies"].values()) == [1, 3]
    assert counts["answered_again"] == 2
    assert (counts["requests"], counts["batch_requests"], counts["answers"]) == (1, 3, 4)
    assert (counts["batches"], counts["files"]) == (2, 2)


async def test_the_chat_route_goes_on_while_a_batch_works() -> None:
    """A batch that works as fast as it can lets chat requests through before it ends."""
    async with serve(latency=Latency(median_s=0.0)) as client:
        job = await client.submit([line(number) for number in range(3000)])
        await client.wait(job.id, {"in_progress"})
        await client.sdk.chat.completions.create(**request(1))
        assert (await client.sdk.batches.retrieve(job.id)).status == "in_progress"


async def test_a_server_stops_while_batches_work() -> None:
    """The end of the server ends them, and removes its files."""
    async with serve(batch(working_s=1000.0)) as client:
        await client.submit([line(number) for number in range(100)])
        await asyncio.sleep(0)
