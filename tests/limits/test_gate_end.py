"""The gate when it is closed, and when calls before it are cancelled: no slot is lost. The clock is virtual."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncgen.errors import Stopping
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import PERIOD, RateLimiter

from .gates import (
    EXACTLY,
    a_gate,
    cancelled,
    enter,
    enter_at_once,
    fixed,
    leave,
    now,
    until_all_wait,
)

# Where all wait for each other, nobody can wake anybody: that fails after a second.
pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


# The end


async def test_close_stops_those_who_wait_who_back_off_and_who_come_later() -> None:
    """At once, though the gate is paused for an hour; calls in flight are let finish."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    await gate.enter(0, 1)
    gate.pause(3600, gate.endpoints[0])
    waiting = [enter(gate, index) for index in range(3)]
    backing_off = asyncio.create_task(gate.backoff(3600))
    await asyncio.sleep(1)
    gate.close()
    for task in [*waiting, backing_off]:
        with pytest.raises(Stopping):
            await task
    with pytest.raises(Stopping):
        await gate.enter(0, 1)
    with pytest.raises(Stopping):
        await gate.backoff(1)
    assert now() == pytest.approx(1, abs=EXACTLY)
    assert (gate.in_flight, gate.waiting) == (1, 0)
    leave(gate)
    assert gate.in_flight == 0


async def test_close_while_the_pump_draws_stops_those_who_wait_for_tokens(
    start_ticking: Callable[[], None],
) -> None:
    """What was drawn for them is granted to nobody."""
    start_ticking()
    async with a_gate(tpm=600) as gate:
        waiting = enter(gate, tokens=1000)
        await asyncio.sleep(5)
        gate.close()
        with pytest.raises(Stopping):
            await waiting
        await asyncio.sleep(200)
        assert gate.in_flight == 0


async def test_a_grant_of_the_same_tick_survives_the_close() -> None:
    """It is in flight already, and its caller will leave."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    granted = enter(gate)
    await until_all_wait()
    gate.close()
    await granted
    assert gate.in_flight == 1


async def test_a_backoff_takes_its_time_and_holds_nothing() -> None:
    """Others pass meanwhile."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    backing_off = asyncio.create_task(gate.backoff(7.5))
    await until_all_wait()
    assert gate.in_flight == 0
    await enter_at_once(gate)
    await backing_off
    assert now() == pytest.approx(7.5, abs=EXACTLY)
    await gate.backoff(0)
    assert now() == pytest.approx(7.5, abs=EXACTLY)


# Cancellation


async def test_whoever_is_cancelled_while_waiting_takes_no_slot() -> None:
    """The next one gets it."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    await gate.enter(0, 1)
    waiting, behind = enter(gate, 1), enter(gate, 2)
    await until_all_wait()
    await cancelled(waiting)
    leave(gate)
    await behind
    leave(gate)
    assert (gate.in_flight, gate.waiting) == (0, 0)


async def test_whoever_is_cancelled_in_the_tick_of_the_grant_gives_the_slot_back() -> None:
    """The caller never learns of the grant, so nobody else would."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    await gate.enter(0, 1)
    waiting = enter(gate, 1)
    await until_all_wait()
    leave(gate)  # grants it, before the task has run
    assert gate.in_flight == 1
    await cancelled(waiting)
    assert waiting.cancelled()
    assert gate.in_flight == 0
    await enter_at_once(gate)


async def test_whoever_is_cancelled_in_the_tick_of_the_close_gives_nothing_back() -> None:
    """There was no grant."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    await gate.enter(0, 1)
    waiting = enter(gate, 1)
    await until_all_wait()
    gate.close()
    await cancelled(waiting)
    assert gate.in_flight == 1


async def test_whoever_is_cancelled_while_gathering_tokens_blocks_nobody(
    start_ticking: Callable[[], None],
) -> None:
    """The tokens gathered for it serve the next, so that the rate is not wasted."""
    start_ticking()
    async with a_gate(tpm=6000) as gate:
        large, small = enter(gate, 0, tokens=6000), enter(gate, 1, tokens=500)
        await asyncio.sleep(10)
        await cancelled(large)
        assert await small == pytest.approx(10, abs=PERIOD + 0.01)
        leave(gate)
        assert (gate.in_flight, gate.waiting) == (0, 0)


@settings(max_examples=50)
@given(cancels=st.lists(st.booleans(), min_size=1, max_size=12), delays=st.lists(st.integers(0, 3), min_size=12))
async def test_no_slot_is_lost_whoever_is_cancelled_whenever(cancels: list[bool], delays: list[int]) -> None:
    """Some callers are cancelled at some moment of the scheduler; afterwards all slots are there."""
    gate = Gate([Endpoint(fixed(2), RateLimiter(None, None))])

    async def call(index: int) -> None:
        await gate.enter(index, 1)
        try:
            await asyncio.sleep(0)
        finally:
            leave(gate)

    tasks = [asyncio.create_task(call(index)) for index in range(len(cancels))]
    for task, is_cancelled, delay in zip(tasks, cancels, delays, strict=False):
        for _ in range(delay):
            await asyncio.sleep(0)
        if is_cancelled:
            task.cancel()
    await asyncio.wait(tasks)
    assert gate.in_flight == 0
    for index in range(2):
        await enter_at_once(gate, index)
