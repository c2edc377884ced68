"""How long a refusal asks to wait, wherever it says so."""

import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.client.asked_wait import MAX_RETRY_AFTER, asked_wait
from asyncgen.client.classify import Action, judge_error

NOW = 1_800_000_000.0
DAY = 86_400.0


def google(delay: str | None, *quotas: str) -> list[Any]:
    """An error body of Gemini."""
    details: list[Any] = [{"@type": "QuotaFailure", "violations": [{"quotaId": quota} for quota in quotas]}]
    if delay is not None:
        details.append({"@type": "RetryInfo", "retryDelay": delay})
    return [{"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": details}}]


def counted(name: str, remaining: str, reset: float | str) -> dict[str, str]:
    """Headers of a limit."""
    reset = reset if isinstance(reset, str) else f"{reset:.0f}"
    return {name.format("limit"): "50", name.format("remaining"): remaining, name.format("reset"): reset}


PLAIN, IETF, REQUESTS = "x-ratelimit-{}", "ratelimit-{}", "x-ratelimit-{}-requests"


@pytest.mark.parametrize(
    ("headers", "body", "pause", "day_over"),
    [
        ({}, "", None, None),
        ({"retry-after": "7"}, google("3s", "RequestsPerMinute"), 7, None),
        ({}, google("3s", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), 3, None),
        ({}, google("3.5s"), 3.5, None),
        ({}, google("4000s"), MAX_RETRY_AFTER, None),
        ({}, google("soon"), None, None),
        ({}, google("3s", "RequestsPerMinute", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"), None, DAY),
        (counted(PLAIN, "0", (NOW + 28_800) * 1000), "", None, 28_800),
        (counted(PLAIN, "0", NOW + 28_800), "", None, 28_800),
        (counted(PLAIN, "0", (NOW + 20) * 1000), "", 20, None),
        (counted(PLAIN, "0", "20"), "", 20, None),
        (counted(PLAIN, "3", (NOW + 28_800) * 1000), "", None, None),
        (counted(PLAIN, "0", (NOW - 5) * 1000), "", None, None),
        (counted(PLAIN, "0", "9" * 30), "", None, None),
        (counted(IETF, "0", "30"), "", 30, None),
        (counted(REQUESTS, "0", (NOW + 28_800) * 1000), "", None, 28_800),
        (counted(REQUESTS, "0", "6m0s"), "", None, None),  # until it is full
        (
            {},
            {"error": {"code": 429, "metadata": {"headers": counted("X-RateLimit-{}", "0", (NOW + 9000) * 1000)}}},
            None,
            9000,
        ),
    ],
)
def test_a_wait_is_found(
    headers: dict[str, str], body: object, pause: float | None, day_over: float | None
) -> None:
    """In headers and bodies; what lasts longer than an hour is the limit of a day."""
    found = asked_wait(headers, body, NOW)
    assert found[1] == (None if day_over is None else pytest.approx(day_over))
    if day_over is None:
        assert found[0] == (None if pause is None else pytest.approx(pause))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
    st.dictionaries(st.sampled_from([*counted(PLAIN, "", ""), "retry-after", "date"]), st.text()),
)
def test_any_body_and_header_gives_a_bounded_pause_or_none(body: object, headers: dict[str, str]) -> None:
    """Whatever a server writes there."""
    pause, day_over, _ = asked_wait(headers, body, NOW)
    assert pause is None or 0 <= pause <= MAX_RETRY_AFTER
    assert day_over is None or day_over > 3600


@pytest.mark.parametrize(
    ("headers", "body", "pause"),
    [
        ({"retry-after": "3 seconds"}, None, 3),
        ({"retry-after": "3, 3"}, None, 3),
        ({"retry-after": "2027-01-15T08:00:03Z"}, None, 3),
        ({"x-ms-retry-after-ms": "3000"}, None, 3),
        ({"x-ratelimit-reset-after": "3"}, None, 3),
        (counted("anthropic-ratelimit-requests-{}", "0", "2027-01-15T08:00:03Z"), None, 3),
        ({}, {"error": {"message": "slow"}, "retry_after": 3}, 3),
        ({}, {"error": {"message": "slow", "retry_after": "3"}}, 3),
        ({"retry-after": "2"}, {"retry_after": 3}, 2),
        ({"retry-after": f"{NOW + 3:.0f}"}, None, 3),
        ({"retry-after": f"{1000 * NOW + 3000:.0f}"}, None, 3),
        ({}, {"error": {"message": "slow", "retryAfter": "3s"}}, 3),
        ({}, {"error": {"message": "slow", "metadata": {"headers": {"Retry-After": "3"}}}}, 3),
    ],
)
def test_a_wait_is_found_in_rarer_forms(headers: dict[str, str], body: object, pause: float) -> None:
    """Of Azure, Anthropic, Discord-like gateways, and headers that a proxy has doubled."""
    assert asked_wait(headers, body, NOW)[:2] == (pytest.approx(pause), None)


@pytest.mark.parametrize(("status", "pause"), [(429, 90), (503, None)])
def test_a_server_that_is_overloaded_is_not_waited_for_until_a_limit_is_reset(status: int, pause: float) -> None:
    """No limit has refused: it may be well again in a second."""
    assert (
        judge_error(status, {"x-ratelimit-reset": "90"}, {"error": {"message": "busy"}}, NOW).retry_after == pause
    )


@pytest.mark.parametrize(
    ("sentence", "day_over"),
    [
        ("usage limit exceeded, 5-hour window", 86_400),
        ("usage limit exceeded (2056)", 86_400),
        ("Usage limit exceeded for requests per minute, please slow down", None),
    ],
)
def test_a_limit_on_usage_is_one_of_the_day_where_it_says_so(sentence: str, day_over: float | None) -> None:
    """Who waits for a limit a minute goes on after it; a run would end."""
    assert judge_error(429, {}, {"error": {"message": sentence}}, NOW).day_over == day_over


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def _zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The time zone of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "2027-01-15T08:00:03"},
        {"retry-after": "Fri Jan 15 08:00:03 2027"},
        {"retry-after": "Fri, 15 Jan 2027 08:00:03 -0000"},
        counted(PLAIN, "0", "2027-01-15 08:00:03"),
        {"retry-after": "2027-01-15T10:00:03+02:00"},
    ],
    ids=str,
)
def test_a_date_without_a_zone_is_utc(headers: dict[str, str]) -> None:
    """Wherever this machine is."""
    assert asked_wait(headers, None, NOW)[:2] == (3, None)


@pytest.mark.parametrize("skew", [0, -7200, 7200])
@pytest.mark.parametrize(
    "headers",
    [
        counted(PLAIN, "0", NOW + 3),
        counted(PLAIN, "0", (NOW + 3) * 1000),
        counted(PLAIN, "0", "2027-01-15T08:00:03Z"),
        {"retry-after": formatdate(NOW + 3, usegmt=True)},
        {"retry-after": "3"},
    ],
    ids=str,
)
def test_a_moment_is_by_the_clock_of_the_server(headers: dict[str, str], skew: float) -> None:
    """Its answers have a date; the clock of this machine may be wrong."""
    dated = {"date": formatdate(NOW, usegmt=True), **headers}
    assert asked_wait(dated, None, NOW + skew)[:2] == (3, None)


@pytest.mark.parametrize("date", ["", "today", "Mon, 99 Jan 2027 00:00:00 GMT"])
def test_without_a_date_a_moment_is_by_our_own_clock(date: str) -> None:
    """A gateway may write anything there."""
    assert asked_wait({"date": date, **counted(PLAIN, "0", NOW + 3)}, None, NOW)[:2] == (3, None)


@pytest.mark.parametrize(
    ("sentence", "pause", "day_over"),
    [
        ("Rate limit reached: Limit 3, Used 3, Requested 1. Please try again in 20s. Visit https://x", 20, None),
        ("Please try again in 579ms.", 0.579, None),
        ("Please try again in 1m9.696s.", 69.696, None),
        ("have exceeded token rate limit. Please retry after 3 seconds. Please go here", 3, None),
        ("Please retry in 43.5s.", 43.5, None),
        ("on tokens per day (TPD): Limit 100000, Used 97050. Please try again in 9m38.016s.", 120, None),
        ("on tokens per day (TPD): Limit 100000, Used 97050. Please try again in 2h9m38.016s.", None, 7778.016),
        ("on requests per day (RPD): Limit 200, Used 200, Requested 1.", None, DAY),
        ("you have used up your daily free allocation of 10,000 neurons", None, DAY),
        ("Your account x<ak-x> request reached TPD rate limit, current: 1500021, limit: 1500000", None, DAY),
        ("You have exceeded today's quota for model Q/Q3, please try again tomorrow. Limits: 500", None, DAY),
        ("Usage limit reached for 5 hour. Your limit will reset at 2026-11-30 02:00:00", None, DAY),
        ("已达到 5 小时的使用上限。您的限额将在 2026-11-30 02:00:00 重置。", None, DAY),
        ("you (name) have reached your session usage limit, upgrade for higher limits: https://x", None, DAY),
        ("you've reached your hourly usage limit, please wait or upgrade to continue", None, DAY),
        ("You said: today's quota of sweets is reached, and the TPD is high", None, None),
        ("Rate limit of 50 per 86400s exceeded. Please wait 30000 seconds before retrying.", None, 30_000),
        ("You said: take aspirin daily, 81 mg per day, and wait 3 days", None, None),
        ("Slow down", None, None),
    ],
)
def test_a_wait_is_found_in_the_sentence(sentence: str, pause: float | None, day_over: float | None) -> None:
    """OpenAI, Groq, Azure and GitHub say it there; only of a refusal for rate."""
    error = {"error": {"message": sentence, "type": "tokens"}}
    found = judge_error(429, {}, error, NOW)
    assert found.retry_after == (None if pause is None else pytest.approx(pause))
    assert found.day_over == (None if day_over is None else pytest.approx(day_over))
    assert judge_error(400, {}, error, NOW).retry_after is None


def test_a_limit_of_the_day_is_told_from_the_header_too() -> None:
    """The sentence says which limit, the header how long."""
    error = {"error": {"message": "on requests per day (RPD): Limit 200, Used 200.", "type": "requests"}}
    assert judge_error(429, {"retry-after": "25920"}, error, NOW).day_over == 25_920
    assert judge_error(429, {"retry-after": "30"}, error, NOW).day_over is None
    error = {"error": {"message": "Free usage exceeded, resets at midnight UTC", "type": "FreeUsageLimitError"}}
    assert judge_error(429, {"retry-after": "30000"}, error, NOW).day_over == 30_000
    error = {"error": {"message": "Rate limit of 50 per 86400s exceeded for UserByModelByDay.", "code": "x"}}
    assert judge_error(429, {"retry-after": "30000"}, error, NOW).day_over == 30_000


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-reset-requests": "1s"}, 1),
        ({"x-ratelimit-reset-requests": "1m0s", "x-ratelimit-reset-tokens": "7s"}, 7),
        ({"x-ratelimit-reset-requests": "6m0s"}, MAX_RETRY_AFTER),
        ({"x-ratelimit-reset-tokens": "23h59m"}, MAX_RETRY_AFTER),
        ({"x-ratelimit-reset": f"{NOW + 20:.0f}"}, 20),
        ({"x-ratelimit-reset-requests": "6m0s", "retry-after": "2"}, 2),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "5"}, None),
        ({"x-ratelimit-reset-requests": "soon"}, None),
    ],
    ids=str,
)
def test_a_reset_alone_is_that_of_the_limit_that_refused(headers: dict[str, str], pause: float | None) -> None:
    """Nothing else says how long to wait; it is no reason to end a run, nor to wait after other errors."""
    found = judge_error(429, headers, {"error": {"message": "Slow down"}}, NOW)
    assert (found.retry_after, found.day_over) == (pause, None)
    assert judge_error(500, {"x-ratelimit-reset-requests": "6m0s"}, "", NOW).retry_after is None
    daily = {"error": {"message": "on requests per day (RPD): Limit 200, Used 200, Requested 1."}}
    assert judge_error(429, {"x-ratelimit-reset-requests": "7m12s"}, daily, NOW).day_over == DAY


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"retry-after": "10800"}, ""), ({}, google("10800s")), ({"retry-after": "10800"}, google("3s"))],
    ids=str,
)
def test_a_pause_that_is_bounded_is_known_as_it_was_asked(headers: dict[str, str], body: object) -> None:
    """So that the user can be told."""
    assert asked_wait(headers, body, NOW) == (MAX_RETRY_AFTER, None, 10_800)
    assert judge_error(429, headers, body, NOW).asked == 10_800


TOO_LARGE = "Request too large for m on tokens per min (TPM): Limit 30000, Requested 35364. It must be reduced."


@pytest.mark.parametrize(
    ("status", "sentence", "kind", "action"),
    [
        (429, TOO_LARGE, "larger_than_limit", Action.ASK_AGAIN),
        (413, TOO_LARGE, "larger_than_limit", Action.ASK_AGAIN),
        (413, "Too much.", "larger_than_limit", Action.ASK_AGAIN),
        (429, "on TPM: Limit 6,000, Requested 7,001", "larger_than_limit", Action.ASK_AGAIN),
        (429, "on TPM: Limit 30000, Used 29000, Requested 2000. Try again in 6s.", "rate_limit", Action.WAIT),
        (429, "Limit 30000", "rate_limit", Action.WAIT),
    ],
)
def test_a_call_that_requests_more_than_the_limit_is_not_waited_for(
    status: int, sentence: str, kind: str, action: Action
) -> None:
    """OpenAI's words with 429, Groq's with 413: two numbers say it."""
    body = {"error": {"message": sentence, "type": "tokens", "code": "rate_limit_exceeded"}}
    failure = judge_error(status, {}, body, NOW)
    assert (failure.kind, failure.action) == (kind, action)
