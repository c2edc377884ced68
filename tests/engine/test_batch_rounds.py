"""Batches against a server in memory, on a virtual clock: what it refuses, what a start finds of earlier ones."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from asyncgen.client.batch_server import BatchState, Receive
from asyncgen.engine.batch.batch_rounds import BatchRounds
from asyncgen.errors import BadDataError, KeyOrQuotaError, TryLaterError
from asyncgen.events import Notice

from .memory_server import MemoryServer, refused
from .starts import ROWS, Starts

pytestmark = pytest.mark.virtual_clock
ANSWERS = [f"answer to row {n}" for n in range(ROWS)]


@pytest.mark.parametrize("batch", [True, False])
async def test_a_lack_of_credit_in_a_batch_ends_one_start(
    starts: Starts, server: MemoryServer, batch: bool
) -> None:
    """The results of a batch stay as they are: paid up, the command asks for the rest, with batches or without."""
    good = server.answer
    poor = {"row 2", "row 3", "row 5"}
    server.answer = lambda question, seed: (
        refused(429, "insufficient_quota") if question in poor else good(question, seed)
    )
    assert isinstance(await starts.once(), KeyOrQuotaError)
    assert len(server.batches) == 1
    server.answer = good

    assert await starts.once(batch=batch) is None

    assert starts.answers() == ANSWERS
    assert len(server.asked) + len(server.live) == ROWS + len(poor)  # what came with them is not asked again


async def test_a_lack_of_credit_that_an_earlier_start_knew_of_ends_no_other_one(
    starts: Starts, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that has ended before its batch was closed leaves it with what the journal says of it."""

    async def killed(*_: object) -> None:
        raise TryLaterError("killed")

    good = server.answer
    server.answer = lambda question, seed: (
        refused(429, "insufficient_quota") if question == "row 2" else good(question, seed)
    )
    with monkeypatch.context() as patch:
        patch.setattr(BatchRounds, "_finish", killed)
        assert str(await starts.once()) == "killed"
    server.answer = good

    assert await starts.once() is None

    assert starts.answers() == ANSWERS


@pytest.mark.parametrize(
    ("kind", "status"),
    [("page", 400), *((kind, status) for kind in ("look", "download") for status in (400, 409))],
)
async def test_a_refusal_that_says_nothing_about_a_batch_leaves_it_to_a_later_start(
    starts: Starts, server: MemoryServer, kind: str, status: int
) -> None:
    """It may be paid: a gateway between may have refused, or the server on a bad day."""
    server.loses_creates = kind == "page"  # only then the list is asked for
    server.refusals[kind] = [status]

    error = await starts.once()

    assert isinstance(error, TryLaterError)
    assert "batch 1" in str(error)
    assert await starts.once() is None
    assert starts.answers() == ANSWERS
    assert len(server.batches) == 1


@pytest.mark.parametrize("kind", ["look", "download"])
async def test_one_answer_is_no_proof_that_a_batch_is_gone(
    starts: Starts, server: MemoryServer, kind: str
) -> None:
    """A server behind a gateway may know nothing of it for a moment."""
    server.refusals[kind] = [404]

    assert await starts.once() is None

    assert starts.answers() == ANSWERS
    assert len(server.batches) == 1


@pytest.mark.parametrize("gone", ["batch-0", "output-0"])
async def test_a_batch_that_is_gone_is_sent_again(starts: Starts, server: MemoryServer, gone: str) -> None:
    """Whether the batch or only its results: not at once, but within minutes."""
    server.gone = {gone}

    assert await starts.once() is None

    assert starts.answers() == ANSWERS
    assert len(server.batches) == 2
    assert 60 <= asyncio.get_running_loop().time() < 180


@pytest.mark.parametrize("output", ["", "https://elsewhere.example/output-0", "of another form"])
async def test_answers_that_cannot_be_read_are_not_asked_for_again_in_batches(
    starts: Starts, server: MemoryServer, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """The server counts them, so they are paid; the second batch would come back alike."""
    create = server.create

    async def create_otherwise(file: str, metadata: Mapping[str, str]) -> BatchState:
        state = await create(file, metadata)
        known = server.batches[-1]
        server.batches[-1] = replace(known, completed=5, output_file=output)
        return state

    async def download(_file: str, receive: Receive) -> None:
        await receive(b'[{"recordId": "0", "modelOutput": {}}]')

    monkeypatch.setattr(server, "create", create_otherwise)
    monkeypatch.setattr(server, "download", download)
    error = await starts.once()
    assert isinstance(error, BadDataError)
    assert "counts 5 answers in batch 1" in str(error)
    assert len(server.batches) == 1

    assert await starts.once(batch=False) is None
    assert starts.answers() == ANSWERS


async def test_requests_that_no_batch_may_hold_are_said_to_go_at_the_full_price(
    starts: Starts, server: MemoryServer
) -> None:
    """A limit with a digit too few would cost twice, unnoticed."""
    assert await starts.once(batch_tokens=1) is None

    assert starts.answers() == ANSWERS
    assert not server.batches
    [said] = [event for event in starts.events if isinstance(event, Notice) and "full price" in str(event.text)]
    assert said.warning
