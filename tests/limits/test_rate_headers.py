"""Periods of limits, from headers that do not name them."""

import pytest

from asyncgen.limits.rate_headers import DAY, MINUTE, LimitReport, read_reports


def requests(limit: float, remaining: float, reset: str) -> LimitReport:
    """What these headers say of requests."""
    names = ("limit", "remaining", "reset")
    values = (f"{limit:g}", f"{remaining:g}", reset)
    headers = {f"x-ratelimit-{name}-requests": value for name, value in zip(names, values, strict=True)}
    return read_reports(headers)["requests"]


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "period"),
    [
        (100, 50, "500ms", 1.0),
        (6000, 5400, "6s", MINUTE),
        (500, 0, "1m0s", MINUTE),
        (14_400, 14_399, "6s", DAY),
        (14_400, 7_200, "12h0m0s", DAY),
        (500, 500, "0s", MINUTE),
    ],
)
def test_the_period_follows_from_what_is_used_and_when_it_is_back(
    limit: float, remaining: float, reset: str, period: float
) -> None:
    """A second, a minute or a day."""
    assert requests(limit, remaining, reset).period == period


@pytest.mark.parametrize(
    ("name", "limit", "remaining"),
    [
        ("requests", "x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute"),
        ("requests", "x-ratelimit-limit-requests-minute", "x-ratelimit-remaining-requests-minute"),
        ("requests", "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining"),
        ("tokens", "x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute"),
        ("tokens", "x-ratelimit-limit-tokens-per-minute", "x-ratelimit-remaining-tokens-per-minute"),
    ],
)
def test_limits_of_a_minute_have_several_names(name: str, limit: str, remaining: str) -> None:
    """Mistral, Cerebras, Anthropic and DigitalOcean say the period in them; OpenAI's go before these."""
    found = {limit: "360", remaining: "12"}
    assert read_reports(found) == {name: LimitReport(360, 12, MINUTE, None)}
    openai = {f"x-ratelimit-limit-{name}": "500", f"x-ratelimit-remaining-{name}": "500"}
    assert read_reports(found | openai)[name].limit == 500


@pytest.mark.parametrize("used", [0.01, 0.02, 0.3, 1.0, 3.2])
def test_a_nearly_full_bucket_of_a_minute_is_not_taken_for_one_of_a_second(used: float) -> None:
    """What remains is rounded down: a hundredth of a call in use reads as one, and is back at once."""
    limit = 1000
    report = requests(limit, int(limit - used), f"{used / limit * MINUTE * 1000:.3f}ms")
    assert report.period == MINUTE


@pytest.mark.parametrize("limit", ["0", "-1", "NaN", "1e999", "1e-300", "0.5", "many", ""])
@pytest.mark.parametrize("name", ["requests", "tokens"])
def test_a_limit_that_would_let_nothing_through_is_no_limit(name: str, limit: str) -> None:
    """Paced by a part of a call a minute, a run would stand still without a word."""
    assert read_reports({f"x-ratelimit-limit-{name}": limit, f"x-ratelimit-remaining-{name}": limit}) == {}
