"""Servers as processes of their own: started, awaited, stopped, killed and started again on the same port."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.asyncgen_process import Process
from tests.end_to_end.conftest import clean_env
from tests.end_to_end.test_interruptions import wait_until


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class ServerProcess:
    """A program that listens on a port; what it says is in `log`.

    Args:
        command: its words.
        port: where it listens.
        log: a file for its two streams.
        env: variables beside ours.
        seconds: that its start may take.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        port: int,
        log: Path,
        env: dict[str, str] | None = None,
        seconds: float = 60.0,
    ) -> None:
        self.port = port
        self.log = log
        self._command = [str(word) for word in command]
        self._env = clean_env(env)
        self._seconds = seconds
        self.start()

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        with self.log.open("ab") as log:
            self._process = Process(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env)
        wait_until(self._answers_or_has_ended, self._seconds)
        assert self._process.poll() is None, self.log.read_text("utf-8", "replace")[-2000:]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a word, and return when it is gone."""
        self._process.kill()
        self._process.wait(60)

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def _answers_or_has_ended(self) -> bool:
        return listens(self.port) or self._process.poll() is not None


class Api(ServerProcess):
    """The simulated API of the profile that is given as the text of its file."""

    def __init__(self, profile: str, directory: Path) -> None:
        port = free_port()
        path = directory / f"profile-{port}.toml"
        path.write_text(profile, "utf-8")
        words = [sys.executable, "-m", "asyncgen", "simulate", path, "--port", str(port)]
        super().__init__(words, port, directory / f"api-{port}.log")

    @property
    def counts(self) -> dict[str, Any]:
        """What it has seen since its last start."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", "/sim/counts")
            return json.load(connection.getresponse())
