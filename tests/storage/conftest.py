"""The worlds that the tests of the storage share; making one takes a run."""

import pytest

from asyncgen.storage import segment_writer as segment_log

from .world import PROMPTS, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Eight pairs, one call each."""
    return World(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def reasoning_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Six pairs, two calls each."""
    return World(tmp_path_factory.mktemp("reasoning"), pairs=6, reasoning=True)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of the journal that hold about two answers."""
    monkeypatch.setattr(segment_log, "SEGMENT_SIZE", 900)


@pytest.fixture(scope="session")
def batch_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Four pairs, three calls each, of which one needs another."""
    prompts = {
        **PROMPTS,
        "correct_reasoning_system": "Defend.",
        "correct_reasoning_user": "{original_note} {paraphrased_note}",
    }
    return World(tmp_path_factory.mktemp("batches"), pairs=4, reasoning=True, prompts=prompts)
