"""How many calls may be in flight. Pure: it is told what happens and when (seconds of any clock).

Rules:

1. A refusal for overload cuts the limit, once an episode: a refusal of a call that was sent before the last cut
   belongs to it. A refusal for a rate does so only in a storm, when half of the last calls were refused: else the
   pause that follows it is enough. After the first cut an eighth of what was in flight goes on; when nothing has
   succeeded since, one call at a time probes. From there every success of a limit in use raises it by one, which
   doubles it in a round trip, until it is back.
2. `auto` looks for the smallest limit that gives all the throughput there is. It measures the mean latency in
   rounds of calls that were sent under the same limit, all of it in use; limit / latency is then the throughput
   (Little's law), and growing pays as long as the latency grows less than the limit. First the limit grows
   fourfold with each round trip, so that it takes five of them from 4 to 2,048. Where that seems not to pay after
   few answers, whose latencies scatter, it is tried once more with more of them. Then the limit becomes what the
   throughput needs at the latency of a server without a queue, with a little headroom, and is probed up and down
   from time to time. So a server that queues in silence is found by its latency, and so is a processor of ours
   that has no time left. Calls that are stuck have no latency yet: they are seen by how few answers come.
3. A limit that is not in use says nothing and does not change: something else binds.
4. A refusal that costs a long pause is not provoked again soon: what was in flight less what was refused of it is
   what is granted, and `auto` goes no higher for `DEAR` times that pause.
"""

from dataclasses import dataclass
from enum import Enum, auto

START = 4  # few enough for a small local server, and five round trips from the ceiling (rule 2)
GROWTH = 4  # a round trip: from 4 to 2,048 in five; by 2 it would take nine, each of them slower than need be
CUT = 8  # of what was in flight one in so many goes on: three doublings, so three round trips, and it is back
BACK_OFF = 0.9  # of a limit that was found: a refusal there says that it was hardly too high
LEAST_ROUND = 12  # answers: of fewer the mean latency is too uncertain to compare two rounds by
ROUND_TRIPS = 3  # of a round; to see whether a growth by 4 pays, one is enough
CERTAIN = 48  # answers: of fewer, latencies that scatter hide too often that growing by 4 has paid
STUCK = 0.5  # of what the latencies promise: when less comes, calls are stuck and their latencies missing
PAYS = 0.5  # of a growth by x, throughput must follow by PAYS * x
# More than the mean needs, for latency scatters; also by how much is probed: less drowns in the scatter.
HEADROOM = 1.25
STEADY_ROUNDS = 8  # between probes: each costs a round with too few or too many in flight
SHARE_WEIGHT = 0.1  # of a call in the share of refusals: about the last ten count
STORM = 0.5  # of the last calls refused
LONG_PAUSE = 5.0  # seconds that a server asks for
DEAR = 20.0  # times that pause, in which what was refused is not tried again: it costs a twentieth at most
_ALWAYS = float("-inf")


class _Phase(Enum):
    GROWING = auto()
    STEADY = auto()
    PROBING_UP = auto()
    PROBING_DOWN = auto()


@dataclass(slots=True)
class _Round:
    """Answers to calls that were sent under one limit, since `began`."""

    began: float
    answers: int = 0
    in_use: int = 0
    latency: float = 0.0


class ConcurrencyControl:
    """The limit of calls in flight.

    Args:
        ceiling: it never goes above.
        automatic: find it; otherwise it is `ceiling`, but for overload.
        start: where to begin to look, when something is known (a rate that bounds anyway).
    """

    def __init__(self, ceiling: int, *, automatic: bool, start: int = START) -> None:
        self._ceiling = ceiling
        self._automatic = automatic
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

    def expect(self, calls: float, now: float) -> None:
        """So many calls in flight will be needed: begin there instead of finding it step by step."""
        if self._automatic and self._phase is _Phase.GROWING and calls * HEADROOM > self.limit:
            self._settle(calls * HEADROOM, now)

    @property
    def in_storm(self) -> bool:
        """Whether half of the last calls were refused."""
        return self._refused_share >= STORM

    def rate_binds(self, now: float) -> None:
        """What was refused was refused for a rate: what it has taught of calls in flight is forgotten."""
        self._phase = _Phase.GROWING
        self._settle(START if self._automatic else self._ceiling, now)

    def answered(self, now: float, sent_at: float, in_flight: int) -> None:
        """A call was answered; `in_flight` counts it still."""
        self._refused_share -= SHARE_WEIGHT * self._refused_share
        if sent_at < self._cut_at:
            return  # it speaks of the time before
        self._succeeded = True
        in_use = in_flight >= self.limit
        if self.limit < self._settled:
            if in_use:
                self._set(self.limit + 1, now)
            return
        if self._automatic and sent_at >= self._round.began:
            self._measure(now, now - sent_at, in_use=in_use)

    def refused(
        self, now: float, sent_at: float, in_flight: int, *, for_rate: bool = False, pause: float = 0.0
    ) -> None:
        """A call was refused for rate or overload; `in_flight` counts it still.

        Args:
            now: the time.
            sent_at: when the call was sent.
            in_flight: calls in flight.
            for_rate: it was refused for a rate: that speaks against no number of calls in flight, and as long as
                most calls are answered, the pause that follows is enough.
            pause: seconds that the server asks for.
        """
        self._refused_share += SHARE_WEIGHT * (1 - self._refused_share)
        if sent_at < self._cut_at:
            self._refuse_one()
            return
        if for_rate and not self.in_storm:
            return
        if self._automatic and self._succeeded and not for_rate:
            self._learn_bound(now, in_flight, pause)
            self._phase, self._steady_rounds, self._next_probe = _Phase.STEADY, 0, _Phase.PROBING_DOWN
        self._cut_at = now
        self._set(max(1, min(self.limit, in_flight) // CUT) if self._succeeded else 1, now)
        self._succeeded = False

    def _learn_bound(self, now: float, in_flight: int, pause: float) -> None:
        """Settle below what was refused; where that costs a long pause, at what was granted, and stay there."""
        # What was refused while it grew back speaks against that much, not against all of it.
        lower = max(self.limit - 1, int(self._settled * BACK_OFF))
        self._settled = max(1, self._before_probe if self._phase is _Phase.PROBING_UP else lower)
        self._granted, self._else = 0, self._settled
        if pause >= LONG_PAUSE:
            self._granted = min(self.limit, in_flight)
            self._bound_until = now + DEAR * pause
            self._refuse_one()

    def _refuse_one(self) -> None:
        """One more of the calls in flight was refused; if all were, it is a storm and says nothing of a bound."""
        if self._granted > 0:
            self._granted -= 1
            self._settled = self._bound = self._granted or self._else
            if not self._granted:
                self._bound_until = float("-inf")

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
        mean = current.latency / current.answers
        if 2 * current.in_use < current.answers:
            self._round = _Round(now)
            return
        if current.answers >= LEAST_ROUND:
            self._idle_latency = min(self._idle_latency, mean)
        throughput, came = self.limit / mean, self._came(now)
        self._decide(now, came if came < STUCK * throughput else throughput, current.answers)

    def _came(self, now: float) -> float:
        """How many answers came a second: calls that stay without one are in no mean latency, but missing here.

        The first answer of a round comes a latency after its beginning, which a limit's worth of answers makes up
        for. Of the very first round the beginning is not known.
        """
        current = self._round
        if current.began == _ALWAYS:
            return float("inf")
        return (current.answers + self.limit) / max(now - current.began, 1e-9)

    def _decide(self, now: float, throughput: float, answers: int) -> None:
        before, self._throughput = self._throughput, throughput
        match self._phase:
            case _Phase.GROWING if throughput > before * (1 + PAYS * (GROWTH - 1)) and self.limit < self._ceiling:
                self._settle(self.limit * GROWTH, now)
            case _Phase.GROWING if before and answers < CERTAIN and not self._careful:
                self._careful, self._throughput = True, 0.0
                self._settle(self.limit / GROWTH, now)
            case _Phase.GROWING:
                # Short rounds are enough to stop, not to say how much is needed: the next thing is to try more.
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
