"""What every run through a gateway must come to."""

import subprocess
from collections import Counter
from pathlib import Path
from typing import Protocol

from tests.end_to_end.conftest import OUTPUTS


class _Ran(Protocol):
    output_dir: Path

    def outputs(self) -> dict[str, bytes]: ...


def finished(process: subprocess.Popen[str], seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Wait for a run that was started."""
    stdout, stderr = process.communicate(timeout=seconds)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def check_whole(done: subprocess.CompletedProcess[str], job: _Ran, expected: dict[str, bytes]) -> None:
    """Exit code 0, no pair lost, and the bytes of a run without the gateway."""
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    assert not (job.output_dir / "failed.jsonl").exists()
    found = job.outputs()
    assert {name: found[name].count(b"\n") for name in OUTPUTS} == {
        name: expected[name].count(b"\n") for name in OUTPUTS
    }
    assert found == expected


def outcomes(calls: list[dict[str, object]]) -> Counter[object]:
    """How many attempts ended with each status; None for those without any."""
    return Counter(call["status"] for call in calls)
