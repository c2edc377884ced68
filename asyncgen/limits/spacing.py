"""The rate of a limit that no server names and that grants no burst: two calls close to each other, one refused.

nginx's `limit_req` is such a one. Its refusals look like those for overload, but come while hardly anything is in
flight. From then on calls keep a distance, and the rate is looked for:

1. While it searches, it grows fast, and each episode of refusals lowers it and slows its growth down.
2. Then it grows a little with each call and shrinks with each episode, so that both are in balance when a small
   share is refused. That share are calls that came closer on their way than they were sent: whoever is never
   refused keeps too much distance.
3. Well beyond the rate that was refused last without a refusal, the server has changed: it searches again.
"""

import asyncio

from asyncgen.limits.pacer import SpendMark

FAST = 3.0  # by which the rate grows in a second at first
SLOWED = 0.5  # power to which a refusal raises that
LOWERED = 0.9  # of the rate is left after a refusal, while it searches
GROWTH = 1.001  # by which the rate grows with each call, then
REFUSED = 0.02  # share of the calls that balances it
BALANCED = GROWTH ** (1 - 1 / REFUSED)  # of the rate is left after a refusal, then
BEYOND = 1.25  # times the rate that was refused


class SearchedPace:
    """A rate in calls a second, looked for from `rate` on, half of which is the least; pure."""

    informed = False

    def __init__(self, rate: float, share: float) -> None:
        self.share = share
        self._rate = rate
        self._least = rate / 2
        self._refused_at_rate = float("inf")
        self._speed = FAST

    @property
    def allowance(self) -> float:
        """What may be sent a second."""
        return self.share * self._rate

    def rate(self, _now: float) -> float:
        """What may be sent a second."""
        return self.allowance

    def sent(self) -> None:
        """A call was sent: rates that are not used do not grow."""
        if self._rate > BEYOND * self._refused_at_rate:
            self._refused_at_rate, self._speed = float("inf"), FAST
        self._rate *= max(GROWTH, self._searching)

    def refused(self, _now: float, *, slow_down: bool) -> None:
        """A call was refused (once an episode); `slow_down` asks for no more than that."""
        del slow_down
        self._refused_at_rate = self._rate
        grown = self._searching
        # What its last call has added was not granted, at a slow rate much of it.
        left = LOWERED / grown if grown > GROWTH else BALANCED
        self._rate = max(self._least, left * self._rate)
        self._speed **= SLOWED

    @property
    def _searching(self) -> float:
        """By how much a call makes the rate grow, as long as it is not found."""
        growth: float = self._speed ** (1 / max(1.0, self._rate))
        return growth


class SpacedLane:
    """Requests that keep a distance; otherwise like `Lane`."""

    def __init__(self, pace: SearchedPace, spent: float, now: float) -> None:
        self.pace = pace
        self.spent = spent
        self._next = now + 1 / pace.rate(now)
        self._drawn = False

    def lack(self, _amount: float) -> float:
        """What is missing for a call; 0 when it can go."""
        return 0.0 if self._drawn else 1.0

    async def draw(self, _amount: float, now: float) -> None:
        """Wait until the next call may go."""
        if self._next > now:
            await asyncio.sleep(self._next - now)
        self._drawn = True

    def spend(self, amount: float, now: float) -> SpendMark:
        """A call goes."""
        self._drawn = False
        self._next = now + 1 / self.pace.rate(now)
        self.spent += amount
        self.pace.sent()
        return SpendMark(now, amount, self.spent)
