"""Steps side by side."""

import asyncio

import pytest

from asyncgen.errors import CallFailed, DiskError, Stopping
from asyncgen.recipe import together

FAILED = CallFailed("paraphrase", "bad_request", 1)


async def after(seconds: float, result: object) -> object:
    """Give or raise the result."""
    await asyncio.sleep(seconds)
    if isinstance(result, Exception):
        raise result
    return result


@pytest.mark.virtual_clock
async def test_both_results_come_in_their_order():
    """Whichever is ready first."""
    assert await together(after(2, "a"), after(1, "b")) == ["a", "b"]


@pytest.mark.virtual_clock
async def test_a_failure_waits_for_the_sibling_to_settle():
    """A paid answer is not cancelled because the other step failed."""
    settled = []

    async def pays() -> None:
        await asyncio.sleep(5)
        settled.append("paid")

    with pytest.raises(CallFailed):
        await together(after(1, FAILED), pays())
    assert settled == ["paid"]


@pytest.mark.virtual_clock
@pytest.mark.parametrize("error", [DiskError("full"), Stopping()])
@pytest.mark.parametrize("first", [True, False])
async def test_what_concerns_the_run_goes_before_what_concerns_the_pair(error, first):
    """A disk that refuses, or the end of the run, does not hide behind a call that was given up."""
    steps = [after(1, FAILED), after(2, error)]

    with pytest.raises(type(error)):
        await together(*(steps if first else reversed(steps)))
