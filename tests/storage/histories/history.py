"""A history of one directory: start after start in bad weather, each ended by what may end one.

Every start is the real program, and sometimes a second one at once. It ends by itself, by Ctrl-C or by its budget,
is killed at some operation of the disk, or loses power there; meanwhile the machine may be suspended for a while.
Some starts ask through batches, some use a cache, and some want more rows than those before. After each of them
the invariants are held against the directory and against all that was sent; a calm start at the end must leave the
golden bytes.
"""

import random
from dataclasses import dataclass, replace

from asyncgen.errors import AsyncgenError
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

MOST_STARTS = 5
CALM_STARTS = 4
"""A calm start repairs what failed; the one behind it finds nothing to do."""
ENDS = ("ended", "killed", "torn", "power")


@dataclass(frozen=True, slots=True)
class Told:
    """One start of a history, for whoever reads of a violation."""

    command: Command
    weather: Weather
    rules: Rules
    end: str


class History:
    """A history of one directory; `starts` are those that there were.

    Args:
        world: where it happens.
        rng: draws all of it.
    """

    def __init__(self, world: World, rng: random.Random) -> None:
        self.starts: list[Told] = []
        self._world = world
        self._rng = rng
        self._store = Store(ROOT)
        self._moment = Moment()
        self._known = Knowledge()
        self._bill = Bill(world.silent)
        self._kept: Kept = {}
        self._paid: frozenset[Call] = frozenset()
        self._unknown_field = rng.choice(("", "", "max_tokens", "temperature"))
        self._cached = rng.random() < 1 / 3
        # A loss of power may take what a journal knew of calls that are billed.
        self._exact = True
        self._left_by_power: dict[str, bytes] = {}

    def play(self) -> None:
        """Play it to its end.

        Raises:
            Violation: an invariant does not hold; it says after which starts.
        """
        try:
            if self._cached and self._rng.random() < 1 / 2:
                self._fill_cache()
            pairs = 1
            for _ in range(self._rng.randint(1, MOST_STARTS)):
                pairs = self._rng.randint(pairs, self._world.pairs)
                self._start(self._draw(pairs))
            self._calm()
        except Violation as violation:
            told = "\n".join(f"  {one}" for one in self.starts)
            raise Violation(f"{violation}\nafter\n{told}") from violation

    def _draw(self, pairs: int) -> Command:
        rng = self._rng
        return Command(
            pairs,
            batch=rng.random() < 1 / 4,
            budget=self._bill.most + rng.choice((3000, 6000, 20_000)) if rng.random() < 1 / 5 else None,
            cached=self._cached,
            most_attempts=rng.choice((1, 2, 6)),
            stop_after=rng.uniform(0, 30) if rng.random() < 1 / 4 else None,
            second_after=rng.choice((0.0, 0.1, rng.uniform(0, 10))) if rng.random() < 1 / 6 else None,
            suspended=self._draw_suspension() if rng.random() < 1 / 4 else None,
        )

    def _draw_suspension(self) -> tuple[float, float]:
        return self._rng.uniform(0, 15), self._rng.choice((5.0, 30.0, 700.0, 8 * 3600.0))

    def _fill_cache(self) -> None:
        """Let another directory pay for some rows before."""
        command = Command(self._rng.randint(1, self._world.pairs), cached=True)
        ended = self._run(Store(ROOT), command, Weather(), Rules(), Moment())
        self._kept = {ANSWERS: kept_after({}, ended.disk.record, None)[ANSWERS]}

    def _run(self, store: Store, command: Command, weather: Weather, rules: Rules, moment: Moment) -> Started:
        seed = self._rng.randrange(1 << 30)
        network = StormyNetwork(weather, Server(rules, seed), self._world.silent, seed)
        config = command.configured(self._world.config)
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
                    check.check_retries(process, config)
        return ended

    def _start(self, command: Command) -> None:
        """Start once, and end it somehow."""
        rng, weather = self._rng, Weather.draw(self._rng)
        rules = Rules.draw(rng, self._unknown_field)
        ended = self._run(self._store.copy(), command, weather, rules, self._moment)
        record = ended.disk.record
        how = rng.choice(ENDS)
        place = len(record) if how == "ended" else rng.randrange(len(record) + 1)
        self.starts.append(Told(command, weather, rules, f"{how} at {place} of {len(record)} ({ended.error!r})"))
        if command.suspended is not None and weather == Weather() and rules == Rules(unknown=rules.unknown):
            check.check_suspension(ended.failed_pairs)
        self._judge_sent(command, record[:place])
        self._end(command, record, how, place)
        check.check_in_step(self._world, self._store)
        if how in {"ended", "killed"}:
            check.check_in_order(self._world, self._store, self._left_by_power)

    def _judge_sent(self, command: Command, record: list[Operation]) -> None:
        """Hold what went out against what is paid, and against the budget."""
        asked = [note[1] for note in record if note[0] == "asked"]
        cached = answers_in(self._kept.get(ANSWERS, b"")) if command.cached else frozenset()
        check.check_paid_once(self._paid | cached, asked)
        before, budget = self._bill.most, command.budget
        if budget is not None and not self._exact:
            # What the directory has forgotten is not in its way; what it knows of still is.
            budget = max(before, before + budget - check.spent_at_most(self._store))
        for most in self._bill.follow(record):
            check.check_budget(most, budget, before)
        self._bill.cut_short()

    def _end(self, command: Command, record: list[Operation], how: str, place: int) -> None:
        """Leave behind what is left when the start ends so."""
        suspended = command.suspended is not None
        after = self._known.after(self._store, self._moment, record, suspended=suspended)[place]
        store = self._store.copy()
        for operation in record[:place]:
            store.play(operation)
        following = record[place] if place < len(record) else ("end",)
        if how == "torn" and following[0] == "write" and len(following[2]) > 1:
            store.play((*following[:2], following[2][: len(following[2]) // 2], *following[3:]))
        survived = after.written
        if how == "power":
            store, survived = self._rng.choice(list(power_losses(store, self._rng, 4))), after.durable
            self._exact, self._left_by_power = False, store.files()
        self._kept = kept_after(self._kept, record[:place], self._rng if how == "power" else None)
        self._store = store
        # What a kill leaves may still be lost with the power of a later start.
        self._moment = replace(after, in_flight=frozenset(), written=survived)
        self._paid = survived | self._known.committed(store)

    def _calm(self) -> None:
        """Start in fine weather until nothing is left to do."""
        command = Command(self._world.pairs, cached=self._cached)
        rules = Rules(unknown=self._unknown_field)
        self.starts.append(Told(command, Weather(), rules, "calm"))
        for _ in range(CALM_STARTS):
            ended = self._run(self._store, command, Weather(), rules, self._moment)
            record = ended.disk.record
            self._judge_sent(command, record)
            self._moment = replace(self._moment, remote=ended.remote)
            self._kept = kept_after(self._kept, record, None)
            if ended.error is None and not ended.failed_pairs:
                break
            if not (ended.error is None or isinstance(ended.error, AsyncgenError)):
                break
        if ended.error is not None or ended.failed_pairs:
            raise Violation(f"a calm start ended with {ended.error!r} and {ended.failed_pairs} failed rows")
        check.check_same_bytes(self._world, self._store, self._world.pairs)
        check.check_in_step(self._world, self._store)
        check.check_spend(self._store, self._bill.said, self._bill.true if self._exact else None)
