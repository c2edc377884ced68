"""A limit counted in fixed windows: nothing of it comes back before the window ends, then all of it. Pure.

Rules:

1. It is recognised by its jump: between two answers more comes back than a bucket could fill in that time. Before
   the first jump it is assumed if the remainder falls by exactly what was sent, as seen from most of the answers
   that are a tenth of the period old: it is far less likely that someone else takes a bucket's refill to the last
   unit. One answer alone does not suffice: a server that counts calls when it answers them reports the first ones,
   which were sent all at once, in any order.
2. The remainder is spread over the rest of the window, except its last part, so that nothing of it is lost. When
   it is used up, nothing is sent before the window ends. The first answer after that shows the next jump.
3. Without a jump soon after the end, or with a refusal while much should remain, it was not such a window.
"""

from collections import deque
from dataclasses import dataclass

JUMP = 0.03  # of the limit that comes back at once, beside what a bucket may have filled; noise is less
FILLS = 1.2  # times its rate: faster is not a bucket
KNOWN_JUMP = 0.05  # of the limit, once it is known to be a window
TOLERANCE = 0.02  # of what a bucket would have filled, and one unit: rounding and late counts
LEAST_POINTS = 5  # answers: agreement of fewer may be chance
LEAST_SPAN = 0.1  # of the period: over less, one call in between looks like a window
SPACING = 0.005  # of the period, between the answers that are remembered
KEPT = 64  # of these answers: they span a third of the period
MARGIN = 0.05  # of the period, before its end, in which nothing should remain: clocks and latency differ
LATE = 0.1  # of the period, after which a jump is overdue
FASTEST = 4.0  # times the rate of the limit: a burst beyond that may hit another limit
IDLE = 1e-3  # times the rate of the limit, when nothing remains: not zero, for a pace must be positive
LEAST_CHARGE, MOST_CHARGE = 0.05, 2.0  # of our estimate of a call's charge: beyond these, the measurement is wrong
CHANCES = 3  # times that it may turn out not to be a window, before it is taken for a bucket


@dataclass(frozen=True, slots=True)
class _Point:
    """The remainder when a call arrived that was sent `at`, as the last of `spent`."""

    at: float
    spent: float
    remaining: float


class FixedWindow:
    """Detects such a limit, and gives the rate that uses it.

    Args:
        exact: a call is charged exactly our estimate.
    """

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self.active = False
        self._limit = self._period = 0.0
        self._first: _Point | None = None
        self._last: _Point | None = None
        self._points = 0
        self._earlier: deque[_Point] = deque(maxlen=KEPT)
        self._charge = 1.0
        self._ends = float("inf")
        self._chances = CHANCES

    def answered(self, now: float, at: float, spent: float, limit: float, remaining: float, period: float) -> None:
        """Record an answer's report of what remained when its request arrived.

        Args:
            now: the time.
            at: when the call was sent.
            spent: what all calls up to and including it were charged.
            limit: per period.
            remaining: of it.
            period: seconds.
        """
        point = _Point(at, spent, remaining)
        if (limit, period) != (self._limit, self._period):
            self.active = False
            self._limit, self._period = limit, period
            self._begin(point, now)
            return
        last = self._last
        assert last is not None
        if spent <= last.spent:
            return  # it was sent before the last one
        if remaining - last.remaining > self._least_jump(at - last.at):
            self._measure(last)
            self.active = self._chances > 0
            self._begin(point, now)
            return
        self._last = point
        self._points += 1
        if self.active:
            if at > self._ends + LATE * period:
                self._was_none()
            return
        if self._falls_by_what_was_sent(point):
            self.active = self._chances > 0
        elif at - self._earlier[-1].at >= SPACING * period:
            self._earlier.append(point)

    def refused(self, spent: float) -> None:
        """Record a call refused for this limit, when so much had been sent."""
        if not self.active or self._last is None:
            return
        if self._left(spent) > LATE * self._limit:
            self._was_none()
        else:
            self._last = _Point(self._last.at, spent, 0.0)

    def rate(self, now: float, spent: float) -> float:
        """What may be sent per second, when so much was sent; only if it is a window."""
        nominal = self._limit / self._period
        if now >= self._ends:
            return nominal
        left = self._left(spent)
        if left < 1:
            return IDLE * nominal
        seconds = max(self._ends - MARGIN * self._period - now, MARGIN * self._period)
        return min(left / seconds, FASTEST * nominal)

    def _left(self, spent: float) -> float:
        assert self._last is not None
        return self._last.remaining / self._charge - (spent - self._last.spent)

    def _begin(self, point: _Point, now: float) -> None:
        self._first = self._last = point
        self._points = 1
        self._earlier.clear()
        self._earlier.append(point)
        # The window began when the call arrived: between its being sent and its answer.
        self._ends = (point.at + now) / 2 + self._period

    def _least_jump(self, seconds: float) -> float:
        if self.active:
            return KNOWN_JUMP * self._limit
        return JUMP * self._limit + FILLS * seconds * self._limit / self._period

    def _falls_by_what_was_sent(self, point: _Point) -> bool:
        earlier = [one for one in self._earlier if point.at - one.at >= LEAST_SPAN * self._period]
        if self._points < LEAST_POINTS or not earlier:
            return False
        latest = [self._nothing_came_back(one, point) for one in earlier[-LEAST_POINTS:]]
        return 2 * sum(latest) > len(latest) or self._nothing_came_back(earlier[0], point)

    def _nothing_came_back(self, earlier: _Point, point: _Point) -> bool:
        filled = (point.at - earlier.at) * self._limit / self._period
        came_back = (point.spent - earlier.spent) - (earlier.remaining - point.remaining)
        return filled > LEAST_POINTS and abs(came_back) <= 1 + TOLERANCE * filled

    def _measure(self, last: _Point) -> None:
        """Measure what the server charges in a window, relative to our estimate."""
        first = self._first
        if not self._exact and first is not None and self._points >= LEAST_POINTS and last.spent > first.spent:
            charge = (first.remaining - last.remaining) / (last.spent - first.spent)
            self._charge = min(max(charge, LEAST_CHARGE), MOST_CHARGE)

    def _was_none(self) -> None:
        self.active = False
        self._chances -= 1
        if self._last is not None:
            self._first, self._points = self._last, 1
            self._earlier.clear()
            self._earlier.append(self._last)
