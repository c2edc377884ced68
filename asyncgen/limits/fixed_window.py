"""A limit that is counted in fixed windows: nothing of it comes back before the window ends, then all of it. Pure.

Rules:

1. It is known by its jump: between two answers more comes back than a bucket could fill in that time. Before the
   first jump it is supposed to be one when what remains falls by just what was sent, as seen from most of the
   answers that are a tenth of the period old: that a bucket's refill is taken by somebody else to the last unit is
   far less likely. Not from one of them alone: a server that counts calls when it answers them tells of the first
   ones, which were sent all at once, in any order.
2. What remains is spread over the rest of the window, but for its last part, so that nothing of it is lost. When
   it is used up, nothing is sent before the window ends. The first answer after that shows the next jump.
3. Without a jump soon after the end, or with a refusal while much should remain, it was no such window.
"""

from collections import deque
from dataclasses import dataclass

JUMP = 0.03  # of the limit that comes back at once, beside what a bucket may have filled meanwhile
FILLS = 1.2  # times its rate: more is no bucket
KNOWN_JUMP = 0.05  # of the limit, where it is known to be a window
TOLERANCE = 0.02  # of what a bucket would have filled; and one unit
LEAST_POINTS = 5
LEAST_SPAN = 0.1  # of the period
SPACING = 0.005  # of the period, between answers from which is looked back
KEPT = 64  # of these
MARGIN = 0.05  # of the period, before its end, in which nothing shall remain
LATE = 0.1  # of the period, after which a jump is overdue
FASTEST = 4.0  # times the rate of the limit
IDLE = 1e-3  # times the rate of the limit, when nothing remains
LEAST_CHARGE, MOST_CHARGE = 0.05, 2.0  # of what we think a call costs
CHANCES = 3  # times that it may turn out to be no window


@dataclass(frozen=True, slots=True)
class _Point:
    """What remained when a call came in that was sent `at`, as the last of `spent`."""

    at: float
    spent: float
    remaining: float


class FixedWindow:
    """Finds out whether a limit is counted so, and says the rate that uses it.

    Args:
        exact: a call takes just what we think.
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
        """An answer says what remained when its request came in.

        Args:
            now: the time.
            at: when the call was sent.
            spent: what all calls up to and with it have taken.
            limit: in a period.
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
        """A call was refused for this limit, when so much had been sent."""
        if not self.active or self._last is None:
            return
        if self._left(spent) > LATE * self._limit:
            self._was_none()
        else:
            self._last = _Point(self._last.at, spent, 0.0)

    def rate(self, now: float, spent: float) -> float:
        """What may be sent a second, when so much was sent; only where it is a window."""
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
        # It began when the call came in: between its being sent and its answer.
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
        """What the server charges in a window, as a share of what we think."""
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
