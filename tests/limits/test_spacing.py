"""A server that refuses any two calls that come close, and names no limit. The clock is virtual."""

import asyncio
import random
from collections.abc import Callable

import pytest

from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint, Grant
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter
from asyncgen.limits.spacing import SearchedPace, SpacedLane

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


def steady(draw: random.Random) -> float:
    """The way to a server that is near, in seconds."""
    return draw.uniform(0.0005, 0.002)


def busy(draw: random.Random) -> float:
    """The way of calls some of which are held up, by a busy machine or a network."""
    return steady(draw) + (draw.uniform(0, 0.02) if draw.random() < 0.02 else 0.0)


class Server:
    """Refuses what comes within a fiftieth of a second of the last call that it took, or beyond `slots`."""

    def __init__(
        self,
        *,
        automatic: bool,
        distance: float = 0.02,
        slots: int = 10**6,
        way: Callable[[random.Random], float] = steady,
    ) -> None:
        self.endpoint = Endpoint(ConcurrencyControl(64, automatic=automatic), RateLimiter(None, None))
        self.gate = Gate([self.endpoint])
        self.answers: list[float] = []
        self.refusals: list[float] = []
        self._distance, self._slots, self._way = distance, slots, way
        self._last, self._in_flight, self._random = float("-inf"), 0, random.Random(5)

    async def run(self, seconds: float) -> None:
        """Call as fast as the gate lets."""

        async def caller() -> None:
            while True:
                await self._call()

        tasks = [asyncio.create_task(self.gate.pump()), *(asyncio.create_task(caller()) for _ in range(80))]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _call(self) -> None:
        grant = await self.gate.enter(0, 100.0)
        try:
            await asyncio.sleep(self._way(self._random))
            now = asyncio.get_running_loop().time()
            if now - self._last < self._distance or self._in_flight >= self._slots:
                self.refusals.append(now)
                self.endpoint.pauses_in_a_row += self.endpoint.refused(grant, {}, None, slow_down=False)
                pause = self.endpoint.pause_after(None)
                if pause is not None:
                    self.gate.pause(pause, self.endpoint)
                return
            self._last = now
            self._in_flight += 1
            await asyncio.sleep(0.3)
            self._in_flight -= 1
            self.answers.append(now)
            self.endpoint.pauses_in_a_row = 0
            self.gate.answered(grant, {}, 100.0, 100.0)
        finally:
            self.gate.leave(grant)


@pytest.mark.parametrize("automatic", [True, False])
@pytest.mark.parametrize(("way", "used"), [(steady, 0.88), (busy, 0.8)])
async def test_a_rate_without_burst_is_found_and_used(
    start_ticking, way: Callable[[random.Random], float], used: float, *, automatic: bool
) -> None:
    """Fifty a second, two never closer than a fiftieth: found in ten seconds, then used to 80 % and more."""
    start_ticking()
    server = Server(automatic=automatic, way=way)

    await server.run(60)

    assert len([at for at in server.answers if at >= 10]) >= used * 50 * 50
    assert len(server.refusals) <= 0.03 * len(server.answers)


@pytest.mark.parametrize("distance", [0.1, 0.5])
async def test_a_slow_rate_without_burst_is_used_too(start_ticking, distance: float) -> None:
    """Ten a second, and two."""
    start_ticking()
    server = Server(automatic=True, distance=distance)

    await server.run(60)

    assert len([at for at in server.answers if at >= 10]) >= 0.8 * 50 / distance
    assert len(server.refusals) <= 0.03 * len(server.answers) + 12


async def spaced_gate() -> tuple[Gate, Grant, asyncio.Task[None]]:
    """Its calls are spaced, and it has no share; with a call that is in flight since before, and its pump."""
    endpoint = Endpoint(ConcurrencyControl(9, automatic=False), RateLimiter(None, None))
    gate = Gate([endpoint])
    early = await gate.enter(0, 1)
    endpoint.limiter.space(10.0, asyncio.get_running_loop().time(), 0.0)
    pump = asyncio.create_task(gate.pump())
    gate.leave(await gate.enter(1, 1))
    gate.share = 1e-6  # the coordinator is away, and the next call days off
    gate.leave(await gate.enter(2, 1))  # drawn before
    return gate, early, pump


async def test_a_share_that_comes_back_is_used_at_once() -> None:
    """However long the next call would have had to wait without it."""
    gate, _, pump = await spaced_gate()
    begun, loop = asyncio.get_running_loop().time(), asyncio.get_running_loop()
    waiting = asyncio.create_task(gate.enter(3, 1))
    await asyncio.sleep(60)
    assert not waiting.done()
    gate.share = 0.5
    await waiting
    assert loop.time() - begun == pytest.approx(60.35, abs=0.35)
    pump.cancel()


async def test_a_limit_that_an_answer_names_ends_the_wait_for_a_spaced_call() -> None:
    """The lane that the pump waited for is not there any more, and hears nothing of a share that is back."""
    gate, early, pump = await spaced_gate()
    waiting, loop = asyncio.create_task(gate.enter(3, 1)), asyncio.get_running_loop()
    await asyncio.sleep(2)
    gate.answered(early, {"x-ratelimit-limit-requests": "6000", "x-ratelimit-remaining-requests": "5990"}, 1, 1)
    gate.leave(early)
    gate.share = 1.0
    begun = loop.time()
    async with asyncio.timeout(3600):
        await waiting
    assert loop.time() - begun < 2
    pump.cancel()


async def test_refusals_in_a_row_are_paused_for_also_where_calls_keep_a_distance() -> None:
    """It is no chance any more; before calls keep one, the first refusal is."""
    endpoint = Endpoint(ConcurrencyControl(64, automatic=True), RateLimiter(None, None))
    endpoint.pauses_in_a_row = 1
    assert endpoint.pause_after(None) == 0.25
    endpoint.limiter.space(5, 0.0, 0.0)
    assert await pauses_after_refusals(endpoint, 12) == [None, None, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]


async def test_a_server_that_refuses_for_days_is_paused_as_long_as_ever() -> None:
    """One of several may: after nine hours the next pause was no number any more, and the run ended as a bug."""
    endpoint = Endpoint(ConcurrencyControl(64, automatic=True), RateLimiter(None, None))
    endpoint.pauses_in_a_row = 5000
    assert endpoint.pause_after(None) == 30


async def pauses_after_refusals(endpoint: Endpoint, number: int) -> list[float | None]:
    """The pause after each of so many refusals, each of a call that was sent after the last one."""
    pauses = []
    for _ in range(number):
        grant = endpoint.take(1)
        await asyncio.sleep(0.01)
        endpoint.refused(grant, {}, None, slow_down=False)
        endpoint.leave(grant)
        pauses.append(endpoint.pause_after(None))
    return pauses


async def test_answers_to_calls_that_were_sent_before_do_not_end_refusals_in_a_row() -> None:
    """A minute's calls are used up while slow ones are in flight: a hundred more were refused at once."""
    endpoint = Endpoint(ConcurrencyControl(64, automatic=True), RateLimiter(None, None))
    early = [endpoint.take(1) for _ in range(4)]
    endpoint.limiter.space(5, 0.0, 0.0)
    for grant in early:
        await pauses_after_refusals(endpoint, 1)
        endpoint.pauses_in_a_row = 0
        endpoint.answered(grant, {}, 1, 1)
        endpoint.leave(grant)
    assert endpoint.pause_after(None) == 0.5

    endpoint.leave(endpoint.take(1))  # granted, as far as one can tell
    assert await pauses_after_refusals(endpoint, 1) == [None]


async def test_a_bound_of_calls_in_flight_is_not_taken_for_a_rate(start_ticking) -> None:
    """Its refusals come while much is in flight."""
    start_ticking()
    server = Server(automatic=True, distance=0.0, slots=20)
    await server.run(30)
    assert server.endpoint.limiter.lanes == {}


async def test_headers_that_name_the_limit_take_the_place_of_the_search() -> None:
    """The server knows better."""
    limiter = RateLimiter(None, None)
    assert limiter.space(5, 0.0, 0.0)
    assert isinstance(limiter.lanes["requests"], SpacedLane)
    assert not limiter.space(5, 0.0, 0.0)


async def test_refusals_by_chance_do_not_lower_the_rate_without_end() -> None:
    """Half of what one call in flight after another needs stays."""
    pace = SearchedPace(10, 1.0)
    for _ in range(1000):
        pace.refused(0.0, slow_down=False)
    assert pace.rate(0.0) == 5


async def test_a_server_that_changed_is_found_out() -> None:
    """What was refused once may be granted later."""
    pace = SearchedPace(10, 1.0)
    assert pace.rate(1e9) == 10
    pace.refused(0.0, slow_down=False)
    assert 8 < pace.rate(0.0) < 9
    for _ in range(1000):
        pace.sent(1.0)
    assert pace.rate(1.0) > 50


async def test_a_rate_that_a_storm_has_lowered_grows_again_after_a_minute() -> None:
    """With a thousandth for each call alone it would stay a hundredth for hours."""
    pace = SearchedPace(1, 1.0)
    for _ in range(1000):
        pace.refused(0.0, slow_down=False)
    for second in range(60):
        pace.sent(second)
    assert pace.rate(60) < 0.6
    for second in range(61, 91):
        pace.sent(second)
    assert pace.rate(91) > 30


async def test_a_rate_that_is_not_used_does_not_grow() -> None:
    """Few calls that are all granted say nothing of many."""
    lane = SpacedLane(SearchedPace(10, 1.0), 0.0, 0.0)
    for second in range(1, 1000):
        lane.spend(1, second)
    assert lane.pace.rate(1000) == 10
    for call in range(1000):
        lane.spend(1, 1000 + call / 1000)
    assert lane.pace.rate(1001) > 20
