"""One server that answers calls: its limits, its pause, its calls in flight and its health.

The server's feedback is processed here: answers and refusals change the limit of calls in flight (`concurrency`)
and the rates (`limiter`). While no limit is known and no call has ended, a few go ahead to reveal one.

A refusal that names no limit may be for calls in flight or for a rate: of calls that went at once, both keep some.
So calls are sent evenly from then on. If the server then takes more of them in flight than it kept when it refused
the others, it is a rate, and is searched for (`spacing`); else the calls in flight stay at what was kept.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from asyncgen.chat import fast_dataclass
from asyncgen.limits.circuit_breaker import Health
from asyncgen.limits.concurrency import START, ConcurrencyControl
from asyncgen.limits.limiter import RateLimiter
from asyncgen.limits.pacer import SpendMark
from asyncgen.limits.rate_headers import read_reports
from asyncgen.limits.spacing import SpacedLane

LISTEN_INTERVAL = 0.02  # seconds: rates change over a second, and reading the headers of every call costs CPU
FEW = 3  # calls in flight that no server refuses for their number
# Seconds, if the server names none: a limit per second has room again by then or the next time.
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0  # seconds: pauses double up to that, after which limits per minute are half free again
CHANCE = 2  # refusals in a row of spaced calls, which may have moved closer together on their way
# Seconds without a call in flight, after which one goes ahead for which the last answer left room: limits that are
# none would hold a run up for ever. Long enough for a server that counts by the second, whatever it reports.
IDLE = 1.0
RECENT = 8  # calls that say how fast they are sent
SOME = 8  # calls in flight: fewer are too coarse to be sent evenly, and to say how many a server keeps
MORE = 1.25  # times the calls in flight that a server has kept, and a few: more than chance
SPREAD = 1.25  # times the rate that keeps the calls in flight, at which they are sent after a refusal
SMOOTHING = 0.1  # of an answer in the mean latency
FIRST = 8  # calls in flight while no limit is known, until the first answer reveals one or none


@fast_dataclass(frozen=True, slots=True)
class Grant:
    """Where and when an attempt was granted (seconds of the loop's clock), and the marks of its limits.

    `probe`: it shall show whether the endpoint is well again. `ahead`: of its turn, as nothing else was in flight.
    """

    at: float
    marks: Mapping[str, SpendMark]
    endpoint: "Endpoint"
    probe: bool = False
    ahead: bool = False


class Endpoint:
    """One of the servers behind the gate.

    Args:
        control: the limit of calls in flight.
        limiter: the rates.
        name: the user's; empty for the only one.
    """

    def __init__(self, control: ConcurrencyControl, limiter: RateLimiter, name: str = "") -> None:
        self.name = name
        self.limiter = limiter
        self.health = Health()
        self.probing = False
        self.in_flight = self._probes = 0
        self.pauses_in_a_row = 0
        self.waiting_on: str | None = None
        self._control = control
        self._heard = False
        self._took = 0.0  # seconds of the last answer
        self._latency = 0.0  # mean seconds of answers
        self._sent_at: deque[float] = deque(maxlen=RECENT)
        # Calls in flight that the server kept when it refused others: the last time, and the fewest.
        self._kept = self._least_kept = float("inf")
        self._succeeded = False  # since the last refusal
        self._next_at = 0.0
        self._next: asyncio.TimerHandle | None = None
        self._drawn: Callable[[], None] = lambda: None
        self._heard_at = self._refused_at = float("-inf")
        self._idle_since = 0.0
        self._ahead = False
        self._lacking = asyncio.Event()
        self._wanted = 0.0
        self._paused_until = 0.0
        self._resume: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return 1 if self.probing else self._limit

    @property
    def _limit(self) -> int:
        limit = self._control.limit
        return limit if self._heard or self.limiter.lanes else min(FIRST, limit)

    @property
    def occupied(self) -> float:
        """The share in use of the calls that may be in flight.

        A probe goes beside calls that were sent before, which may hang for minutes.
        """
        share = self.in_flight / self._limit
        return max(share, self._probes) if self.probing else share

    @property
    def _idle(self) -> bool:
        """Whether nothing has been in flight for a while."""
        return not self.in_flight and asyncio.get_running_loop().time() - self._idle_since >= IDLE

    @property
    def _spreads(self) -> bool:
        """Whether calls are sent evenly over a round trip: some of many that went at once were refused.

        Not with a fixed number in flight, which is the user's.
        """
        return self._control.automatic and SOME <= self._kept < float("inf")

    @property
    def own_pause(self) -> float | None:
        """Seconds to pause after a refusal that names none: longer with each episode without an answer.

        None if calls are spaced: that is what the server wants, and a pause would delay many of them.
        """
        in_a_row = self.pauses_in_a_row
        if isinstance(self.limiter.lanes.get("requests"), SpacedLane):
            if in_a_row <= CHANCE:
                return None
            in_a_row -= CHANCE
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (in_a_row - 1))

    def obstacle(self, tokens: float) -> str | None:
        """Why a call of so many tokens cannot go now; None if it can."""
        lack = self.limiter.lack(tokens)
        if lack is not None:
            # Drawn even while something else binds: a bucket holds too little to wait for that.
            self._wanted = tokens
            self._lacking.set()
        self._ahead = lack is not None and self._idle and self.limiter.has_room(tokens)
        # The timer, not the clock, says when a pause is over: a loop may fire a timer a little early.
        if self._resume is not None:
            self.waiting_on = "pause"
        elif self.occupied >= 1 or (self._spreads and self._too_soon()):
            self.waiting_on = "concurrency"
        else:
            self.waiting_on = None if lack is None or self._ahead else lack[0]
        return self.waiting_on

    def take(self, tokens: float) -> Grant:
        """Charge a call of so many tokens, which has no obstacle; `leave` must follow."""
        self.in_flight += 1
        self._probes += self.probing
        now = asyncio.get_running_loop().time()
        self._sent_at.append(now)
        if self._spreads:
            self._next_at = max(now, self._next_at) + self._latency / (SPREAD * self._limit)
        return Grant(now, self.limiter.spend(tokens, now), self, self.probing, self._ahead)

    def leave(self, grant: Grant) -> bool:
        """Return a call in flight; returns whether it is the first of all."""
        self.in_flight -= 1
        self._probes -= grant.probe
        if not self.in_flight:
            self._idle_since = asyncio.get_running_loop().time()
        first, self._heard = not self._heard, True
        return first

    # The server's feedback; before `leave`

    def answered(self, grant: Grant, headers: Mapping[str, str], tokens: float, used: float) -> bool:
        """Record an answered call of so many tokens, charged and in fact; returns whether more may be in flight.

        The headers are read only now and then, as that takes time.
        """
        now = asyncio.get_running_loop().time()
        self._took = now - grant.at
        self._latency += (SMOOTHING if self._latency else 1.0) * (self._took - self._latency)
        before = self._control.limit
        self._control.answered(now, grant.at, self.in_flight)
        self._succeeded = True
        if self._spreads and grant.at > self._refused_at and self._takes_more():
            self._space(now, self.in_flight / self._latency, 2 * self.in_flight)
        if now - self._heard_at >= LISTEN_INTERVAL:
            self._heard_at = now
            if self.limiter.hear(read_reports(headers), grant.marks, now, used=used, ahead=grant.ahead):
                # Little's law: what the rate needs at this latency.
                self._control.expect(self.limiter.calls_a_second(tokens, now) * (now - grant.at), now)
        return self._control.limit > before

    def refused(
        self, grant: Grant, headers: Mapping[str, str], limit: str | None, *, slow_down: bool, pause: float = 0.0
    ) -> bool:
        """Record a call refused for rate or overload; returns whether that begins an episode.

        Args:
            grant: the call's.
            headers: of the refusal.
            limit: the name of the exceeded limit, None if unsaid.
            slow_down: the server asks for a lower rate for a longer time.
            pause: seconds that it asks to wait.
        """
        now = asyncio.get_running_loop().time()
        self.limiter.hear(read_reports(headers), grant.marks, now, refused=True)
        if not pause and limit != "tokens" and self._come_too_close():
            self._space(now, 1 / self._took, START)
        spaced = isinstance(self.limiter.lanes.get("requests"), SpacedLane)
        if limit is None and not spaced:
            if grant.at >= self._refused_at:  # a new episode
                self._least_kept = min(self._least_kept, self._kept) if self._kept >= SOME else float("inf")
            self._kept = self.in_flight - 1
        self._control.refused(
            now,
            grant.at,
            self.in_flight,
            for_rate=limit is not None or spaced,
            evenly=self._spreads,
            pause=pause,
        )
        if grant.at < self._refused_at:
            return False
        self._refused_at = now
        self._succeeded = False
        if grant.ahead:  # which says nothing of the pace
            self.limiter.stay_in_turn()
            return True
        for name, lane in self.limiter.lanes.items():
            if limit in {name, None}:
                lane.pace.refused(now, slow_down=slow_down)
        return True

    def _come_too_close(self) -> bool:
        """Whether so little else is in flight that only its distance to another call explains a refusal."""
        return self._took > 0 and 1 < self.in_flight <= FEW and not self._control.in_storm

    def _takes_more(self) -> bool:
        """Whether the server takes more at once than when it refused some: those only came too fast."""
        return self._latency > 0 and self.in_flight > MORE * min(self._least_kept, self._kept) + FEW

    def _space(self, now: float, rate: float, concurrency: int) -> None:
        """Space calls out, at this rate to begin with, unless a limit of requests is known that may refuse."""
        sent = len(self._sent_at) / max(now - self._sent_at[0], 1e-9) if self._succeeded else float("inf")
        if self.limiter.space(max(1.0, rate), now, sent):
            self._kept = self._least_kept = float("inf")
            self._control.rate_binds(now, concurrency)

    # Time

    def _too_soon(self) -> bool:
        """Whether calls are sent evenly over a round trip, and it is not yet time for the next one."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next_at:
            return False
        if self._next is None:
            self._next = loop.call_at(self._next_at, self._end_distance)
        return True

    def _end_distance(self) -> None:
        self._next = None
        self._next_at = 0.0
        self._drawn()

    def pause(self, seconds: float, over: Callable[[], None]) -> bool:
        """Pause for `seconds` from now, then call `over`; False if a longer pause is in force already."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until <= self._paused_until:
            return False
        self._paused_until = until
        self.close()
        self._resume = loop.call_at(until, self._end_pause, over)
        return True

    def close(self) -> None:
        """Cancel the timer."""
        if self._resume is not None:
            self._resume.cancel()

    async def pump(self, drawn: Callable[[], None]) -> None:
        """Draw from the lanes what the oldest call that waits for them lacks; runs until cancelled.

        Args:
            drawn: called after each draw.
        """
        now = asyncio.get_running_loop().time
        self._drawn = drawn
        drawn()  # the pump of a former run may have ended while it drew for a call that waits
        while True:
            await self._lacking.wait()
            self._lacking.clear()
            lack = self.limiter.lack(self._wanted)
            if lack is not None:
                name, amount = lack
                await self.limiter.lanes[name].draw(amount, now())
            drawn()

    def _end_pause(self, over: Callable[[], None]) -> None:
        self._resume = None
        over()
