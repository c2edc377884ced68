"""Where a gateway's program is, and what its tests come to where it is missing."""

import os
import shutil
from pathlib import Path

import pytest

_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
_ENVIRONMENTS = Path(__file__).parents[2] / ".gateways"


def program(name: str) -> Path:
    """A program that a package of the system brings."""
    found = shutil.which(name, path=_PLACES)
    return Path(found) if found else _missing(name, f"apt-get install {name}")


def python_program(name: str) -> Path:
    """A program in the environment of its own that `scripts/test` makes."""
    found = _ENVIRONMENTS / name / "bin" / name
    return found if found.exists() else _missing(name, "scripts/test installs it")


def node_program(name: str, package: str) -> Path:
    """A program in a package of npm that `scripts/test` installs."""
    found = _ENVIRONMENTS / package / "node_modules" / ".bin" / name
    return found if found.exists() else _missing(package, "scripts/test installs it, with npm")


def _missing(name: str, command: str) -> Path:
    pytest.skip(f"{name} is not installed: {command}")
