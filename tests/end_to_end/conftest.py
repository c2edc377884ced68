"""Real processes: the command, and the simulator that it talks to."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.simulator import Latency, Profile, Simulator
from tests import asyncgen_process

OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
PROMPTS = shipped("prompts", "medec_safe.json")
SAMPLES = shipped("samples", "pairs.jsonl")
MOST_PAIRS = 200
"""Of a corpus, whose outputs are looked at in all tests."""
HANGS = 80.0
"""Seconds after which a run hangs."""
RAY_STARTS = 120.0
"""Seconds at most until the workers of Ray are at work, where others want the processor too."""


class _HeldSimulator(Simulator):
    """Keeps the answers to all requests behind the first ones until they are released."""

    def __init__(self, profile: Profile, held_after: int) -> None:
        super().__init__(profile)
        self._at_once = held_after
        self.released = asyncio.Event()

    async def _work(self, *request: Any) -> None:
        if self._at_once:
            self._at_once -= 1
        else:
            await self.released.wait()
        await super()._work(*request)


class Server:
    """A simulator on a thread of its own; its counters can be read while it serves.

    With `held_after`, no more than so many requests are answered until `release`: a run is caught in the middle,
    however fast or slow the machine is.
    """

    def __init__(self, profile: Profile, held_after: int | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._simulator = Simulator(profile) if held_after is None else _HeldSimulator(profile, held_after)
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._do(self._simulator.__aenter__())
        self.base_url = self._simulator.base_url

    @property
    def counts(self) -> dict[str, Any]:
        """What the server has seen."""

        async def read() -> dict[str, Any]:
            return self._simulator.counts.as_dict()

        return self._do(read())

    @property
    def custom_ids(self) -> dict[str, int]:
        """How often each request of a batch was worked on."""

        async def read() -> dict[str, int]:
            return dict(self._simulator.counts.custom_ids)

        return self._do(read())

    def release(self) -> None:
        """Answer everything from now on."""
        assert isinstance(self._simulator, _HeldSimulator)
        self._loop.call_soon_threadsafe(self._simulator.released.set)

    def close(self) -> None:
        """Stop serving."""
        self._do(self._simulator.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)


@dataclass
class Job:
    """A command line of the main job, and what it left."""

    output_dir: Path
    input_jsonl: Path = SAMPLES
    prompt_file: Path = PROMPTS
    server: Server | None = None
    flags: list[str] = field(default_factory=lambda: ["--add-reasoning"])
    command: list[str] = field(default_factory=lambda: ["-m", "asyncgen", "run"])

    @property
    def argv(self) -> list[str]:
        """The words of the command."""
        paths = {
            "--input-jsonl": self.input_jsonl,
            "--output-dir": self.output_dir,
            "--prompt-file": self.prompt_file,
        }
        words = [str(word) for pair in paths.items() for word in pair]
        endpoint = [] if self.server is None else ["--base-url", self.server.base_url]
        return [sys.executable, *self.command, *words, *endpoint, *self.flags]

    def run(self, *more: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        words = [*self.argv, *more]
        timeout = HANGS + RAY_STARTS * ("ray" in words)
        return asyncgen_process.run(
            words, check=False, capture_output=True, text=True, timeout=timeout, env=clean_env(env)
        )

    def start(self, *more: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start, to be killed."""
        return asyncgen_process.Process(
            [*self.argv, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_env(env),
        )

    @property
    def state_dir(self) -> Path:
        """Where the journal lives."""
        return self.output_dir / ".asyncgen"

    def outputs(self) -> dict[str, bytes]:
        """The bytes of the three files."""
        return {name: (self.output_dir / name).read_bytes() for name in OUTPUTS}

    def records(self, name: str) -> list[dict[str, Any]]:
        """The decoded lines of a file."""
        text = (self.output_dir / name).read_text()
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def journal(self) -> bytes:
        """All journal segments; read again if one was removed meanwhile."""
        while True:
            with contextlib.suppress(FileNotFoundError):
                return b"".join(path.read_bytes() for path in sorted(self.state_dir.glob("journal-*.jsonl")))


def clean_env(more: dict[str, str] | None) -> dict[str, str]:
    """The environment without the user's own key and address."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")} | (more or {})


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start simulators by the parts of a profile; without latency unless said otherwise."""
    with contextlib.ExitStack() as stack:

        def start(held_after: int | None = None, **parts: Any) -> Server:
            server = Server(Profile(**{"latency": Latency(median_s=0.0), **parts}), held_after)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    """A job with an output directory of its own."""
    numbers = count()

    def make(server: Server | None = None, **fields: Any) -> Job:
        return Job(tmp_path / f"out-{next(numbers)}", server=server, **fields)

    return make


@pytest.fixture
def first_pairs(tmp_path: Path, medec_pairs: Path) -> Callable[[int], Path]:
    """The first N pairs of a corpus, in a file."""

    def take(number: int) -> Path:
        path = tmp_path / f"first-{number}.jsonl"
        with medec_pairs.open("rb") as source:
            path.write_bytes(b"".join(line for _, line in zip(range(number), source, strict=False)))
        return path

    return take


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, str, str]:
    """Send a signal; exit code, stdout and stderr."""
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


async def until(true: Callable[[], bool]) -> None:
    """Let others go on until something is true, within the time of the test."""
    while not true():  # noqa: ASYNC110 - it becomes true on another thread
        await asyncio.sleep(0.005)  # leaves the processor to that thread


@pytest.fixture(scope="session")
def samples_golden(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The outputs of a run of the samples, with reasoning, that nothing disturbs."""
    return _undisturbed(tmp_path_factory.mktemp("samples") / "out", SAMPLES)


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory, medec_pairs: Path) -> Callable[[int], dict[str, bytes]]:
    """The same of the first N pairs of a corpus: the beginning of what one run of many left."""
    whole = _undisturbed(tmp_path_factory.mktemp("golden") / "out", medec_pairs, "--num-pairs", str(MOST_PAIRS))

    def beginning(number: int) -> dict[str, bytes]:
        assert number <= MOST_PAIRS
        return of_first_pairs(whole, number)

    return beginning


def of_first_pairs(outputs: dict[str, bytes], number: int) -> dict[str, bytes]:
    """The lines of the first N pairs: one each, and two in the combined file."""
    ends = {name: number * (1 + (name == OUTPUTS[2])) for name in OUTPUTS}
    return {name: b"".join(outputs[name].splitlines(keepends=True)[: ends[name]]) for name in OUTPUTS}


def _undisturbed(output_dir: Path, source: Path, *flags: str) -> dict[str, bytes]:
    this = Job(output_dir, source, flags=["--add-reasoning", "--simulate", "fast", *flags])
    assert this.run("-q").returncode == 0
    return this.outputs()
