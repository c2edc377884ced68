"""The one gate that every attempt passes, and the pace behind it.

Rules:

1. A grant gives all that an attempt needs at once: a call in flight, a request, its tokens. Nothing is
   granted in a pause, nor beyond the budget: what calls in flight may cost is set aside.
2. The oldest pair goes first. What it cannot have yet, nobody behind it gets: nothing is overtaken, and
   no second queue can turn the order around. But a call that was just refused lets the next one go before it: it
   may be the only one that the server refuses.
3. Whoever waits for a backoff is outside the gate and holds nothing.
4. As long as no limit is known and no call is back, a few go ahead to tell of one.
5. What the server says is heard here: answers and refusals move the limit of calls in flight
   (`concurrency`) and the rates (`pace`).

Pacing is `aiolimiter` with a short period. Its waiters are a heap by amount, so large requests would
starve: only the gate's pump waits there. An amount above its capacity raises: amounts are taken in
slices and gathered in a purse until the oldest call can pay. Its rate cannot change and its level cannot be
set: so the rate stays, and a changed pace changes what a unit costs.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from aiolimiter import AsyncLimiter

from asyncgen.chat import NO_USAGE, Usage
from asyncgen.concurrency import ConcurrencyControl
from asyncgen.errors import Stopping
from asyncgen.pace import MINUTE, Mark, Pace
from asyncgen.rate_headers import DAY, Report, read_reports

if TYPE_CHECKING:
    from asyncgen.budget import Budget

PERIOD = 0.1
ROUNDING = 1e-6  # slices of floats do not add up exactly
LISTEN_INTERVAL = 0.02
FIRST = 8  # calls in flight where no limit is known, until the first of them has told of some or of none


@dataclass(frozen=True, slots=True)
class Grant:
    """When an attempt was granted (seconds of the loop's clock), and the marks of the paced limits then."""

    at: float
    marks: Mapping[str, Mark]


class Lane:
    """One paced limit: its rate, and a purse of what has been drawn and not spent."""

    def __init__(self, per_minute: float, ceiling: float | None, share: float) -> None:
        self.pace = Pace(per_minute, ceiling, share)
        # At least one whole unit must fit: below 600 a minute the period grows instead.
        self._nominal = self.pace.allowance
        period = max(PERIOD, 1 / self._nominal)
        self._bucket = AsyncLimiter(self._nominal * period, period)
        self._purse = 0.0
        self._spent = 0.0

    @property
    def spent(self) -> float:
        """What calls have taken since the start."""
        return self._spent

    def lack(self, amount: float) -> float:
        """What is missing in the purse; 0 when the amount is there."""
        missing = amount - self._purse
        return missing if missing > ROUNDING else 0.0

    async def draw(self, amount: float, now: float) -> None:
        """Put a slice of at most `amount` into the purse, at the pace of now."""
        cost = self._nominal / self.pace.rate(now)
        slice_ = min(amount * cost, self._bucket.max_rate)
        await self._bucket.acquire(slice_)
        self._purse += slice_ / cost

    def spend(self, amount: float, now: float) -> Mark:
        """Take a call's amount out of the purse."""
        self._purse -= amount
        self._spent += amount
        self.pace.sent(amount)
        return Mark(now, amount, self._spent)


class RateLimiter:
    """The paced limits of one endpoint; those that only its headers tell of are paced from then on.

    Args:
        rpm: requests a minute as preset, None when unknown.
        tpm: tokens a minute as preset, None when unknown.
        ceilings: what the user wants at most, by name ("requests", "tokens"), a minute.
    """

    def __init__(self, rpm: float | None, tpm: float | None, ceilings: Mapping[str, float] | None = None) -> None:
        self._ceilings = ceilings or {}
        self._share = 1.0
        presets = {"requests": rpm, "tokens": tpm}
        self.lanes = {
            name: Lane(preset, self._ceilings.get(name), self._share)
            for name, preset in presets.items()
            if preset is not None
        }
        self.largest_call = float("inf")
        self.day_over: float | None = None

    @property
    def share(self) -> float:
        """The share of every limit that is ours, above 0 up to 1."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        self._share = share
        for lane in self.lanes.values():
            lane.pace.share = share

    def lack(self, tokens: float) -> tuple[str, float] | None:
        """What a call of so many tokens lacks first, and how much of it; None when it can go."""
        for name, lane in self.lanes.items():
            missing = lane.lack(1.0 if name == "requests" else tokens)
            if missing:
                return name, missing
        return None

    def spend(self, tokens: float, now: float) -> dict[str, Mark]:
        """Take a call of so many tokens out of the purses."""
        return {name: lane.spend(1.0 if name == "requests" else tokens, now) for name, lane in self.lanes.items()}

    def hear(self, reports: Mapping[str, Report], grant: Grant, now: float) -> bool:
        """Take in what the headers of an answer say; whether a limit is new."""
        learned = False
        for name, report in reports.items():
            if report.daily:
                self.day_over = (report.reset or DAY) if report.remaining < 1 else None
                continue
            if name == "tokens":
                self.largest_call = report.limit
            if name not in self.lanes:
                self.lanes[name] = Lane(
                    report.limit * MINUTE / report.period, self._ceilings.get(name), self._share
                )
                learned = True
            mark = grant.marks.get(name)
            if mark is not None:
                self.lanes[name].pace.answered(now, mark, report.limit, report.remaining, report.period)
        return learned

    def calls_a_second(self, tokens: float, now: float) -> float:
        """How many calls of so many tokens the limits let through."""
        rates = (
            lane.pace.rate(now) / (1.0 if name == "requests" else tokens) for name, lane in self.lanes.items()
        )
        return min(rates, default=float("inf"))


class Gate:
    """Grants attempts, oldest pair first; `pump` must run beside it when rates are limited."""

    def __init__(self, control: ConcurrencyControl, limiter: RateLimiter) -> None:
        self._control = control
        self._limiter = limiter
        self._waiting: list[tuple[int, int, float, Usage, asyncio.Future[Grant]]] = []
        self._order = count()
        self._lacking = asyncio.Event()
        self._closed = asyncio.Event()
        self._paused_until = 0.0
        self._resume: asyncio.TimerHandle | None = None
        self._refused_at = self._heard_at = float("-inf")
        self._heard = False
        self.in_flight = 0
        self.backing_off = 0
        self.waiting_on: str | None = None
        self.grown = asyncio.Event()
        self.budget: Budget | None = None
        self.exhausted = asyncio.Event()

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        limit = self._control.limit
        return limit if self._heard or self._limiter.lanes else min(FIRST, limit)

    @property
    def waiting(self) -> int:
        """Calls that stand before the gate."""
        return len(self._waiting)

    @property
    def share(self) -> float:
        """The share of every limit that is ours, above 0 up to 1; a change takes effect at the next draw."""
        return self._limiter.share

    @share.setter
    def share(self, share: float) -> None:
        self._limiter.share = share

    @property
    def lanes(self) -> Mapping[str, Lane]:
        """The paced limits by name."""
        return self._limiter.lanes

    async def enter(self, index: int, tokens: float, most: Usage = NO_USAGE, *, refused: bool = False) -> Grant:
        """Wait for a grant of one call of pair `index`; `leave` must follow.

        Args:
            index: the oldest goes first.
            tokens: what the call is charged against the limit of tokens.
            most: what it can cost, for the budget.
            refused: it was refused just now, and lets the oldest of the others go first: if it alone is what the
                server refuses, the others must not wait for it.

        Raises:
            Stopping: the gate was closed.
        """
        if self._closed.is_set():
            raise Stopping
        granted: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        place = max(index, self._waiting[0][0]) if refused and self._waiting else index
        heappush(self._waiting, (place, next(self._order), tokens, most, granted))
        self._grant()
        try:
            grant = await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.leave(most)  # granted and cancelled in the same tick
            raise
        if self._closed.is_set():
            self.leave(most)  # granted and closed in the same tick
            raise Stopping
        return grant

    def leave(self, most: Usage = NO_USAGE) -> None:
        """Give the call in flight back, and what the budget had set aside for it; its cost is in the spend."""
        self.in_flight -= 1
        if not self._heard:
            self._heard = True
            self.grown.set()
        if self.budget is not None:
            self.budget.release(most)
        self._grant()

    # What the server says; before `leave`

    def answered(self, grant: Grant, headers: Mapping[str, str], tokens: float) -> None:
        """A call was answered; its headers are heard now and then, for reading them costs time."""
        now = asyncio.get_running_loop().time()
        before = self._control.limit
        self._control.answered(now, grant.at, self.in_flight)
        if now - self._heard_at >= LISTEN_INTERVAL:
            self._heard_at = now
            if self._limiter.hear(read_reports(headers), grant, now):
                # Little's law: what the rate needs at this latency.
                self._control.expect(self._limiter.calls_a_second(tokens, now) * (now - grant.at), now)
        if self._control.limit > before:
            self.grown.set()
            self._grant()

    def refused(self, grant: Grant, headers: Mapping[str, str], limit: str | None, *, slow_down: bool) -> bool:
        """A call was refused for rate or overload; whether that begins an episode.

        Args:
            grant: the call's.
            headers: of the refusal.
            limit: the name of the limit it was refused for, None when that was not said.
            slow_down: the server asks for a lower rate for a longer time.
        """
        now = asyncio.get_running_loop().time()
        self._limiter.hear(read_reports(headers), grant, now)
        self._control.refused(now, grant.at, self.in_flight, for_rate=limit is not None)
        if grant.at < self._refused_at:
            return False
        self._refused_at = now
        for name, lane in self._limiter.lanes.items():
            if limit in {name, None}:
                lane.pace.refused(now, slow_down=slow_down)
        return True

    def fits(self, tokens: float) -> bool:
        """Whether a call of so many tokens can ever pass the server's limit."""
        return tokens <= self._limiter.largest_call

    def day_over(self) -> float | None:
        """Seconds until a quota of the day is counted anew, when one is used up."""
        return self._limiter.day_over

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
        for *_, granted in self._waiting:
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
        self.backing_off += 1
        self.grown.set()
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return
        finally:
            self.backing_off -= 1
        raise Stopping

    async def pump(self) -> None:
        """Draw from the lanes what the oldest waiting call lacks; runs until cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            await self._lacking.wait()
            self._lacking.clear()
            lack = self._limiter.lack(self._waiting[0][2]) if self._waiting else None
            if lack is not None:
                name, amount = lack
                await self._limiter.lanes[name].draw(amount, now())
            self._grant()

    def _end_pause(self) -> None:
        self._resume = None
        self._grant()

    def _grant(self) -> None:
        while self._waiting:
            _, _, tokens, most, granted = self._waiting[0]
            if granted.done():  # cancelled while it waited
                heappop(self._waiting)
                continue
            self.waiting_on = self._obstacle(tokens, most)
            if self.waiting_on is not None:
                return
            heappop(self._waiting)
            now = asyncio.get_running_loop().time()
            self.in_flight += 1
            if self.budget is not None:
                self.budget.reserve(most)
            granted.set_result(Grant(now, self._limiter.spend(tokens, now)))
        self.waiting_on = None

    def _obstacle(self, tokens: float, most: Usage) -> str | None:
        if self.budget is not None and not self.budget.covers(most):
            if not self.in_flight:  # nothing comes back that could make room
                self.exhausted.set()
            return "budget"
        lack = self._limiter.lack(tokens)
        if lack is not None:
            # Drawn also while something else binds: a bucket holds too little to wait for that.
            self._lacking.set()
        # The timer says when a pause is over, not the clock: a loop may fire a timer a little early.
        if self._resume is not None:
            return "pause"
        if self.in_flight >= self.limit:
            return "concurrency"
        return None if lack is None else lack[0]
