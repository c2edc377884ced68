"""Batches against a server in memory, on a virtual clock: what it refuses, what a start finds of earlier ones."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.chat import ChatRequest, Sampling
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError, KeyOrQuotaError, TryLaterError
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Examples, Generate, OutputFile
from asyncgen.storage.disk import Disk

from .memory_server import MemoryServer, refused
from .test_single_run import AtOnce

pytestmark = pytest.mark.looptime
ROWS = 6

Start = Callable[..., Awaitable[AsyncgenError | None]]


class Questions:
    """A recipe that asks one question a row."""

    rows = "rows"
    outputs = (OutputFile("out.jsonl", 1),)
    counters = ("done",)
    failure_counters: Mapping[str, str] = {}
    fingerprint: Mapping[str, Any] = {"recipe": "questions"}

    def parse(self, fields: Mapping[str, Any]) -> Pair:
        return Pair(fields["id"], fields["text"], "", "unknown", None, None)

    async def run(self, pair: Pair, generate: Generate) -> Examples:
        request = ChatRequest("", pair.correct_note, Sampling(None, None, 100))
        answer = await generate("ask", request)
        record = {"id": pair.note_id, "answer": answer.text}
        return Examples((orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE),), {"done": 1})

    def recognise(self, pair: Pair, blobs: tuple[bytes, ...]) -> None:
        return None


@pytest.fixture
def server() -> MemoryServer:
    """The server of a test."""
    return MemoryServer()


@pytest.fixture
def start(tmp_path: Path, disk: Disk, server: MemoryServer, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start the command, with batches unless said otherwise; returns the error with which it ends."""
    monkeypatch.setattr(disk, "_thread", AtOnce())

    async def once(*, batch: bool = True) -> AsyncgenError | None:
        source = tmp_path / "rows.jsonl"
        source.write_text("".join(json.dumps({"id": str(n), "text": f"row {n}"}) + "\n" for n in range(ROWS)))
        config = RunConfig(
            input_jsonl=source,
            output_dir=tmp_path / "out",
            endpoints=(EndpointConfig(concurrency=4),),
            model="unlisted",
            batch=batch,
        )
        access = BatchAccess(lambda _config, _disk: server)
        wire = ScriptedWire(server.single)
        run = Run(config, Questions(), [], disk, open_wire=lambda _config: wire, batch_access=access)
        try:
            await run.execute()
        except AsyncgenError as error:
            return error
        return None

    return once


@pytest.fixture
def answers(tmp_path: Path) -> Callable[[], list[str]]:
    """The answers in the output."""

    def read() -> list[str]:
        return [json.loads(line)["answer"] for line in (tmp_path / "out" / "out.jsonl").read_text().splitlines()]

    return read


ANSWERS = [f"answer to row {n}" for n in range(ROWS)]


@pytest.mark.parametrize("batch", [True, False])
async def test_a_lack_of_credit_in_a_batch_ends_one_start(
    start: Start, server: MemoryServer, answers: Callable[[], list[str]], batch: bool
) -> None:
    """The results of a batch stay as they are: paid up, the command asks for the rest, with batches or without."""
    good = server.answer
    poor = {"row 2", "row 3", "row 5"}
    server.answer = lambda question, seed: (
        refused(429, "insufficient_quota") if question in poor else good(question, seed)
    )
    assert isinstance(await start(), KeyOrQuotaError)
    assert len(server.batches) == 1
    server.answer = good

    assert await start(batch=batch) is None

    assert answers() == ANSWERS
    assert len(server.asked) + len(server.live) == ROWS + len(poor)  # what came with them is not asked again


async def test_a_list_that_is_refused_leaves_a_batch_to_a_later_start(
    start: Start, server: MemoryServer, answers: Callable[[], list[str]]
) -> None:
    """It may have been created: it is neither sent again nor given up."""
    server.loses_creates = True
    server.refusals["page"] = [400]

    error = await start()

    assert isinstance(error, TryLaterError)
    assert "batch 1" in str(error)
    assert await start() is None
    assert answers() == ANSWERS
    assert len(server.batches) == 1


@pytest.mark.parametrize("kind", ["look", "download"])
@pytest.mark.parametrize("status", [400, 409])
async def test_a_refusal_that_says_nothing_about_a_batch_leaves_it_to_a_later_start(
    start: Start, server: MemoryServer, answers: Callable[[], list[str]], kind: str, status: int
) -> None:
    """It is paid: a gateway between may have refused, or the server on a bad day."""
    server.refusals[kind] = [status]

    error = await start()

    assert isinstance(error, TryLaterError)
    assert "batch 1" in str(error)
    assert await start() is None
    assert answers() == ANSWERS
    assert len(server.batches) == 1


@pytest.mark.parametrize("kind", ["look", "download"])
async def test_one_answer_is_no_proof_that_a_batch_is_gone(
    start: Start, server: MemoryServer, answers: Callable[[], list[str]], kind: str
) -> None:
    """A server behind a gateway may know nothing of it for a moment."""
    server.refusals[kind] = [404]

    assert await start() is None

    assert answers() == ANSWERS
    assert len(server.batches) == 1


@pytest.mark.parametrize("gone", ["batch-0", "output-0"])
async def test_a_batch_that_is_gone_is_sent_again(
    start: Start, server: MemoryServer, answers: Callable[[], list[str]], gone: str
) -> None:
    """Whether the batch or only its results: not at once, but within minutes."""
    server.gone = {gone}

    assert await start() is None

    assert answers() == ANSWERS
    assert len(server.batches) == 2
    assert 60 <= asyncio.get_running_loop().time() < 180
