"""The gate with a server that tells of its limits in headers."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from asyncgen.errors import Stopping
from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter
from asyncgen.limits.rate_headers import DAY

from .limit_server import Server, automatic, run

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


async def test_headers_alone_set_the_pace_to_98_percent_of_the_limit(start_ticking):
    """Nothing is preset; the first answers tell of 6,000 a minute, which is granted by the second."""
    start_ticking()
    server = Server(rpm=6000)

    async with run(server, automatic()):
        await asyncio.sleep(60)

    assert len(server.answers) >= 0.98 * 6000
    assert len(server.refusals) <= 6


async def test_tokens_of_mixed_sizes_are_used_to_98_percent_and_nothing_starves(start_ticking):
    """From 200 to 8,000 tokens in turn: no call waits longer than three times the median."""
    start_ticking()
    server = Server(rpm=60_000, tpm=900_000)
    sizes = [200, 8000, 400, 3000, 1000, 6000, 200, 500]

    async with run(server, automatic(), lambda index: sizes[index % 8]):
        await asyncio.sleep(60)
        steady = sorted(server.waits[len(server.waits) // 2 :])

    average = sum(sizes) / len(sizes)
    assert len(server.answers) * average >= 0.98 * 900_000
    assert len(server.refusals) <= 0.001 * len(server.answers) + 5
    assert steady[-1] <= 3 * steady[len(steady) // 2]


@pytest.mark.parametrize("tells", [True, False], ids=["headers", "no headers"])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.25, 0.75), (0.125,) * 8], ids=["halves", "quarter", "eighths"])
async def test_processes_with_shares_of_a_limit_use_all_of_it_together(start_ticking, shares, tells):
    """Told of it by headers, or by --rpm alone: 98 % of 6,000 a minute and hardly a refusal."""
    start_ticking()
    server = Server(rpm=6000)
    server.tells = tells
    gates = [Gate([Endpoint(ConcurrencyControl(64, automatic=False), RateLimiter(6000, None))]) for _ in shares]

    async with AsyncExitStack() as stack:
        for gate, share in zip(gates, shares, strict=True):
            gate.share = share
            await stack.enter_async_context(run(server, gate))
        await asyncio.sleep(60)

    assert len(server.answers) >= 0.98 * 6000
    assert len(server.refusals) <= 0.005 * 6000
    spent = [gate.endpoints[0].limiter.lanes["requests"].spent / 6000 for gate in gates]
    assert spent == pytest.approx(shares, rel=0.03)


async def test_a_share_holds_for_limits_that_are_heard_of_later(start_ticking):
    """And it may change while calls wait."""
    start_ticking()
    server = Server(rpm=6000)
    gate = automatic()
    gate.share = 0.1

    async with run(server, gate):
        await asyncio.sleep(20)
        gate.share = 0.5
        await asyncio.sleep(20)

    assert server.rate(5, 20) == pytest.approx(10, rel=0.03)
    assert server.rate(21, 40) == pytest.approx(50, rel=0.03)


async def test_a_storm_costs_what_was_in_flight_and_some_probes_and_is_over_at_once(start_ticking):
    """30 s in which all is refused: at most 2 % of the normal rate is wasted, and 3 s later 95 % are back."""
    start_ticking()
    server = Server(rpm=6000)
    server.refuses = lambda now: 20 <= now < 50

    async with run(server, automatic()):
        await asyncio.sleep(20)
        in_flight = 100 * 0.2
        await asyncio.sleep(40)

    wasted = [at for at in server.refusals if at >= 20]
    assert len(wasted) <= in_flight + 0.02 * 30 * 100 + 30 / 0.25
    assert server.rate(53, 60) > 95


async def test_a_quota_of_the_day_is_told_from_a_rate_and_ends_with_the_time_to_come_back():
    """Groq's requests are a day's: nothing is paced by them until none are left."""
    gate = automatic()
    grant = await gate.enter(0, 100)
    headers = {
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-remaining-requests": "14399",
        "x-ratelimit-reset-requests": "6s",
    }
    gate.answered(grant, headers, 100, 100)
    assert grant.endpoint.limiter.day_over is None
    assert gate.waiting_on is None

    headers |= {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h0m0s"}
    grant.endpoint.refused(grant, headers, None, slow_down=False)

    assert grant.endpoint.limiter.day_over == DAY


async def test_a_call_larger_than_the_limit_of_a_minute_is_known_to_be_hopeless():
    """It would be refused forever, in front of everybody."""
    gate = automatic()
    grant = await gate.enter(0, 50_000)
    assert gate.fits(50_000)

    headers = {"x-ratelimit-limit-tokens": "30000", "x-ratelimit-remaining-tokens": "30000"}
    grant.endpoint.refused(grant, headers, "tokens", slow_down=False)

    assert not gate.fits(50_000)
    assert gate.fits(30_000)


async def test_a_call_that_was_granted_in_the_tick_in_which_the_gate_closes_is_not_sent() -> None:
    """Who learns that the quota is spent gives its place back and closes the gate: nobody takes the place."""
    gate = Gate([Endpoint(ConcurrencyControl(1, automatic=False), RateLimiter(None, None))])
    grant = await gate.enter(0, 1.0)
    waiting = asyncio.create_task(gate.enter(1, 1.0))
    await asyncio.sleep(0)
    gate.leave(grant)
    gate.close()
    with pytest.raises(Stopping):
        await waiting
    assert gate.in_flight == 0
