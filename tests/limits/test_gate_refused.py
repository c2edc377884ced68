"""The gate with a server that refuses without a word why: for a rate, or for calls in flight."""

import asyncio
import random
from collections.abc import Callable

import pytest

from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter

from .gates import cancelled
from .limit_server import automatic

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

CALLERS = 400
GATEWAY = {"x-ratelimit-limit-requests": "60000", "x-ratelimit-remaining-requests": "59990"}
Takes = Callable[["Server", float], bool]


class Server:
    """Refuses at once what it does not take, and answers the rest after about a latency."""

    def __init__(self, takes: Takes, latency: float, headers: dict[str, str]) -> None:
        self._takes = takes
        self._latency = latency
        self._headers = headers
        self._random = random.Random(1)
        self.in_flight = 0
        self.answers: list[float] = []
        self.refusals: list[float] = []

    async def run(self, gate: Gate, seconds: float) -> None:
        """Callers without end, for so many seconds."""
        tasks = [asyncio.create_task(gate.pump())]
        tasks += [asyncio.create_task(self._caller(gate, index)) for index in range(CALLERS)]
        await asyncio.sleep(seconds)
        await cancelled(*tasks)

    async def _caller(self, gate: Gate, index: int) -> None:
        while True:
            grant = await gate.enter(index, 100.0)
            endpoint, now = grant.endpoint, asyncio.get_running_loop().time()
            if self._takes(self, now):
                self.answers.append(now)
                self.in_flight += 1
                await asyncio.sleep(self._latency * self._random.lognormvariate(0, 0.3))
                self.in_flight -= 1
                endpoint.pauses_in_a_row = 0
                gate.answered(grant, self._headers, 100.0, 100.0)
                index += CALLERS
            else:
                self.refusals.append(now)
                await asyncio.sleep(0.001)
                endpoint.pauses_in_a_row += endpoint.refused(grant, {}, None, slow_down=False)
                if endpoint.own_pause is not None:
                    gate.pause(endpoint.own_pause, endpoint)
            gate.leave(grant)


def by_the_second(rate: int) -> Takes:
    """So many in each second of the clock."""
    second, count = -1, 0

    def takes(_server: Server, now: float) -> bool:
        nonlocal second, count
        second, count = int(now), count + 1 if int(now) == second else 1
        return count <= rate

    return takes


def one_by_one(rate: int) -> Takes:
    """No two closer than that."""
    last = float("-inf")

    def takes(_server: Server, now: float) -> bool:
        nonlocal last
        if now - last < 1 / rate:
            return False
        last = now
        return True

    return takes


def slots(number: int) -> Takes:
    """So many in flight."""
    return lambda server, _now: server.in_flight < number


@pytest.mark.parametrize("headers", [{}, GATEWAY], ids=["silent", "another limit in the headers"])
@pytest.mark.parametrize(
    ("takes", "latency", "used"),
    [
        (by_the_second, 0.2, 0.9),
        (by_the_second, 2.0, 0.9),
        (
            by_the_second,
            10.0,
            0.28,
        ),  # and on its way up: its number of calls in flight is tried in steps of a quarter
        (one_by_one, 0.2, 0.8),
        (one_by_one, 2.0, 0.8),
        (one_by_one, 10.0, 0.8),
    ],
)
async def test_a_rate_is_found_and_used(
    start_ticking: Callable[[], None],
    headers: dict[str, str],
    takes: Callable[[int], Takes],
    latency: float,
    used: float,
) -> None:
    """25 a second, which a gateway grants before a provider that reports a thousand."""
    start_ticking()
    server, settled = Server(takes(25), latency, headers), 30 + 10 * latency

    await server.run(automatic(), settled + 60)

    late = [at for at in server.answers if at > settled]
    assert len(late) >= used * 25 * 60
    # Where the rate is still searched for, more is refused.
    assert len([at for at in server.refusals if at > settled]) <= (0.03 if used > 0.5 else 0.12) * len(late)


@pytest.mark.parametrize("headers", [{}, GATEWAY], ids=["silent", "another limit in the headers"])
@pytest.mark.parametrize("number", [10, 25, 100])
@pytest.mark.parametrize("latency", [0.2, 2.0, 10.0])
async def test_the_calls_that_a_server_takes_at_once_are_found_and_used(
    start_ticking: Callable[[], None], headers: dict[str, str], number: int, latency: float
) -> None:
    """One call too many cut them to an eighth, and the way back took twenty seconds, again and again."""
    start_ticking()
    server, settled = Server(slots(number), latency, headers), 10 + 10 * latency

    await server.run(automatic(), settled + 60)

    mean = latency * 1.046  # of a log-normal distribution with a sigma of 0.3
    late = [at for at in server.answers if at > settled]
    assert len(late) >= 0.8 * number * 60 / mean
    assert len([at for at in server.refusals if at > settled]) <= 0.02 * len(late)


async def test_a_ceiling_of_the_user_holds_whatever_refuses(start_ticking: Callable[[], None]) -> None:
    """600 a minute are ten a second, also where a search for the rate would find more."""
    start_ticking()
    server = Server(one_by_one(25), 2.0, GATEWAY)
    await server.run(automatic(RateLimiter(600.0, None, {"requests": 600.0})), 120)
    assert len(server.answers) <= 1201 + 10


@pytest.mark.parametrize(
    ("share", "latency", "seconds"),
    [
        (1.0, 0.2, 10.0),
        (1.0, 2.0, 3.0),
        (1.0, 2.0, 10.0),
        (1.0, 2.0, 60.0),
        (0.5, 0.2, 10.0),
        (0.5, 2.0, 3.0),
        (0.5, 2.0, 10.0),
    ],
)
async def test_after_a_storm_as_much_is_used_as_before(
    start_ticking: Callable[[], None], share: float, latency: float, seconds: float
) -> None:
    """What is refused while all is refused says nothing of how much is granted."""
    start_ticking()
    begin, chance = 60 + 20 * latency, random.Random(2)

    def takes(server: Server, now: float) -> bool:
        return server.in_flight < 100 and not (begin <= now < begin + seconds and chance.random() < share)

    server = Server(takes, latency, {})
    end = begin + seconds
    await server.run(automatic(), end + 120)

    after = sum(at >= end + 60 for at in server.answers) / 60
    assert after >= 0.6 * 100 / (1.046 * latency)
