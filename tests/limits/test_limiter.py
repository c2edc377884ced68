"""The gate: oldest first, never above concurrency or rate, pauses on time, no slot lost. The clock is virtual."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncgen.errors import Stopping
from asyncgen.limits import endpoint
from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import PERIOD, RateLimiter
from asyncgen.limits.rate_headers import LimitReport

# Where all wait for each other, nobody can wake anybody: that fails after a second.
pytestmark = [pytest.mark.asyncio, pytest.mark.looptime(idle_timeout=1)]


EXACTLY = 1e-5  # seconds: the resolution of the virtual clock, and some
Grant = tuple[float, float]


def fixed(concurrency: int) -> ConcurrencyControl:
    """So many calls in flight."""
    return ConcurrencyControl(concurrency, automatic=False)


def leave(gate: Gate) -> None:
    """A call is back from the only endpoint."""
    gate.leave(endpoint.Grant(now(), {}, gate.endpoints[0]))


def now() -> float:
    """Seconds of the virtual clock."""
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def a_gate(
    concurrency: int = 10**6, *, rpm: float | None = None, tpm: float | None = None
) -> AsyncIterator[Gate]:
    """A gate with its pump beside it."""
    gate = Gate([Endpoint(fixed(concurrency), RateLimiter(rpm, tpm))])
    pump = asyncio.create_task(gate.pump())
    try:
        yield gate
    finally:
        await cancelled(pump)


async def cancelled(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until_all_wait() -> None:
    """Let the tasks run until each waits for something, in no time."""
    for _ in range(5):
        await asyncio.sleep(0)


async def enter_at_once(gate: Gate, index: int = 0, tokens: float = 1) -> None:
    """Enter a gate that must be open."""
    before = now()
    async with asyncio.timeout(3600):
        await gate.enter(index, tokens)
    assert now() - before < EXACTLY


def enter(gate: Gate, index: int = 0, tokens: float = 1) -> "asyncio.Task[float]":
    """Enter a gate in a task of its own, which gives the time of the grant."""

    async def entering() -> float:
        await gate.enter(index, tokens)
        return now()

    return asyncio.create_task(entering())


async def saturate(gate: Gate, size: Callable[[], float], seconds: float = 60) -> list[Grant]:
    """Keep 20 calls before a gate for so many seconds; its grants as (time, tokens)."""
    grants: list[Grant] = []
    index = count()

    async def call_forever() -> None:
        while True:
            tokens = size()
            await gate.enter(next(index), tokens)
            grants.append((now(), tokens))
            leave(gate)

    callers = [asyncio.create_task(call_forever()) for _ in range(20)]
    await asyncio.sleep(seconds)
    await cancelled(*callers)
    return grants


def largest_burst(grants: list[Grant], per_minute: float) -> float:
    """The most that any window of time holds above its length times the rate."""
    level = largest = last = 0.0
    for time, amount in grants:
        level = max(0.0, level - (time - last) * per_minute / 60) + amount
        last, largest = time, max(largest, level)
    return largest


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


# Pace


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


# Pauses


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


async def test_a_limit_that_headers_tell_of_knows_what_was_sent_before():
    """Or the share of it that is in use would begin with nothing."""
    limiter = RateLimiter(None, None)
    for _ in range(4):
        limiter.spend(1024, 0.0)
    limiter.hear({"tokens": LimitReport(30_000, 25_000, 60.0, None)}, {}, 1.0)
    assert limiter.lanes["tokens"].spent == 4096


def spoken(limit: float) -> dict[str, LimitReport]:
    """A report of requests."""
    return {"requests": LimitReport(limit, 0, 60.0, None)}


async def test_a_limit_that_only_refusals_tell_of_is_dropped_when_answers_do_not_confirm_it():
    """One 429 of a gateway held a run down to its rate for good."""
    limiter = RateLimiter(None, None)
    limiter.hear(spoken(60), limiter.spend(100, 0.0), 1.0, refused=True)
    for at in range(3):
        assert "requests" in limiter.lanes
        limiter.hear({}, limiter.spend(100, at), at)
    assert limiter.lanes == {}


async def test_a_limit_that_answers_tell_of_now_and_then_stays():
    """Of several gateways behind one address some may say nothing."""
    limiter = RateLimiter(None, None)
    limiter.hear(spoken(60), {}, 0.0)
    for at in range(200):
        limiter.hear(spoken(60) if at % 15 == 0 else {}, limiter.spend(100, at), at)
    assert "requests" in limiter.lanes
    for at in range(200, 230):
        limiter.hear({}, limiter.spend(100, at), at)
    assert limiter.lanes == {}


async def test_a_preset_is_paced_as_asked_for_when_what_was_heard_has_aged():
    """It stays, without what a refusal has said."""
    limiter = RateLimiter(600, None)
    limiter.hear(spoken(60), limiter.spend(100, 0.0), 1.0, refused=True)
    assert limiter.lanes["requests"].pace.rate(1.0) < 2
    for at in range(3):
        limiter.hear({}, limiter.spend(100, at), at)
    assert limiter.lanes["requests"].pace.rate(9.0) == 10
