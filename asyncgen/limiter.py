"""The one gate that every attempt passes, and the pace behind it.

Rules:

1. A grant gives all that an attempt needs at once: a call in flight, a request, its tokens. Nothing is
   granted in a pause.
2. The oldest pair goes first. What it cannot have yet, nobody behind it gets: nothing is overtaken, and
   no second queue can turn the order around.
3. Whoever waits for a backoff is outside the gate and holds nothing.

Pacing is `aiolimiter` with a short period. Its waiters are a heap by amount, so large requests would
starve: only the gate's pump waits there. An amount above its capacity raises: amounts are taken in
slices and gathered in a purse until the oldest call can pay. It starts with an empty bucket, which
allows one capacity at once on top of the rate: with a period of a quarter of a second that is little.
"""

import asyncio
from heapq import heappop, heappush
from itertools import count

from aiolimiter import AsyncLimiter

from asyncgen.errors import Stopping

PERIOD = 0.25
ROUNDING = 1e-6  # slices of floats do not add up exactly


class Pacer:
    """A rate per minute, drawn in slices."""

    def __init__(self, per_minute: float) -> None:
        # At least one whole unit must fit: below 240 a minute the period grows instead.
        period = max(PERIOD, 60 / per_minute)
        self._bucket = AsyncLimiter(per_minute * period / 60, period)

    async def draw(self, amount: float) -> float:
        """Wait for at most one bucket of `amount`; returns how much of it was drawn."""
        slice_ = min(amount, self._bucket.max_rate)
        await self._bucket.acquire(slice_)
        return slice_


class RateLimiter:
    """Requests and tokens a minute (None: unpaced), with a purse of what has been drawn and not spent."""

    def __init__(self, rpm: float | None, tpm: float | None) -> None:
        rates = {"requests": rpm, "tokens": tpm}
        self._pacers = {name: Pacer(rate) for name, rate in rates.items() if rate is not None}
        self._purse = dict.fromkeys(self._pacers, 0.0)

    def lack(self, tokens: float) -> tuple[str, float] | None:
        """What a call of so many tokens lacks first, and how much of it; None when it can go."""
        for name, held in self._purse.items():
            missing = (1.0 if name == "requests" else tokens) - held
            if missing > ROUNDING:
                return name, missing
        return None

    async def draw(self, name: str, amount: float) -> None:
        """Put one slice into the purse."""
        self._purse[name] += await self._pacers[name].draw(amount)

    def spend(self, tokens: float) -> None:
        """Take a call of so many tokens out of the purse."""
        for name in self._purse:
            self._purse[name] -= 1.0 if name == "requests" else tokens


class Gate:
    """Grants attempts, oldest pair first; `pump` must run beside it when rates are limited."""

    def __init__(self, concurrency: int, limiter: RateLimiter) -> None:
        self._concurrency = concurrency
        self._limiter = limiter
        self._waiting: list[tuple[int, int, float, asyncio.Future[None]]] = []
        self._order = count()
        self._lacking = asyncio.Event()
        self._closed = asyncio.Event()
        self._paused_until = 0.0
        self._resume: asyncio.TimerHandle | None = None
        self.in_flight = 0
        self.waiting_on: str | None = None

    @property
    def waiting(self) -> int:
        """Calls that stand before the gate."""
        return len(self._waiting)

    async def enter(self, index: int, tokens: float) -> None:
        """Wait for a grant of one call of pair `index`; `leave` must follow.

        Raises:
            Stopping: the gate was closed.
        """
        if self._closed.is_set():
            raise Stopping
        granted = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (index, next(self._order), tokens, granted))
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.leave()  # granted and cancelled in the same tick
            raise

    def leave(self) -> None:
        """Give the call in flight back."""
        self.in_flight -= 1
        self._grant()

    def pause(self, seconds: float) -> bool:
        """Grant nothing for `seconds` from now; False when a longer pause is in force already."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until <= self._paused_until:
            return False
        self._paused_until = until
        if self._resume is not None:
            self._resume.cancel()
        self._resume = loop.call_at(until, self._end_pause)
        return True

    def close(self) -> None:
        """Grant nothing any more: who waits here or in `backoff` gets `Stopping`."""
        self._closed.set()
        for _, _, _, granted in self._waiting:
            if not granted.done():
                granted.set_exception(Stopping())
        self._waiting.clear()
        if self._resume is not None:
            self._resume.cancel()

    async def backoff(self, seconds: float) -> None:
        """Sleep outside the gate.

        Raises:
            Stopping: the gate was closed meanwhile.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return
        raise Stopping

    async def pump(self) -> None:
        """Draw from the pacers what the oldest waiting call lacks; runs until cancelled."""
        while True:
            await self._lacking.wait()
            self._lacking.clear()
            lack = self._limiter.lack(self._waiting[0][2]) if self._waiting else None
            if lack is not None:
                await self._limiter.draw(*lack)
            self._grant()

    def _end_pause(self) -> None:
        self._resume = None
        self._grant()

    def _grant(self) -> None:
        while self._waiting:
            _, _, tokens, granted = self._waiting[0]
            if granted.done():  # cancelled while it waited
                heappop(self._waiting)
                continue
            self.waiting_on = self._obstacle(tokens)
            if self.waiting_on is not None:
                return
            heappop(self._waiting)
            self._limiter.spend(tokens)
            self.in_flight += 1
            granted.set_result(None)
        self.waiting_on = None

    def _obstacle(self, tokens: float) -> str | None:
        # The timer says when a pause is over, not the clock: a loop may fire a timer a little early.
        if self._resume is not None:
            return "pause"
        if self.in_flight >= self._concurrency:
            return "concurrency"
        lack = self._limiter.lack(tokens)
        if lack is None:
            return None
        self._lacking.set()
        return lack[0]
