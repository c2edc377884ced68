"""Requests for files and batches that are repeated: when they end, and how often they are sent."""

import asyncio
from pathlib import Path

import pytest

from asyncgen.client.batch_server import BatchServerError
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.config import RunConfig
from asyncgen.engine.batch.persistence import Persistence
from asyncgen.errors import AsyncgenError, KeyOrQuotaError, TryLaterError
from asyncgen.limits.opening import open_gate

pytestmark = pytest.mark.virtual_clock
REFUSED = Failure("connection", Action.RETRY, code="the connection was refused")


@pytest.fixture
def persistence() -> Persistence:
    """With a minute of patience."""
    config = RunConfig(input_jsonl=Path("rows.jsonl"), output_dir=Path("out"), patience=60.0)
    return Persistence(config, open_gate(config))


@pytest.mark.parametrize("passes", range(6))
async def test_a_cancellation_is_never_swallowed(persistence: Persistence, passes: int) -> None:
    """Not even one that comes in the passes of the loop in which the answer comes."""

    async def operation() -> str:
        asyncio.create_task(cancel())  # noqa: RUF006 - it ends before the test does
        return "answer"

    async def cancel() -> None:
        for _ in range(passes):
            await asyncio.sleep(0)
        asking.cancel()

    async def ask() -> None:
        await persistence.ask(operation)
        await asyncio.sleep(1)

    asking = asyncio.create_task(ask())
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_server_that_asks_for_no_wait_is_not_asked_in_a_loop(persistence: Persistence) -> None:
    """Retry-After: 0 is what servers say that round down."""
    asked = 0

    async def operation() -> None:
        nonlocal asked
        asked += 1
        assert asked < 150, "without a pause, no second passes"
        raise BatchServerError(Failure("rate_limit", Action.WAIT, 429, retry_after=0.0))

    with pytest.raises(TryLaterError):
        await persistence.ask(operation)


async def test_a_pause_does_not_outlast_the_patience(persistence: Persistence) -> None:
    """The server asks for two minutes, and the user has one."""

    async def operation() -> None:
        raise BatchServerError(Failure("rate_limit", Action.WAIT, 429, retry_after=120.0))

    with pytest.raises(TryLaterError, match="has failed for 60 s"):
        await persistence.ask(operation)
    assert 60 < asyncio.get_running_loop().time() < 61


@pytest.mark.parametrize("status", [401, 403, 302])
async def test_one_refusal_of_the_key_among_many_answers_may_be_chance(
    persistence: Persistence, status: int
) -> None:
    """As for other calls: a batch is asked for over a day, and a gateway errs now and then."""
    refused = BatchServerError(judge_error(status, {}, {}, 0.0))
    outcomes: list[Exception | None] = [refused, None]

    async def operation() -> str:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return "answer"

    assert await persistence.ask(operation) == "answer"
    outcomes = [refused, refused]
    with pytest.raises(KeyOrQuotaError):
        await persistence.ask(operation)


@pytest.mark.parametrize(
    ("failure", "expected", "words", "seconds"),
    [
        (Failure("certificate", Action.STOP), KeyOrQuotaError, "certificate is not trusted", 0.0),
        (REFUSED, TryLaterError, "no connection to api.openai.com:443: the connection was refused", 60.0),
        (Failure("connection", Action.RETRY), TryLaterError, "has failed for", 90.0),
    ],
)
async def test_what_waiting_does_not_fix_is_said_soon(
    persistence: Persistence, failure: Failure, expected: type[AsyncgenError], words: str, seconds: float
) -> None:
    """A wrong address too, if nothing has answered there."""

    async def operation() -> None:
        raise BatchServerError(failure, sent=False)

    with pytest.raises(expected, match=words):
        await persistence.ask(operation)
    assert asyncio.get_running_loop().time() <= seconds


async def test_a_server_that_has_answered_may_be_away_for_as_long_as_one_has_patience(
    persistence: Persistence,
) -> None:
    """It is restarted, perhaps."""
    answers: list[Exception | None] = [None, *[BatchServerError(REFUSED, sent=False)] * 100]

    async def operation() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    await persistence.ask(operation)
    with pytest.raises(TryLaterError, match="has failed for"):
        await persistence.ask(operation)
    assert asyncio.get_running_loop().time() > 60
