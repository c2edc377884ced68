"""Several endpoints behind one gate: limits, order, and one that dies and comes back. The clock is virtual."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from asyncgen.client.probes import Probes
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.engine.pool import Engine
from asyncgen.limits.circuit_breaker import (
    FIRST_REST,
    FIRST_WAIT,
    LEAST_FAILURES,
    LONGEST_REST,
    LONGEST_WAIT,
    CircuitBreaker,
)
from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter

from .gates import cancelled

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

CALLERS = 300
SAMPLES = shipped("samples", "pairs.jsonl")


class Fleet:
    """Servers that answer after a latency, by a rate (calls a minute) or a number of slots, and may be dead."""

    def __init__(self, **rpm: float) -> None:
        self.endpoints = {
            name: Endpoint(
                ConcurrencyControl(100, automatic=False), RateLimiter(rate, None, {"requests": rate}), name
            )
            for name, rate in rpm.items()
        }
        self.gate = Gate(list(self.endpoints.values()))
        self.dead: set[str] = set()
        self.latency = dict.fromkeys(rpm, 0.2)
        self.answers: list[tuple[float, str, int]] = []
        self.failures: list[tuple[float, str, int]] = []
        self.counted: list[int] = []

    async def call(self, index: int) -> None:
        """Until it is answered, as the client does it."""
        while True:
            grant = await self.gate.enter(index, 100.0)
            name = grant.endpoint.name
            try:
                if await self._answered(name):
                    self.answers.append((now(), name, index))
                    self.gate.answered(grant, {}, 100.0, 100.0)
                    return
                self.failures.append((now(), name, index))
                excused, _ = self.gate.failed(grant, index, unreached=True)
                if not excused:
                    self.counted.append(index)
            finally:
                self.gate.leave(grant)

    async def _answered(self, name: str) -> bool:
        if name in self.dead:
            await asyncio.sleep(0.01)
            return False
        await asyncio.sleep(self.latency[name])
        return name not in self.dead

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Callers without end, each with the next pair."""
        pairs = iter(range(10**9))

        async def caller() -> None:
            while True:
                await self.call(next(pairs))

        tasks = [asyncio.create_task(self.gate.pump()), *(asyncio.create_task(caller()) for _ in range(CALLERS))]
        try:
            yield
        finally:
            await cancelled(*tasks)

    def rate(self, start: float, end: float, name: str | None = None) -> float:
        """Answers a second in a span of time."""
        return sum(start <= at < end and name in {None, who} for at, who, _ in self.answers) / (end - start)


def now() -> float:
    """Seconds of the virtual clock."""
    return asyncio.get_running_loop().time()


async def test_endpoints_of_different_limits_are_used_to_98_percent_of_their_sum_oldest_pair_first(start_ticking):
    """600, 3,000 and 6,000 a minute; a pair is answered at most a round trip after younger ones."""
    start_ticking()
    fleet = Fleet(a=600, b=3000, c=6000)

    async with fleet.busy():
        await asyncio.sleep(60)

    assert len(fleet.answers) >= 0.98 * 9600
    for name, rpm in (("a", 600), ("b", 3000), ("c", 6000)):
        assert fleet.rate(1, 60, name) == pytest.approx(rpm / 60, rel=0.02)
    order = [index for _, _, index in fleet.answers]
    assert order == sorted(order)  # all answer after the same time, so the answers come in the order of the grants


async def test_endpoints_without_a_rate_get_calls_as_fast_as_they_answer(start_ticking):
    """With 100 slots each: a server that is four times as slow answers a quarter as much, and none idles."""
    start_ticking()
    fleet = Fleet(a=10**6, b=10**6)
    fleet.latency = {"a": 0.2, "b": 0.8}

    async with fleet.busy():
        await asyncio.sleep(10)

    assert fleet.rate(2, 10, "a") == pytest.approx(100 / 0.2, rel=0.03)
    assert fleet.rate(2, 10, "b") == pytest.approx(100 / 0.8, rel=0.03)


async def test_one_that_dies_costs_its_own_share_alone_and_is_back_when_it_is_well(start_ticking):
    """Dead from second 20 to 40: the others stay at their limits, few attempts count, probes are few."""
    start_ticking()
    fleet = Fleet(a=600, b=3000, c=6000)

    async with fleet.busy():
        await asyncio.sleep(20)
        fleet.dead.add("c")
        await asyncio.sleep(20)
        assert fleet.endpoints["c"].probing
        fleet.dead.clear()
        await asyncio.sleep(40)

    assert fleet.rate(22, 40) == pytest.approx(3600 / 60, rel=0.02)
    assert fleet.rate(40 + 20, 80) >= 0.98 * 9600 / 60
    assert len(fleet.counted) < LEAST_FAILURES
    assert len([at for at, _, _ in fleet.failures if at > 21]) <= 5
    assert not fleet.endpoints["c"].probing


async def test_when_all_are_dead_from_the_beginning_all_are_asked_and_every_failure_counts(start_ticking):
    """Nobody knows whether they ever work; and the first that answers is healthy at once."""
    start_ticking()
    fleet = Fleet(a=600, b=600)
    fleet.dead = {"a", "b"}

    async with fleet.busy():
        await asyncio.sleep(5)
        failed_before = {name for at, name, _ in fleet.failures if at > 3}
        counted_before = len(fleet.counted)
        fleet.dead = {"a"}
        await asyncio.sleep(20)

    assert failed_before == {"a", "b"}
    assert counted_before >= 0.9 * len([at for at, _, _ in fleet.failures if at <= 5])
    assert fleet.rate(6, 25, "b") == pytest.approx(10, rel=0.03)
    assert fleet.endpoints["a"].probing


@pytest.mark.parametrize("servers", [{"a": 6000}, {"a": 6000, "b": 6000}])
async def test_when_all_die_after_answers_it_is_an_outage_that_costs_few_attempts(start_ticking, servers):
    """For 25 seconds: nothing counts but the first signs, a few probes are sent, and then all goes on."""
    start_ticking()
    fleet = Fleet(**servers)

    async with fleet.busy():
        await asyncio.sleep(10)
        fleet.dead = set(servers)
        await asyncio.sleep(24)
        assert fleet.gate.outage
        assert fleet.gate.waiting_on == "pause"
        fleet.dead.clear()
        await asyncio.sleep(31)

    assert len(fleet.counted) <= 15 * len(servers)
    assert len([at for at, _, _ in fleet.failures if at > 10.3]) <= 9 * len(servers)
    assert fleet.rate(46, 65) == pytest.approx(100 * len(servers), rel=0.03)
    assert not fleet.gate.outage


async def test_a_single_endpoint_that_answers_errors_never_rests():
    """However often it fails: it is there, and there is nobody else to ask."""
    gate = Gate([Endpoint(ConcurrencyControl(8, automatic=False), RateLimiter(None, None))])
    for row in range(20):
        grant = await gate.enter(row, 1)
        assert gate.failed(grant, row) == (False, None)
        gate.leave(grant)
    assert gate.limit == 8


async def test_an_endpoint_that_is_out_gets_nothing_and_the_last_one_stays():
    """Whatever it says."""
    fleet = Fleet(a=10**6, b=10**6)
    pump = asyncio.create_task(fleet.gate.pump())

    assert fleet.gate.put_out(fleet.endpoints["a"], "quota")
    assert not fleet.gate.put_out(fleet.endpoints["b"], "quota")
    grants = [await fleet.gate.enter(index, 1) for index in range(5)]
    pump.cancel()

    assert {grant.endpoint.name for grant in grants} == {"b"}
    assert fleet.gate.limit == 100


async def test_a_pause_of_one_endpoint_is_none_of_the_others():
    """Which go on."""
    a, b = (Endpoint(ConcurrencyControl(1, automatic=False), RateLimiter(None, None), name) for name in "ab")
    gate = Gate([a, b])
    gate.pause(10, a)
    first = await gate.enter(0, 1)
    waiting = asyncio.create_task(gate.enter(1, 1))
    await asyncio.sleep(1)
    assert gate.waiting_on == "concurrency"
    second = await waiting
    assert (first.endpoint, second.endpoint) == (b, a)
    assert (first.at, second.at) == (0, pytest.approx(10, abs=1e-4))


@pytest.mark.parametrize(("paused", "free"), [("a", {"b"}), ("b", {"a"}), ("", set())])
async def test_a_pause_that_another_process_was_asked_for_holds_at_its_endpoint(
    paused: str, free: set[str]
) -> None:
    """By name; without one, at all of them."""
    endpoints = tuple(EndpointConfig(name=name, base_url="http://127.0.0.1:9/v1") for name in "ab")
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=endpoints)
    engine = Engine(config, None, None, None, lambda _: None, None, None, Probes())
    engine.pause(10, paused)
    assert {one.name for one in engine.gate.endpoints if one.obstacle(1) is None} == free


async def test_a_call_too_large_for_one_endpoint_goes_to_another():
    """Its limit of tokens a minute would never let it pass."""
    small, large = (Endpoint(ConcurrencyControl(9, automatic=False), RateLimiter(None, None), n) for n in "ab")
    gate = Gate([small, large])
    small.limiter.largest_call = 1000

    grants = [await gate.enter(index, 5000) for index in range(4)]

    assert {grant.endpoint for grant in grants} == {large}
    assert gate.fits(5000)


async def test_a_call_fits_nowhere_while_the_only_endpoint_that_is_large_enough_is_ill():
    """Or it would be sent to the small one for ever, and take all of its tokens from the calls that can pass."""
    small, large = (Endpoint(ConcurrencyControl(9, automatic=False), RateLimiter(None, None), n) for n in "ab")
    gate = Gate([small, large])
    small.limiter.largest_call = 1000

    for row in range(LEAST_FAILURES):
        grant = await gate.enter(row, 5000)
        assert gate.fits(5000)
        gate.failed(grant, row)
        gate.leave(grant)
    assert not gate.fits(5000)
    await asyncio.sleep(1.1 * FIRST_REST)
    assert not gate.fits(5000)
    probe = await gate.enter(9, 5000)
    gate.answered(probe, {}, 5000, 5000)
    gate.leave(probe)
    assert probe.endpoint is large
    assert gate.fits(5000)
    gate.close()


async def test_a_call_that_only_one_endpoint_takes_holds_up_nothing_at_another():
    """That one pauses; calls that go to it keep their order."""
    small, large = (Endpoint(ConcurrencyControl(2, automatic=False), RateLimiter(None, None), n) for n in "ab")
    gate = Gate([small, large])
    small.limiter.largest_call = 1000
    gate.pause(60, large)
    order = []

    async def call(index: int, tokens: float) -> None:
        grant = await gate.enter(index, tokens)
        order.append((index, grant.endpoint))
        await asyncio.sleep(1)
        gate.leave(grant)

    calls = [asyncio.create_task(call(index, 5000 if index < 4 else 10)) for index in range(8)]
    await asyncio.sleep(10)
    assert order == [(index, small) for index in range(4, 8)]
    assert (gate.waiting, gate.waiting_on) == (4, "pause")
    await asyncio.gather(*calls)
    assert order[4:] == [(index, large) for index in range(4)]


async def test_a_call_that_waits_for_one_endpoint_is_not_overtaken_there(start_ticking):
    """By smaller ones, which would always find the tokens: they go elsewhere, or after it."""
    start_ticking()
    small, large = (Endpoint(ConcurrencyControl(9, automatic=False), RateLimiter(None, 6000), n) for n in "ab")
    gate = Gate([small, large])
    small.limiter.largest_call = 100
    pump = asyncio.create_task(gate.pump())
    at: dict[int, float] = {}

    async def call(index: int, tokens: float) -> None:
        grant = await gate.enter(index, tokens)
        at[index] = now()
        gate.leave(grant)

    await asyncio.gather(call(0, 1000), *(call(index, 50) for index in range(1, 100)))
    pump.cancel()
    assert at[0] == pytest.approx(10, abs=0.2)
    assert sum(when < at[0] for when in at.values()) == pytest.approx(20, abs=3)
    assert max(at.values()) == pytest.approx(10 + 80 * 50 / 200, abs=1)


async def test_a_share_is_one_of_every_endpoint():
    """Each has limits of its own."""
    fleet = Fleet(a=600, b=1200)
    fleet.gate.share = 0.25
    allowed = [one.limiter.lanes["requests"].pace.allowance for one in fleet.gate.endpoints]
    assert allowed == pytest.approx([2.5, 5.0])


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_starves_and_no_slot_is_lost_whatever_fails(start_ticking, seed):
    """Endpoints die and come back at random; every pair is answered in the end, and nothing is in flight."""
    start_ticking()
    draw = random.Random(seed)
    fleet = Fleet(a=3000, b=6000, c=12_000)
    fleet.latency = {"a": 0.05, "b": 0.3, "c": 1.0}

    async def trouble() -> None:
        while True:
            fleet.dead = {name for name in fleet.endpoints if draw.random() < 0.4}
            await asyncio.sleep(draw.uniform(0.1, 5))

    helpers = [asyncio.create_task(fleet.gate.pump()), asyncio.create_task(trouble())]
    async with asyncio.timeout(600):
        await asyncio.gather(*(fleet.call(index) for index in range(2000)))
    for helper in helpers:
        helper.cancel()

    assert sorted(index for _, _, index in fleet.answers) == list(range(2000))
    assert (fleet.gate.in_flight, fleet.gate.waiting) == (0, 0)
    assert [one.in_flight for one in fleet.gate.endpoints] == [0, 0, 0]


# The circuit breaker by itself


async def test_rests_grow_up_to_the_longest_and_a_success_ends_them():
    """Each failed probe doubles it."""
    health, at, rests = CircuitBreaker(), 0.0, []
    for _ in range(LEAST_FAILURES - 1):
        assert health.failed(at, at) is None
    for _ in range(10):
        rest = health.failed(at, at)
        assert rest is not None
        assert health.failed(at + rest / 2, at) is None  # was sent before the rest
        rests.append(rest)
        at += rest
    assert rests == [min(FIRST_REST * 2**n, LONGEST_REST) for n in range(10)]
    assert health.rests
    assert health.succeeded()
    assert not health.rests
    assert health.failed(at, at) is None


async def test_failures_between_successes_are_no_illness():
    """Only those in a row."""
    health = CircuitBreaker()
    for _ in range(100):
        assert [health.failed(0, 0) for _ in range(LEAST_FAILURES - 1)] == [None] * (LEAST_FAILURES - 1)
        assert not health.succeeded()


@pytest.mark.parametrize(
    ("in_flight", "rows", "outage"),
    [(1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False), (3, 3, True), (64, 31, False), (64, 32, True)],
)
async def test_an_outage_is_what_hits_most_calls_once_answers_have_come(
    in_flight: int, rows: int, *, outage: bool
) -> None:
    """Half of those in flight and at least three; all, where fewer are."""
    health = CircuitBreaker()
    rests = [
        health.failed(9, 9, row, in_flight=in_flight, others=False, unreached=True, answered=True)
        for row in range(rows)
    ]
    assert rests == [None] * (rows - 1) + [FIRST_WAIT if outage else None]
    assert health.unreachable is outage


async def test_one_row_is_no_outage_however_often_it_fails():
    """Where three calls are in flight; or alone, if others were answered meanwhile."""
    health = CircuitBreaker()
    for _ in range(20):
        assert health.failed(0, 0, 7, in_flight=3, others=False, unreached=True, answered=True) is None
    for _ in range(20):
        given = health.failed(0, 0, 7, in_flight=1, others=False, unreached=True, answered=True, suspect=True)
        assert given is None


async def test_an_error_that_the_server_has_written_ends_an_outage():
    """It is there again, whatever it thinks of the call."""
    health = CircuitBreaker()
    health.failed(0, 0, in_flight=1, others=False, unreached=True, answered=True)
    assert health.unreachable
    assert health.reached(others=False)
    assert not health.rests


async def test_probes_of_an_outage_are_never_far_apart():
    """Nobody else can be asked, so that the end of it must be seen soon."""
    health, at = CircuitBreaker(), 0.0
    rests = []
    for _ in range(8):
        rest = health.failed(at, at, in_flight=1, others=False, unreached=True, answered=True)
        assert rest is not None
        rests.append(rest)
        at += rest
    assert rests == [0.25, 0.5, 1, 2, 4, 8, LONGEST_WAIT, LONGEST_WAIT]


async def test_before_the_first_answer_one_rejection_may_be_chance_and_two_in_a_row_are_not():
    """Servers reject a good key now and then."""
    health = CircuitBreaker()
    assert not health.rejected(0, 8)
    assert health.rejected(1, 8)


async def test_after_an_answer_a_rejection_concerns_all_when_many_rows_are_rejected_and_none_answered():
    """Three of a few in flight, half of many; and one of them was asked once more."""
    health = CircuitBreaker()
    health.succeeded()
    assert not any(health.rejected(row, 4, others=False) for row in (0, 0, 0, 0, 1, 1, 2))
    assert health.rejected(2, 4, others=False)
    health.succeeded()
    assert not any(health.rejected(row, 64, others=False) for row in [*range(31)] * 2)
    assert not health.rejected(31, 64, others=False)
    assert health.rejected(31, 64, others=False)


async def test_a_call_that_hangs_since_before_an_outage_does_not_hold_up_the_probe() -> None:
    """Of a server that has died some connections are reset, and others are silent until their deadline."""
    gate = Gate([Endpoint(ConcurrencyControl(8, automatic=False), RateLimiter(None, None))])
    loop = asyncio.get_running_loop()
    first = await gate.enter(0, 1)
    gate.answered(first, {}, 1, 1)
    gate.leave(first)
    grants = [await gate.enter(index, 1) for index in range(8)]
    await asyncio.sleep(1)
    for row, grant in enumerate(grants[:6]):
        gate.failed(grant, row, unreached=True)
        gate.leave(grant)
    assert gate.outage
    begun = loop.time()
    waiting = asyncio.create_task(gate.enter(0, 1))
    second = asyncio.create_task(gate.enter(1, 1))
    loop.call_later(119, lambda: [gate.leave(grant) for grant in grants[6:]])
    probe = await waiting
    assert loop.time() - begun < 10.5
    await asyncio.sleep(1)
    assert not second.done()  # one probe at a time
    gate.answered(probe, {}, 1, 1)
    gate.leave(probe)
    gate.leave(await second)
    assert loop.time() - begun < 12
    await asyncio.sleep(120)
    assert gate.in_flight == 0
