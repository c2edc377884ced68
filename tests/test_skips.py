"""In CI nothing is skipped in silence."""

import pytest

from tests.skips import EXPECTED, refuse_unexpected


def report(name: str, outcome: str = "skipped") -> pytest.TestReport:
    """Of a test that was skipped because something is missing."""
    longrepr = ("tests/test_one.py", 1, "Skipped: no browser here")
    return pytest.TestReport(f"tests/test_one.py::{name}", ("", 0, ""), {}, outcome, longrepr, "call")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ci", "name", "outcome"),
    [
        ("true", "test_page", "failed"),
        ("true", next(iter(EXPECTED)), "skipped"),
        ("", "test_page", "skipped"),
    ],
)
def test_a_skip_is_a_failure_in_ci_unless_it_is_expected(
    monkeypatch: pytest.MonkeyPatch, ci: str, name: str, outcome: str
) -> None:
    """Elsewhere it is a skip."""
    monkeypatch.setenv("CI", ci)
    one = report(name)
    refuse_unexpected(one)
    assert one.outcome == outcome
    assert "no browser here" in str(one.longrepr)


def test_what_was_expected_to_fail_is_no_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though pytest reports it as one."""
    monkeypatch.setenv("CI", "true")
    one = report("test_page")
    one.wasxfail = "known"
    refuse_unexpected(one)
    assert one.outcome == "skipped"
