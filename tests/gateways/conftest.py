"""The simulated API, the job of 300 pairs, and its outputs without a gateway."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Job
from tests.gateways.processes import Api, ServerProcess

ROWS = 300
FAST = "[latency]\nmedian_s = 0.0\n"


class Through(Job):
    """A job whose calls go to any address."""

    base_url: str = ""

    @property
    def argv(self) -> list[str]:
        """The words of the command."""
        return [*super().argv, "--base-url", self.base_url, "--model", "gpt-4o"]

    def calls(self) -> list[dict[str, Any]]:
        """All attempts."""
        lines = (self.state_dir / "calls.jsonl").read_text("utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def answers(self) -> int:
        """Answers that are in the journal."""
        return self.journal().count(b'"kind":"answer"')


@pytest.fixture(scope="session")
def source(medec_pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 300 pairs."""
    path = tmp_path_factory.mktemp("gateways") / "pairs.jsonl"
    with medec_pairs.open("rb") as lines:
        path.write_bytes(b"".join(line for _, line in zip(range(ROWS), lines, strict=False)))
    return path


@pytest.fixture(scope="session")
def without_gateway(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the three files hold when nothing stands between."""
    directory = tmp_path_factory.mktemp("without")
    api = Api(FAST, directory)
    try:
        job = Through(directory / "out", source, flags=[])
        job.base_url = f"http://127.0.0.1:{api.port}/v1"
        done = job.run()
    finally:
        api.stop()
    assert done.returncode == 0, done.stderr
    return job.outputs()


@pytest.fixture
def started() -> Iterator[Callable[[ServerProcess], Any]]:
    """Stop what was started, the last first."""
    with contextlib.ExitStack() as stack:

        def keep(server: ServerProcess) -> ServerProcess:
            stack.callback(server.stop)
            return server

        yield keep


@pytest.fixture
def through(source: Path, tmp_path: Path) -> Callable[..., Through]:
    """A job of 300 pairs of which 16 calls are in flight unless said otherwise."""

    def make(port: int, *flags: str, scheme: str = "http") -> Through:
        words = flags if "--concurrency" in flags else ("--concurrency", "16", *flags)
        job = Through(tmp_path / "out", source, flags=list(words))
        job.base_url = f"{scheme}://127.0.0.1:{port}/v1"
        return job

    return make


@pytest.fixture
def api(started: Callable[[ServerProcess], Any], tmp_path: Path) -> Callable[..., Api]:
    """Start the simulated API, with answers after 0.1 s and what else its profile says."""

    def start(more: str = "", median: float = 0.1) -> Api:
        return started(Api(f"[latency]\nmedian_s = {median}\n{more}", tmp_path))

    return start
