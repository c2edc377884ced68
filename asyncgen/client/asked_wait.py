"""How long a refusal asks to wait: by its headers, or by its body if a gateway puts it there. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from asyncgen.client.wait_in_words import is_of_the_day, wait_in_words
from asyncgen.limits.pacer import MINUTE
from asyncgen.limits.rate_headers import DAY, LEAST_EPOCH, read_duration

# Seconds: limits are by the minute; more than two of them is a wrong unit, or a daily limit.
MAX_RETRY_AFTER = 120.0
_LONGER_THAN_A_RATE = 60 * MINUTE
# As a duration, OpenAI's say when a bucket is full: long after the next call may go.
_UNTIL_FULL = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
_RESETS = (
    "x-ratelimit-reset",
    "ratelimit-reset",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-reset",
    *_UNTIL_FULL,
)
_PAUSES = (
    ("retry-after-ms", 0.001),
    ("x-ms-retry-after-ms", 0.001),
    ("retry-after", 1.0),
    ("x-ratelimit-reset-after", 1.0),
)
_PAUSES_IN_BODY = ("retryDelay", "retry_after", "retryAfter")  # Google; gateways
_SECONDS = re.compile(r"\s*sec(?:ond)?s?$", re.IGNORECASE)
_LEAST_EPOCH_MS = 1e11  # as seconds it would be the year 5138, as milliseconds it is 1973
_FARTHEST = 40 * DAY  # seconds: limits of a month are reset within
_DEPTH = 6  # levels: gateways wrap the body of the server a few times


class AskedWait(NamedTuple):
    """What a refusal asks for, in seconds.

    `pause` is at most `MAX_RETRY_AFTER`, None if none or an absurd one is asked for; `day_over` is the time until
    the daily limit is reset (a day, if unsaid), None if it is not a daily limit; `asked` is the pause unbounded.
    """

    pause: float | None
    day_over: float | None
    asked: float | None = None


def asked_wait(
    headers: Mapping[str, str], body: Any, now: float, sentence: str = "", *, for_rate: bool = False
) -> AskedWait:
    """The pause that a refusal asks for, and the time until a daily limit is reset.

    Args:
        headers: of the answer, by lower-case name.
        body: decoded.
        now: seconds since the epoch, by the clock of this machine; the answer's own date goes before it.
        sentence: of a refusal for rate, which may say it too.
        for_rate: it is a refusal for rate: a limit of which only the reset is known is the one that refused.
    """
    # What the server says as a date, it says by its own clock.
    date = _moment(headers.get("date", ""))
    now = now if date is None else date
    asked = _asked(headers, now)
    for values in _objects(body, _DEPTH):
        if isinstance(quota := values.get("quotaId"), str) and "PerDay" in quota:
            return AskedWait(_capped(asked), DAY)
        handed_on = _headers_in(values)
        asked = _first_duration(values) if asked is None else asked
        asked = _asked(handed_on, now) if asked is None else asked
        headers = {**handed_on, **headers}
    pause = _capped(asked)
    reset = next(_resets(headers, now, 0.0), None)
    if reset is not None and reset > _LONGER_THAN_A_RATE:
        return AskedWait(pause, reset)
    if asked is None:
        asked = wait_in_words(sentence) if reset is None else reset
    if is_of_the_day(sentence) and (asked is None or asked > _LONGER_THAN_A_RATE):
        return AskedWait(pause, DAY if asked is None else asked)
    if pause is None and asked is not None and asked > _LONGER_THAN_A_RATE:
        return AskedWait(None, asked)
    if asked is None and for_rate:
        asked = min(_resets(headers, now, None), default=None)
    return AskedWait(_capped(asked), None, asked)


def _asked(headers: Mapping[str, str], now: float) -> float | None:
    """The pause in the headers made for it, in seconds from `now`."""
    for name, unit in _PAUSES:
        seconds = _seconds(headers.get(name), unit, now)
        if seconds is not None:
            return seconds
    return None


def _headers_in(values: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a gateway hands on in an object of the body, by lower-case name."""
    inner = values.get("headers")
    if not isinstance(inner, dict):
        return {}
    return {str(name).lower(): value for name, value in inner.items() if isinstance(value, str)}


def _first_duration(values: Mapping[str, Any]) -> float | None:
    """The pause in an object of the body."""
    for name in _PAUSES_IN_BODY:
        value = values.get(name)
        seconds = read_duration(str(value)) if isinstance(value, str | int | float) else None
        if seconds is not None:
            return seconds
    return None


def _seconds(value: str | None, unit: float, now: float) -> float | None:
    """Of a number, a number with a unit, a date, or the first of several values."""
    if value is None:
        return None
    seconds = read_duration(_SECONDS.sub("s", value))
    if seconds is not None:
        left = _from_now(seconds * unit, now)
        if abs(left) > _FARTHEST:
            return seconds * unit  # no moment that a server means, but an absurd duration
        return left if left >= 0 else None
    until = _moment(value)
    if until is not None:
        return until - now if until >= now else None
    first, several, _ = value.partition(",")
    return _seconds(first, unit, now) if several else None


def _moment(value: str) -> float | None:
    """Seconds since the epoch of an HTTP or ISO date."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(value)
            # Without a zone it is UTC, as all dates of HTTP.
            return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _resets(headers: Mapping[str, str], now: float, left: float | None) -> Iterator[float]:
    """Seconds until limits are reset of which this is left; None: of which it is not said what is."""
    for name in _RESETS:
        seconds = read_duration(headers.get(name))
        if seconds is None and (until := _moment(headers.get(name, ""))) is not None:
            seconds = max(0.0, until - now)
        if seconds is None or read_duration(headers.get(name.replace("reset", "remaining"))) != left:
            continue
        if name in _UNTIL_FULL and seconds < LEAST_EPOCH and left is not None:
            continue
        seconds = _from_now(seconds, now)
        if 0 <= seconds <= _FARTHEST:
            yield seconds


def _from_now(seconds: float, now: float) -> float:
    """A duration; some servers write the moment when it is over, in seconds or milliseconds since the epoch."""
    if seconds >= _LEAST_EPOCH_MS:
        seconds /= 1000
    return seconds - now if seconds >= LEAST_EPOCH else seconds


def _capped(seconds: float | None) -> float | None:
    return None if seconds is None else min(seconds, MAX_RETRY_AFTER)


def _objects(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """All objects nested in a body, the outer ones first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list) and depth:
        for one in value:
            yield from _objects(one, depth - 1)
