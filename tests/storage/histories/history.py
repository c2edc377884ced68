"""A history of one directory: start after start in bad weather, each ended by what may end one.

Every start is the real program, and sometimes a second one at once. It ends by itself, by Ctrl-C or by its budget,
is killed at some operation of the disk, or loses power there; meanwhile the machine may be suspended for a while.
Some starts ask through batches, some use a cache, some want more rows than those before, or fewer. A calm start
at the end must leave the golden bytes.
"""

import random

from tests.storage.marks import Violation
from tests.storage.world import World

from . import invariants as check
from .directory import Directory
from .process import Command

MOST_STARTS = 5


class History:
    """A history of one directory.

    Args:
        world: where it happens.
        rng: draws all of it.
    """

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._directory = Directory(world, rng, rng.choice(("", "", "max_tokens", "temperature")))
        self._cached = rng.random() < 1 / 3

    def play(self) -> None:
        """Play it to its end.

        Raises:
            Violation: an invariant does not hold; it says after which starts.
        """
        rng, directory, rows = self._rng, self._directory, self._world.pairs
        try:
            if self._cached and rng.random() < 1 / 2:
                directory.fill_cache(rng.randint(1, rows))
            pairs = 1
            for _ in range(rng.randint(1, MOST_STARTS)):
                pairs = rng.randint(pairs, rows)
                asked = pairs if rng.random() < 7 / 8 else rng.randint(1, pairs)
                directory.start(draw_command(rng, asked, directory.bill.most, cached=self._cached))
            directory.calm(Command(rows, cached=self._cached))
            check.check_same_bytes(self._world, directory.store, rows)
        except Violation as violation:
            told = "\n".join(f"  {one}" for one in directory.starts)
            raise Violation(f"{violation}\nafter\n{told}") from violation


def draw_command(rng: random.Random, pairs: int, spent: int, *, cached: bool) -> Command:
    """Some command for so many rows, where so many tokens have been spent."""
    return Command(
        pairs,
        batch=rng.random() < 1 / 4,
        budget=spent + rng.choice((3000, 6000, 20_000)) if rng.random() < 1 / 5 else None,
        cached=cached,
        most_attempts=rng.choice((1, 2, 6)),
        stop_after=rng.uniform(0, 30) if rng.random() < 1 / 4 else None,
        second_after=rng.choice((0.0, 0.1, rng.uniform(0, 10))) if rng.random() < 1 / 6 else None,
        suspended=_draw_suspension(rng) if rng.random() < 1 / 4 else None,
    )


def _draw_suspension(rng: random.Random) -> tuple[float, float]:
    return rng.uniform(0, 15), rng.choice((5.0, 30.0, 700.0, 8 * 3600.0))
