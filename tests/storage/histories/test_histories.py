"""Histories by their seeds: 200 of them, more in CI; `python -m tests.storage.histories` plays others."""

import os

import pytest

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
