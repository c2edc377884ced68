"""A directory in which the program is started again and again, each start ended by what may end one.

After each of them the invariants are held against the directory and against all that was sent.
"""

import random
from dataclasses import dataclass, replace

from asyncgen.errors import AsyncgenError
from asyncgen.shard import Shard
from tests.storage.marks import Violation
from tests.storage.model_names import Operation
from tests.storage.model_store import Store
from tests.storage.moments import Knowledge, Moment
from tests.storage.power_loss import power_losses
from tests.storage.world import ROOT, Call, World, answers_in

from . import invariants as check
from .bill import Bill
from .cache import ANSWERS, Kept, kept_after
from .network import StormyNetwork
from .process import Command, Started, start
from .server import Server
from .weather import Rules, Weather

CALM_STARTS = 4
"""A calm start repairs what failed; the one behind it finds nothing to do."""
ENDS = ("ended", "killed", "torn", "power")


@dataclass(frozen=True, slots=True)
class Told:
    """One start, for whoever reads of a violation."""

    command: Command
    weather: Weather
    rules: Rules
    end: str


class Directory:
    """The output directory of a run, or of a shard of it, and all that is known of what it has cost.

    Args:
        world: where it happens.
        rng: draws all of it.
        unknown_field: what the server refuses in every request; none where that is empty.
        shard: which one it holds; None: a whole run.

    `starts` are those that there were, `losses` how often the power was lost, `asked` all calls that went out.
    """

    def __init__(self, world: World, rng: random.Random, unknown_field: str, shard: Shard | None = None) -> None:
        self.starts: list[Told] = []
        self.store = Store(ROOT)
        self.bill = Bill(world.silent)
        self.moment = Moment()
        self.losses = 0
        self.asked: set[Call] = set()
        self._world = world
        self._rng = rng
        self._unknown_field = unknown_field
        self._config = replace(world.config, shard=shard)
        self._first = 0 if shard is None else shard.portion(world.pairs).first
        self._known = Knowledge()
        self._kept: Kept = {}
        self._left_by_power: dict[str, bytes] = {}

    @property
    def exact(self) -> bool:
        """Whether it can know all that was billed: a loss of power may take what a journal knew."""
        return not self.losses

    @property
    def paid(self) -> frozenset[Call]:
        """The calls that it must not ask again."""
        return self._paid(self.store)

    def fill_cache(self, pairs: int) -> None:
        """Let another directory pay for some rows before."""
        command = Command(pairs, cached=True)
        ended = self._run(Store(ROOT), command, Weather(), Rules(), Moment())
        self._kept = {ANSWERS: kept_after({}, ended.disk.record, None)[ANSWERS]}

    def start(self, command: Command) -> None:
        """Start once in some weather, and end it somehow."""
        rng, weather = self._rng, Weather.draw(self._rng)
        rules = Rules.draw(rng, self._unknown_field)
        ended = self._run(self.store.copy(), command, weather, rules, self.moment)
        record = ended.disk.record
        how = rng.choice(ENDS)
        place = len(record) if how == "ended" else rng.randrange(len(record) + 1)
        self.starts.append(Told(command, weather, rules, f"{how} at {place} of {len(record)} ({ended.error!r})"))
        if command.suspended is not None and weather == Weather() and rules == Rules(unknown=rules.unknown):
            check.check_suspension(ended.failed_pairs, self.store)
        self.follow(command, record, how, place, left_by(self.store, record, how, place, rng))

    def follow(self, command: Command, record: list[Operation], how: str, place: int, left: Store) -> None:
        """Take over what a start has done up to a place in its record, and what its end has left of the disk."""
        self._judge_sent(self.store, command, record[:place])
        suspended = command.suspended is not None
        after = self._known.after(self.store, self.moment, record, suspended=suspended)[place]
        # What a kill leaves may still be lost with the power of a later start.
        self.store, self.moment = left, replace(after, in_flight=frozenset())
        if how == "power":
            self.lose_power(left)
        self._kept = kept_after(self._kept, record[:place], self._rng if how == "power" else None)
        check.check_in_step(self._world, self.store, self._first)
        check.check_unusable(self.store)
        if how in {"ended", "killed"}:
            check.check_in_order(self._world, self.store, self._left_by_power)

    def calm(self, command: Command) -> None:
        """Start in fine weather until nothing is left to do."""
        rules = Rules(unknown=self._unknown_field)
        self.starts.append(Told(command, Weather(), rules, "calm"))
        for _ in range(CALM_STARTS):
            begun = self.store.copy()
            ended = self._run(self.store, command, Weather(), rules, self.moment)
            record = ended.disk.record
            self._judge_sent(begun, command, record)
            after = self._known.after(begun, self.moment, record)[-1]
            self.moment = replace(after, in_flight=frozenset(), remote=ended.remote)
            self._kept = kept_after(self._kept, record, None)
            if ended.error is None and not ended.failed_pairs:
                break
            if not (ended.error is None or isinstance(ended.error, AsyncgenError)):
                break
        if ended.error is not None or ended.failed_pairs:
            raise Violation(f"a calm start ended with {ended.error!r} and {ended.failed_pairs} failed rows")
        check.check_in_step(self._world, self.store, self._first)
        check.check_spend(self.store, self.bill.said, self.bill.true if self.exact else None)

    def take(self, store: Store) -> None:
        """Go on with what is on a disk; an output is not judged until a start has changed it."""
        self.store, self._left_by_power = store, store.files()

    def lose_power(self, store: Store) -> None:
        """Go on with what a loss of power has left of the disk."""
        self.take(store)
        self.losses += 1
        self.moment = replace(self.moment, in_flight=frozenset(), written=self.moment.durable)

    def _run(self, store: Store, command: Command, weather: Weather, rules: Rules, moment: Moment) -> Started:
        seed = self._rng.randrange(1 << 30)
        network = StormyNetwork(weather, Server(rules, seed), self._world.silent, seed)
        config = command.configured(self._config)
        begun = store.copy()
        ended = start(self._world, config, store, command, network, moment.remote, self._kept)
        check.check_ends(ended.processes)
        check.check_alone(ended.processes)
        check.check_secrets(begun, ended.disk.record, ended.processes)
        for process in ended.processes:
            check.check_addresses(process, config)
            check.check_gate(process, config)
            if not command.batch and not moment.remote.batches:
                check.check_window(process)
                if command.suspended is None:  # else attempts are cut off that count for nothing
                    check.check_retries(process, config, begun)
        return ended

    def _paid(self, store: Store) -> frozenset[Call]:
        return self.moment.written | self._known.committed(store)

    def _judge_sent(self, begun: Store, command: Command, record: list[Operation]) -> None:
        """Hold what went out, on a disk as it was when the start began, against what is paid and the budget."""
        asked = [note[1] for note in record if note[0] == "asked"]
        self.asked.update(asked)
        cached = answers_in(self._kept.get(ANSWERS, b"")) if command.cached else frozenset()
        check.check_paid_once(self._paid(begun) | cached, asked)
        before, budget = self.bill.most, command.budget
        if budget is not None and not self.exact:
            # What the directory has forgotten is not in its way; what it knows of still is.
            budget = max(before, before + budget - check.spent_at_most(begun))
        for most in self.bill.follow(record):
            check.check_budget(most, budget, before)
        self.bill.cut_short()


def left_by(store: Store, record: list[Operation], how: str, place: int, rng: random.Random) -> Store:
    """What is left of a disk when a start on it ends so at a place of its record."""
    left = store.copy()
    for operation in record[:place]:
        left.play(operation)
    following = record[place] if place < len(record) else ("end",)
    if how == "torn" and following[0] == "write" and len(following[2]) > 1:
        left.play((*following[:2], following[2][: len(following[2]) // 2], *following[3:]))
    return rng.choice(list(power_losses(left, rng, 4))) if how == "power" else left
