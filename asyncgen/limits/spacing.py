"""The rate of a limit of which no answer tells: calls are spaced, and it is searched for.

It may grant no burst, as nginx's `limit_req`, whose refusals look like those for overload but come while hardly
anything is in flight; or all of a minute's calls at once.

1. During the search it grows fast, and each episode of refusals lowers it and slows its growth.
2. Then it grows a little with each call and shrinks with each episode, so that both balance at a small share of
   refusals. These are calls that moved closer together on their way: without any, the spacing is too wide.
3. Well beyond the last refused rate without a refusal, the server has changed: it searches again. So it does after
   a minute of use without one, as a storm may have lowered the rate; but not so fast, there may have been none.
4. Where most is refused for a while (a minute's worth is used up), the rate falls to little more than what was
   granted since the beginning, each refused call takes back what it has added, and after each pause one call goes
   first: it is granted if no refusal comes in the time that one takes.
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
CALM = 60.0  # seconds of use without a refusal
SLOW = 1.2  # by which the rate grows per second after that
MOST = 2  # calls for each that was refused: more, and most were granted
CHANCE = 2  # episodes in a row in which most were refused, as they may have moved closer together on their way
HALF = 0.5  # of the rate is left at least by one more
LOWEST = 1 / 8  # of the minimum is left at least
PATIENT = 2.0  # times what the slowest of the last refusals took, after which a call is granted
FADING = 0.9  # of what that took counts at the next episode


class SearchedPace:
    """A rate in calls per second; pure.

    Args:
        rate: where the search begins; half of it is the minimum, or less if most calls are refused at that.
        share: of the rate that is ours.
        granted: calls a second that have been granted so far; the search begins there if that is more.
    """

    informed = False

    def __init__(self, rate: float, share: float, granted: float = 0.0) -> None:
        self.share = share
        self._rate = max(rate, granted)
        self._least = rate / 2
        self._lowest = LOWEST * self._least
        self._refused_at_rate = float("inf")
        self._speed = FAST
        self._calm = 0.0  # seconds of use since the last refusal
        self._sent_at = float("inf")

    @property
    def allowance(self) -> float:
        """What may be sent per second."""
        return self.share * self._rate

    def rate(self, _now: float) -> float:
        """What may be sent per second."""
        return self.allowance

    def sent(self, now: float) -> None:
        """Record a call sent as soon as it might go: rates that are not used do not grow."""
        self._calm += max(0.0, now - self._sent_at)
        self._sent_at = now
        if self._calm > CALM:
            self._speed = max(SLOW, self._speed)
        if self._rate > BEYOND * self._refused_at_rate:
            self._refused_at_rate, self._speed = float("inf"), FAST
        self._rate *= max(GROWTH, self._searching)

    def exceed(self, granted: float) -> None:
        """Note that most calls are refused, and how many per second we were granted since the beginning."""
        self._least = max(self._lowest, LOWERED * self._least)
        self._rate = max(min(self._rate, BEYOND * granted / self.share), HALF * self._rate)

    def pause(self) -> None:
        """Note that the time until the next call is no use of the rate."""
        self._sent_at = float("inf")

    def take_back(self) -> None:
        """Record another refused call of an episode: what it has added was not granted."""
        self._rate = max(self._least, self._rate / max(GROWTH, self._searching))

    def refused(self, _now: float, *, slow_down: bool) -> None:
        """Record a refused call (once per episode); `slow_down` asks for no more than that."""
        del slow_down
        self._calm = 0.0
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

    `refused_in_a_row`: episodes of refusals in each of which most calls were refused.
    """

    def __init__(self, pace: SearchedPace, spent: float, now: float) -> None:
        self.pace = pace
        self.spent = spent
        self._next = now + 1 / pace.rate(now)
        self._drawn = False
        self.refused_in_a_row = 0
        self._refusals = 0
        self._refusal_took = 0.0  # seconds
        self._spent_before = spent

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
        else:
            self.pace.pause()
        distance = 1 / self.pace.rate(now)
        if self.refused_in_a_row > CHANCE:
            if self.spent > self._spent_before:
                self.refused_in_a_row = 0
            else:
                distance = max(distance, PATIENT * self._refusal_took)
        self._next = now + distance
        self.spent += amount
        return SpendMark(now, amount, self.spent)

    def refused(self, took: float, granted: float, *, again: bool) -> None:
        """Record a refused call.

        Refusals overtake each other on their way: they are counted against the calls that went meanwhile.

        Args:
            took: seconds until the refusal.
            granted: calls a second that we were granted since the beginning.
            again: it belongs to the episode of the last one.
        """
        self._refusals += 1
        self._refusal_took = max(took, self._refusal_took)
        if again:
            self.pace.take_back()
            return
        if self.spent - self._spent_before > MOST * self._refusals:
            self.refused_in_a_row = 0
        self._spent_before, self._refusals = self.spent, 0
        self._refusal_took *= FADING
        self.refused_in_a_row += 1
        if self.refused_in_a_row > CHANCE:
            self.pace.exceed(granted)
