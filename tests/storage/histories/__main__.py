"""Plays histories until one breaks an invariant: `python -m tests.storage.histories NUMBER [FIRST]`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, process_time

from .play import Worlds, play


def main(number: int, first: int = 0) -> int:
    """Play so many histories; 1 when one of them has broken an invariant."""
    begin, worked = monotonic(), process_time()
    with TemporaryDirectory() as directory:
        worlds = Worlds.make(Path(directory))
        for seed in range(first, first + number):
            try:
                play(worlds, seed)
            except AssertionError as violation:
                print(f"history {seed}: {violation}")
                return 1
            played = seed - first + 1
            if played % 1000 == 0 or played == number:
                each = 1000 * (process_time() - worked) / played
                print(f"{played:,} histories, {each:.0f} ms each, {monotonic() - begin:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
