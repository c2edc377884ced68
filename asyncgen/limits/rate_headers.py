"""Read a server's `x-ratelimit-*` headers, as far as they make sense.

They may be missing, zero or -1 (Azure), per day instead of per minute (Groq's requests), or per second. If their
names do not say the period, it follows from the reset: a bucket of which a share is used is full again after that
share of its period.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from asyncgen.limits.pacer import MINUTE

DAY = 86_400.0
LEAST_EPOCH = 1e9  # seconds; as a duration it would be 30 years
LIMITS = ("requests", "tokens")
SURE = 5  # in use, so that rounding does not make a minute look like a second
# OpenAI and most others; Mistral; Cerebras; DigitalOcean; Anthropic, whose tokens are counted otherwise.
_NAMES: dict[str, tuple[tuple[str, float | None], ...]] = {
    "requests": (
        ("x-ratelimit-{}-requests", None),
        ("x-ratelimit-{}-req-minute", MINUTE),
        ("x-ratelimit-{}-requests-minute", MINUTE),
        ("anthropic-ratelimit-requests-{}", MINUTE),
    ),
    "tokens": (
        ("x-ratelimit-{}-tokens", None),
        ("x-ratelimit-{}-tokens-minute", MINUTE),
        ("x-ratelimit-{}-tokens-per-minute", MINUTE),
    ),
}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


@dataclass(frozen=True, slots=True)
class LimitReport:
    """One limit: `limit` per `period` seconds, and what `remaining` of it; `reset` in seconds if given."""

    limit: float
    remaining: float
    period: float
    reset: float | None

    @property
    def daily(self) -> bool:
        """Whether it is a daily quota rather than a rate: nothing to pace by, but it can run out."""
        return self.period > 60 * MINUTE


def read_reports(headers: Mapping[str, str]) -> dict[str, LimitReport]:
    """The limits in the headers of an answer, by name ("requests", "tokens")."""
    reports = {}
    for name, forms in _NAMES.items():
        for form, period in forms:
            report = _read(headers, form, period)
            if report is not None:
                reports[name] = report
                break
    return reports


def _read(headers: Mapping[str, str], form: str, period: float | None) -> LimitReport | None:
    """The limit in the headers of these names; `period` in seconds if the names say it."""
    limit, remaining = (_number(headers.get(form.format(part))) for part in ("limit", "remaining"))
    if limit is None or remaining is None or limit < 1 or remaining < 0:
        return None  # less than one call or token is a mistake; paced by it, a run would stall
    reset = read_duration(headers.get(form.format("reset")))
    if reset is not None and reset >= LEAST_EPOCH:
        reset = None  # a point in time, not a duration
    return LimitReport(limit, min(remaining, limit), period or _period(limit, remaining, reset), reset)


def read_duration(text: str | None) -> float | None:
    """Seconds of a duration such as `6m0s`, `157ms`, `1h2m3.5s` or `2.5`; None for anything else."""
    if text is None:
        return None
    if _DURATION.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    number = _number(text)
    return number if number is not None and number >= 0 else None


def _period(limit: float, remaining: float, reset: float | None) -> float:
    """The nearest of a second, a minute and a day; a minute if nothing suggests another."""
    used = limit - remaining
    if not reset or used <= 0:
        return MINUTE
    seconds = reset * limit / used
    # What remains is a whole number: a hundredth of a call in use looks like a whole one that is back at once.
    periods = (1.0, MINUTE, DAY) if used >= SURE else (MINUTE, DAY)
    return min(periods, key=lambda period: max(period / seconds, seconds / period))


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < float("inf") else None
