"""The server as a child process: started for one run, asked what it saw, ended."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.server import HOSTS, Statistics

SCRIPTS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Mode:
    """How it answers: seconds of latency, requests a minute (None: no limit), start and length of a storm."""

    latency: float = 0.05
    rpm: float | None = None
    storm: tuple[float, float] | None = None

    @property
    def words(self) -> list[str]:
        """Of the command line."""
        words = [str(self.latency)]
        if self.rpm is not None:
            words += ["--rpm", str(self.rpm)]
        if self.storm is not None:
            words += ["--storm", *map(str, self.storm)]
        return words


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    port: int

    def base_url(self, *, by_another_name: bool = False) -> str:
        """Where it is; by another name for clients that treat the usual one in a special way."""
        return f"http://{HOSTS[by_another_name]}:{self.port}/v1"

    def statistics(self) -> Statistics:
        """What it saw until now."""
        with urllib.request.urlopen(f"http://{HOSTS[0]}:{self.port}/statistics", timeout=30) as answer:
            return Statistics(**json.load(answer))


@contextmanager
def serving(mode: Mode) -> Iterator[Served]:
    """A server in a process of its own."""
    command = [sys.executable, "-m", "benchmark.server", *mode.words]
    env = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Served(int(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait()
