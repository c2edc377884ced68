"""The limit of calls in flight against model servers, event by event, without a clock."""

import heapq
import math
import random
from collections.abc import Callable
from statistics import mean, quantiles

import pytest

from asyncgen.limits.concurrency import ConcurrencyControl
from tests.effort import SEEDS


class ModelServer:
    """A server with so many slots (calls above that queue in silence) and lognormal service times."""

    def __init__(
        self, *, slots: int | None = None, median: float = 0.2, sigma: float = 0.3, seed: int = 1
    ) -> None:
        self._free = None if slots is None else [0.0] * slots
        self._median, self._sigma = median, sigma
        self._random = random.Random(seed)

    def finish(self, now: float) -> float:
        """When a call that is sent now is answered."""
        took = self._median * math.exp(self._random.gauss(0, self._sigma))
        if self._free is None:
            return now + took
        ends = max(now, self._free[0]) + took
        heapq.heapreplace(self._free, ends)
        return ends


class Flight:
    """Keeps as many calls in flight as the control allows, for so many virtual seconds."""

    def __init__(self, control: ConcurrencyControl, server: ModelServer) -> None:
        self.control, self.server = control, server
        self.now = 0.0
        self.answers: list[tuple[float, float]] = []
        self.limits: list[int] = []
        self._in_flight: list[tuple[float, float]] = []

    def run(
        self,
        seconds: float,
        *,
        refuses: Callable[[float, int], bool] = lambda _now, _in_flight: False,
        rate: float | None = None,
        pause: float = 0.5,
    ) -> "Flight":
        """Send whenever the limit (and the rate, in calls a second) allows; a refusal comes at once and pauses."""
        end, next_grant = self.now + seconds, self.now
        while self.now < end:
            while len(self._in_flight) < self.control.limit and next_grant <= self.now:
                next_grant = max(next_grant, self.now - 1) + (1 / rate if rate else 0)
                if refuses(self.now, len(self._in_flight)):
                    self.control.refused(self.now + 0.001, self.now, len(self._in_flight) + 1, pause=pause)
                    next_grant = self.now + pause
                    break
                heapq.heappush(self._in_flight, (self.server.finish(self.now), self.now))
            ready = self._in_flight[0][0] if self._in_flight else float("inf")
            if next_grant > self.now and (next_grant < ready or len(self._in_flight) < self.control.limit):
                ready = min(ready, next_grant)
            if self._in_flight and ready == self._in_flight[0][0]:
                self.now, sent = self._in_flight[0]
                self.control.answered(self.now, sent, len(self._in_flight))
                heapq.heappop(self._in_flight)
                self.answers.append((self.now, self.now - sent))
                self.limits.append(self.control.limit)
            else:
                self.now = ready
        return self

    def throughput(self, last: float) -> float:
        """Answers a second in the last seconds."""
        return sum(1 for at, _ in self.answers if at > self.now - last) / last

    def p99(self, last: float) -> float:
        """The 99th percentile of latency in the last seconds."""
        return quantiles([took for at, took in self.answers if at > self.now - last], n=100)[98]


def automatic(ceiling: int = 1024) -> ConcurrencyControl:
    """A control that finds the limit."""
    return ConcurrencyControl(ceiling, automatic=True)


@pytest.mark.parametrize("slots", [4, 24, 100, 400])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_that_queues_in_silence_is_used_fully_without_a_long_queue(slots, seed):
    """Within 10 % of the throughput of the slots, and a tail at most twice that of an unqueued server."""
    flight = Flight(automatic(), ModelServer(slots=slots, seed=seed)).run(90)
    best = Flight(ConcurrencyControl(slots, automatic=False), ModelServer(slots=slots, seed=seed)).run(90)

    assert flight.throughput(60) > 0.9 * best.throughput(60)
    assert flight.p99(60) < 2 * best.p99(60)


@pytest.mark.parametrize("ceiling", [64, 1000])
def test_a_server_that_never_queues_is_given_all_that_may_be_in_flight(ceiling):
    """When latency alone binds, more is better, up to the ceiling."""
    flight = Flight(automatic(ceiling), ModelServer()).run(60)

    assert mean(flight.limits[-2000:]) > 0.9 * ceiling


def test_a_limit_that_is_not_in_use_does_not_grow():
    """At 50 calls a second of 0.2 s each, ten are in flight: the pace binds, not the limit."""
    flight = Flight(automatic(), ModelServer()).run(60, rate=50)

    assert flight.throughput(30) == pytest.approx(50, rel=0.02)
    assert max(flight.limits) <= 32


def test_a_storm_is_probed_by_one_call_at_a_time_and_left_in_a_few_round_trips():
    """Refused calls: those of the first moment, then one a pause; afterwards the old rate within three seconds."""
    refused = []

    def storm(now: float, _in_flight: int) -> bool:
        if 20 <= now < 50:
            refused.append(now)
            return True
        return False

    flight = Flight(ConcurrencyControl(64, automatic=False), ModelServer())
    flight.run(50, refuses=storm)
    before = sum(1 for at, _ in flight.answers if 15 <= at < 20) / 5
    assert len(refused) <= 64 + 30 / 0.5

    flight.run(5)

    assert flight.control.limit == 64
    assert flight.throughput(2) > 0.95 * before


def test_refusals_of_calls_sent_before_the_cut_belong_to_the_same_episode():
    """A herd that is refused together cuts once."""
    control = ConcurrencyControl(64, automatic=False)
    for _ in range(40):
        control.refused(now=10.0, sent_at=9.9, in_flight=64)

    assert control.limit == 8


def test_single_refusals_for_a_rate_do_not_cut_as_long_as_most_calls_are_answered():
    """One in ten refused at random: the limit stays; when nearly all are, it is a storm."""
    control = ConcurrencyControl(64, automatic=False)
    for n in range(1000):
        if n % 10 == 0:
            control.refused(now=n, sent_at=n - 0.1, in_flight=64, for_rate=True)
        else:
            control.answered(now=n, sent_at=n - 0.1, in_flight=64)
    assert control.limit == 64

    for n in range(1000, 1010):
        control.refused(now=n, sent_at=n - 0.1, in_flight=64, for_rate=True)
    assert control.limit == 1


def test_answers_to_calls_sent_before_the_cut_do_not_raise_the_limit_again():
    """They were already in flight: they say nothing about now."""
    control = ConcurrencyControl(64, automatic=False)
    control.refused(now=10.0, sent_at=9.9, in_flight=64)

    for _ in range(40):
        control.answered(now=10.1, sent_at=9.95, in_flight=30)
    assert control.limit == 8

    control.answered(now=11.0, sent_at=10.5, in_flight=8)
    assert control.limit == 9


def test_a_server_that_bounds_concurrency_by_refusals_is_approached_with_few_of_them():
    """Above 50 in flight it refuses: at least 85 % are used, and one refusal in fifty answers at most."""
    count = []

    def bounded(now: float, in_flight: int) -> bool:
        if in_flight >= 50:
            count.append(now)
            return True
        return False

    flight = Flight(automatic(), ModelServer()).run(60, refuses=bounded, pause=0.05)

    assert flight.throughput(30) > 0.85 * 50 / 0.21
    assert len(count) < len(flight.answers) / 50


@pytest.mark.parametrize("slots", [3, 8, 50])
def test_a_bound_whose_refusals_cost_a_minute_each_is_hardly_ever_tried_again(slots):
    """A proxy's max_parallel_requests, with a Retry-After of 60 s: found by a few, and used for 20 minutes."""
    refusals: list[float] = []

    def refuses(now: float, in_flight: int) -> bool:
        if in_flight >= slots:
            refusals.append(now)
        return in_flight >= slots

    flight = Flight(automatic(), ModelServer())
    flight.run(1200, refuses=refuses, pause=60.0)

    assert len(refusals) <= 4
    assert flight.throughput(900) >= 0.85 * slots / 0.21


def test_of_a_wave_that_is_refused_in_part_the_rest_is_the_bound():
    """16 in flight of which 8 are refused: 8 from then on, at once."""
    control = ConcurrencyControl(64, automatic=True, start=16)
    for _ in range(8):
        control.refused(now=1.001, sent_at=1.0, in_flight=16, pause=60.0)
    for at in range(100):
        control.answered(now=62.0 + at, sent_at=61.5 + at, in_flight=control.limit)
    assert control.limit == 8


def test_a_wave_that_is_refused_as_a_whole_is_a_storm_and_no_bound():
    """Nothing is known but that the server is overloaded."""
    control = ConcurrencyControl(64, automatic=True, start=16)
    for _ in range(16):
        control.refused(now=1.001, sent_at=1.0, in_flight=16, pause=60.0)
    for at in range(20):
        control.answered(now=62.0 + at, sent_at=61.5 + at, in_flight=control.limit)
    assert control.limit >= 14


@pytest.mark.parametrize("automatically", [True, False])
def test_the_limit_stays_between_one_and_the_ceiling(automatically):
    """Whatever happens."""
    draw = random.Random(7)
    control = ConcurrencyControl(37, automatic=automatically)
    for step in range(20_000):
        now = step * 0.01
        sent, in_flight = now - draw.random(), draw.randint(1, 40)
        if draw.random() < 0.1:
            control.refused(now, sent, in_flight)
        else:
            control.answered(now, sent, in_flight)
        assert 1 <= control.limit <= 37


@pytest.mark.parametrize("sigma", [0.5, 0.7])
def test_latencies_that_scatter_do_not_end_the_growth(sigma):
    """After a few round trips nearly all that may be in flight is, whatever the first answers happen to be."""
    flights = [
        Flight(automatic(256), ModelServer(median=0.5, sigma=sigma, seed=seed)).run(10) for seed in range(60)
    ]

    assert min(flight.limits[-1] for flight in flights) > 120


class FewConnections(ModelServer):
    """Calls on more connections than these wait for half a minute, while the others are answered as ever."""

    def __init__(self, connections: int) -> None:
        super().__init__()
        self._places = connections
        self._busy: list[float] = []

    def finish(self, now: float) -> float:
        """When a call that is sent now is answered."""
        while self._busy and self._busy[0] <= now:
            heapq.heappop(self._busy)
        if len(self._busy) == self._places:
            return now + 30
        ends = super().finish(now)
        heapq.heappush(self._busy, ends)
        return ends


def test_calls_that_are_stuck_count_although_the_others_are_answered_fast():
    """A gateway that serves eight connections: no more than a few times as many calls are in flight."""
    flight = Flight(automatic(), FewConnections(8)).run(60)

    assert max(flight.limits) <= 64


def test_answers_that_took_no_time_let_more_calls_go() -> None:
    """A coarse clock may show none; all that says is that the server is fast."""
    control = automatic(64)
    for _ in range(1000):
        control.answered(5.0, 5.0, control.limit)
    assert control.limit == 64


def test_what_was_kept_at_the_first_refusal_is_tried_again_once_after_a_storm() -> None:
    """Not more, not before it is calm, and not a second time."""
    control = ConcurrencyControl(1024, automatic=True, start=100)
    for episode in range(20):
        control.refused(10.0 * episode, 10.0 * episode - 0.1, control.limit, pause=5.0)
        control.answered(10.0 * episode + 6, 10.0 * episode + 5.5, control.limit)
    assert control.limit <= 10
    control.answered(219.0, 218.0, 1)
    assert control.limit <= 10
    control.answered(221.0, 220.0, 1)
    tried = control.limit
    assert 80 <= tried <= 100
    control.refused(222.0, 221.5, tried, pause=5.0)
    for late in (260.0, 300.0):
        control.answered(late, late - 1, 1)
    assert control.limit < tried
