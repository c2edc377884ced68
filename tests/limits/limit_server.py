"""A model, on the virtual clock, of a server that has limits and tells of them, and callers without end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter

from .gates import cancelled


class Server:
    """Grants from buckets of so many seconds, tells of them against the minute, and answers after a latency."""

    def __init__(self, *, rpm: float, tpm: float = 0, burst: float = 1.0, latency: float = 0.2) -> None:
        self.limits = {"requests": rpm, "tokens": tpm} if tpm else {"requests": rpm}
        self._burst, self._latency = burst, latency
        self._levels = {name: limit / 60 * burst for name, limit in self.limits.items()}
        self._at = 0.0
        self.refuses: Callable[[float], bool] = lambda _now: False
        self.answers: list[float] = []
        self.refusals: list[float] = []
        self.waits: list[float] = []
        self.tells = True

    async def ask(self, tokens: float) -> tuple[str | None, dict[str, str]]:
        """The limit that refused it, if one did, and the headers."""
        now = asyncio.get_running_loop().time()
        amounts = {"requests": 1.0, "tokens": tokens}
        for name, limit in self.limits.items():
            filled = self._levels[name] + (now - self._at) * limit / 60
            self._levels[name] = min(limit / 60 * self._burst, filled)
        self._at = now
        capacities = {name: limit / 60 * self._burst for name, limit in self.limits.items()}
        lacking = [name for name in self.limits if self._levels[name] < min(amounts[name], capacities[name])]
        refused = "requests" if self.refuses(now) else next(iter(lacking), None)
        if refused is None:
            for name in self.limits:
                self._levels[name] -= amounts[name]
        headers: dict[str, str] = {}
        for name, limit in self.limits.items():
            used = limit / 60 * self._burst - self._levels[name]
            headers[f"x-ratelimit-limit-{name}"] = f"{limit:g}"
            headers[f"x-ratelimit-remaining-{name}"] = str(int(max(0.0, limit - used)))
            headers[f"x-ratelimit-reset-{name}"] = f"{used / limit * 60:.3f}s"
        if not self.tells:
            headers.clear()
        (self.refusals if refused else self.answers).append(now)
        await asyncio.sleep(0.001 if refused else self._latency)
        return refused, headers

    def rate(self, start: float, end: float) -> float:
        """Answers a second in a span of time."""
        return sum(start <= at < end for at in self.answers) / (end - start)


@asynccontextmanager
async def run(server: Server, gate: Gate, size: Callable[[int], float] = lambda _n: 100.0) -> AsyncIterator[None]:
    """Callers without end, as many as the gate lets, until the block is left."""

    async def caller(first: int, step: int) -> None:
        index = first
        while True:
            queued = asyncio.get_running_loop().time()
            grant = await gate.enter(index, size(index))
            server.waits.append(grant.at - queued)
            refused, headers = await server.ask(size(index))
            if refused is None:
                gate.answered(grant, headers, size(index), size(index))
                index += step
            else:
                grant.endpoint.refused(grant, headers, refused, slow_down=False)
                gate.pause(0.25, grant.endpoint)
            gate.leave(grant)

    tasks = [asyncio.create_task(gate.pump())]
    tasks += [asyncio.create_task(caller(n, 200)) for n in range(200)]
    try:
        yield
    finally:
        await cancelled(*tasks)


def automatic(limiter: RateLimiter | None = None) -> Gate:
    """A gate that knows nothing but what it is told."""
    return Gate([Endpoint(ConcurrencyControl(1024, automatic=True), limiter or RateLimiter(None, None))])
