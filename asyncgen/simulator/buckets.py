"""Requests and tokens a minute and requests a day, as token buckets. Pure: the time (s) is an argument."""

import math
from dataclasses import dataclass

from asyncgen.simulator.profile import Limits

_EPSILON = 1e-9  # rounding of floats
_DAY_S = 86_400.0


class TokenBucket:
    """A bucket that fills at `limit / period_s` a second and is full at the start.

    An amount above the capacity passes when the bucket is full and leaves it in debt, so that the rate
    holds for every size.
    """

    def __init__(self, limit: int, burst_s: float, least: float = 0.0, period_s: float = 60.0) -> None:
        """Hold `burst_s` seconds' worth, but at least `least`."""
        self.limit = limit
        self._rate = limit / period_s
        self._capacity = max(least, self._rate * burst_s)
        self._level = self._capacity
        self._at = -math.inf

    def wait(self, amount: float, now: float) -> float:
        """Seconds until this amount passes; 0 when it passes now."""
        self._fill(now)
        missing = min(amount, self._capacity) - self._level
        return missing / self._rate if missing > _EPSILON else 0.0

    def take(self, amount: float, now: float) -> None:
        """Charge an amount that passed, or give back a negative one."""
        self._fill(now)
        self._level = min(self._capacity, self._level - amount)

    def charge_refused(self, amount: float, now: float) -> None:
        """Charge a refused amount, which makes no debt: a herd must not lock the bucket for good."""
        self._fill(now)
        self._level = min(self._level, max(0.0, self._level - amount))

    def used(self, now: float) -> float:
        """How much is missing from a full bucket."""
        self._fill(now)
        return self._capacity - self._level

    def remaining(self, now: float) -> int:
        """What the headers report of the period's limit, whatever the bucket holds.

        That makes a limit enforced by the second look like one by the minute: a trap for clients that take it for
        permission to burst.
        """
        return max(0, math.floor(self.limit - self.used(now) + _EPSILON))

    def reset(self, now: float) -> float:
        """Seconds until the bucket is full."""
        return self.used(now) / self._rate

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
            self._at = now


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused: the limit, its numbers, and when the request would pass (None: never)."""

    kind: str
    limit: int
    used: int
    requested: int
    wait_s: float | None


class RateLimits:
    """The buckets of a profile, each of which may be missing."""

    def __init__(self, limits: Limits) -> None:
        """Start with full buckets."""
        self._charge_refused = limits.charge_refused
        self._requests = TokenBucket(limits.rpm, limits.burst_s, least=1.0) if limits.rpm else None
        self._tokens = TokenBucket(limits.tpm, limits.burst_s) if limits.tpm else None
        self._day = TokenBucket(limits.rpd, _DAY_S, period_s=_DAY_S) if limits.rpd else None

    def admit(self, tokens: int, now: float) -> Refusal | None:
        """Charge a request of so many tokens, or return why it is refused."""
        if self._requests and self._requests.wait(1, now):
            if self._charge_refused:
                self._requests.charge_refused(1, now)
            return _refusal("requests", self._requests, 1, now)
        if self._day and self._day.wait(1, now):
            return _refusal("day", self._day, 1, now)
        refused = None
        if self._tokens and (self._tokens.wait(tokens, now) or tokens > self._tokens.limit):
            refused = _refusal("tokens", self._tokens, tokens, now)
        elif self._tokens:
            self._tokens.take(tokens, now)
        if self._requests and (self._charge_refused or refused is None):
            self._requests.take(1, now)
        if self._day and refused is None:
            self._day.take(1, now)
        return refused

    def refund(self, tokens: int, now: float) -> None:
        """Give back tokens that an answer did not use."""
        if self._tokens:
            self._tokens.take(-tokens, now)

    def bucket(self, kind: str) -> TokenBucket | None:
        """The bucket of `requests` or `tokens` a minute, or of requests a `day`."""
        return {"requests": self._requests, "tokens": self._tokens, "day": self._day}[kind]

    def headers(self, now: float, requests: str = "requests") -> dict[str, str]:
        """The `x-ratelimit-*` headers of the configured limits; `requests` says which bucket counts requests."""
        headers = {}
        for kind, bucket in (("requests", self.bucket(requests)), ("tokens", self._tokens)):
            if bucket:
                headers[f"x-ratelimit-limit-{kind}"] = str(bucket.limit)
                headers[f"x-ratelimit-remaining-{kind}"] = str(bucket.remaining(now))
                headers[f"x-ratelimit-reset-{kind}"] = format_duration(bucket.reset(now))
        return headers


def format_duration(seconds: float) -> str:
    """A duration as the API writes it: `157ms`, `1.2s`, `6m0s`; rounded up to a millisecond."""
    millis = math.ceil(seconds * 1000 - _EPSILON)
    if millis < 1000:  # noqa: PLR2004 - milliseconds in a second
        return f"{millis}ms" if millis > 0 else "0s"
    minutes, rest = divmod(millis, 60_000)
    return f"{minutes}m{rest / 1000:g}s" if minutes else f"{rest / 1000:g}s"


def _refusal(kind: str, bucket: TokenBucket, requested: int, now: float) -> Refusal:
    wait = None if requested > bucket.limit else bucket.wait(requested, now)
    return Refusal(kind, bucket.limit, math.ceil(bucket.used(now) - _EPSILON), requested, wait)
