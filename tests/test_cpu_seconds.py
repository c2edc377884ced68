"""What a test took is the sum over its set-up, call and end."""

import pytest

from tests import cpu_seconds


def report(name: str, seconds: float) -> pytest.TestReport:
    """Of one phase of a test."""
    properties = [(cpu_seconds.PROPERTY, seconds)]
    return pytest.TestReport(name, ("", 0, ""), {}, "passed", None, "call", user_properties=properties)


def test_the_tests_that_took_most_come_first() -> None:
    """And no more of them than are asked for."""
    reports = [report("a", 1.0), report("b", 2.0), report("a", 2.5), report("c", 0.5)]
    assert cpu_seconds.table(reports, 2) == ["     3.5  a", "     2.0  b"]


def test_each_report_has_what_was_used_since_the_one_before() -> None:
    """Nothing is counted twice."""
    cpu_seconds.begin()
    first, second = report("a", 0.0), report("b", 0.0)
    sum(range(1_000_000))
    cpu_seconds.note(first)
    cpu_seconds.note(second)
    assert dict(first.user_properties)[cpu_seconds.PROPERTY] >= dict(second.user_properties)[cpu_seconds.PROPERTY]
