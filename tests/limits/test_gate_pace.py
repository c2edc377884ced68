"""The gate never grants faster than its rates, and uses them. The clock is virtual."""

import asyncio
import random
from collections.abc import Callable

import pytest

from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import PERIOD, RateLimiter
from asyncgen.limits.rate_headers import LimitReport

from .gates import (
    a_gate,
    cancelled,
    enter,
    enter_at_once,
    fixed,
    largest_burst,
    leave,
    now,
    saturate,
    until_all_wait,
)

# Where all wait for each other, nobody can wake anybody: that fails after a second.
pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


@pytest.mark.parametrize("rpm", [60, 500, 5000])
async def test_requests_keep_the_rate_in_any_window_and_use_it(
    rpm: float, start_ticking: Callable[[], None]
) -> None:
    """At most a tenth of a second's worth (one request at least) above it, and 99 % of it over a minute."""
    start_ticking()
    async with a_gate(rpm=rpm) as gate:
        grants = [(time, 1.0) for time, _ in await saturate(gate, size=lambda: 0)]
    assert largest_burst(grants, rpm) <= max(1, rpm / 60 * PERIOD) * 1.001
    assert len(grants) >= 0.99 * rpm


@pytest.mark.parametrize("tpm", [30_000, 450_000, 2_000_000])
async def test_tokens_of_mixed_sizes_keep_the_rate_and_use_it(
    tpm: float, start_ticking: Callable[[], None]
) -> None:
    """From 200 to 8,000 tokens, far above what the bucket holds of the slower rates.

    A call spends at once what was gathered for it over time: so a window may hold the last call's tokens
    more, while from the start on, the sum keeps to the rate and a tenth of a second's worth.
    """
    start_ticking()
    sizes = random.Random(7)
    async with a_gate(tpm=tpm) as gate:
        grants = await saturate(gate, size=lambda: sizes.randint(200, 8000))
    spent = 0.0
    for time, tokens in grants:
        spent += tokens
        assert spent <= tpm / 60 * (time + PERIOD) + 1
    assert largest_burst(grants, tpm) <= tpm / 60 * PERIOD + 8000 + 1
    assert spent >= 0.99 * tpm / 60 * grants[-1][0]
    assert grants[-1][0] >= 60 - 8000 / (tpm / 60)


async def test_a_call_of_any_size_is_granted_when_the_rate_has_paid_for_it(
    start_ticking: Callable[[], None],
) -> None:
    """1,000 times what the bucket holds, or a fraction of it."""
    start_ticking()
    async with a_gate(tpm=6000) as gate:
        large, small = enter(gate, 0, tokens=25_000), enter(gate, 1, tokens=0.5)
        assert await large == pytest.approx(250 - PERIOD, abs=0.01)
        assert await small == pytest.approx(250 - PERIOD, abs=0.02)


async def test_a_rate_below_one_a_second_is_kept_to_the_second(start_ticking: Callable[[], None]) -> None:
    """Six a minute: the first at once, then one every ten seconds, and no two together."""
    start_ticking()
    async with a_gate(rpm=6) as gate:
        grants = await saturate(gate, size=lambda: 0)
    assert [time for time, _ in grants] == pytest.approx([0, 10, 20, 30, 40, 50], abs=0.001)


@pytest.mark.parametrize(
    ("rpm", "tpm", "calls"), [(120, 60_000, 120), (6000, 60_000, 60)], ids=["requests", "tokens"]
)
async def test_with_both_rates_the_tighter_one_counts(
    rpm: float, tpm: float, calls: int, start_ticking: Callable[[], None]
) -> None:
    """Calls of 1,000 tokens: first the tokens allow 60, then requests 120 (of 500 tokens)."""
    start_ticking()
    async with a_gate(rpm=rpm, tpm=tpm) as gate:
        grants = await saturate(gate, size=lambda: 60_000 / calls if rpm == 120 else 1000)
    assert calls * 0.98 <= len(grants) <= calls * 1.02


async def test_an_idle_gate_saves_up_no_more_than_its_bucket(start_ticking: Callable[[], None]) -> None:
    """After an hour without calls there is no burst of an hour's worth."""
    start_ticking()
    async with a_gate(rpm=480) as gate:
        await asyncio.sleep(3600)
        grants = [(time - 3600, 1.0) for time, _ in await saturate(gate, size=lambda: 0, seconds=5)]
    assert largest_burst(grants, 480) <= max(1, 480 / 60 * PERIOD) * 1.001
    assert len(grants) >= 40


async def test_without_rates_nothing_is_paced() -> None:
    """A thousand calls of any size in no time, without a pump."""
    gate = Gate([Endpoint(fixed(1000), RateLimiter(None, None))])
    await enter_at_once(gate, 0, tokens=1e9)
    leave(gate)
    for index in range(1000):
        await enter_at_once(gate, index, tokens=1e9)


async def test_where_no_limit_is_known_a_few_calls_go_ahead_to_tell_of_one() -> None:
    """A thousand at once may be a hundred too many, and nobody would know before they are refused."""
    gate = Gate([Endpoint(fixed(1000), RateLimiter(None, None))])
    callers = [asyncio.create_task(gate.enter(index, 100)) for index in range(1000)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert gate.in_flight == 8
    leave(gate)
    await asyncio.gather(*callers)
    assert gate.in_flight == 999


async def test_a_share_that_grows_lets_no_burst_through() -> None:
    """A worker of a cluster begins with next to nothing, and has all of a limit a second later."""
    limiter = RateLimiter(None, None)
    limiter.share = 0.001
    limiter.hear({"requests": LimitReport(6_000, 6_000, 60.0, None)}, {}, now())
    limiter.share = 1.0
    gate = Gate([Endpoint(fixed(10**6), limiter)])
    pump = asyncio.create_task(gate.pump())
    waiting = [asyncio.create_task(gate.enter(index, 1)) for index in range(200)]
    await until_all_wait()
    granted = sum(one.done() for one in waiting)
    assert 0 < granted <= 2 * 100 * PERIOD
    await cancelled(pump, *waiting)
