"""What runs the shards that are joined."""

from pathlib import Path

import pytest

from asyncgen.storage.disk import Disk

from .shards import Go, ScriptedSteps, runs_in


@pytest.fixture
def client() -> ScriptedSteps:
    """What answers the calls of the runs of a test."""
    return ScriptedSteps()


@pytest.fixture
def go(tmp_path: Path, disk: Disk, client: ScriptedSteps) -> Go:
    """Runs, of a shard or of the whole, into a directory of that name."""
    return runs_in(tmp_path, disk, client)
