"""The gate with a server that refuses without a word why: for a rate, or for calls in flight."""

import math
import random
from collections import deque
from collections.abc import Callable

import pytest

from asyncgen.limits.limiter import RateLimiter

from .limit_server import automatic
from .refusing_server import Limit, Server

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

GATEWAY = {"x-ratelimit-limit-requests": "60000", "x-ratelimit-remaining-requests": "59990"}


def in_windows(number: int, period: float = 1.0) -> Limit:
    """So many in each period of the clock, in seconds."""
    window, count = -1, 0

    def limit(now: float, _in_flight: int) -> float:
        nonlocal window, count
        window, count = int(now / period), count + 1 if int(now / period) == window else 1
        return 0.0 if count <= number else (window + 1) * period - now

    return limit


def in_sliding_windows(number: int, period: float) -> Limit:
    """So many in any period of that length."""
    taken: deque[float] = deque(maxlen=number)

    def limit(now: float, _in_flight: int) -> float:
        if len(taken) == number and now < taken[0] + period:
            return taken[0] + period - now
        taken.append(now)
        return 0.0

    return limit


def from_a_bucket(number: int, period: float) -> Limit:
    """A bucket of so many that fills in that time."""
    level, filled_at = float(number), 0.0

    def limit(now: float, _in_flight: int) -> float:
        nonlocal level, filled_at
        level, filled_at = min(number, level + (now - filled_at) * number / period), now
        if level < 1:
            return (1 - level) * period / number
        level -= 1
        return 0.0

    return limit


def one_by_one(rate: int) -> Limit:
    """No two closer than that."""
    last = float("-inf")

    def limit(now: float, _in_flight: int) -> float:
        nonlocal last
        if now - last < 1 / rate:
            return last + 1 / rate - now
        last = now
        return 0.0

    return limit


def slots(number: int) -> Limit:
    """So many in flight."""
    return lambda _now, in_flight: float(in_flight >= number)


@pytest.mark.parametrize("headers", [{}, GATEWAY], ids=["silent", "another limit in the headers"])
@pytest.mark.parametrize(
    ("limit", "latency", "used"),
    [
        (in_windows, 0.2, 0.9),
        (in_windows, 2.0, 0.65),
        (
            in_windows,
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
    limit: Callable[[int], Limit],
    latency: float,
    used: float,
) -> None:
    """25 a second, which a gateway grants before a provider that reports a thousand."""
    start_ticking()
    server, settled = Server(limit(25), latency, headers), 30 + 10 * latency

    await server.run(automatic(), settled + 60)

    late = [at for at in server.answers if at > settled]
    assert len(late) >= used * 25 * 60
    # Where the rate is still searched for, more is refused.
    assert len([at for at in server.refusals if at > settled]) <= (0.03 if used > 0.5 else 0.12) * len(late)


@pytest.mark.parametrize("headers", [{}, GATEWAY], ids=["silent", "another limit in the headers"])
@pytest.mark.parametrize(
    ("number", "latency"),
    # Not a hundred at 0.2 s: that is much to compute.
    [(10, 0.2), (10, 2.0), (10, 10.0), (25, 0.2), (25, 2.0), (25, 10.0), (100, 2.0), (100, 10.0)],
)
async def test_the_calls_that_a_server_takes_at_once_are_found_and_used(
    start_ticking: Callable[[], None], headers: dict[str, str], number: int, latency: float
) -> None:
    """One call too many cut them to an eighth, and the way back took twenty seconds, again and again."""
    start_ticking()
    server, settled = Server(slots(number), latency, headers), 10 + 10 * latency

    await server.run(automatic(), settled + 60)

    mean = latency * 1.046  # of a log-normal distribution with a sigma of 0.3
    late = [at for at in server.answers if at > settled]
    assert len(late) >= 0.75 * number * 60 / mean
    assert len([at for at in server.refusals if at > settled]) <= (0.06 if latency < 1 else 0.02) * len(late)


async def test_a_ceiling_of_the_user_holds_whatever_refuses(start_ticking: Callable[[], None]) -> None:
    """600 a minute are ten a second, also where a search for the rate would find more."""
    start_ticking()
    server = Server(one_by_one(25), 2.0, GATEWAY)
    await server.run(automatic(RateLimiter(600.0, None, {"requests": 600.0})), 120)
    assert len(server.answers) <= 1201 + 10


async def test_a_limit_of_calls_in_flight_is_not_taken_for_a_rate_after_a_storm(
    start_ticking: Callable[[], None],
) -> None:
    """Minutes later, when one call more is tried: a ninth was used from then on."""
    start_ticking()
    chance = random.Random(2)

    def limit(now: float, in_flight: int) -> float:
        return float(in_flight >= 30 or (65 <= now < 75 and chance.random() < 0.5))

    server, gate = Server(limit, 0.5, asks=lambda _: 5.0), automatic()
    await server.run(gate, 320)

    assert gate.endpoints[0].limiter.lanes == {}
    assert sum(at >= 200 for at in server.answers) >= 0.7 * 30 / (0.5 * 1.046) * 120


@pytest.mark.parametrize(("share", "seconds"), [(0.2, 60.0), (0.5, 30.0), (1.0, 30.0)])
async def test_after_a_storm_that_asks_for_pauses_as_much_is_used_as_before(
    start_ticking: Callable[[], None], share: float, seconds: float
) -> None:
    """Each of its refusals seemed to show a lower limit, down to one call in flight: a fiftieth, for minutes."""
    start_ticking()
    begin, chance = 80, random.Random(2)

    def limit(now: float, in_flight: int) -> float:
        return float(in_flight >= 60 or (begin <= now < begin + seconds and chance.random() < share))

    server = Server(limit, 2.0, asks=lambda _: 5.0)
    end = begin + seconds
    await server.run(automatic(), end + 120)

    after = sum(at >= end + 60 for at in server.answers) / 60
    assert after >= 0.8 * 60 / (1.046 * 2.0)


@pytest.mark.parametrize(
    ("share", "latency", "seconds", "number"),
    [
        (1.0, 0.2, 10.0, 20),
        (1.0, 2.0, 3.0, 100),
        (1.0, 2.0, 10.0, 100),
        (1.0, 2.0, 60.0, 100),
        (0.5, 0.2, 10.0, 20),
        (0.5, 2.0, 3.0, 100),
        (0.5, 2.0, 10.0, 100),
        (0.5, 2.0, 60.0, 100),
    ],
)
async def test_after_a_storm_as_much_is_used_as_before(
    start_ticking: Callable[[], None], share: float, latency: float, seconds: float, number: int
) -> None:
    """What is refused while all is refused says nothing of how much is granted."""
    start_ticking()
    begin, chance = 60 + 20 * latency, random.Random(2)

    def limit(now: float, in_flight: int) -> float:
        return float(in_flight >= number or (begin <= now < begin + seconds and chance.random() < share))

    server = Server(limit, latency)
    end = begin + seconds
    await server.run(automatic(), end + 120)

    after = sum(at >= end + 60 for at in server.answers) / 60
    assert after >= 0.6 * number / (1.046 * latency)


def no_pause(_wait: float) -> None:
    """No Retry-After."""


def a_second(_wait: float) -> float:
    """Retry-After: 1, whatever comes."""
    return 1.0


@pytest.mark.parametrize(
    ("limit", "number", "period", "latency", "asks", "name"),
    [
        (in_windows, 600, 60, 0.5, no_pause, None),
        (in_windows, 600, 60, 0.5, no_pause, "requests"),
        (in_windows, 600, 60, 3.0, math.ceil, None),
        (in_windows, 600, 60, 3.0, math.ceil, "requests"),
        (in_windows, 60, 60, 3.0, no_pause, None),
        (in_windows, 60, 60, 15.0, math.ceil, None),
        (in_windows, 60, 60, 15.0, math.ceil, "tokens"),
        (in_windows, 60, 10, 15.0, a_second, None),
        (in_sliding_windows, 600, 60, 0.5, no_pause, None),
        (in_sliding_windows, 600, 60, 0.5, no_pause, "tokens"),
        (in_sliding_windows, 600, 60, 3.0, math.ceil, None),
        (in_sliding_windows, 600, 60, 3.0, math.ceil, "requests"),
        (in_sliding_windows, 60, 60, 3.0, math.ceil, None),
        (in_sliding_windows, 60, 60, 3.0, math.ceil, "requests"),
        (in_sliding_windows, 60, 10, 15.0, no_pause, None),
        (from_a_bucket, 60, 60, 15.0, a_second, None),
        (from_a_bucket, 60, 60, 15.0, a_second, "requests"),
        (from_a_bucket, 60, 10, 15.0, no_pause, None),
        (from_a_bucket, 600, 60, 0.5, no_pause, None),
    ],
)
async def test_a_limit_of_which_no_header_tells_is_used(
    start_ticking: Callable[[], None],
    limit: Callable[[int, float], Limit],
    number: int,
    period: float,
    latency: float,
    asks: Callable[[float], float | None],
    name: str | None,
) -> None:
    """Where a minute's calls can go in seconds, all is refused for the rest of it: that is no storm, and ends.

    0.06 and 0.39 of two of them was used.
    """
    start_ticking()
    server = Server(limit(number, period), latency, name=name, asks=asks)

    await server.run(automatic(), 480)

    late = [at for at in server.answers if at >= 120]
    assert len(late) >= 0.6 * number / period * 360
    assert len([at for at in server.refusals if at >= 120]) <= 0.4 * len(late)


def counting_refusals(number: int, period: float) -> Limit:
    """So many in any period of that length, those that were refused among them."""
    asked: deque[float] = deque([float("-inf")] * number, maxlen=number)

    def limit(now: float, _in_flight: int) -> float:
        oldest = asked[0]
        asked.append(now)
        return max(0.0, oldest + period - now)

    return limit


async def test_a_run_that_begins_where_all_is_used_up_does_not_ask_in_vain_for_ever(
    start_ticking: Callable[[], None],
) -> None:
    """The run before it has used it, and each refusal counts."""
    start_ticking()
    limit = counting_refusals(20, 60)
    for call in range(20):
        limit(-call, 0)
    server = Server(limit, 0.5, asks=a_second)
    await server.run(automatic(), 400)
    assert len(server.answers) >= 20


async def test_a_refusal_for_tokens_says_nothing_of_the_requests_that_are_reported(
    start_ticking: Callable[[], None],
) -> None:
    """They were lowered too, and a third less was used."""
    start_ticking()
    headers = {"x-ratelimit-limit-requests": "6000", "x-ratelimit-remaining-requests": "5990"}
    server = Server(in_sliding_windows(600, 60), 0.5, headers, name="tokens")
    await server.run(automatic(), 360)
    late = [at for at in server.answers if at >= 120]
    assert len(late) >= 0.95 * 10 * 240


@pytest.mark.parametrize("number", [20, 60])
@pytest.mark.parametrize("latency", [0.5, 3.0, 15.0])
async def test_a_pause_that_is_asked_for_in_vain_again_and_again_becomes_longer(
    start_ticking: Callable[[], None], number: int, latency: float
) -> None:
    """A call a second was refused for ever, for each of them counted."""
    start_ticking()
    server = Server(counting_refusals(number, 60), latency, asks=a_second)
    await server.run(automatic(), 480)
    assert sum(at >= 120 for at in server.answers) >= 0.15 * number * 6


async def test_a_storm_of_a_minute_is_probed_as_often_as_the_server_asks(
    start_ticking: Callable[[], None],
) -> None:
    """It is over soon after its end."""
    start_ticking()
    server = Server(lambda now, _: float(30 <= now < 90), 0.5, asks=a_second)
    await server.run(automatic(), 100)
    assert min(at for at in server.answers if at >= 90) < 91.1
