"""A server, on the virtual clock, that refuses what it does not take, and callers without end."""

import asyncio
import random
from collections.abc import Callable

from asyncgen.limits.gate import Gate

from .gates import cancelled

CALLERS = 400
# Of a server, a time and the calls in flight: the seconds until it takes a call, 0 for one that it takes.
Limit = Callable[[float, int], float]


class Server:
    """Refuses after about a tenth of a second, or what `refusal` says, and answers the rest after about a latency.

    Args:
        limit: what it takes.
        latency: seconds.
        headers: of its answers.
        name: of the limit, if it names it.
        refusal: seconds that a refusal takes about.
        asks: for which pause (seconds) it asks, for a time until it takes a call; None for none.
    """

    def __init__(
        self,
        limit: Limit,
        latency: float,
        headers: dict[str, str] | None = None,
        *,
        name: str | None = None,
        refusal: float = 0.1,
        asks: Callable[[float], float | None] = lambda _wait: None,
    ) -> None:
        self._limit, self._latency, self._headers = limit, latency, headers or {}
        self._name, self._asks, self._refusal = name, asks, refusal
        self._random = random.Random(1)
        self._in_flight = 0
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
            wait = self._limit(now, self._in_flight)
            if not wait:
                self.answers.append(now)
                self._in_flight += 1
                await asyncio.sleep(self._latency * self._random.lognormvariate(0, 0.3))
                self._in_flight -= 1
                endpoint.pauses_in_a_row = 0
                gate.answered(grant, self._headers, 100.0, 100.0)
                index += CALLERS
            else:
                self.refusals.append(now)
                await asyncio.sleep(self._refusal * self._random.lognormvariate(0, 0.5))
                asked = self._asks(wait)
                endpoint.pauses_in_a_row += endpoint.refused(
                    grant, {}, self._name, slow_down=False, pause=asked or 0.0
                )
                pause = endpoint.pause_after(asked)
                if pause is not None:
                    gate.pause(pause, endpoint)
            gate.leave(grant)
