"""A history of an input that is cut into shards: each is finished, and merging them is crashed again and again.

A merge that ends makes the whole directory at once, whatever ended those before it; the shards stay as they are,
and the command of the whole run finds nothing to do in what was merged.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from asyncgen.config import RunConfig
from asyncgen.errors import AsyncgenError
from asyncgen.shard import Shard
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.shard_merge import SUFFIX, join
from tests.storage.batch_server import NOTHING
from tests.storage.marks import Violation
from tests.storage.model_disk import ModelDisk
from tests.storage.model_names import Operation
from tests.storage.model_store import Store
from tests.storage.power_loss import power_losses
from tests.storage.world import DIRECTORY, OUTPUTS, ROOT, World

from . import invariants as check
from .network import StormyNetwork
from .process import Command, Started, start
from .server import Server
from .weather import Rules, Weather

MOST_CRASHES = 3
MOST_STARTS = 12
"""Of a shard, until it is finished; the last ones are calm."""


class ShardedHistory:
    """A history of shards and of what they are merged to.

    Args:
        world: where it happens.
        rng: draws all of it.
    """

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._store = Store(ROOT)
        self._of = rng.choice((2, 3))

    def play(self) -> None:
        """Play it to its end.

        Raises:
            Violation: an invariant does not hold.
        """
        shards = [self._finish(Shard(number, self._of)) for number in range(1, self._of + 1)]
        self._rng.shuffle(shards)
        for _ in range(self._rng.randint(0, MOST_CRASHES)):
            if not self._is_there():
                self._crash(self._merge(self._store.copy(), shards))
                self._check_whole_or_not_there()
        if not self._is_there():
            self._merge(self._store, shards)
        check.check_same_bytes(self._world, self._store, self._world.pairs)
        check.check_in_step(self._world, self._store)
        ended = self._start(replace(self._world.config, output_dir=DIRECTORY), Weather())
        if ended.error is not None or [note for note in ended.disk.record if note[0] == "asked"]:
            raise check.broken("I2", f"what was merged is not finished: {ended.error!r}")

    def _finish(self, shard: Shard) -> Path:
        """Let a shard come to its end; where it is."""
        place = Path(ROOT, f"part-{shard.number}")
        config = replace(self._world.config, output_dir=place, shard=shard)
        for attempt in range(MOST_STARTS):
            stormy = attempt < MOST_STARTS // 2
            ended = self._start(config, Weather.draw(self._rng) if stormy else Weather())
            if ended.error is None and not ended.failed_pairs:
                return place
        raise Violation(f"shard {shard} does not come to its end: {ended.error!r}")

    def _start(self, config: RunConfig, weather: Weather) -> Started:
        command = Command(self._world.pairs)
        seed = self._rng.randrange(1 << 30)
        network = StormyNetwork(weather, Server(Rules(), seed), self._world.silent, seed)
        ended = start(self._world, command.configured(config), self._store, command, network, NOTHING, {})
        check.check_ends(ended.processes)
        return ended

    def _merge(self, store: Store, shards: Sequence[Path]) -> list[Operation]:
        """Merge what is on a disk, which is changed; what it did there."""
        disk = ModelDisk(store)
        try:
            join([RunDirectory(disk, place) for place in shards], RunDirectory(disk, DIRECTORY))
        except AsyncgenError as error:
            raise Violation(f"merging ended with {error!r}") from error
        return disk.record

    def _crash(self, record: list[Operation]) -> None:
        """Let a merge end somewhere, by a kill or a loss of power."""
        # Most is decided around the rename, which is one of the last operations.
        place = self._rng.choice((self._rng.randrange(len(record) + 1), len(record) - self._rng.randrange(4)))
        for operation in record[:place]:
            self._store.play(operation)
        if self._rng.random() < 1 / 2:
            self._store = self._rng.choice(list(power_losses(self._store, self._rng, 8)))

    def _is_there(self) -> bool:
        return str(DIRECTORY) in self._store.names

    def _check_whole_or_not_there(self) -> None:
        """I1: the target is there as a whole, or not at all, and the shards are whole in any case."""
        files = self._store.files()
        if self._is_there():
            check.check_same_bytes(self._world, self._store, self._world.pairs)
        parts = range(1, self._of + 1)
        for name in OUTPUTS:
            data = b"".join(files.get(f"part-{number}/{name}", b"") for number in parts)
            if data != self._world.golden(range(self._world.pairs))[name]:
                raise check.broken("I1", f"{name} of the shards was changed")
        others = {path.split("/")[0] for path in files} - {f"part-{number}" for number in parts} - {"out"}
        if not others <= {f"out{SUFFIX}"}:
            raise check.broken("I1", f"left over: {sorted(others)}")
