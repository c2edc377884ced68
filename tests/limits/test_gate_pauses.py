"""The gate in a pause, which ends on time. The clock is virtual."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import PERIOD, RateLimiter

from .gates import (
    EXACTLY,
    a_gate,
    enter,
    fixed,
    largest_burst,
    leave,
    now,
    saturate,
)

# Where all wait for each other, nobody can wake anybody: that fails after a second.
pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


@pytest.mark.parametrize("seconds", [0.001, 0.25, 3, 120])
async def test_a_pause_grants_nothing_and_ends_on_time(seconds: float) -> None:
    """For those who wait already and for those who come; then the oldest goes first."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    assert gate.pause(seconds, gate.endpoints[0])
    young, old = enter(gate, 2), enter(gate, 1)
    assert await old == pytest.approx(seconds, abs=EXACTLY)
    assert not young.done()
    leave(gate)
    assert await young == pytest.approx(seconds, abs=EXACTLY)


async def test_calls_that_come_back_in_a_pause_end_it_for_nobody() -> None:
    """Their slots are free, and stay so until its end."""
    gate = Gate([Endpoint(fixed(2), RateLimiter(None, None))])
    await gate.enter(0, 1)
    gate.pause(5, gate.endpoints[0])
    waiting = enter(gate, 1)
    await asyncio.sleep(1)
    leave(gate)
    assert gate.in_flight == 0
    assert await waiting == pytest.approx(5, abs=EXACTLY)


@pytest.mark.parametrize(("first", "second", "is_longer"), [(5, 3, False), (3, 5, True), (4, 4, False)])
async def test_the_longer_pause_wins(first: float, second: float, *, is_longer: bool) -> None:
    """Whichever came first; the gate says whether the second one changed anything."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    assert gate.pause(first, gate.endpoints[0])
    assert gate.pause(second, gate.endpoints[0]) is is_longer
    assert await enter(gate) == pytest.approx(max(first, second), abs=EXACTLY)


async def test_a_short_pause_late_in_a_long_one_changes_nothing_and_one_beyond_it_does() -> None:
    """What counts is when it ends."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    gate.pause(10, gate.endpoints[0])
    waiting = enter(gate)
    await asyncio.sleep(8)
    assert not gate.pause(1, gate.endpoints[0])
    assert gate.pause(4, gate.endpoints[0])
    assert await waiting == pytest.approx(12, abs=EXACTLY)
    leave(gate)
    assert gate.pause(1, gate.endpoints[0])
    assert await enter(gate) == pytest.approx(13, abs=EXACTLY)


@settings(max_examples=50)
@given(milliseconds=st.floats(0.6, 500), begin=st.floats(0, 0.01))
async def test_a_pause_ends_where_timers_fire_to_the_millisecond(milliseconds: float, begin: float) -> None:
    """As those of uvloop do, up to half a millisecond early: nobody may be left waiting for that."""
    loop = asyncio.get_running_loop()
    exact = loop.call_at

    def call_at(when: float, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        return exact(loop.time() + round((when - loop.time()) * 1000) / 1000, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "call_at", call_at)
        await asyncio.sleep(begin)
        before = now()
        gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
        gate.pause(milliseconds / 1000, gate.endpoints[0])
        async with asyncio.timeout(60):
            await gate.enter(0, 1)
        assert now() - before == pytest.approx(milliseconds / 1000, abs=0.0006)


async def test_a_pause_does_not_add_to_what_the_pace_allows(start_ticking: Callable[[], None]) -> None:
    """Behind it there is no burst of what was not used."""
    start_ticking()
    async with a_gate(rpm=480) as gate:
        stream = asyncio.create_task(saturate(gate, size=lambda: 0, seconds=60))
        await asyncio.sleep(20)
        gate.pause(20, gate.endpoints[0])
        grants = [(time, 1.0) for time, _ in await stream]
    assert not [time for time, _ in grants if 20 < time < 40 - EXACTLY]
    assert largest_burst(grants, 480) <= max(1, 480 / 60 * PERIOD) + 1.001
    assert 310 <= len(grants) <= 330
