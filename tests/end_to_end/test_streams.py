"""What a run says may come to nobody: its work and its exit code are the same."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asyncgen.simulator import Latency

from .conftest import PROMPTS, SAMPLES, Job, Server, clean_env
from .test_interruptions import wait_until

Serve = Callable[..., Server]


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe's end to write to, whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def run_with(job: Job, redirection: str) -> subprocess.CompletedProcess[bytes]:
    """Run a job through a shell that redirects its streams."""
    words = ["sh", "-c", f'exec "$@" {redirection}', "sh", *job.argv]
    return subprocess.run(words, check=False, capture_output=True, timeout=60, env=clean_env(None))


@pytest.mark.parametrize(
    "redirection", [">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>&1"]
)
def test_a_run_whose_streams_are_closed_or_full_is_done(
    serve: Serve, job: Callable[..., Job], redirection: str, samples_golden: dict[str, bytes]
) -> None:
    """Services start programs so, and disks with logs get full."""
    this = job(serve())

    assert run_with(this, redirection).returncode == 0

    assert this.outputs() == samples_golden


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that is done."""
    this = Job(tmp_path_factory.mktemp("done") / "out", flags=["--simulate", "fast", "--num-pairs", "1"])
    assert this.run().returncode == 0
    return this.output_dir


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        (["--help"], ""),
        (["--help"], "1"),
        (["--version"], ""),
        (["completion", "bash"], ""),
        (["drill", "--list"], ""),
        (["status", "OUT"], ""),
        (["status", "OUT"], "1"),
        (["verify", "OUT"], ""),
        (["trace", "OUT", "0"], ""),
        (["report", "OUT"], ""),
        (["plan", "--input", str(SAMPLES), "--prompt-file", str(PROMPTS)], ""),
        (["preview", "--input", str(SAMPLES), "--prompt-file", str(PROMPTS), "--prompts-only"], ""),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_a_command_whose_lines_the_disk_refuses_has_failed(done: Path, words: list[str], unbuffered: str) -> None:
    """In one line, with the code of the disk: what it says is all that it does."""
    command = [sys.executable, "-m", "asyncgen", *(str(done) if word == "OUT" else word for word in words)]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command,
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env=clean_env({"PYTHONUNBUFFERED": unbuffered}),
        )

    assert (ended.returncode, ended.stderr) == (74, "❌ cannot write the output: No space left on device\n")


@pytest.mark.parametrize("streams", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_a_run_is_done_although_who_read_its_lines_has_gone(
    serve: Serve, job: Callable[..., Job], unread: int, streams: tuple[str, ...], samples_golden: dict[str, bytes]
) -> None:
    """`| head -1`: 0 is said of a run that is done, and of no other."""
    this = job(serve())
    ends = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL) | dict.fromkeys(streams, unread)

    process = subprocess.run(this.argv, check=False, timeout=60, env=clean_env(None), **ends)

    assert process.returncode == 0
    assert this.outputs() == samples_golden


@pytest.mark.parametrize("signals", [(signal.SIGINT,), (signal.SIGINT, signal.SIGTERM)])
def test_ctrl_c_stops_a_run_although_who_read_its_lines_has_gone(
    serve: Serve, job: Callable[..., Job], unread: int, signals: tuple[int, ...]
) -> None:
    """Ctrl-C in `| tee log` ends the `tee` too; the second signal still leaves at once."""
    server = serve(latency=Latency(median_s=0.2 if len(signals) == 1 else 60.0))
    this = job(server)
    with subprocess.Popen(this.argv, stdout=unread, stderr=unread, env=clean_env(None)) as process:
        try:
            wait_until(lambda: server.counts["requests"] >= 1)

            for number in signals:
                process.send_signal(number)

            assert process.wait(10) == 130
        finally:
            process.kill()
