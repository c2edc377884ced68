"""Everything that can go wrong with batches, against the simulated API: the same bytes, and what it may cost."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.cost import Price
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.engine.batch.delivery import BatchTiming
from asyncgen.engine.session import Summary
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError, BudgetError, TryLaterError, UsageError
from asyncgen.events import Notice
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.simulator import Batch, Faults, Latency, Profile, Simulator
from asyncgen.storage.disk import Disk

FAST = {"validating_s": 0.0, "working_s": 0.01, "finalizing_s": 0.0, "cancelling_s": 0.0}
TIMING = BatchTiming(first_look=0.02, longest=0.05, search=0.5)
OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
MARKED = "veterinary assistant comes to the urgent care clinic"
"""What stands in the note of one sample."""
PRICE = Price(model="m", prompt=2.0, cached=2.0, completion=8.0, batch=None)


@dataclass
class Ended:
    """How a run ended: its outputs, what the server has seen, and what was told."""

    outputs: dict[str, bytes]
    counts: dict[str, Any]
    told: list[str]
    summary: Summary | None = None
    error: AsyncgenError | None = None


Go = Callable[..., Awaitable[Ended]]


@pytest.fixture
def go(tmp_path: Path, disk: Disk) -> Go:
    """Run the samples, in batches unless said otherwise, against a server of this profile."""
    prompts = shipped("prompts", "medec_safe.json")

    async def run(
        name: str,
        batch: dict[str, Any] | None = None,
        faults: Faults | None = None,
        *,
        ordinary: bool = False,
        **settings: Any,
    ) -> Ended:
        profile = Profile(
            latency=Latency(median_s=0.0), batch=Batch(**FAST | (batch or {})), faults=faults or Faults()
        )
        told: list[str] = []
        async with Simulator(profile) as server:
            config = RunConfig(
                **{
                    "input_jsonl": shipped("samples", "pairs.jsonl"),
                    "output_dir": tmp_path / name,
                    "prompt_file": prompts,
                    "endpoints": (EndpointConfig(base_url=server.base_url),),
                    "batch": not ordinary,
                    "timeout": 5.0,
                    **settings,
                }
            )
            recipe = MedecSafe(PromptFile.load(prompts), add_reasoning=True)
            this = Run(
                config,
                recipe,
                [lambda event: told.append(str(event.text)) if isinstance(event, Notice) else None],
                disk,
                price=PRICE,
                batch_access=BatchAccess(timing=TIMING),
            )
            ended = Ended({}, {}, told)
            try:
                ended.summary = await this.execute()
            except AsyncgenError as error:
                ended.error = error
            counts = server.counts.as_dict() | {"custom_ids": dict(server.counts.custom_ids)}
        files = {name: config.output_dir / name for name in (*OUTPUTS, "failed.jsonl")}
        outputs = {name: path.read_bytes() for name, path in files.items() if path.exists()}
        return replace(ended, outputs=outputs, counts=counts)

    return run


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"{}", b'{"data": "none"}', b""])
async def test_a_server_that_answers_everything_but_has_no_batches_is_named_at_once(go: Go, body: bytes) -> None:
    """Waiting would not give it any; it would be asked in silence for all of the patience."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        writer.write(head + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        endpoint = EndpointConfig(base_url=f"http://127.0.0.1:{port}/v1")
        ended = await go("out", endpoints=(endpoint,), patience=1.0)

    assert isinstance(ended.error, UsageError)
    assert "this server has no Batch API (it answers with no list of batches)" in str(ended.error)
    assert [line for line in asked if b"/batches" in line] == [b"GET /v1/batches?limit=1 HTTP/1.1"]


FAULTS: dict[str, tuple[dict[str, Any], int]] = {
    "wrong order": ({"shuffle": True}, 0),
    "duplicate lines": ({"duplicate_lines": 0.5}, 0),
    "error lines": ({"error_lines": 0.3}, 0),
    "requests that time out": ({"timeout_lines": 0.3}, 0),
    "bodies as texts": ({"body_as_text": True}, 0),
    "a validation that fails": ({"fail": 1.0, "at_most": 1}, 0),
    "a batch that expires": ({"expire": 1.0, "at_most": 1, "done": 0.4}, 0),
    "a batch that expires at once": ({"expire": 1.0, "at_most": 1, "done": 0.0}, 0),
    "a batch that the server cancels": ({"cancel": 1.0, "at_most": 1, "done": 0.4}, 0),
    "an upload that is cut": ({"upload_cut": 1.0, "at_most": 1}, 0),
    "an upload whose answer is lost": ({"upload_lost": 1.0, "at_most": 1}, 0),
    "an upload that ends with 500": ({"upload_error": 1.0, "at_most": 1}, 0),
    "a create whose answer is lost": ({"create_lost": 1.0, "at_most": 1}, 0),
    "a create that ends with 500": ({"create_error": 1.0, "at_most": 1}, 0),
    "a lost create that is listed late": ({"create_lost": 1.0, "at_most": 1, "list_delay_s": 0.3}, 0),
    "a download that is cut": ({"download_cut": 1.0, "at_most": 1}, 0),
    "refusals for rate": ({"rate_limit": 0.4}, 0),
    "missing lines": ({"missing_lines": 0.2}, 1),
    "an output file that is gone": ({"output_gone": 1.0, "at_most": 1}, 1),
    "a limit of enqueued tokens that nobody knew of": ({"enqueued_tokens": 8_000}, 0),
}
"""What is wrong with batches, and whether answers may be paid twice for it."""


@pytest.fixture(scope="module")
def golden() -> dict[str, bytes]:
    """The outputs without batches; filled by the first test that needs them."""
    return {}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_batches_changes_no_byte(go: Go, golden: dict[str, bytes], name: str) -> None:
    """And nothing is paid twice but what the server has taken the money for and lost."""
    if not golden:
        golden |= (await go("golden", ordinary=True)).outputs
    batch, again = FAULTS[name]

    ended = await go("out", batch)

    assert ended.error is None, ended.error
    assert ended.outputs == golden
    assert ended.counts["requests"] <= 3 + bool(again)  # one of each kind: all others came out of batches
    assert (ended.counts["answered_again"] > 0) == bool(again)
    hit = {
        f"batch_{kind}"
        for kind in batch
        if isinstance(batch[kind], float) and kind not in {"done", "list_delay_s"}
    }
    assert hit <= ended.counts["faults"].keys()


@pytest.mark.parametrize("expire", [0.0, 1.0])
@pytest.mark.parametrize("most", [60_000, 140_000, 600_000])
async def test_a_budget_is_never_exceeded(go: Go, most: int, expire: float) -> None:
    """Also when a batch expires half done: what may have cost something counts."""
    ended = await go("out", {"expire": expire, "at_most": 1}, max_total_tokens=most)

    assert ended.counts["total_tokens"] <= most
    assert ended.error is None or isinstance(ended.error, BudgetError)
    assert most > 60_000 or isinstance(ended.error, BudgetError)


async def test_a_budget_that_has_room_again_ends_no_run(go: Go) -> None:
    """An ordinary call left none for a batch while it was in flight, and then it was refused and cost nothing."""
    refused = Faults(fail_matching="<note>", fail_kind="bad_request")  # all paraphrases, and they go first

    ended = await go("out", faults=refused, max_total_tokens=10_000)

    assert isinstance(ended.error, BudgetError)


KINDS = ("empty", "bad_answer_json", "no_choices", "length", "refusal", "filter", "bad_request", "server_error")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_comes_is_judged_as_any_answer(go: Go, kind: str) -> None:
    """A row whose answers are never usable fails with the error and the attempts of ordinary calls."""
    faults = Faults(fail_matching=MARKED, fail_kind=kind)
    live = await go("live", faults=faults, ordinary=True, max_attempts=3)

    ended = await go("out", faults=faults, max_attempts=3)

    assert ended.error is None
    assert ended.outputs == live.outputs
    assert ended.outputs["failed.jsonl"].count(b"\n") == 1


@pytest.mark.parametrize("kind", KINDS[:4])
async def test_an_answer_that_is_not_usable_is_asked_for_again(
    go: Go, golden: dict[str, bytes], kind: str
) -> None:
    """In the next batch, and then it is as good as any."""
    if not golden:
        golden |= (await go("golden", ordinary=True)).outputs

    ended = await go("out", faults=Faults(**{kind: 0.3}, once=True))

    assert ended.error is None
    assert ended.outputs == golden


async def test_a_server_that_gives_nothing_ends_the_run(go: Go) -> None:
    """After some batches in vain it is said; the same call goes on later."""
    ended = await go("out", {"fail": 1.0})

    assert isinstance(ended.error, TryLaterError)
    assert "came back without an answer" in str(ended.error)
    assert ended.counts["batches"] == 3
