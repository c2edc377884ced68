"""Runs a command to its end and says what it took: CPU and memory of it and all that it started. Linux only."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TICK = 0.05
LOOK = 0.25  # seconds between two looks at the processes: one takes 3 ms with as many threads as Ray has
PAGE = os.sysconf("SC_PAGE_SIZE")
CLOCK = os.sysconf("SC_CLK_TCK")
IDLE = 1.5
NOISE = 0.03  # seconds of CPU since the last work that are none


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command took: CPU seconds, wall seconds, and bytes of memory at its peak.

    `code` is its exit code, negative for a signal; `ended` says that it was ended from outside.
    """

    code: int
    wall: float
    cpu: float
    peak: int
    ended: str = ""


def take(
    command: list[str],
    env: dict[str, str],
    directory: Path,
    *,
    limit: float,
    done: Callable[[], bool] = lambda: False,
    killed_when: Callable[[], bool] = lambda: False,
) -> Taken:
    """Run a command in a directory, its output in `output.log` there.

    Args:
        command: its words.
        env: its environment.
        directory: where it runs.
        limit: it is ended after so many seconds.
        done: whether all its work is done; idle for 1.5 s then, it is ended: some wait long at their end.
        killed_when: it is killed, with everything that it started, when this becomes true.
    """
    started = time.monotonic()
    with (directory / "output.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    peak, ended, busy_at, busy, most, looked_at = 0, "", started, 0.0, 0.0, float("-inf")
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        now = time.monotonic()
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            # Its own and of the children for which it waited; what others took was seen while they lived.
            cpu = max(usage.ru_utime + usage.ru_stime, most)
            return Taken(process.returncode, now - started, cpu, max(peak, usage.ru_maxrss * 1024), ended)
        if now - looked_at >= LOOK:
            looked_at = now
            memory, ticks = _tree(process.pid)
            peak, most = max(peak, memory), max(most, ticks)
            if abs(ticks - busy) > NOISE or not done():  # less, when one of its processes has ended
                busy_at, busy = now, ticks
        if not ended:
            if killed_when():
                ended = "killed"
            elif now - started > limit:
                ended = f"not finished after {limit:.0f} s"
            elif now - busy_at > IDLE:
                ended = "idle"
            if ended:
                os.killpg(process.pid, signal.SIGKILL)
        time.sleep(TICK)


def _tree(pid: int) -> tuple[int, float]:
    """Bytes of memory and seconds of CPU of a process and its descendants."""
    memory, ticks = 0, 0
    for each in _descendants(pid):
        try:
            memory += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * PAGE
            ticks += sum(map(int, Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[11:13]))
        except (OSError, IndexError):  # it has just ended
            continue
    return memory, ticks / CLOCK


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _descendants(int(child))
