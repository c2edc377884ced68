"""Histories by their seeds: 200 of them, more in CI; `python -m tests.storage.histories` plays others."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.storage.model_disk import ModelDisk

from .play import Worlds, play

FIRST = int(os.environ.get("ASYNCGEN_FIRST_HISTORY", "0"))
HISTORIES = int(os.environ.get("ASYNCGEN_HISTORIES", "200"))
AT_ONCE = 50
"""Histories in one test."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", range(FIRST, FIRST + HISTORIES, AT_ONCE))
def test_no_history_breaks_an_invariant(first: int, worlds: Worlds) -> None:
    """Whatever the weather and however starts end: I1 to I8 hold, and the golden bytes come when it is fine."""
    for seed in range(first, first + AT_ONCE):
        try:
            play(worlds, seed)
        except AssertionError as violation:
            raise AssertionError(f"history {seed}: {violation}") from violation


def test_a_seed_plays_the_same_history_in_any_directory(
    tmp_path: Path, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down to the length of each write, which decides where it may tear."""
    there = tmp_path / "with a longer name"
    there.mkdir()
    others = Worlds.make(there)
    played: list[list[tuple[Any, ...]]] = []
    do = ModelDisk._do

    def note(disk: ModelDisk, *operation: Any) -> None:
        played[-1].append(tuple(len(part) if isinstance(part, bytes) else part for part in operation))
        do(disk, *operation)

    monkeypatch.setattr(ModelDisk, "_do", note)
    for where in (worlds, others):
        played.append([])
        for seed in range(5):
            play(where, seed)
    assert len(played[0]) > 100
    assert played[0] == played[1]
