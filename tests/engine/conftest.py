"""A server in memory, and starts of a run that asks it."""

from pathlib import Path

import pytest

from asyncgen.storage.disk import Disk

from .at_once import AtOnce
from .memory_server import MemoryServer
from .starts import Starts


@pytest.fixture
def server() -> MemoryServer:
    """The server of a test."""
    return MemoryServer()


@pytest.fixture
def starts(tmp_path: Path, disk: Disk, server: MemoryServer, monkeypatch: pytest.MonkeyPatch) -> Starts:
    """The starts of a test, on a disk without a thread."""
    monkeypatch.setattr(disk, "_thread", AtOnce())
    return Starts(tmp_path, disk, server)
