"""The gate: oldest first, never more in flight than may be, and all that may. The clock is virtual."""

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import PERIOD, RateLimiter

from .gates import (
    a_gate,
    enter,
    fixed,
    leave,
    now,
    saturate,
    until_all_wait,
)

# Where all wait for each other, nobody can wake anybody: that fails after a second.
pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


# Order


@settings(max_examples=30)
@given(arrivals=st.lists(st.integers(0, 6), max_size=10))
async def test_the_oldest_pair_goes_first_whatever_the_order_of_arrival(arrivals: list[int]) -> None:
    """Calls of one pair go in the order in which they came."""
    gate = Gate([Endpoint(fixed(1), RateLimiter(None, None))])
    await gate.enter(99, 1)
    granted: list[tuple[int, int]] = []

    async def call(index: int, place: int) -> None:
        await gate.enter(index, 1)
        granted.append((index, place))
        leave(gate)

    async with asyncio.TaskGroup() as group:
        for place, index in enumerate(arrivals):
            group.create_task(call(index, place))
            await asyncio.sleep(0)
        assert not granted
        leave(gate)
    assert granted == sorted(zip(arrivals, range(len(arrivals)), strict=True))


async def test_a_small_young_call_does_not_overtake_a_large_old_one(start_ticking: Callable[[], None]) -> None:
    """It could have its tokens at once, but what the oldest lacks nobody behind it gets."""
    start_ticking()
    async with a_gate(tpm=6000) as gate:
        old, young = enter(gate, 0, tokens=1000), enter(gate, 1, tokens=1)
        await asyncio.wait([young])
        assert old.done()
        assert old.result() <= young.result()
        assert old.result() == pytest.approx(10 - PERIOD, abs=0.01)


async def test_an_old_pair_that_comes_back_is_next(start_ticking: Callable[[], None]) -> None:
    """A retry of pair 0 stands before those who waited longer."""
    start_ticking()
    async with a_gate(rpm=60) as gate:
        await gate.enter(0, 1)
        leave(gate)
        others = [enter(gate, index) for index in (1, 2, 3)]
        await others[0]
        retried = enter(gate, 0)
        await asyncio.gather(retried, *others)
        assert others[0].result() < retried.result() < others[1].result() < others[2].result()


async def test_nothing_starves(start_ticking: Callable[[], None]) -> None:
    """Whatever comes in whatever order, all of it is granted in the time that its tokens take."""
    start_ticking()
    draw = random.Random(3)
    sizes = [draw.choice([1, 200, 8000]) for _ in range(200)]
    order = draw.sample(range(200), 200)
    async with a_gate(concurrency=3, tpm=600_000) as gate:

        async def call(index: int) -> None:
            await asyncio.sleep(draw.random())
            await gate.enter(index, sizes[index])
            await asyncio.sleep(0.001)
            leave(gate)

        async with asyncio.TaskGroup() as group:
            for index in order:
                group.create_task(call(index))
        assert now() <= (sum(sizes) / 10_000 + 1) * 1.05


async def test_a_large_old_call_does_not_wait_for_the_stream_of_younger_ones(
    start_ticking: Callable[[], None],
) -> None:
    """Its 8,000 tokens are gathered while small calls keep coming."""
    start_ticking()
    async with a_gate(tpm=60_000) as gate:
        stream = asyncio.create_task(saturate(gate, size=lambda: 100, seconds=60))
        await asyncio.sleep(10)
        large = enter(gate, -1, tokens=8000)
        assert await large == pytest.approx(18, abs=0.3)
        grants = await stream
        assert sum(tokens for _, tokens in grants) >= 0.99 * (60_000 - 8000)


# Concurrency


@settings(max_examples=30)
@given(
    concurrency=st.integers(1, 5),
    calls=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)), max_size=20),
)
async def test_calls_in_flight_never_exceed_the_concurrency_and_use_it(
    concurrency: int, calls: list[tuple[int, int, int]]
) -> None:
    """Whenever a call waits, as many are in flight as may be; in the end none is."""
    gate = Gate([Endpoint(fixed(concurrency), RateLimiter(None, None))])
    in_flight, most = 0, 0

    async def call(index: int, arrival: int, duration: int) -> None:
        nonlocal in_flight, most
        await asyncio.sleep(arrival)
        await gate.enter(index, 1)
        in_flight += 1
        most = max(most, in_flight)
        assert gate.in_flight <= concurrency
        await asyncio.sleep(duration)
        assert gate.waiting == 0 or gate.in_flight == concurrency
        in_flight -= 1
        leave(gate)

    async with asyncio.TaskGroup() as group:
        for arguments in calls:
            group.create_task(call(*arguments))
    assert most <= concurrency
    assert (gate.in_flight, gate.waiting, gate.waiting_on) == (0, 0, None)


# What it tells


async def test_the_gate_says_what_is_waited_for(start_ticking: Callable[[], None]) -> None:
    """A pause, a slot, requests, tokens, or nothing, and how many wait."""
    start_ticking()
    async with a_gate(concurrency=2, rpm=60, tpm=60_000) as gate:
        assert (gate.waiting_on, gate.waiting) == (None, 0)
        await gate.enter(0, 1)
        assert (gate.waiting_on, gate.waiting, gate.in_flight) == (None, 0, 1)
        waiting = [enter(gate, 1, tokens=8000), enter(gate, 2)]
        await until_all_wait()
        assert (gate.waiting_on, gate.waiting) == ("requests", 2)
        await asyncio.sleep(2)
        assert (gate.waiting_on, gate.waiting) == ("tokens", 2)
        await waiting[0]
        await until_all_wait()
        assert (gate.waiting_on, gate.waiting) == ("concurrency", 1)
        gate.pause(10, gate.endpoints[0])
        leave(gate)
        assert (gate.waiting_on, gate.waiting) == ("pause", 1)
        await waiting[1]
        assert (gate.waiting_on, gate.waiting) == (None, 0)
