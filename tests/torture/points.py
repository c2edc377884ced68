"""System calls on the files of a run, as points at which it can be hit: listed and injected by `strace`.

A point is the N-th call of one kind on one file. `strace` counts the calls of each thread for itself, so a call
on a file that two threads touch is hit in the thread that gets to its N-th call first. An injected error
replaces the call: the kernel never sees it. An injected SIGKILL is delivered as the call is entered, before
it has had any effect (a test holds `strace` to that); a kill behind a call is a kill before the next one.
"""

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

KILL = "SIGKILL"
ERRORS = ("ENOSPC", "EIO", "EINTR", "EMFILE", "EACCES")
CHANGES = ("openat", "write", "pwrite64", "fsync", "ftruncate", "fallocate", "rename", "unlink", "mkdir")
LOOKS = {"newfstatat": ("EIO",), "getdents64": ("EIO",), "read": ("EIO",), "flock": ("ENOLCK",)}
_ALIASES = {"renameat": "rename", "renameat2": "rename", "unlinkat": "unlink", "mkdirat": "mkdir"}
_CALL = re.compile(r"\d+ +(\w+)\((.*)")
_PATH = re.compile(r'[<"](/[^">]*)[>"]')


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """The `number`-th `call` on `file` (relative to the output directory), and what it meets with."""

    call: str
    file: str
    number: int
    effect: str = KILL

    def __str__(self) -> str:
        return f"{self.call} {self.file} {self.number} {self.effect}"


@cache
def why_no_strace() -> str | None:
    """Why nothing can be traced here; None when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(
        ["strace", "-qq", "-e", "trace=none", "true"], check=False, capture_output=True, text=True
    )
    return f"strace may not trace here: {done.stderr.strip()}" if done.returncode else None


def trace(pid: int, log: Path, *words: str) -> "subprocess.Popen[bytes]":
    """Attach `strace`, which ends with the process."""
    return subprocess.Popen(["strace", "-f", "-qq", "-y", "-s", "0", "-o", log, *words, "-p", str(pid)])


def watching(pid: int, log: Path) -> "subprocess.Popen[bytes]":
    """List the calls that can be points."""
    return trace(pid, log, "-e", "trace=" + _names((*CHANGES, *LOOKS)))


def injecting(pid: int, log: Path, directory: Path, point: Point) -> "subprocess.Popen[bytes]":
    """Hit a point."""
    effect = f"signal={KILL}" if point.effect == KILL else f"error={point.effect}"
    names = _names([point.call])
    path = directory if point.file == "." else directory / point.file
    inject = f"inject={names}:{effect}:when={point.number}"
    return trace(pid, log, "-e", f"trace={names}", "-e", inject, "-P", str(path))


def listed(trace: str, directory: Path) -> list[Point]:
    """All points of a watched run; their effect is to kill."""
    numbers: Counter[tuple[str, str, str]] = Counter()
    for line in trace.splitlines():
        call, file = _call_on(line, directory)
        if file is not None:
            numbers[line.split(" ", 1)[0], call, file] += 1
    points = {
        Point(call, file, number) for (_, call, file), count in numbers.items() for number in range(1, count + 1)
    }
    return sorted(points)


def kills(points: list[Point]) -> list[Point]:
    """The points at which a kill can leave something else behind than a kill at the one before."""
    return [point for point in points if point.call in CHANGES]


def errors(points: list[Point]) -> list[Point]:
    """The same places, each with every error that it can meet with."""
    return [
        Point(point.call, point.file, point.number, effect)
        for point in points
        for effect in LOOKS.get(point.call, (*ERRORS, "EOPNOTSUPP") if point.call == "fallocate" else ERRORS)
    ]


def sample(points: list[Point], number: int, seed: int) -> list[Point]:
    """So many of the points; which ones hardly depends on how many there are, as that differs from run to run."""
    return sorted(points, key=lambda point: blake2b(f"{seed} {point}".encode()).digest())[:number]


def _call_on(line: str, directory: Path) -> tuple[str, str | None]:
    match = _CALL.match(line)
    if match is None:
        return "", None
    for found in _PATH.findall(match[2]):
        path = Path(found)
        if path.is_relative_to(directory):
            return _ALIASES.get(match[1], match[1]), str(path.relative_to(directory))
    return "", None


def _names(calls: list[str] | tuple[str, ...]) -> str:
    """The calls and their relatives; those that this machine's kernel does not have are passed over."""
    return ",".join(
        f"?{name}" for call in calls for name in (call, *(a for a, c in _ALIASES.items() if c == call))
    )
