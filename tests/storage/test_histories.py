"""Histories of a directory by their seeds; `scripts/explore` plays others."""

import os

import pytest

from .history import play
from .world import World

SEEDS = range(int(os.environ.get("ASYNCGEN_HISTORIES", "200")))
FIRST = int(os.environ.get("ASYNCGEN_FIRST_HISTORY", "0"))
AT_ONCE = 25
"""Histories in one test."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", range(FIRST, FIRST + len(SEEDS), AT_ONCE))
def test_no_history_breaks_an_invariant(first: int, world: World, batch_world: World) -> None:
    """Whatever the weather and however starts end: paid once, in step, and the golden bytes when it is fine."""
    for seed in range(first, first + AT_ONCE):
        chosen, pairs = (world, 8) if seed % 2 else (batch_world, 6)
        try:
            play(chosen, seed, pairs)
        except AssertionError as violation:
            raise AssertionError(f"history {seed}: {violation}") from violation
