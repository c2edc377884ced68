"""Says with `--cpu N` which tests took most seconds of a processor, their processes included."""

import os
from collections import Counter

import pytest

PROPERTY = "seconds of a processor"
_last = 0.0


def _used() -> float:
    """Seconds that this process has used, and those of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def begin() -> None:
    """Count from now on."""
    global _last  # noqa: PLW0603 - as the clock that it reads, it is one of the process
    _last = _used()


def note(report: pytest.TestReport) -> None:
    """Note in a report what was used since the one before."""
    before = _last
    begin()
    report.user_properties.append((PROPERTY, _last - before))


def table(reports: list[pytest.TestReport], length: int) -> list[str]:
    """The tests that took most, a line each."""
    seconds: Counter[str] = Counter()
    for report in reports:
        seconds[report.nodeid] += dict(report.user_properties).get(PROPERTY, 0.0)  # type: ignore[assignment]
    return [f"{used:8.1f}  {nodeid}" for nodeid, used in seconds.most_common(length)]
