"""The rate of a limit that no server names and that grants no burst: two calls in close succession, one refused.

nginx's `limit_req` is one of these. Its refusals look like those for overload, but come while hardly anything is
in flight. From then on calls are spaced, and the rate is searched for:

1. During the search it grows fast, and each episode of refusals lowers it and slows its growth.
2. Then it grows a little with each call and shrinks with each episode, so that both balance at a small share of
   refusals. These are calls that moved closer together on their way: without any, the spacing is too wide.
3. Well beyond the last refused rate without a refusal, the server has changed: it searches again. So it does after
   a minute without one, as a storm may have lowered the rate; but not so fast, for there may have been none.
"""

import asyncio

from asyncgen.limits.pacer import SpendMark

FAST = 3.0  # by which the rate grows per second at first
SLOWED = 0.5  # power to which a refusal raises that
LOWERED = 0.9  # of the rate is left after a refusal, during the search
GROWTH = 1.001  # by which the rate grows with each call, after the search
REFUSED = 0.02  # share of the calls that balances it: few enough to cost little, enough to follow the server
BALANCED = GROWTH ** (1 - 1 / REFUSED)  # of the rate is left after a refusal, after the search
LONGEST_NAP = 0.5  # seconds: a worker of many may have no share for a while, and so hours until its next call
BEYOND = 1.25  # times the refused rate: further than chance carries it
CALM = 60.0  # seconds without a refusal
CHANCE = 2  # refusals in a row, of calls that may have moved closer together on their way
SLOW = 1.2  # by which the rate grows per second after that


class SearchedPace:
    """A rate in calls per second; pure.

    Args:
        rate: where the search begins; half of it is the minimum.
        share: of the rate that is ours.
        granted: what has been granted so far; the search begins there if that is more.
    """

    informed = False

    def __init__(self, rate: float, share: float, granted: float = 0.0) -> None:
        self.share = share
        self._rate = max(rate, granted)
        self._least = rate / 2
        self._lowest = rate / 16
        self._refused_at_rate = float("inf")
        self._speed = FAST
        self._refused_at = float("-inf")

    @property
    def allowance(self) -> float:
        """What may be sent per second."""
        return self.share * self._rate

    def rate(self, _now: float) -> float:
        """What may be sent per second."""
        return self.allowance

    def sent(self, now: float) -> None:
        """Record a call sent as soon as it might go: rates that are not used do not grow."""
        if now > self._refused_at + CALM:
            self._speed = max(SLOW, self._speed)
        if self._rate > BEYOND * self._refused_at_rate:
            self._refused_at_rate, self._speed = float("inf"), FAST
        self._rate *= max(GROWTH, self._searching)

    def lower_least(self) -> None:
        """Note that refusals are no chance: less than the minimum may be granted."""
        self._least = max(self._lowest, LOWERED * self._least)

    def refused(self, now: float, *, slow_down: bool) -> None:
        """Record a refused call (once per episode); `slow_down` asks for no more than that."""
        del slow_down
        self._refused_at = now
        self._refused_at_rate = self._rate
        grown = self._searching
        # What its last call has added was not granted, which at a slow rate is much of it.
        left = LOWERED / grown if grown > GROWTH else BALANCED
        self._rate = max(self._least, left * self._rate)
        self._speed **= SLOWED

    @property
    def _searching(self) -> float:
        """The factor by which a call raises the rate during the search."""
        growth: float = self._speed ** (1 / max(1.0, self._rate))
        return growth


class SpacedLane:
    """Spaced requests; otherwise like `Lane`.

    `refused_in_a_row`: refusals between which no call was granted, as far as one can tell before its answer.
    """

    def __init__(self, pace: SearchedPace, spent: float, now: float) -> None:
        self.pace = pace
        self.spent = spent
        self._next = now + 1 / pace.rate(now)
        self._drawn = False
        self.refused_in_a_row = 0
        self._refused = 0.0

    def lack(self, _amount: float) -> float:
        """What is missing for a call; 0 if it can go."""
        return 0.0 if self._drawn else 1.0

    async def draw(self, _amount: float, now: float) -> None:
        """Wait until the next call may go, but no longer than a nap: share and lane may be others by then."""
        wait = self._next - now
        if wait > 0:
            await asyncio.sleep(min(wait, LONGEST_NAP))
        if wait > LONGEST_NAP:
            now = asyncio.get_running_loop().time()
            self._next = min(self._next, now + 1 / self.pace.rate(now))
        else:
            self._drawn = True

    def spend(self, amount: float, now: float) -> SpendMark:
        """Record a call that goes."""
        self._drawn = False
        distance = 1 / self.pace.rate(now)
        if now < self._next + distance:
            self.pace.sent(now)
        self._next = now + 1 / self.pace.rate(now)
        self.spent += amount
        return SpendMark(now, amount, self.spent)

    def refused(self, mark: SpendMark | None, *, again: bool) -> None:
        """Record the refusal of a call with this mark; `again` if it belongs to the episode of the last one."""
        number = 0.0 if mark is None else mark.spent
        if number > self._refused + 1:
            self.refused_in_a_row = 0
        self._refused = max(self._refused, number)
        self.refused_in_a_row += not again
        if self.refused_in_a_row > CHANCE and not again:
            self.pace.lower_least()
