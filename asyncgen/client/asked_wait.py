"""How long a refusal asks to wait: by its headers, or by its body if a gateway puts it there. Pure."""

import math
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from asyncgen.limits.pacer import MINUTE
from asyncgen.limits.rate_headers import DAY, LEAST_EPOCH, read_duration

# Seconds: limits are by the minute; more than two of them is a wrong unit, or a daily limit.
MAX_RETRY_AFTER = 120.0
_LONGER_THAN_A_RATE = 60 * MINUTE
# As a duration, OpenAI's say when a bucket is full: long after the next call may go.
_UNTIL_FULL = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
_RESETS = ("x-ratelimit-reset", "ratelimit-reset", *_UNTIL_FULL)
_LEAST_EPOCH_MS = 1e11  # as seconds it would be the year 5138, as milliseconds it is 1973
_DEPTH = 6  # levels: gateways wrap the body of the server a few times


def asked_wait(headers: Mapping[str, str], body: Any, now: float) -> tuple[float | None, float | None]:
    """The pause that a refusal asks for, and the time until a daily limit is reset.

    Args:
        headers: of the answer, by lower-case name.
        body: decoded.
        now: seconds since the epoch.

    Returns:
        The pause in seconds, at most `MAX_RETRY_AFTER`, None if none or an absurd one is asked for; and the
        seconds until the daily limit is reset (a day, if unsaid), None if it is not a daily limit.
    """
    pause = retry_after(headers, now)
    for values in _objects(body, _DEPTH):
        if isinstance(quota := values.get("quotaId"), str) and "PerDay" in quota:
            return pause, DAY
        if pause is None and isinstance(delay := values.get("retryDelay"), str):
            pause = _capped(read_duration(delay))
        inner = values.get("headers")
        if isinstance(inner, dict):
            named = {str(name).lower(): value for name, value in inner.items() if isinstance(value, str)}
            headers = {**named, **headers}
    reset = _reset(headers, now)
    if reset is not None and reset > _LONGER_THAN_A_RATE:
        return pause, reset
    return _capped(reset) if pause is None else pause, None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The pause in the headers made for it, in seconds from `now`, at most `MAX_RETRY_AFTER`; None if absurd."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _seconds(headers.get(name), unit, now)
        if seconds is not None:
            return _capped(seconds)
    return None


def _seconds(value: str | None, unit: float, now: float) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value) * unit
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until an exhausted limit is reset; None: unsaid."""
    for name in _RESETS:
        seconds = read_duration(headers.get(name))
        if seconds is None or read_duration(headers.get(name.replace("reset", "remaining"))) != 0:
            continue
        if name in _UNTIL_FULL and seconds < LEAST_EPOCH:
            continue
        if seconds >= _LEAST_EPOCH_MS:
            seconds /= 1000
        if seconds >= LEAST_EPOCH:
            seconds -= now
        if 0 <= seconds <= 40 * DAY:
            return seconds
    return None


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
