"""Batches at servers that others wrote: what they do differently must not matter.

`scripts/test` installs both; a test is skipped where its server is missing.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateways.programs import node_program, python_program

from .conftest import SAMPLES, Job
from .test_batch import PROGRAM, calls_of

pytestmark = [pytest.mark.gateways, pytest.mark.timeout(60)]
FIXTURES = (
    '{"fixtures": [{"match": {"userMessage": ""}, "response": {"content": "A paraphrase, as good as any."}}]}'
)


def _command(name: str, port: int, directory: Path) -> list[str]:
    """What starts a server."""
    if name == "llmock":
        return [str(python_program(name)), "serve", "--port", str(port), "--log-level", "warning"]
    program = node_program("llmock", name)
    (directory / "fixtures.json").write_text(FIXTURES)
    return [str(program), "--port", str(port), "--fixtures", str(directory)]


@pytest.fixture(params=["llmock", "aimock"], scope="module")
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of that name, which listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        _command(request.param, port, tmp_path_factory.mktemp("server")), stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 45
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < end, "it does not listen"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def _job(directory: Path, address: str, *flags: str) -> Job:
    batch = ["--base-url", address, "--model", "gpt-4o", "--openai-api-key", "x", "--batch", *flags]
    return Job(directory, command=PROGRAM, flags=batch)


def test_a_run_in_batches_ends_and_asks_each_call_once(address: str, tmp_path: Path) -> None:
    """Upload, create, poll and download work, and the list is read."""
    this = _job(tmp_path / "out", address)

    done = this.run()

    assert done.returncode == 0, done.stderr
    pairs = len(SAMPLES.read_bytes().splitlines())
    calls = calls_of(this)
    assert (len(calls), {call["outcome"] for call in calls}) == (pairs, {"ok"})
    assert sum("batch" in call for call in calls) == pairs - 1


@pytest.mark.parametrize("kill", ["before 3", "after 3", "after 4"])
def test_a_batch_is_found_after_a_kill(address: str, tmp_path: Path, kill: str) -> None:
    """Killed around the create: the next start ends it with one batch of all requests."""
    this = _job(tmp_path / "out", address)
    assert this.run(env={"KILL_AT": kill}).returncode == -9

    done = this.run()

    assert done.returncode == 0, done.stderr
    assert len({call["batch"] for call in calls_of(this) if "batch" in call}) == 1


def test_detached_batches_are_taken_later(address: str, tmp_path: Path) -> None:
    """The same command, until it is done."""
    this = _job(tmp_path / "out", address, "--batch-detach")

    codes = [this.run().returncode]
    while codes[-1] == 75:
        codes.append(this.run().returncode)

    assert codes[0] == 75
    assert codes[-1] == 0
