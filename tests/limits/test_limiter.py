"""The limits of an endpoint: what headers tell of, and what they no longer confirm."""

import pytest

from asyncgen.limits.limiter import RateLimiter
from asyncgen.limits.rate_headers import DAY, LimitReport

# Where all wait for each other, nobody can wake anybody: that fails after a second.
pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


def spoken(limit: float) -> dict[str, LimitReport]:
    """A report of requests."""
    return {"requests": LimitReport(limit, 0, 60.0, None)}


async def test_a_limit_that_headers_tell_of_knows_what_was_sent_before():
    """Or the share of it that is in use would begin with nothing."""
    limiter = RateLimiter(None, None)
    for _ in range(4):
        limiter.spend(1024, 0.0)
    limiter.hear({"tokens": LimitReport(30_000, 25_000, 60.0, None)}, {}, 1.0)
    assert limiter.lanes["tokens"].spent == 4096


async def test_a_limit_that_only_refusals_tell_of_is_dropped_when_answers_do_not_confirm_it():
    """One 429 of a gateway held a run down to its rate for good."""
    limiter = RateLimiter(None, None)
    limiter.hear(spoken(60), limiter.spend(100, 0.0), 1.0, refused=True)
    for at in range(3):
        assert "requests" in limiter.lanes
        limiter.hear({}, limiter.spend(100, at), at)
    assert limiter.lanes == {}


async def test_a_limit_that_answers_tell_of_now_and_then_stays():
    """Of several gateways behind one address some may say nothing."""
    limiter = RateLimiter(None, None)
    limiter.hear(spoken(60), {}, 0.0)
    for at in range(200):
        limiter.hear(spoken(60) if at % 15 == 0 else {}, limiter.spend(100, at), at)
    assert "requests" in limiter.lanes
    for at in range(200, 230):
        limiter.hear({}, limiter.spend(100, at), at)
    assert limiter.lanes == {}


async def test_a_preset_is_paced_as_asked_for_when_what_was_heard_has_aged():
    """It stays, without what a refusal has said."""
    limiter = RateLimiter(600, None)
    limiter.hear(spoken(60), limiter.spend(100, 0.0), 1.0, refused=True)
    assert limiter.lanes["requests"].pace.rate(1.0) < 2
    for at in range(3):
        limiter.hear({}, limiter.spend(100, at), at)
    assert limiter.lanes["requests"].pace.rate(9.0) == 10


USED_UP, LEFT = LimitReport(1000, 0, DAY, 7200.0), LimitReport(1000, 400, DAY, 9000.0)


@pytest.mark.parametrize(
    ("requests", "tokens", "day_over"),
    [
        (USED_UP, LEFT, 7200.0),
        (LEFT, USED_UP, 7200.0),
        (USED_UP, LimitReport(1000, 0, DAY, None), DAY),
        (USED_UP, LimitReport(1000, 0, 60.0, None), 7200.0),
        (LEFT, LEFT, None),
    ],
)
async def test_of_two_daily_limits_the_one_that_is_used_up_counts(requests, tokens, day_over):
    """The later one, if both are."""
    limiter = RateLimiter(None, None)
    limiter.hear({"requests": requests, "tokens": tokens}, {}, 0.0, refused=True)
    assert limiter.day_over == day_over
    limiter.hear({}, {}, 0.0)
    assert limiter.day_over == day_over
    limiter.hear({"requests": LEFT, "tokens": LEFT}, {}, 0.0)
    assert limiter.day_over is None


async def test_a_limit_below_what_an_answer_has_used_leaves_the_preset_alone_and_is_forgotten_with_a_refusal():
    """It is paced as asked for, and what was saved up is not lost with each answer."""
    limiter, nonsense = RateLimiter(None, 60_000), {"tokens": LimitReport(10, 9, 60.0, None)}
    limiter.hear(nonsense, limiter.spend(2048, 0.0), 1.0, used=220)
    lane = limiter.lanes["tokens"]
    limiter.hear(nonsense, limiter.spend(2048, 1.0), 2.0, used=220)
    assert limiter.lanes["tokens"] is lane
    assert lane.pace.rate(2.0) == 1000
    assert limiter.largest_call == float("inf")

    limiter.hear(nonsense, limiter.spend(2048, 2.0), 3.0, refused=True)
    assert limiter.lanes["tokens"].pace.rate(3.0) < 1
