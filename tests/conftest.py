"""What several test files share."""

import asyncio
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from asyncgen.storage.disk import Disk

# A busy machine is no failure: the time limit of the suite is the one of pytest-timeout. In CI the examples are
# the same each time, so that a change is judged by what it changes; elsewhere every run looks at new ones.
settings.register_profile("asyncgen", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("asyncgen")

# The plugins ask for the current loop before synchronous tests too, which would make one that nobody closes.
asyncio.set_event_loop(None)

_BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "data" / "medec_ms"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the slow tests of the real model and of Ray come last.

    A worker that waits for them in the middle has its tests taken over by the other one, piece by piece, and the
    crash tests, which count together, end up on two.
    """
    items.sort(key=lambda item: "test_local_model" in item.nodeid or "test_cluster" in item.nodeid)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """The real disk."""
    real = Disk()
    yield real
    real.close()


@pytest.fixture(scope="session")
def medec_pairs() -> Path:
    """The MEDEC training pairs, where they are at hand."""
    return _medec("medec_pairs_train.jsonl")


@pytest.fixture(scope="session")
def medec_csv() -> Path:
    """The MEDEC validation file as its authors publish it, where it is at hand."""
    return _medec("MEDEC-MS-ValidationSet-with-GroundTruth-and-ErrorType.csv")


def _medec(name: str) -> Path:
    path = Path(os.environ.get("ASYNCGEN_MEDEC_DIR", _BESIDE_THE_REPOSITORY)) / name
    if not path.is_file():
        pytest.skip("the MEDEC data are not here: set ASYNCGEN_MEDEC_DIR to their directory")
    return path


@pytest.fixture
def start_ticking(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets the virtual clock tick a nanosecond whenever it is read.

    Time that stands still is unlike any real clock: there, the dust of floats makes aiolimiter wait for
    nothing, forever.
    """

    def start() -> None:
        loop = asyncio.get_running_loop()
        standing, ticks = loop.time, count()
        monkeypatch.setattr(loop, "time", lambda: standing() + next(ticks) * 1e-9)

    return start
