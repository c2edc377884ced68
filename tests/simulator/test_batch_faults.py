"""Everything that can go wrong with files and batches, each by the profile."""

import asyncio
import time
from collections import Counter
from types import SimpleNamespace

import httpx2
import openai
import orjson
import pytest
from openai._response import AsyncAPIResponse

from asyncgen.simulator import Batch, Faults, Latency
from asyncgen.simulator.batch.chance import Chance

from .batch_client import Client, batch, jsonl, line, serve

LINES = [line(number) for number in range(200)]
IDS = {one["custom_id"] for one in LINES}


async def results(client: Client, lines: list[object]) -> tuple[list[dict], list[dict]]:
    """The lines of output and error file of a batch that was completed."""
    done = await client.run(lines)
    assert done.status == "completed"
    return await client.content(done.output_file_id), await client.content(done.error_file_id)


async def read_until_it_breaks(response: AsyncAPIResponse[object]) -> tuple[bytes, bool]:
    """What came of a streamed body, and whether it ended before its end."""
    got = b""
    try:
        async for chunk in response.iter_bytes():
            got += chunk
    except httpx2.RemoteProtocolError:  # the SDK lets it through
        return got, True
    return got, False


def test_chance_keeps_its_shares_and_its_limit() -> None:
    """A share hits about so many, the same ones every time, and at most so many as are asked for."""
    counts: Counter[str] = Counter()
    table = Batch(upload_lost=0.3)
    chance = Chance(table, 0, counts)
    hits = [chance.hits("upload_lost") for _ in range(2000)]
    again = Chance(table, 0, Counter())
    assert [again.hits("upload_lost") for _ in range(2000)] == hits
    assert sum(hits) / 2000 == pytest.approx(0.3, abs=0.03)
    assert counts == {"batch_upload_lost": sum(hits)}
    limited = Chance(Batch(upload_lost=1.0, at_most=2), 0, counts)
    assert [limited.hits("upload_lost") for _ in range(4)] == [True, True, False, False]
    assert not limited.hits("create_lost")


async def test_a_server_without_batches_has_no_such_address() -> None:
    """Files and batches are a 404, as any other path."""
    async with serve(batch(served=False)) as client:
        for ask in (client.sdk.files.list, client.sdk.batches.list):
            with pytest.raises(openai.NotFoundError, match="Invalid URL"):
                await ask()
        with pytest.raises(openai.NotFoundError, match="Invalid URL"):
            await client.upload(jsonl(LINES))


async def test_requests_for_batches_can_be_refused_for_rate() -> None:
    """Every address refuses, with the wait of the profile; chat requests are not concerned."""
    table = batch(rate_limit=1.0)
    async with serve(table, faults=Faults(retry_after_s=0.25), latency=Latency(median_s=0.0)) as client:
        for ask in (client.sdk.files.list(), client.sdk.batches.retrieve("batch_1"), client.create("file-1")):
            with pytest.raises(openai.RateLimitError) as refused:
                await ask
            assert refused.value.response.headers["retry-after-ms"] == "250"
        await client.sdk.chat.completions.create(**LINES[0]["body"])
        assert client.sim.counts.as_dict()["batch_status"] == {"429": 3}


async def test_an_upload_can_break() -> None:
    """The connection is lost, and no file was made."""
    async with serve(batch(upload_cut=1.0, at_most=1)) as client:
        with pytest.raises(openai.APIConnectionError):
            await client.upload(jsonl(LINES))
        assert not (await client.sdk.files.list()).data
        await client.upload(jsonl(LINES))
        assert client.sim.counts.as_dict()["faults"] == {"batch_upload_cut": 1}


@pytest.mark.parametrize(
    ("fault", "error"),
    [("upload_lost", openai.APIConnectionError), ("upload_error", openai.InternalServerError)],
)
async def test_the_answer_to_an_upload_can_be_lost(fault: str, error: type[Exception]) -> None:
    """The file was made all the same."""
    async with serve(batch(**{fault: 1.0})) as client:
        with pytest.raises(error):
            await client.upload(jsonl(LINES))
        (file,) = (await client.sdk.files.list()).data
        assert file.bytes == len(jsonl(LINES))


@pytest.mark.parametrize(
    ("fault", "error"),
    [("create_lost", openai.APIConnectionError), ("create_error", openai.InternalServerError)],
)
async def test_the_answer_to_a_create_can_be_lost(fault: str, error: type[Exception]) -> None:
    """The batch was made, works, and is found in the list by its metadata."""
    async with serve(batch(**{fault: 1.0})) as client:
        with pytest.raises(error):
            await client.submit(LINES, metadata={"run": "r-1"})
        (found,) = (await client.sdk.batches.list()).data
        assert found.metadata == {"run": "r-1"}
        assert (await client.wait(found.id)).status == "completed"
        assert set(client.sim.counts.custom_ids) == IDS


async def test_the_list_can_lag_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is known by its id at once, and listed only later."""
    async with serve(batch(list_delay_s=60.0)) as client:
        job = await client.submit(LINES[:1])
        assert not (await client.sdk.batches.list()).data
        await client.wait(job.id)
        later = SimpleNamespace(time=lambda: time.time() + 60.0)
        monkeypatch.setattr("asyncgen.simulator.batch.batch_routes.time", later)
        listed = await client.sdk.batches.list()
    assert [one.id for one in listed.data] == [job.id]


async def test_looking_a_batch_up_can_take_long() -> None:
    """A client that waits less gets nothing; the list answers all the same."""
    async with serve(batch(poll_s=30.0)) as client:
        job = await client.submit(LINES[:1])
        with pytest.raises(openai.APITimeoutError):
            await client.sdk.with_options(timeout=0.05).batches.retrieve(job.id)
        assert (await client.sdk.batches.list()).data[0].id == job.id


async def test_a_download_can_break() -> None:
    """The answer promises the whole file, and ends in its middle."""
    content = jsonl(LINES) * 20
    async with serve(batch(download_cut=1.0, at_most=1)) as client:
        file = await client.upload(content)
        async with client.sdk.files.with_streaming_response.content(file.id) as response:
            assert int(response.headers["content-length"]) == len(content)
            got, broken = await read_until_it_breaks(response)
        assert broken
        assert content.startswith(got)
        assert len(got) == len(content) // 2
        assert (await client.sdk.files.content(file.id)).content == content


async def test_a_batch_can_fail_for_no_fault_of_its_file() -> None:
    """The validation fails; the same file passes the next time."""
    async with serve(batch(fail=1.0, at_most=1)) as client:
        failed = await client.run(LINES)
        again = await client.wait((await client.create(failed.input_file_id)).id)
    assert (failed.status, failed.errors.data[0].code) == ("failed", "server_error")
    assert again.status == "completed"


@pytest.mark.parametrize(("fault", "status"), [("expire", "expired"), ("cancel", "cancelled")])
async def test_a_batch_can_end_with_a_part_done(fault: str, status: str) -> None:
    """What was answered is in the output and is paid; the rest is in the error file, and was not worked on."""
    async with serve(batch(**{fault: 1.0}, done=0.25)) as client:
        ended = await client.run(LINES)
        output = await client.content(ended.output_file_id)
        errors = await client.content(ended.error_file_id)
        assert set(client.sim.counts.custom_ids) == {one["custom_id"] for one in output}
    assert ended.status == status
    assert getattr(ended, f"{status}_at") is not None
    assert (len(output), len(errors)) == (50, 150)
    assert {one["custom_id"] for one in output + errors} == IDS
    assert {(one["response"], one["error"]["code"]) for one in errors} == {(None, f"batch_{status}")}
    counts = ended.request_counts
    assert (counts.total, counts.completed, counts.failed) == (200, 50, 150)


async def test_an_output_file_can_vanish() -> None:
    """It is there, and its content is a 404; the error file is not concerned."""
    async with serve(batch(output_gone=1.0)) as client:
        done = await client.run([*LINES, line(999, body={**LINES[0]["body"], "max_tokens": -1})])
        with pytest.raises(openai.NotFoundError):
            await client.sdk.files.content(done.output_file_id)
        assert len(await client.content(done.error_file_id)) == 1


async def test_lines_can_come_back_as_errors() -> None:
    """A 500, or no response at all; neither is paid, and each can be sent again."""
    async with serve(batch(error_lines=0.2, timeout_lines=0.2)) as client:
        output, errors = await results(client, LINES)
        counts = client.sim.counts.as_dict()
    assert {one["custom_id"] for one in output + errors} == IDS
    failed = [one for one in errors if one["response"]]
    timed_out = [one for one in errors if not one["response"]]
    assert {one["response"]["status_code"] for one in failed} == {500}
    assert {one["error"]["code"] for one in timed_out} == {"request_timeout"}
    assert counts["faults"] == {"batch_error_lines": len(failed), "batch_timeout_lines": len(timed_out)}
    assert counts["answers"] == len(output) == 200 - len(errors)
    assert min(len(failed), len(timed_out)) > 20


async def test_lines_can_be_missing_or_double() -> None:
    """They are counted as what they are: worked on once, and charged once."""
    async with serve(batch(missing_lines=0.2, duplicate_lines=0.2)) as client:
        output, errors = await results(client, LINES)
        counts = client.sim.counts.as_dict()
        assert set(client.sim.counts.custom_ids.values()) == {1}
    times = Counter(one["custom_id"] for one in output)
    assert not errors
    assert counts["answers"] == 200
    assert len(times) == 200 - counts["faults"]["batch_missing_lines"] < 180
    assert Counter(times.values())[2] == counts["faults"]["batch_duplicate_lines"] > 20


async def test_one_thing_at_most_ends_a_batch() -> None:
    """A batch that fails uses up no expiry: the next ones get what is left."""
    async with serve(batch(fail=1.0, expire=1.0, cancel=1.0, at_most=1)) as client:
        ended = [(await client.run(LINES[:4])).status for _ in range(4)]
    assert ended == ["failed", "expired", "cancelled", "completed"]


async def test_bodies_can_be_texts() -> None:
    """In both files; what the text says is the same."""
    bad = line(999, body={**LINES[0]["body"], "max_tokens": -1})
    async with serve(batch(body_as_text=True)) as client:
        output, errors = await results(client, [LINES[0], bad])
    async with serve() as client:
        plain, plain_errors = await results(client, [LINES[0], bad])
    for (text,), (body,) in ((output, plain), (errors, plain_errors)):
        assert orjson.loads(text["response"]["body"]).keys() == body["response"]["body"].keys()


async def test_answers_can_come_in_order() -> None:
    """Without `shuffle`, in that of the requests."""
    async with serve(batch(shuffle=False)) as client:
        output, _ = await results(client, LINES)
    assert [one["custom_id"] for one in output] == [one["custom_id"] for one in LINES]


async def test_the_faults_of_chat_requests_hit_lines_too() -> None:
    """What spoils an answer spoils it here; what refuses a request makes an error line."""
    faults = Faults(filter=0.2, rate_limit=0.2, drop=0.5)
    async with serve(faults=faults) as client:
        output, errors = await results(client, LINES)
    reasons = Counter(one["response"]["body"]["choices"][0]["finish_reason"] for one in output)
    assert reasons["content_filter"] > 20
    assert reasons["stop"] > 80
    assert {one["response"]["status_code"] for one in errors} == {429}
    assert len(output) + len(errors) == 200


async def test_a_refused_key_is_refused_here_too() -> None:
    """Once the account is refused, batches are as well."""
    async with serve(faults=Faults(auth_after=1), latency=Latency(median_s=0.0)) as client:
        await client.sdk.files.list()
        with pytest.raises(openai.AuthenticationError):
            await client.sdk.chat.completions.create(**LINES[0]["body"])
        with pytest.raises(openai.AuthenticationError):
            await client.sdk.files.list()


async def test_many_batches_work_at_once() -> None:
    """Each has its own files, and nothing is mixed up."""
    async with serve() as client:
        jobs = await asyncio.gather(*(client.run(LINES[at : at + 20]) for at in range(0, 200, 20)))
        for at, job in zip(range(0, 200, 20), jobs, strict=True):
            names = {one["custom_id"] for one in await client.content(job.output_file_id)}
            assert names == {one["custom_id"] for one in LINES[at : at + 20]}
