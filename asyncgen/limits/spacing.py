"""The rate of a limit that no server names and that grants no burst: two calls close to each other, one refused.

nginx's `limit_req` is such a one. Its refusals look like those for overload, but come while hardly anything is in
flight. From then on calls keep a distance. It is found by what is refused: it shrinks with each call, fast up to
the rate that was refused last and slowly beyond it, and grows with each episode of refusals. Well beyond that rate
without a refusal, the server has changed: fast again.
"""

import asyncio

from asyncgen.limits.pacer import SpendMark

FAST = 1.5  # by which the rate grows in a second
SLOW = 1.02
NEAR = 0.95  # of the rate that was refused
BEYOND = 1.1
LOWERED = 0.85


class SearchedPace:
    """A rate in calls a second, looked for from `rate` on, half of which is the least; pure."""

    informed = False

    def __init__(self, rate: float, share: float) -> None:
        self.share = share
        self._rate = rate
        self._least = rate / 2
        self._refused_at_rate = float("inf")

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
            self._refused_at_rate = float("inf")
        growth = FAST if self._rate < NEAR * self._refused_at_rate else SLOW
        self._rate *= growth ** (1 / max(1.0, self._rate))

    def refused(self, _now: float, *, slow_down: bool) -> None:
        """A call was refused (once an episode); `slow_down` asks for no more than that."""
        del slow_down
        self._refused_at_rate = self._rate
        self._rate = max(self._least, LOWERED * self._rate)


class SpacedLane:
    """Requests that keep a distance; otherwise like `Lane`."""

    def __init__(self, pace: SearchedPace, spent: float) -> None:
        self.pace = pace
        self.spent = spent
        self._next = float("-inf")
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
