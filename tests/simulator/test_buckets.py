"""Token buckets: the rate holds whatever the order and size, and the headers say what the API says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.simulator import Limits
from asyncgen.simulator.buckets import RateLimits, Refusal, TokenBucket, format_duration


def test_a_full_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    """60 a minute with a burst of 10 s: ten at once, the eleventh after a second."""
    bucket = TokenBucket(60, burst_s=10)
    for _ in range(10):
        assert bucket.wait(1, 0.0) == 0
        bucket.take(1, 0.0)
    assert bucket.wait(1, 0.0) == pytest.approx(1.0)
    assert bucket.wait(1, 0.4) == pytest.approx(0.6)
    assert bucket.wait(1, 1.0) == 0


@given(
    amounts=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 400)), max_size=60),
    per_minute=st.integers(60, 6000),
    burst_s=st.sampled_from([1.0, 10.0, 60.0]),
)
def test_no_window_exceeds_the_rate(amounts: list[tuple[float, int]], per_minute: int, burst_s: float) -> None:
    """What passed up to any time is at most a bucket, the rate since then, and one amount above it."""
    bucket = TokenBucket(per_minute, burst_s)
    now, passed, largest = 0.0, 0, 0
    for pause, amount in amounts:
        now += pause
        if not bucket.wait(amount, now):
            bucket.take(amount, now)
            passed += amount
            largest = max(largest, amount)
        capacity = per_minute / 60 * burst_s
        assert passed <= capacity + now * per_minute / 60 + max(0, largest - capacity) + 1e-6


@given(amount=st.integers(1, 5000), level=st.integers(0, 1000))
def test_after_the_wait_it_passes(amount: int, level: int) -> None:
    """The time that a refusal names is enough."""
    bucket = TokenBucket(1000, burst_s=60)
    bucket.take(1000 - level, 0.0)
    assert bucket.wait(amount, bucket.wait(amount, 0.0)) == 0


def test_an_amount_above_the_capacity_leaves_a_debt() -> None:
    """By the second, a large request passes a full bucket and those after it wait for it."""
    bucket = TokenBucket(600, burst_s=1)
    assert bucket.wait(100, 0.0) == 0
    bucket.take(100, 0.0)
    assert bucket.wait(10, 0.0) == pytest.approx(10.0)


def test_refused_requests_count() -> None:
    """Hammering an empty bucket keeps it empty; without the charge it fills."""
    for charge_refused, admitted in ((True, 1), (False, 6)):
        limits = RateLimits(Limits(rpm=60, burst_s=1, charge_refused=charge_refused))
        times = [index / 2 for index in range(11)]
        assert sum(limits.admit(1, now) is None for now in times) == admitted


def test_a_refusal_for_tokens_counts_as_a_request() -> None:
    """The request is charged although its tokens are not."""
    limits = RateLimits(Limits(rpm=60, tpm=100))
    assert limits.admit(90, 0.0) is None
    assert limits.admit(90, 0.0) == Refusal("tokens", 100, 90, 90, pytest.approx(48.0))
    headers = limits.headers(0.0)
    assert headers["x-ratelimit-remaining-requests"] == "58"
    assert headers["x-ratelimit-remaining-tokens"] == "10"


def test_larger_than_the_limit_never_passes() -> None:
    """A request above the tokens of a minute is told no time to wait."""
    limits = RateLimits(Limits(tpm=100))
    assert limits.admit(101, 0.0) == Refusal("tokens", 100, 0, 101, None)
    assert limits.admit(100, 0.0) is None


def test_a_refund_comes_back_up_to_the_capacity() -> None:
    """Tokens given back can be used again, and no more than the bucket holds."""
    limits = RateLimits(Limits(tpm=100))
    assert limits.admit(100, 0.0) is None
    limits.refund(60, 0.0)
    assert limits.headers(0.0)["x-ratelimit-remaining-tokens"] == "60"
    limits.refund(60, 0.0)
    assert limits.headers(0.0)["x-ratelimit-remaining-tokens"] == "100"


def test_headers_of_a_second_look_like_those_of_a_minute() -> None:
    """A limit enforced by the second still reports nearly the whole minute as remaining."""
    limits = RateLimits(Limits(rpm=600, burst_s=1))
    assert sum(limits.admit(1, 0.0) is None for _ in range(20)) == 10
    assert limits.headers(0.0) == {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "590",
        "x-ratelimit-reset-requests": "1s",
    }


def test_requests_of_a_day_come_back_one_by_one() -> None:
    """One more passes after its share of the day; a request that is refused for the minute is none of the day."""
    limits = RateLimits(Limits(rpm=60, burst_s=1, rpd=24))
    for index in range(24):
        assert limits.admit(1, index) is None
    assert limits.admit(1, 23.5).kind == "requests"
    refused = limits.admit(1, 30.0)
    assert (refused.kind, refused.limit) == ("day", 24)
    assert limits.admit(1, 30.0 + refused.wait_s) is None
    headers = limits.headers(30.0 + refused.wait_s, requests="day")
    assert headers["x-ratelimit-limit-requests"] == "24"
    assert headers["x-ratelimit-reset-requests"].startswith("1440m")


def test_no_limits_no_headers() -> None:
    """Without limits everything passes and nothing is said about them."""
    limits = RateLimits(Limits())
    assert limits.admit(10**9, 0.0) is None
    assert limits.headers(0.0) == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.157, "157ms"),
        (0.0001, "1ms"),
        (0.9999, "1s"),
        (1.2, "1.2s"),
        (59.9, "59.9s"),
        (60, "1m0s"),
        (360, "6m0s"),
        (90.5, "1m30.5s"),
    ],
)
def test_durations_read_as_the_api_writes_them(seconds: float, text: str) -> None:
    """Milliseconds, seconds or minutes and seconds, rounded up."""
    assert format_duration(seconds) == text
