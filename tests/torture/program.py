"""The program as a process: started cold, or forked from a zygote and attached to by a tracer."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from threading import Timer
from typing import Self

import orjson

LONGEST = 30.0
"""Seconds after which a run counts as hung."""

Tracer = Callable[[int], "subprocess.Popen[bytes]"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended; the exit code is negative for a signal."""

    code: int
    stdout: str
    stderr: str
    hung: bool = False


class Zygote:
    """The client of `zygote.py`: one run at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=LONGEST)

    def run(self, words: Sequence[str], tracer: Tracer | None = None) -> Ended:
        """Run the command line to its end; `tracer` starts a process that attaches to a pid."""
        streams = {name: self._directory / name for name in ("stdout", "stderr")}
        for path in streams.values():
            path.unlink(missing_ok=True)
        pid = int(self._ask(orjson.dumps({"argv": words, **{k: str(v) for k, v in streams.items()}}).decode()))
        tracing = None
        if tracer is not None:
            tracing = tracer(pid)
            wait_for_tracer(pid, tracing)
        hung = []
        timer = Timer(LONGEST, lambda: hung.append(os.kill(pid, SIGKILL)))
        timer.start()
        code = int(self._ask("go"))
        timer.cancel()
        timer.join()
        if tracing is not None:
            tracing.wait(LONGEST)
        stdout, stderr = (path.read_text() for path in streams.values())
        return Ended(code, stdout, stderr, bool(hung))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, "the zygote has died"
        return answer


def start_cold(words: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start the program as a user does; its output goes to `log`."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "asyncgen", *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment(),
        )


def environment() -> dict[str, str]:
    """The environment without the user's own key and address."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")} | {
        "PYTHONUTF8": "1"
    }


def wait_for_tracer(pid: int, tracing: "subprocess.Popen[bytes]") -> None:
    """Wait until a process is traced."""
    status = Path(f"/proc/{pid}/status")
    while "TracerPid:\t0\n" in status.read_text():
        with suppress(subprocess.TimeoutExpired):
            raise RuntimeError(f"strace ended with {tracing.wait(0.002)}; is tracing allowed here?")
