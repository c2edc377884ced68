"""The arithmetic of a tier: what binds, Little's law, and how long a job takes."""

import math
from typing import Any

import pytest

from asyncgen.planning.capacity import Load, plan, quantile
from asyncgen.planning.tiers import Tier

LOAD = Load(calls=3, charged=1000, latency=4)


def tier(**limits: float) -> Tier:
    """A tier of these limits."""
    fields: dict[str, Any] = limits
    return Tier(name="some", **fields)


@pytest.mark.parametrize(
    ("limits", "ceiling", "binds", "calls_a_second", "in_flight", "concurrency"),
    [
        # rpm, tpm; calls in flight at most; and what follows at 1,000 tokens and 4 s a call
        ((600, 6_000_000), 1000, "requests", 10, 40, 51),
        ((6_000, 600_000), 1000, "tokens", 10, 40, 51),
        ((6_000, 6_000_000), 20, "concurrency", 5, 20, 20),
        ((60, None), 1000, "requests", 1, 4, 6),
        ((None, 6_000), 1000, "tokens", 0.1, 0.4, 2),
        ((None, None), 64, "concurrency", 16, 64, 64),
    ],
)
def test_the_smallest_rate_binds_and_says_how_many_calls_are_in_flight(
    limits: tuple[float, float],
    ceiling: int,
    binds: str,
    calls_a_second: float,
    in_flight: float,
    concurrency: int,
) -> None:
    """With a quarter and one more for scattering latencies, never above the ceiling."""
    rpm, tpm = limits
    found = plan(LOAD, tier(rpm=rpm, tpm=tpm), ceiling)
    assert found.binds == binds
    assert found.rates[binds] == min(found.rates.values()) == pytest.approx(calls_a_second)
    assert found.in_flight == pytest.approx(in_flight)
    assert found.concurrency == concurrency
    assert found.pairs_a_second == pytest.approx(calls_a_second / 3)


def test_a_job_takes_its_pairs_by_the_rate() -> None:
    """Without limits of a day."""
    found = plan(LOAD, tier(rpm=600), 1000)
    assert found.pairs_a_day == math.inf
    assert found.seconds(1000) == pytest.approx(300)


@pytest.mark.parametrize(
    ("limits", "pairs", "seconds"),
    [
        ({"rpd": 3000}, 1000, 300),
        ({"rpd": 3000}, 1001, 86_400 + 0.3),
        ({"tpd": 3_000_000}, 2500, 2 * 86_400 + 150),
        ({"rpd": 3000, "tpd": 1_500_000}, 1000, 86_400 + 150),
    ],
)
def test_a_limit_of_a_day_adds_whole_days(limits: dict[str, float], pairs: int, seconds: float) -> None:
    """The pairs that the last day takes come at the rate."""
    assert plan(LOAD, tier(rpm=600, **limits), 1000).seconds(pairs) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([3.0], 0.5, 3), ([3.0, 1.0], 0.5, 1), ([1.0, 2.0, 3.0], 0.5, 2), (range(1, 11), 0.9, 9), ([1.0, 2.0], 0, 1)],
)
def test_a_quantile_is_one_of_the_values(values: Any, share: float, expected: float) -> None:
    """The smallest that so many do not exceed."""
    assert quantile(values, share) == expected
