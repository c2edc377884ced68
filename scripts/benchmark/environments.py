"""Environments of the peers: made on first use in `.bench/`, of all that `requirements/` pins."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".bench"
TIMEOUT = 900


class Unavailable(Exception):  # noqa: N818 - a fact to report, not an error of this program
    """A contestant that cannot be run here, and why."""


class Environment(Protocol):
    """Where a contestant runs."""

    def python(self) -> Path:
        """Its interpreter; raises `Unavailable`."""

    def version(self) -> str:
        """The version of the library in question, empty when there is none."""


@dataclass(frozen=True, slots=True)
class Peer:
    """An environment of its own, with what `requirements/NAME.txt` pins."""

    name: str
    package: str = ""

    def python(self) -> Path:
        """Its interpreter, after everything is installed.

        Raises:
            Unavailable: it cannot be installed.
        """
        requirements, directory = HERE / "requirements" / f"{self.name}.txt", CACHE / self.name
        python, stamp = directory / "bin" / "python", directory / ".installed"
        wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
        if not (stamp.exists() and stamp.read_text() == wanted):
            print(f"installing {self.name} into {directory}", flush=True)
            _run(sys.executable, "-m", "venv", "--clear", str(directory))
            pip = (str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check")
            # Complete lists, of wheels only: nothing is compiled, and nothing comes that is not listed.
            _run(*pip, "--no-deps", "--only-binary=:all:", "-r", str(requirements))
            stamp.write_text(wanted)
        return python

    def version(self) -> str:
        """As it is pinned."""
        package = self.package or self.name
        lines = (HERE / "requirements" / f"{self.name}.txt").read_text("utf-8").splitlines()
        return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{package}=="))


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"not installed after {TIMEOUT} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no reason given"]
        raise Unavailable(lines[-1].removeprefix("ERROR: "))
