"""Which tests may be skipped in CI, each with the reason; there, any other skip is a failure.

Everything that tests need is installed by `.ci/run`, so that a skip means that something is missing.
"""

import os

import pytest

EXPECTED = {
    "test_a_directory_that_cannot_be_written_ends_nothing": "CI runs as root, to whom nothing is closed",
    "test_the_image_runs_a_job": "CI runs in a container, and has no Docker",
    "test_a_power_cut": "mounting takes more rights than a container has",
    "test_a_full_disk_stops_the_run_and_room_lets_it_go_on": "mounting takes more rights than a container has",
    "test_over_a_network_": "network namespaces and TUN devices take more rights than a container has",
}
"""By the beginning of the test's name."""

FROM_REGISTRIES = "is not installed: scripts/test installs it"
"""In the reason of tests of servers from PyPI and npm: one that cannot be had today is not a failure."""


def refuse_unexpected(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure, in CI and unless it is expected."""
    name = report.nodeid.rpartition("::")[2]
    if not os.environ.get("CI") or not report.skipped or hasattr(report, "wasxfail"):
        return
    if name.startswith(tuple(EXPECTED)):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if FROM_REGISTRIES in reason:
        return
    report.outcome = "failed"
    report.longrepr = f"{reason}\nIn CI nothing is skipped but what stands in tests/skips.py."
