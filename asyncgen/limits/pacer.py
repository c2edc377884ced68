"""How fast a limit may be used: its rate, derived from the server's headers. Pure: the time is an argument.

A limit of L per second is a bucket at the server that fills at L and is emptied by everybody with our key. Every
answer reports what remained of it when its request arrived. From that follow, in units of the limit:

- what is *used*: the limit of the period less what remains. If nothing is used, the bucket overflows, and the
  overflow is lost.
- what *others* take: what was used beyond what we sent, corrected for what the bucket filled.
- what the server *charges*, relative to our estimate: if less was used than we sent, it refunds, or counts
  differently.

What the server leaves is L / charge less what others take, plus a correction that brings what is used to a set
point. What we want at most is separate: the user's ceiling, and our share of ceiling and limit if other processes
have theirs. The rate is the smaller of the two. The set point begins low and rises in steps, each after the last
one was used and nothing was refused: a bucket per minute and one per second look alike in the headers, and only
this shows how much of the burst is really granted. The first refusal ends the steps for the run: the set point
then stays half a second's worth below what was in use.

A limit counted in fixed windows is not a bucket: `fixed_window` detects and uses it.

Without such headers the rate is the requested one; refusals lower it and time restores it.
"""

from collections import deque

from asyncgen.chat import fast_dataclass
from asyncgen.limits.fixed_window import FixedWindow

LOW = 0.25  # seconds of the limit in use at first: enough that the bucket does not overflow
LEAST_LOW = 0.2  # seconds of them that a refusal removes, if the bucket holds hardly more than a call
NONE_LOW = 0.3  # seconds of them that the next ones remove: it holds just one, and to be early is to be refused
CERTAIN = 2  # of these: one may have another cause
STEP = 0.04  # seconds of the limit by which the set point rises: small, as the last step is refused
BIG_STEP = 0.25  # share of the set point by which it rises beyond a second's worth: else minutes would pass
RESERVE = 0.04  # share of the period's limit that is never used: calls in flight are not counted yet
CORRECTION = 1.0  # seconds, or twice the latency, in which a deviation from the set point is corrected
MOST_FASTER = 1.0  # of the rate more for that
MOST_SLOWER = 0.5  # of the rate less
MARGIN = 0.5  # seconds of the limit, but at least the latency, from a refusal down to the set point
WINDOW = 0.75  # seconds of answers from which others' use is estimated: fewer are noise, more are old
LEAST_POINTS = 8  # answers: a slope of fewer is noise
IN_USE = 0.8  # of the rate: from here on we send as fast as we may
LEAST_CHARGE = 0.05  # of our estimate of a call's charge: less is not plausible
FASTER = 0.1  # by which the rate rises while the bucket still overflows
SLOWEST = 0.05  # of the limit: the least that others leave to us
LOWERED = 0.8  # of the rate is left after a refusal; three in a row halve it
RECOVERY = 10.0  # seconds in which a lowered rate without headers is restored
HOLD = 900.0  # seconds for which a server that says "slow down" wants the lower rate
MINUTE = 60.0


@fast_dataclass(frozen=True, slots=True)
class SpendMark:
    """When a call was sent, what it was charged, and our total up to and including it."""

    at: float
    amount: float
    spent: float


class Pace:
    """The rate of one limit.

    Args:
        per_minute: the limit as far as it is known; headers correct it.
        ceiling: the user's, per minute; None: whatever the server grants.
        share: of limit and ceiling that is ours, above 0; below 1 no burst is used. It may change at any time.
        exact: a call is charged exactly our estimate, as with a limit of requests. A server that counts calls
            after answering them looks like one that charges less while more and more are sent.
    """

    def __init__(
        self, per_minute: float, ceiling: float | None, share: float = 1.0, *, exact: bool = False
    ) -> None:
        self._limit = per_minute / MINUTE
        self._ceiling = float("inf") if ceiling is None else ceiling / MINUTE
        self.share = share
        self._exact = exact
        self._granted = 0.0
        self._steps = True
        self._stepped_at = float("-inf")
        self._points: deque[tuple[SpendMark, float]] = deque()
        self._others = 0.0
        self._charge = 1.0
        self._delay = 0.0
        self._full_since: SpendMark | None = None
        self._full_until = float("-inf")
        self._used: float | None = None
        self._remaining = 0.0
        self._remaining_after = 0.0
        self._trusted = True
        self._succeeded = False
        self._too_early = 0
        self._mean = self._largest = 1.0
        self._lowered_to = 1.0
        self._lowered_at = float("-inf")
        self._hold = 0.0
        self._window = FixedWindow(exact=exact)
        self._spent = 0.0

    @property
    def allowance(self) -> float:
        """What we may use of the limit, per second: our share of it, or of the ceiling if that is lower."""
        return self.share * self.whole

    @property
    def whole(self) -> float:
        """What all who share the limit may use of it, per second."""
        return min(self._limit, self._ceiling)

    @property
    def informed(self) -> bool:
        """Whether the server's headers have reported what remains."""
        return self._used is not None

    def has_room(self, amount: float) -> bool:
        """Whether a call fits into what the last answer left, though it is not its turn yet.

        Not if the user or others want less than there is, nor once a refusal has shown that less is granted.
        """
        if self._window.active or not self._steps or not self._trusted or self._wanted != float("inf"):
            return False
        if self._used is None:  # only that there is such a limit
            return self._remaining > 0
        return self._charge * (self._spent - self._remaining_after + amount) <= self._remaining

    def reported(self, remaining: float) -> None:
        """Note what remained when a call arrived that was sent before the limit was known."""
        self._remaining = remaining

    def charged(self, share: float) -> None:
        """Note that the server charges no more than this share of our estimate."""
        if not self._exact:
            self._charge = min(self._charge, max(LEAST_CHARGE, share))

    def stay_in_turn(self) -> None:
        """Note that a call was refused for which the last answer left room: there is less than that."""
        self._trusted = False

    def rate(self, now: float) -> float:
        """What may be sent per second."""
        lowered = self._lowered(now)
        if self._used is None:
            return lowered * self.allowance
        if self._window.active:
            return min(self._window.rate(now, self._spent), lowered * self._wanted)
        return min(self._left(now, self._used), lowered * self._wanted)

    def sent(self, amount: float, spent: float) -> None:
        """Record a call of this amount, with which `spent` was spent in all."""
        self._spent = spent
        self._mean += 0.05 * (amount - self._mean)
        self._largest = max(amount, self._largest + 0.01 * (amount - self._largest))

    def answered(
        self,
        now: float,
        mark: SpendMark,
        limit: float,
        remaining: float,
        period: float = MINUTE,
        *,
        refused: bool = False,
    ) -> None:
        """Record an answer's report: the limit per `period` seconds, and what remained when its call arrived.

        `refused`: the answer is a refusal.
        """
        self._succeeded = self._succeeded or not refused
        if limit / period != self._limit:
            self._limit = limit / period
            self._points.clear()
        # Purse and bucket together change only by the pace: what is used is best seen when the purse is empty,
        # after a call. A large one must fit in, and is no sign of haste.
        self._used = limit - remaining - self._largest
        self._remaining, self._remaining_after = remaining, mark.spent
        self._delay += 0.05 * (now - mark.at - self._delay)
        self._window.answered(now, mark.at, mark.spent, limit, remaining, period)
        if self._window.active:
            self._points.clear()
            self._others, self._charge = 0.0, 1.0
            return
        if remaining > 0:
            self._observe(now, mark, limit - remaining)
        else:
            # Less cannot be measured: calls that are granted all the same would seem to cost nothing.
            self._points.clear()
        if self._steps and mark.at >= self._stepped_at and 2 * self._used >= self._set_point:
            beyond = self._granted > self._limit
            step = max(self._mean, STEP * self._limit, BIG_STEP * self._granted if beyond else 0.0)
            self._granted = min(self._granted + step, (1 - RESERVE) * limit - LOW * self._limit)
            self._stepped_at = now

    def refused(self, now: float, *, slow_down: bool) -> None:
        """Record a call refused for this limit (once per episode), after `answered` received its report."""
        if self._window.active and not slow_down:
            self._window.refused(self._spent)
            return
        if self._used is not None and not slow_down:
            margin = max(MARGIN, self._delay)
            # If nothing was granted since the last one, it is a storm, and says nothing of the bucket.
            self._too_early += self._succeeded and self._granted <= -LEAST_LOW * self._limit
            least = LEAST_LOW if self._too_early < CERTAIN else NONE_LOW
            self._granted = min(
                self._granted, max(-least * self._limit, self._used - (margin + LOW) * self._limit)
            )
            self._steps = self._succeeded = False
            return
        self._lowered_to = max(SLOWEST, LOWERED * self._lowered(now))
        self._lowered_at = now
        self._hold = HOLD if slow_down else 0.0

    @property
    def _wanted(self) -> float:
        """What we want at most, per second; unbounded, bursts included."""
        return self.allowance if self.share < 1 else self._ceiling

    def _left(self, now: float, used: float) -> float:
        """What the server leaves to us, per second."""
        rate = max(self._limit * self._lowered(now) / self._charge - self._others, SLOWEST * self._limit)
        correction = (self._set_point - used) / max(CORRECTION, 2 * self._delay)
        rate += min(max(correction, -MOST_SLOWER * rate), MOST_FASTER * rate)
        return max(rate, SLOWEST * self._limit)

    @property
    def _set_point(self) -> float:
        return LOW * self._limit + self._granted

    def _lowered(self, now: float) -> float:
        """The share of the rate that refusals have left, on its way back to 1."""
        back = max(0.0, now - self._lowered_at - self._hold) / RECOVERY
        return min(1.0, self._lowered_to + back)

    def _observe(self, now: float, mark: SpendMark, used: float) -> None:
        """Estimate what others take from the last answers; if the bucket overflows, only that it does."""
        if used - mark.amount < 0.5 * LOW * self._limit:
            self._points.clear()
            self._charged_less(now, mark)
            return
        self._full_since = None
        self._points.append((mark, used + self._limit * mark.at))
        while len(self._points) > LEAST_POINTS and self._points[0][0].at < mark.at - WINDOW:
            self._points.popleft()
        first = self._points[0][0]
        # A burst says nothing about a rate: the points must be spread over time.
        if len(self._points) >= LEAST_POINTS and mark.at - first.at >= WINDOW / 2:
            sent = (mark.spent - first.spent) / (mark.at - first.at)
            taken = _slope(self._points) - sent
            self._others = max(0.0, taken)
            if not self._exact:
                self._charge = max(LEAST_CHARGE, 1 + min(0.0, taken) / sent) if sent > 0 else 1.0

    def _charged_less(self, now: float, mark: SpendMark) -> None:
        """Adjust the charge if nobody else takes anything and we send at full speed: calls cost less."""
        self._others = 0.0
        before = self._full_since
        if self._exact or (self._used is not None and self._left(now, self._used) > self._wanted):
            self._full_since = None  # we want less than there is, so overflow is normal
        elif before is None:
            self._full_since = mark if mark.at >= self._full_until else None
        elif mark.at > before.at + WINDOW / 2:
            if mark.spent - before.spent > IN_USE * self.rate(now) * (mark.at - before.at):
                self._charge = max(LEAST_CHARGE, self._charge / (1 + FASTER))
            self._full_since = None  # the next span begins with a call that was sent at the new rate
            self._full_until = now


def _slope(points: deque[tuple[SpendMark, float]]) -> float:
    """Least squares over the time at which calls were sent."""
    count = len(points)
    start, base = points[0][0].at, points[0][1]
    sum_x = sum_y = sum_xx = sum_xy = 0.0
    for mark, height in points:  # in one pass: it is done for each answer
        x, y = mark.at - start, height - base
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_xy += x * y
    spread = sum_xx - sum_x * sum_x / count
    return (sum_xy - sum_x * sum_y / count) / spread if spread else 0.0
