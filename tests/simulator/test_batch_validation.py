"""What makes a batch fail before it begins, and which requests for one are refused at once."""

from typing import Any

import openai
import pytest

from asyncgen.simulator import Models

from .batch_client import batch, jsonl, line, request, serve


def without(name: str) -> dict[str, Any]:
    """A line without this field."""
    return {key: value for key, value in line(1).items() if key != name}


@pytest.mark.parametrize(
    ("lines", "code", "at", "param"),
    [
        ([line(1), b"{not json\n"], "invalid_json_line", 2, None),
        ([line(1), b"[1, 2]\n"], "invalid_json_line", 2, None),
        ([line(1), b"\n", line(2)], "invalid_json_line", 2, None),
        ([without("custom_id")], "missing_required_parameter", 1, "custom_id"),
        ([without("method")], "missing_required_parameter", 1, "method"),
        ([without("url")], "missing_required_parameter", 1, "url"),
        ([without("body")], "missing_required_parameter", 1, "body"),
        ([line(1, custom_id=7)], "invalid_type", 1, "custom_id"),
        ([line(1, body=[1])], "invalid_type", 1, "body"),
        ([line(1), line(2), line(1)], "duplicate_custom_id", 3, "custom_id"),
        ([line(1, method="GET")], "invalid_method", 1, "method"),
        ([line(1, url="/v1/embeddings")], "invalid_url", 1, "url"),
        ([line(1, body={"messages": [{}]})], "invalid_request", 1, "body.model"),
        ([line(1, body={"model": "gpt-4o"})], "invalid_request", 1, "body.messages"),
        ([line(1, body=request(1, model="no-such-model"))], "model_not_found", 1, "body.model"),
        ([line(1), line(2, body=request(2, model="gpt-4.1"))], "mismatched_model", 2, "body.model"),
        ([line(1, body=request(1, stream=True))], "streaming_unsupported", 1, "body.stream"),
    ],
)
async def test_a_bad_line_fails_the_batch(lines: list[Any], code: str, at: int, param: str | None) -> None:
    """The batch says which line it is and what is wrong with it; nothing is worked on."""
    async with serve() as client:
        failed = await client.run(lines)
        assert client.sim.counts.batch_requests == 0
    assert failed.status == "failed"
    assert failed.failed_at is not None
    assert failed.request_counts.total == 0
    assert failed.output_file_id is failed.error_file_id is None
    (error,) = failed.errors.data
    assert (error.code, error.line, error.param) == (code, at, param)
    assert error.message


async def test_all_bad_lines_are_named_up_to_a_hundred() -> None:
    """A file of garbage does not make the batch object endless."""
    async with serve() as client:
        some = await client.run([line(1), b"x\n", b"y\n"])
        many = await client.run([line(1), *[b"x\n"] * 300])
    assert [error.line for error in some.errors.data] == [2, 3]
    assert len(many.errors.data) == 100


async def test_a_file_has_a_limit_of_requests() -> None:
    """One request too many fails the whole batch."""
    async with serve(batch(max_requests=3)) as client:
        assert (await client.run([line(number) for number in range(3)])).status == "completed"
        failed = await client.run([line(number) for number in range(4)])
    (error,) = failed.errors.data
    assert (error.code, error.line) == ("too_many_tasks", None)


async def test_the_tokens_of_a_model_that_wait_have_a_limit() -> None:
    """What is under way counts, each model for itself; what ended does not, and a later batch passes."""
    async with serve(batch(working_s=60.0, enqueued_tokens=100)) as client:
        first = await client.submit([line(1)])
        await client.wait(first.id, {"in_progress"})
        refused = await client.run([line(2)])
        (error,) = refused.errors.data
        other = await client.submit([line(3, body=request(3, model="gpt-4.1"))])
        assert (await client.wait(other.id, {"in_progress", "failed"})).status == "in_progress"
        await client.sdk.batches.cancel(first.id)
        await client.wait(first.id)
        again = await client.submit([line(2)])
        assert (await client.wait(again.id, {"in_progress", "failed"})).status == "in_progress"
    assert refused.status == "failed"
    assert (error.code, error.line) == ("token_limit_exceeded", None)
    assert "Limit: 100 enqueued tokens" in error.message


async def test_a_model_that_is_shut_down_fails_the_batch() -> None:
    """As the live server refuses it."""
    async with serve(models=Models(only_listed=True, date="2027-01-14")) as client:
        failed = await client.run([line(1)])
    assert failed.errors.data[0].code == "model_not_found"


async def test_a_batch_without_its_file_fails() -> None:
    """The batch is made all the same, as at OpenAI."""
    async with serve(batch(validating_s=0.01)) as client:
        none = await client.wait((await client.create("file-none")).id)
        file = await client.upload(jsonl([line(1)]))
        job = await client.create(file.id)
        await client.sdk.files.delete(file.id)
        deleted = await client.wait(job.id)
    for failed in (none, deleted):
        (error,) = failed.errors.data
        assert (failed.status, error.code, error.param) == ("failed", "invalid_request", "file_id")


async def test_a_batch_without_its_file_can_be_cancelled() -> None:
    """It does not fail any more then."""
    async with serve(batch(validating_s=60.0)) as client:
        job = await client.create("file-none")
        await client.sdk.batches.cancel(job.id)
        ended = await client.wait(job.id)
    assert (ended.status, ended.errors) == ("cancelled", None)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"completion_window": "48h"}, "completion_window", "invalid_value"),
        ({"endpoint": "/v1/embeddings"}, "endpoint", "invalid_value"),
        ({"input_file_id": None}, "input_file_id", "missing_required_parameter"),
        ({"extra_body": {"windw": 1}}, "windw", "unknown_parameter"),
        ({"metadata": {"tags": ["a"]}}, "metadata.tags", "invalid_type"),
        ({"metadata": {f"k{number}": "" for number in range(17)}}, "metadata", "object_above_max_properties"),
        ({"metadata": {"k" * 65: ""}}, "metadata", "property_name_above_max_length"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k", "string_above_max_length"),
    ],
)
async def test_a_bad_request_makes_no_batch(fields: dict[str, Any], param: str, code: str) -> None:
    """It is a 400 that names the parameter."""
    async with serve() as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await client.submit([line(1)], **fields)
        assert client.sim.counts.batches == 0
    assert (refused.value.param, refused.value.code) == (param, code)


async def test_metadata_may_be_as_large_as_documented() -> None:
    """16 pairs, keys of 64 characters, values of 512."""
    metadata = {f"{number:064}": "v" * 512 for number in range(16)}
    async with serve() as client:
        assert (await client.run([line(1)], metadata=metadata)).metadata == metadata
