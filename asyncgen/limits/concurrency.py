"""How many calls may be in flight. Pure: events and times (seconds of any clock) are arguments.

Rules:

1. A refusal for overload cuts the limit, once per episode: a refusal of a call that was sent before the last cut
   belongs to it. A refusal for rate does so only in a storm, when half of the last calls were refused: otherwise
   the pause that follows is enough. After the first cut an eighth of what was in flight continues; if nothing has
   succeeded since, one call at a time probes. From there every success of a limit in use raises it by one, which
   doubles it in a round trip, until it is back.
2. `auto` looks for the smallest limit that gives the full throughput. It measures the mean latency in rounds of
   calls sent under the same limit, all of it in use; limit / latency is then the throughput (Little's law), and
   growing pays as long as latency grows less than the limit. First the limit grows fourfold with each round trip,
   so that it takes five of them from 4 to 2,048. If that seems not to pay after a few answers, whose latencies
   scatter, it is tried again with more of them. Then the limit becomes what the throughput needs at the latency of
   a server without a queue, with a little headroom, and is probed up and down from time to time. So latency
   reveals a server that queues silently, and also a saturated processor of ours. Stuck calls have no latency yet:
   they show by how few answers come.
3. A limit that is not fully in use teaches nothing and does not change: something else binds.
4. A refusal that costs a long pause is not provoked again soon: the calls in flight less the refused ones are what
   the server grants, and `auto` goes no higher for `DEAR` times that pause.
5. Where calls are sent evenly, `auto` is not cut but goes on with as many as the server kept, except in a storm.
   It tries more, a little at a time, if these were more than at the last refusal: else it is the server's limit.
6. Refusals that follow each other may be a storm in which some calls are answered: each of them seems to show a
   lower limit. Once it is calm, what was kept at the first one is tried again, one time.
"""

from dataclasses import dataclass
from enum import Enum, auto

START = 4  # few enough for a small local server, and five round trips from the ceiling (rule 2)
GROWTH = 4  # per round trip: from 4 to 2,048 in five; by 2 it would take nine, each slower than necessary
CUT = 8  # one in so many of the calls in flight continues: three doublings, so three round trips, undo it
BACK_OFF = 0.9  # of a limit that was found: a refusal there shows that it was hardly too high
LEAST_ROUND = 12  # answers: with fewer, the mean latency is too uncertain to compare two rounds
ROUND_TRIPS = 3  # per round; one is enough to see whether a growth by 4 pays
CERTAIN = 48  # answers: with fewer, scattering latencies too often hide that growing by 4 has paid
EVENLY_IN_USE = 0.85  # of the limit, by calls that are sent evenly: a call that ends is not followed at once
STUCK = 0.5  # of what the latencies promise: if less comes, calls are stuck and their latencies missing
PAYS = 0.5  # of a growth by x, throughput must follow by PAYS * x; a compromise between speed and queueing
# More than the mean needs, as latency scatters; also the factor of a probe: a smaller one drowns in the scatter.
HEADROOM = 1.25
STEADY_ROUNDS = 8  # between probes: each costs a round with too few or too many in flight
SHARE_WEIGHT = 0.1  # of a call in the share of refusals: about the last ten count
STORM = 0.5  # of the last calls refused: fewer are normal at a rate limit
LONG_PAUSE = 5.0  # seconds that a server asks for; shorter ones cost little
DEAR = 20.0  # times that pause, during which the refused limit is not tried again: costs a twentieth at most
CALM = 30.0  # seconds without a refusal, after which a storm is over
_ALWAYS = float("-inf")


class _Phase(Enum):
    GROWING = auto()
    STEADY = auto()
    PROBING_UP = auto()
    PROBING_DOWN = auto()


@dataclass(slots=True)
class _Round:
    """Answers to calls sent under one limit, since `began`."""

    began: float
    answers: int = 0
    in_use: int = 0
    latency: float = 0.0


class ConcurrencyControl:
    """The limit of calls in flight.

    Args:
        ceiling: the limit never exceeds it.
        automatic: find the limit; otherwise it is `ceiling`, except after overload.
        start: where to begin the search, if something is known (a rate that binds anyway).
    """

    def __init__(self, ceiling: int, *, automatic: bool, start: int = START) -> None:
        self._ceiling = ceiling
        self.automatic = automatic
        self.limit = min(start, ceiling) if automatic else ceiling
        self._settled = self.limit
        self._cut_at = float("-inf")
        self._succeeded = True
        self._refused_share = 0.0
        self._phase = _Phase.GROWING
        self._round = _Round(_ALWAYS)
        self._throughput = 0.0
        self._careful = False
        self._idle_latency = float("inf")
        self._steady_rounds = 0
        self._next_probe = _Phase.PROBING_DOWN
        self._before_probe = self.limit
        self._bound, self._bound_until = ceiling, float("-inf")
        self._granted, self._else = 0, self.limit
        self._growth: float = GROWTH
        self._in_use = 1.0
        self._eases = self._bounds = False
        self._granted_before = 0
        self._refused_at = float("-inf")
        self._first = False  # the last episode was the first after a calm
        self._level = 0  # of calls in flight after that, if others followed

    def expect(self, calls: float, now: float) -> None:
        """Begin the search at the number of calls in flight that will be needed, instead of step by step."""
        if self.automatic and self._phase is _Phase.GROWING and calls * HEADROOM > self.limit:
            self._settle(calls * HEADROOM, now)

    @property
    def in_storm(self) -> bool:
        """Whether half of the last calls were refused."""
        return self._refused_share >= STORM

    def rate_binds(self, now: float, start: int) -> None:
        """Forget what refusals taught about calls in flight: they were for a rate. Begin the search at `start`."""
        self._phase = _Phase.GROWING
        self._growth, self._in_use, self._careful, self._throughput = GROWTH, 1.0, False, 0.0
        self._eases, self._granted, self._granted_before = False, 0, 0
        self._settle(max(START, start) if self.automatic else self._ceiling, now)

    def answered(self, now: float, sent_at: float, in_flight: int) -> None:
        """Record an answered call; `in_flight` still counts it."""
        self._refused_share -= SHARE_WEIGHT * self._refused_share
        if sent_at < self._cut_at:
            return  # it is about the time before
        self._succeeded = True
        if self._level and now > self._refused_at + CALM:
            self._restore(now)
        in_use = in_flight >= self._in_use * self.limit
        if self.limit < self._settled:
            if in_use:
                self._set(self.limit + 1, now)
            return
        if self.automatic and sent_at >= self._round.began:
            self._measure(now, now - sent_at, in_use=in_use)

    def refused(
        self,
        now: float,
        sent_at: float,
        in_flight: int,
        *,
        for_rate: bool = False,
        evenly: bool = False,
        pause: float = 0.0,
    ) -> None:
        """Record a call refused for rate or overload; `in_flight` still counts it.

        Args:
            now: the time.
            sent_at: when the call was sent.
            in_flight: calls in flight.
            for_rate: it was refused for a rate: that says nothing about calls in flight, and as long as most calls
                are answered, the pause that follows is enough.
            evenly: calls are sent evenly from now on, and need no cut to begin again (rule 5).
            pause: seconds that the server asks for.
        """
        if sent_at >= self._cut_at or not self._eases:  # those that went at once are one
            self._refused_share += SHARE_WEIGHT * (1 - self._refused_share)
        if sent_at < self._cut_at:
            self._refuse_one(now)
            return
        if for_rate and not self.in_storm:
            return
        self._count_episode(now)
        self._eases = evenly and self.automatic and not self.in_storm and pause < LONG_PAUSE
        if self._eases:
            # Without a success since the last one it belongs to it: it may be a storm, and shows no bound.
            self._bounds = self._succeeded
            if self._succeeded:
                self._granted_before, self._else = self._granted, self._settled
            self._cut_at, self._succeeded = now, False
            self._granted, self._growth, self._in_use = min(self.limit, in_flight), HEADROOM, EVENLY_IN_USE
            self._refuse_one(now)
            return
        if self.automatic and self._succeeded and not for_rate:
            self._learn_bound(now, in_flight, pause)
            self._phase, self._steady_rounds, self._next_probe = _Phase.STEADY, 0, _Phase.PROBING_DOWN
        self._cut_at = now
        self._set(max(1, min(self.limit, in_flight) // CUT) if self._succeeded else 1, now)
        self._succeeded = False

    def _count_episode(self, now: float) -> None:
        """Remember at how many in flight the first of several episodes ended."""
        if now > self._refused_at + CALM:
            self._first, self._level = True, 0
        elif self._first:
            self._first, self._level = False, self._settled
        self._refused_at = now

    def _restore(self, now: float) -> None:
        """Try again what was kept at the first episode of a storm, if those after it have left less than half."""
        level, self._level = self._level, 0
        if self.automatic and 2 * self._settled < level:
            self._eases, self._granted, self._granted_before = False, 0, 0
            self._bound_until = float("-inf")
            self._phase, self._steady_rounds, self._next_probe = _Phase.STEADY, 0, _Phase.PROBING_DOWN
            self._settle(BACK_OFF * level, now)

    def _learn_bound(self, now: float, in_flight: int, pause: float) -> None:
        """Settle below what was refused; if that costs a long pause, at what was granted, and stay there."""
        # A refusal while growing back speaks against that much, not against all of it.
        lower = max(self.limit - 1, int(self._settled * BACK_OFF))
        self._settled = max(1, self._before_probe if self._phase is _Phase.PROBING_UP else lower)
        self._granted, self._else = 0, self._settled
        if pause >= LONG_PAUSE:
            self._granted = min(self.limit, in_flight)
            self._bound_until = now + DEAR * pause
            self._refuse_one(now)

    def _refuse_one(self, now: float) -> None:
        """Count another refused call of those in flight; if all were refused, it is a storm and shows no bound."""
        if self._granted > 0:
            self._granted -= 1
            self._settled = self._bound = self._granted or self._else
            if self._eases and not self._bounds:
                self._settled = self._else
            if not self._granted:
                self._bound_until = float("-inf")
            if self._eases:
                self._ease(now)

    def _ease(self, now: float) -> None:
        """Go on with as many as were granted; try more only if these are more than the last time."""
        self._set(self._granted or 1, now)
        self._steady_rounds, self._next_probe = 0, _Phase.PROBING_DOWN
        self._phase, self._throughput, self._careful = _Phase.STEADY, 0.0, True
        if self._granted > HEADROOM * self._granted_before:
            self._phase = _Phase.GROWING

    def _set(self, limit: int, now: float) -> None:
        self.limit = min(limit, self._ceiling)
        self._round = _Round(now)

    def _settle(self, limit: float, now: float) -> None:
        self._settled = max(1, min(round(limit), self._ceiling))
        self._set(self._settled, now)

    def _measure(self, now: float, latency: float, *, in_use: bool) -> None:
        current = self._round
        current.answers += 1
        current.in_use += in_use
        current.latency += latency
        # A multiple of the limit: the first answers of a round are those of its shortest calls.
        least = LEAST_ROUND if self._careful or self._phase is not _Phase.GROWING else 1
        enough = max(least, self.limit if self._phase is _Phase.GROWING else ROUND_TRIPS * self.limit)
        if current.answers < enough:
            return
        mean = max(
            current.latency / current.answers, 1e-9
        )  # a clock that is too coarse may have seen no time pass
        if 2 * current.in_use < current.answers:
            self._round = _Round(now)
            return
        if current.answers >= LEAST_ROUND:
            self._idle_latency = min(self._idle_latency, mean)
        throughput, came = self.limit / mean, self._came(now)
        self._decide(now, came if came < STUCK * throughput else throughput, current.answers)

    def _came(self, now: float) -> float:
        """Answers per second: calls that stay without one are missing from the mean latency, but show here.

        The first answer of a round comes one latency after its beginning, for which a limit's worth of answers is
        added. The beginning of the very first round is unknown.
        """
        current = self._round
        if current.began == _ALWAYS:
            return float("inf")
        return (current.answers + self.limit) / max(now - current.began, 1e-9)

    def _decide(self, now: float, throughput: float, answers: int) -> None:
        before, self._throughput = self._throughput, throughput
        match self._phase:
            case _Phase.GROWING if self._has_paid(before) and self.limit < self._ceiling:
                self._settle(self.limit * self._growth, now)
            case _Phase.GROWING if before and answers < CERTAIN and not self._careful:
                self._careful, self._throughput = True, 0.0
                self._settle(self.limit / self._growth, now)
            case _Phase.GROWING:
                # Short rounds suffice to stop, but not to say how much is needed: try more next.
                self._phase, self._next_probe, self._steady_rounds = (
                    _Phase.STEADY,
                    _Phase.PROBING_UP,
                    STEADY_ROUNDS - 1,
                )
                self._settle(min(self.limit, max(throughput, before) * self._idle_latency * HEADROOM), now)
            case _Phase.STEADY:
                self._steady_rounds += 1
                self._round = _Round(now)
                if self._steady_rounds >= STEADY_ROUNDS:
                    self._probe(now)
            case _Phase.PROBING_UP:
                paid = throughput > before * (1 + PAYS * (HEADROOM - 1))
                self._end_probe(now, keep=paid, next_probe=_Phase.PROBING_UP if paid else _Phase.PROBING_DOWN)
            case _Phase.PROBING_DOWN:
                harmless = throughput > before * (1 - PAYS * (1 - 1 / HEADROOM))
                self._end_probe(now, keep=harmless, next_probe=_Phase.PROBING_UP)

    def _has_paid(self, before: float) -> bool:
        """Whether growing has raised the throughput enough."""
        return self._throughput > before * (1 + PAYS * (self._growth - 1))

    def _probe(self, now: float) -> None:
        if now < self._bound_until and self.limit >= self._bound:
            self._next_probe = _Phase.PROBING_DOWN
        self._phase, self._steady_rounds = self._next_probe, 0
        up = self._phase is _Phase.PROBING_UP
        self._before_probe = self.limit
        target = max(self.limit + 1, self.limit * HEADROOM) if up else self.limit / HEADROOM
        self._settle(min(target, self._bound) if now < self._bound_until else target, now)

    def _end_probe(self, now: float, *, keep: bool, next_probe: _Phase) -> None:
        self._phase, self._next_probe = _Phase.STEADY, next_probe
        if not keep:
            self._settle(self._before_probe, now)
