"""Calls ahead of their turn: where headers and answers contradict each other, a run goes on."""

import asyncio
from collections.abc import Callable

import pytest

from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import FIRST, Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter

from .limit_server import Server, automatic, run

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

CHARGED, USED = 2048, 220
Said = Callable[[int], tuple[str, str] | None]


def headers(said: tuple[str, str] | None, *names: str) -> dict[str, str]:
    """What an answer says of these limits, if anything."""
    if said is None:
        return {}
    limit, remaining = said
    return {
        key: value
        for name in names or ("requests", "tokens")
        for key, value in {
            f"x-ratelimit-limit-{name}": limit,
            f"x-ratelimit-remaining-{name}": remaining,
        }.items()
    }


async def seconds_of(gate: Gate, said: Said, *, calls: int = 30, latency: float = 0.05) -> float:
    """How long so many calls take against a server that takes them all, and says this with its answers."""
    now = asyncio.get_running_loop().time
    begin, answered = now(), 0

    async def call(index: int) -> None:
        nonlocal answered
        grant = await gate.enter(index, CHARGED)
        await asyncio.sleep(latency)
        gate.answered(grant, headers(said(answered)), CHARGED, USED)
        answered += 1
        gate.leave(grant)

    pump = asyncio.create_task(gate.pump())
    try:
        async with asyncio.timeout(7200):
            await asyncio.gather(*map(call, range(calls)))
    finally:
        pump.cancel()
    gate.close()
    return now() - begin


@pytest.mark.parametrize(
    ("said", "most"),
    [
        (("1000", "998.5"), 10),
        (("2048", "2047"), 10),
        (("100", "100"), 10),
        (("1", "1"), 10),
        (("10000", "9998"), 20),  # a call a second is hardly more than comes back meanwhile
        (("10", "9"), 40),  # as could be of requests, which then go one a second
    ],
)
@pytest.mark.parametrize("concurrency", [None, 1])
async def test_a_limit_that_counts_none_of_the_calls_is_none(
    start_ticking: Callable[[], None], said: tuple[str, str], most: float, concurrency: int | None
) -> None:
    """Whatever was sent, the same remains; by its headers each call would have to wait for up to two minutes."""
    start_ticking()
    control = ConcurrencyControl(concurrency or 64, automatic=concurrency is None)
    gate = Gate([Endpoint(control, RateLimiter(None, None))])
    assert await seconds_of(gate, lambda _: said) < most


@pytest.mark.parametrize("which", range(10))
async def test_a_limit_of_which_one_answer_in_ten_tells_does_not_stop_a_run(
    start_ticking: Callable[[], None], which: int
) -> None:
    """One call at a time: none is in flight whose answer could contradict it."""
    start_ticking()
    gate = Gate([Endpoint(ConcurrencyControl(1, automatic=False), RateLimiter(None, None))])
    assert await seconds_of(gate, lambda n: ("1000.0", "998.5") if n % 10 == which else None) < 10


@pytest.mark.parametrize(
    ("limits", "burst"),
    [
        ({"rpm": 3.0}, 60.0),
        ({"rpm": 20.0}, 60.0),
        ({"rpm": 500.0, "tpm": 30_000.0}, 60.0),
        ({"rpm": 500.0, "tpm": 200_000.0}, 60.0),
        ({"rpm": 60.0, "tpm": 30_000.0}, 10.0),
    ],
)
@pytest.mark.parametrize("latency", [0.2, 3.0, 20.0])
async def test_a_true_limit_of_few_calls_is_used_and_kept(
    start_ticking: Callable[[], None], limits: dict[str, float], burst: float, latency: float
) -> None:
    """Nearly all of it; it takes a refusal to know how much is granted at once."""
    start_ticking()
    server = Server(**limits, burst=burst, latency=latency)

    async with run(server, automatic(), lambda _: CHARGED):
        await asyncio.sleep(900)

    most = min(limits["rpm"] * 15, limits.get("tpm", 1e9) / CHARGED * 15)
    assert len(server.answers) >= 0.98 * most - 1
    assert len(server.refusals) <= 4  # two of the first few, before a limit is known


@pytest.mark.parametrize("bound", ["ceiling", "share"])
async def test_where_less_is_wanted_than_there_is_no_call_goes_ahead(
    start_ticking: Callable[[], None], bound: str
) -> None:
    """Six a minute are six, whatever the server says that remains."""
    start_ticking()
    server = Server(rpm=60.0 if bound == "share" else 6000.0, burst=60.0)
    limiter = RateLimiter(6.0, None, {"requests": 6.0}) if bound == "ceiling" else RateLimiter(None, None)
    gate = automatic(limiter)
    if bound == "share":
        gate.share = 0.1

    async with run(server, gate):
        await asyncio.sleep(600)

    assert len(server.answers) <= 61 + FIRST


async def test_a_refusal_of_a_call_ahead_ends_that_for_good(start_ticking: Callable[[], None]) -> None:
    """By the headers there is room for five; one call in ten seconds is granted."""
    start_ticking()
    server = Server(rpm=6.0, burst=10.0)
    ask = server.ask

    async def with_room(tokens: float) -> tuple[str | None, dict[str, str]]:
        refused, said = await ask(tokens)
        return refused, said | {"x-ratelimit-remaining-requests": "5"}

    server.ask = with_room
    async with run(server, automatic()):
        await asyncio.sleep(1800)

    assert len(server.answers) >= 0.9 * 180
    assert len(server.refusals) <= 8


@pytest.mark.parametrize("rpm", [3.0, 20.0, 60.0, 120.0])
@pytest.mark.parametrize("latency", [0.2, 3.0])
async def test_a_limit_that_grants_no_two_calls_at_once_is_used_and_kept(
    start_ticking: Callable[[], None], rpm: float, latency: float
) -> None:
    """Every second call came one part in twenty too early, for the whole run."""
    start_ticking()
    server = Server(rpm=rpm, burst=60 / rpm, latency=latency)

    async with run(server, automatic()):
        await asyncio.sleep(600)

    assert len(server.answers) >= 0.9 * rpm * 10
    assert len(server.refusals) <= 8
