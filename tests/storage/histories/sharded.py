"""A history of an input that is cut into shards, which live as other directories do and are then merged.

In every second history a worker of a cluster begins with them, two at once; whatever ends it ends both.
Some are merged as soon as they have their end, with rows that failed; in others a repair has begun meanwhile, and
was ended by what may end one. Merging them is crashed again and again. A merge that ends makes the whole directory
at once, whatever ended those before it; it counts what all shards have cost, and the command of the whole run asks
only for what failed in them, and nothing that is paid.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from asyncgen.errors import AsyncgenError, BadDataError
from asyncgen.shard import Portion, Shard
from asyncgen.storage.layout import SHARDS, RunDirectory
from asyncgen.storage.segment_reader import open_batches
from asyncgen.storage.shard_merge import SUFFIX, join
from tests.storage.marks import CHECKPOINT, FAILED, STATISTICS, Violation
from tests.storage.model_disk import ModelDisk
from tests.storage.model_names import DIRECTORY as A_DIRECTORY
from tests.storage.model_names import Operation
from tests.storage.model_store import Store
from tests.storage.moments import Moment
from tests.storage.power_loss import power_losses
from tests.storage.world import DIRECTORY, OUTPUTS, ROOT, Call, World, records

from . import invariants as check
from .directory import ENDS, Directory, Told, left_by
from .history import draw_command
from .network import StormyNetwork
from .process import Command, Started
from .server import Server
from .weather import Rules, Weather
from .worker import seen_from, start_worker

MOST_CRASHES = 3
MOST_STARTS = 4
"""Of a shard, before it is let come to its end."""
MOST_REPAIRS = 2
MOST_WORKERS = 3
"""Starts of a worker, one after the other."""
CLUSTER = Path(ROOT, "cluster")
"""The output directory of the whole run on a cluster, which has those of its shards below it."""


class ShardedHistory:
    """A history of shards and of what they are merged to.

    Args:
        world: where it happens.
        rng: draws all of it.

    A shard is at the place of every output directory while a start of its own is in it, and else where a cluster
    has it: a part.
    """

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._store = Store(ROOT)
        self._unknown_field = rng.choice(("", "", "max_tokens", "temperature"))
        of = rng.choice((2, 3))
        self._shards = {
            f"{CLUSTER.name}/{SHARDS}/{number}-of-{of}": Shard(number, of) for number in range(1, of + 1)
        }
        self._parts = {
            name: Directory(world, rng, self._unknown_field, shard) for name, shard in self._shards.items()
        }
        for path in (CLUSTER, CLUSTER / SHARDS):
            self._store.play(("mkdir", str(path)))
            self._store.play(("sync_directory", str(path.parent)))
        self._whole: Directory | None = None

    def play(self) -> None:
        """Play it to its end.

        Raises:
            Violation: an invariant does not hold; it says after which starts.
        """
        rng = self._rng
        try:
            for _ in range(rng.choice((0, rng.randint(1, MOST_WORKERS)))):
                self._work()
            for name in self._parts:
                self._live(name)
            crashes = rng.randint(0, MOST_CRASHES)
            while self._whole is None:
                self._merge(crashes=crashes > 0)
                crashes -= 1
            self._repair(self._whole)
        except Violation as violation:
            lived = {**self._parts, "whole": self._whole}
            told = "\n".join(f"  {name} {one}" for name, each in lived.items() if each for one in each.starts)
            raise Violation(f"{violation}\nafter\n{told}") from violation

    # The shards

    def _work(self) -> None:
        """Start a worker of a cluster on all shards, and end it somehow."""
        rng, begun = self._rng, self._store
        drawn = draw_command(rng, self._world.pairs, 0, cached=False)
        command = replace(drawn, batch=False, budget=None, second_after=None)
        weather, rules = Weather.draw(rng), Rules.draw(rng, self._unknown_field)
        portions = {name: shard.portion(self._world.pairs) for name, shard in self._shards.items()}
        waiting = [
            portion
            for name, portion in portions.items()
            if not _says_its_end(_alone(begun, str(Path(ROOT, name))).files())
        ]
        ended = self._worked(command, weather, rules, waiting)
        record, how = ended.disk.record, rng.choice(ENDS)
        place = len(record) if how == "ended" else rng.randrange(len(record) + 1)
        self._store = left_by(begun, record, how, place, rng)
        for name, part in self._parts.items():
            path = str(Path(ROOT, name))
            told = f"a worker of all shards {how} at {place} of {len(record)} ({ended.error!r})"
            part.starts.append(Told(command, weather, rules, told))
            part.take(_alone(begun, path))
            seen = seen_from(path, portions[name], begun, record)
            part.follow(command, seen, how, place, _alone(self._store, path))

    def _worked(self, command: Command, weather: Weather, rules: Rules, portions: list[Portion]) -> Started:
        """What a worker does on the disk as it is, which stays so."""
        seed = self._rng.randrange(1 << 30)
        network = StormyNetwork(weather, Server(rules, seed), self._world.silent, seed)
        config = command.configured(replace(self._world.config, output_dir=CLUSTER))
        channel = random.Random(seed)
        ended = start_worker(self._world, config, self._store.copy(), command, portions, network, channel)
        process = ended.processes[0]
        check.check_ends(ended.processes)
        check.check_secrets(self._store, ended.disk.record, ended.processes)
        check.check_addresses(process, config)
        check.check_gate(process, config)
        if command.suspended is None:  # else attempts are cut off that count for nothing
            check.check_retries(process, config, self._store)
        elif weather == Weather() and rules == Rules(unknown=rules.unknown):
            check.check_suspension(ended.failed_pairs, self._store)
        return ended

    def _live(self, name: str) -> None:
        """Start in a shard until it has its end, and sometimes on."""
        rng = self._rng
        with self._in_place(name) as part:
            for _ in range(rng.randint(0, MOST_STARTS)):
                self._start(part)
            if not _has_its_end(part):
                part.calm(Command(self._world.pairs))
            for _ in range(rng.randint(0, MOST_REPAIRS)):
                self._start(part)

    def _start(self, directory: Directory) -> None:
        directory.start(draw_command(self._rng, self._world.pairs, directory.bill.most, cached=False))

    @contextmanager
    def _in_place(self, name: str) -> Iterator[Directory]:
        """A shard, at the place of an output directory. When it loses power, all of them do."""
        part = self._parts[name]
        losses = part.losses
        self._move(Path(ROOT, name), DIRECTORY)
        part.take(self._store)
        yield part
        self._store = part.store
        self._move(DIRECTORY, Path(ROOT, name))
        if part.losses > losses:
            for other in self._parts.values():
                if other is not part:
                    other.lose_power(self._store)

    def _move(self, source: Path, target: Path) -> None:
        """Rename a directory, durably."""
        if str(source) in self._store.names:
            self._store.play(("rename", str(source), str(target), A_DIRECTORY))
            self._store.play(("sync_directory", ROOT))

    # Merging them

    def _merge(self, *, crashes: bool) -> None:
        """Merge the shards, and crash in the middle of that; or finish a shard that is refused, as it is not."""
        paid: set[Call] = set()
        for name in self._parts:
            with self._in_place(name) as part:
                paid |= part.paid
        before, after = self._outputs_of_parts(), self._store.copy()
        try:
            record = self._join(after)
        except BadDataError as refused:
            self._finish_what_was_refused(refused)
            return
        if crashes:
            self._crash(record)
        else:
            self._store = after
        if self._outputs_of_parts() != before:
            raise check.broken("I1", "outputs of the shards were changed")
        if str(DIRECTORY) in self._store.names:
            self._take_over(frozenset(paid))
        others = {
            path for path in self._store.files() if not path.startswith(tuple(f"{name}/" for name in self._parts))
        }
        if not {path.split("/")[0] for path in others} <= {"out", f"out{SUFFIX}"}:
            raise check.broken("I1", f"left over: {sorted(others)}")

    def _join(self, store: Store) -> list[Operation]:
        """Merge on a disk, which is changed; what it did there."""
        places = [Path(ROOT, name) for name in self._parts]
        self._rng.shuffle(places)
        disk = ModelDisk(store)
        try:
            join([RunDirectory(disk, place) for place in places], RunDirectory(disk, DIRECTORY))
        except AsyncgenError as error:
            if isinstance(error, BadDataError):
                raise
            raise Violation(f"merging ended with {error!r}") from error
        return disk.record

    def _finish_what_was_refused(self, refused: BadDataError) -> None:
        """Give a shard that is not finished its command again; there must be one."""
        finished = True
        for name in self._parts:
            with self._in_place(name) as part:
                if not _has_its_end(part) or _may_have_sent_a_batch(part):
                    finished = False
                    part.calm(Command(self._world.pairs))
        if finished:
            raise Violation(f"merging ended with {refused!r}") from refused

    def _crash(self, record: list[Operation]) -> None:
        """Let a merge end somewhere, by a kill or a loss of power."""
        # Most is decided around the rename, which is one of the last operations.
        place = self._rng.choice((self._rng.randrange(len(record) + 1), len(record) - self._rng.randrange(4)))
        for operation in record[:place]:
            self._store.play(operation)
        if self._rng.random() < 1 / 2:
            self._store = self._rng.choice(list(power_losses(self._store, self._rng, 8)))
            for part in self._parts.values():
                part.lose_power(self._store)

    def _outputs_of_parts(self) -> dict[str, bytes]:
        files = self._store.files()
        return {
            path: files[path] for part in self._parts for name in OUTPUTS if (path := f"{part}/{name}") in files
        }

    # What they are merged to

    def _take_over(self, paid: frozenset[Call]) -> None:
        """Go on in the merged directory: I3 and I8 hold there as if it had never been cut."""
        parts = self._parts.values()
        whole = Directory(self._world, self._rng, self._unknown_field)
        whole.take(self._store)
        whole.moment = Moment(written=paid, durable=paid)
        whole.bill.said, whole.bill.true = (
            sum(getattr(part.bill, name) for part in parts) for name in ("said", "true")
        )
        whole.losses = max(part.losses for part in parts)
        check.check_in_step(self._world, self._store)
        check.check_spend(self._store, whole.bill.said, whole.bill.true if whole.exact else None)
        self._whole = whole

    def _repair(self, whole: Directory) -> None:
        """Give the command of the whole run until all is there: it asks for rows that failed, and no others."""
        failed = {record["index"] for record in records(whole.store.files().get(FAILED, b""))}
        # A merge that was killed behind its rename has not made it last: until a start has, power takes all of it.
        lasts = str(DIRECTORY) in whole.store.durable_names
        for _ in range(self._rng.randint(0, MOST_REPAIRS) * lasts):
            self._start(whole)
        whole.calm(Command(self._world.pairs))
        check.check_same_bytes(self._world, whole.store, self._world.pairs)
        others = {index for index, _ in whole.asked} - failed
        if others:
            raise check.broken("I2", f"rows that were merged are asked again: {sorted(others)}")


def _has_its_end(part: Directory) -> bool:
    """Whether a shard can be merged, as far as its files say so."""
    files = part.store.files()
    return _says_its_end(files) and check.INTENT not in files


def _says_its_end(files: Mapping[str, bytes]) -> bool:
    return STATISTICS in files and CHECKPOINT not in files


def _may_have_sent_a_batch(part: Directory) -> bool:
    """Whether its journal says so: before one is sent, and until what has come of it is durable."""
    return bool(open_batches(RunDirectory(ModelDisk(part.store), DIRECTORY)))


def _alone(store: Store, path: str) -> Store:
    """A disk as it is for one shard: at the place of every output directory."""
    seen = store.copy()
    if path in seen.names:
        seen.play(("rename", path, str(DIRECTORY), A_DIRECTORY))
    return seen
