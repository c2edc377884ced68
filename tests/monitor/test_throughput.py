"""Rates of the last minute, the limit that binds, and the time that is left."""

from dataclasses import replace

import pytest

from asyncgen.events import LimitUse
from asyncgen.monitor.throughput import Meter, Rates

from .samples import sample


def test_nothing_is_said_before_there_are_two_samples_a_second_apart():
    """A rate of one moment is none."""
    meter = Meter()
    assert meter.rates() == Rates()
    meter.add(0.0, sample())
    meter.add(0.5, sample(done=50))
    assert meter.rates() == Rates()


def test_pairs_of_an_earlier_process_are_in_no_rate_and_not_in_the_time_left():
    """90 of 100 were done before; 5 in 10 s leave 10 s for the other 5."""
    meter = Meter()
    meter.add(0.0, sample(done=90))
    meter.add(10.0, sample(done=95, calls=15))
    rates = meter.rates()
    assert (rates.pairs, rates.calls, rates.eta) == (0.5, 1.5, 10.0)


def test_only_the_last_minute_counts():
    """A fast first minute does not gloss over a slow second one."""
    meter = Meter()
    for second in range(61):
        meter.add(second, sample(total=10_000, done=10 * second))
    for second in range(61, 122):
        meter.add(second, sample(total=10_000, done=600))
    assert meter.rates().pairs == 0
    assert meter.rates().eta is None


def test_limits_of_several_endpoints_are_one_limit_together_and_each_its_own():
    """600 and 1,800 a minute: 5 and 15 a second are half of each, and of both."""
    meter = Meter()
    for second in range(11):
        uses = [LimitUse("requests", 600, 5.0 * second, "a"), LimitUse("requests", 1800, 15.0 * second, "b")]
        meter.add(second, replace(sample(calls=20 * second), limits=tuple(uses)))
    rates = meter.rates()
    assert (rates.binding, rates.share, rates.limit) == ("requests", 0.5, 2400)
    assert rates.limits == {("a", "requests"): (0.5, 600), ("b", "requests"): (0.5, 1800)}


def test_other_work_begins_its_own_rates():
    """A repair counts its pairs from nothing, as the run behind it resumes from its checkpoint."""
    meter = Meter()
    meter.add(0.0, sample(total=5))
    meter.add(5.0, sample(total=5, done=5))
    meter.add(6.0, sample(total=1000, done=700))
    assert meter.rates() == Rates()
    meter.add(16.0, sample(total=1000, done=720))
    assert meter.rates().pairs == 2.0


@pytest.mark.parametrize("waiting_on", ["tokens", "requests"])
def test_the_limit_that_calls_wait_for_binds(waiting_on):
    """300 of 600 requests and 57,000 of 60,000 tokens in a minute."""
    meter = Meter()
    for second in (0, 30, 60):
        meter.add(second, sample(waiting_on=waiting_on, requests=5 * second, tokens_spent=950 * second))
    rates = meter.rates()
    assert rates.binding == waiting_on
    assert (rates.share, rates.limit) == {"requests": (0.5, 600), "tokens": (0.95, 60_000)}[waiting_on]


def test_when_nothing_waits_the_nearest_limit_is_named():
    """It is the one that would bind first."""
    meter = Meter()
    for second in (0, 60):
        meter.add(second, sample(requests=5 * second, tokens_spent=100 * second))
    assert meter.rates().binding == "requests"


def test_without_limits_of_the_server_the_calls_in_flight_are_the_bound():
    """Six of eight are in use."""
    meter = Meter()
    for second in (0, 10):
        meter.add(second, sample(in_flight=6))
    rates = meter.rates()
    assert (rates.binding, rates.share, rates.limit) == ("concurrency", 0.75, 8)


def test_what_was_sent_before_the_server_told_of_its_limit_counts_from_the_start():
    """2,000 tokens before the first headers and 2,000 after them, in 10 s of a limit of 1,000 a second."""
    meter = Meter()
    meter.add(0.0, sample())
    meter.add(1.0, sample(calls=2, tokens_spent=2000))
    meter.add(10.0, sample(calls=4, tokens_spent=4000))
    assert meter.rates().share == pytest.approx(0.4)


def test_a_limit_that_the_server_tells_of_late_has_no_past():
    """What was sent in minutes before is no burst of this one."""
    meter = Meter()
    meter.add(0.0, sample(calls=900))
    meter.add(10.0, sample(calls=910, tokens_spent=900_000))
    meter.add(20.0, sample(calls=920, tokens_spent=910_000))
    assert meter.rates().share == pytest.approx(0.5)
