"""The worlds of histories; making them takes two runs."""

import pytest

from .play import Worlds


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Where histories happen."""
    return Worlds.make(tmp_path_factory.mktemp("histories"))
