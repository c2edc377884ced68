"""One server that answers calls: its limits, its pause, its calls in flight and its health.

The server's feedback is processed here: answers and refusals change the limit of calls in flight (`concurrency`)
and the rates (`limiter`). While no limit is known and no call has ended, a few go ahead to reveal one.

After a refusal that names no limit, calls are sent evenly (`spread`). If the server then takes more of them in
flight than it kept when it refused the others, it is for a rate, which is searched for (`spacing`); else the calls
in flight stay at what was kept.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from asyncgen.chat import fast_dataclass
from asyncgen.limits.circuit_breaker import CircuitBreaker
from asyncgen.limits.concurrency import LONG_PAUSE, START, ConcurrencyControl
from asyncgen.limits.limiter import RateLimiter
from asyncgen.limits.pacer import SpendMark
from asyncgen.limits.rate_headers import read_reports
from asyncgen.limits.spacing import CHANCE
from asyncgen.limits.spread import FEW, Spread

LISTEN_INTERVAL = 0.02  # seconds: rates change over a second, and reading the headers of every call costs CPU
# Seconds, if the server names none: a limit per second has room again by then or the next time.
FIRST_PAUSE = 0.25
IN_VAIN = 120.0  # seconds without an answer, after which pauses that are asked for are too short
VAIN_SHARE = 1 / 8  # of these seconds is the pause then
DOUBLINGS = 7  # of the first pause reach the longest
LONGEST_PAUSE = 30.0  # seconds: pauses double up to that, after which limits per minute are half free again
# Seconds without a call in flight, after which one goes ahead for which the last answer left room: limits that are
# none would hold a run up for ever. Long enough for a server that counts by the second, whatever it reports.
IDLE = 1.0
RECENT = 8  # calls that say how fast they are sent
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
        self.health = CircuitBreaker()
        self.probing = False
        self.in_flight = self._probes = 0
        self.pauses_in_a_row = 0
        self.waiting_on: str | None = None
        self._control = control
        self._heard = False
        self._took = 0.0  # seconds of the last answer
        self._latency = 0.0  # mean seconds of answers
        self._answers = 0
        self._begun_at: float | None = None
        self._sent_at: deque[float] = deque(maxlen=RECENT)
        self._spread = Spread(self._grant_more, enabled=control.automatic)
        self._succeeded = False  # since the last refusal
        self._vain_since = float("inf")  # the first refusal since the last answer
        # A limit that no answer reports was named with a long pause: all of it may be granted at once after that.
        self._windowed = False
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
    def pause_left(self) -> float:
        """Seconds until its pause is over."""
        return max(0.0, self._paused_until - asyncio.get_running_loop().time())

    def pause_after(self, asked: float | None) -> float | None:
        """Seconds to pause after a refusal that asks for so many, if it does; None for no pause.

        Some servers round down to nothing; kept again and again, that would be a loop of refusals. So it would be
        where refusals count as calls, and the same short pause is asked for each time.
        """
        if asked is None or (asked < FIRST_PAUSE and self.pauses_in_a_row > 1):
            asked = self._own_pause
        if asked is not None and not self._succeeded:
            in_vain = self._refused_at - self._vain_since
            if in_vain > IN_VAIN:
                return max(asked, min(LONGEST_PAUSE, VAIN_SHARE * in_vain))
        return asked

    @property
    def _own_pause(self) -> float | None:
        """Seconds to pause after a refusal that names none: longer with each episode without an answer.

        None if calls are spaced: that is what the server wants, and a pause would delay many of them.
        """
        in_a_row = self.pauses_in_a_row
        spaced = self.limiter.spaced
        if spaced is not None:
            in_a_row = spaced.refused_in_a_row - CHANCE
            if in_a_row <= 0:
                return None
        # 2.0 ** 1024 is too large for a float, and one of several servers may refuse for days.
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(in_a_row - 1, DOUBLINGS))

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
        elif self.occupied >= 1 or self._spread.too_soon():
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
        if self._begun_at is None:
            self._begun_at = now
        self._spread.sent(now, self._latency, self._limit)
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
        self._answers += 1
        if grant.at > self._refused_at and self._spread.is_exceeded(self.in_flight):
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
        again = grant.at < self._refused_at
        self._look_for_rate(limit, pause, now, again=again)
        spaced = self.limiter.spaced
        if spaced is None:  # else the pace and a pause are enough
            if limit is None:
                self._spread.refused(now, self.in_flight, again=again)
            self._control.refused(
                now, grant.at, self.in_flight, for_rate=limit is not None, evenly=self._spread.active, pause=pause
            )
        else:
            spaced.refused(now - grant.at, self._granted(now), again=again)
        if again:
            return False
        self._refused_at = now
        self._vain_since = now if self._succeeded else min(now, self._vain_since)
        self._succeeded = False
        if grant.ahead:  # which says nothing of the pace
            self.limiter.stay_in_turn()
            return True
        lanes = self.limiter.lanes
        for name, lane in lanes.items():
            if limit in {name, None} or (lane is spaced and limit not in lanes):
                lane.pace.refused(now, slow_down=slow_down)
        return True

    def _look_for_rate(self, limit: str | None, pause: float, now: float, *, again: bool) -> None:
        """Space calls out where a refusal shows that it is for a rate of which no answer tells."""
        if pause < LONG_PAUSE and limit != "tokens" and self._come_too_close():
            self._space(now, 1 / self._took, START)
        if limit is None or limit in self.limiter.lanes:
            return
        if pause >= LONG_PAUSE:
            self._windowed = True
        elif self._windowed and self._latency and not again:  # the window is no fixed one, but slides
            self._space(now, self.in_flight / self._latency, self.in_flight)

    def _come_too_close(self) -> bool:
        """Whether so little else is in flight that only its distance to another call explains a refusal."""
        return self._took > 0 and 1 < self.in_flight <= FEW and not self._control.in_storm

    def _space(self, now: float, rate: float, concurrency: int) -> None:
        """Space calls out, unless a limit of requests is known that may refuse.

        The rate is this to begin with, or what was granted since the first call if that is more.
        """
        sent = len(self._sent_at) / max(now - self._sent_at[0], 1e-9) if self._succeeded else float("inf")
        if self.limiter.space(max(1.0, rate), now, sent, self._granted(now)):
            self._spread.stop()
            self._control.rate_binds(now, concurrency)

    def _granted(self, now: float) -> float:
        """Answered calls a second since the first call was sent."""
        since = 0.0 if self._begun_at is None else now - self._begun_at
        return self._answers / since if since else 0.0

    # Time

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

    def _grant_more(self) -> None:
        """Let the gate grant calls, as the pump does."""
        self._drawn()

    def _end_pause(self, over: Callable[[], None]) -> None:
        self._resume = None
        over()
