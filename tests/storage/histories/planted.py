"""Looks for the first history that finds each planted bug: `python -m tests.storage.histories.planted [MOST]`.

Prints the table that stands in docs/TESTING.md.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from .bugs import BUGS, Bug
from .play import Worlds, play

MOST = 10_000
INVARIANTS = {f"I{number}" for number in range(1, 9)}


def found_by(worlds: Worlds, bug: Bug, seed: int) -> str | None:
    """What the history of a seed says of a bug; None: it does not find it."""
    with pytest.MonkeyPatch.context() as patch:
        bug(patch)
        try:
            play(worlds, seed)
        except AssertionError as violation:
            return str(violation).splitlines()[0]
    return None


def _short(text: str) -> str:
    """The invariant alone, where it is one."""
    invariant, _, _ = text.partition(": ")
    return invariant if invariant in INVARIANTS else text.partition("(")[0]


def main(most: int = MOST) -> int:
    """Print the table; 1 when a bug is not found."""
    missed = 0
    print("| bug | found by history | as a violation of |\n| --- | --- | --- |")
    with TemporaryDirectory() as directory:
        worlds = Worlds.make(Path(directory))
        for wrong, bug in BUGS.items():
            found = ((seed, found_by(worlds, bug, seed)) for seed in range(most))
            seed, text = next(((seed, text) for seed, text in found if text is not None), (None, "not found"))
            missed += seed is None
            print(f"| {wrong} | {'' if seed is None else seed} | {_short(text)} |", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
