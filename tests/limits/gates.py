"""Gates with a pump and without a server, and what calls do before them. The clock is virtual."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from asyncgen.limits import endpoint
from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter

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
