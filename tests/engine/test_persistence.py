"""Requests for files and batches that are repeated: when they end, and how often they are sent."""

import asyncio
from pathlib import Path

import pytest

from asyncgen.client.batch_server import BatchServerError
from asyncgen.client.classify import Action, Failure
from asyncgen.config import RunConfig
from asyncgen.engine.batch.persistence import Persistence
from asyncgen.errors import TryLaterError
from asyncgen.limits.opening import open_gate

pytestmark = pytest.mark.looptime


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
