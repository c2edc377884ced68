"""Crash a scenario everywhere, recover from every state, and hold the result against the invariants.

A scenario is a list of commands (`Phase`). The last of them but those in `afterwards` is played once without
a crash; its record gives every crash state. Each state is recovered from as a user would: the same command
again. Then come the commands of `afterwards`. On equal disks a command is run once.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import orjson

from asyncgen.errors import BadDataError, DiskError

from .batch_server import NOTHING, Remote
from .marks import CHECKPOINT, FAILED, STATISTICS, Violation, check_marks
from .model_names import DIRECTORY as A_DIRECTORY
from .model_names import Operation
from .model_store import Store
from .moments import Knowledge, Moment
from .power_loss import power_losses
from .recall import Courses, Outcome
from .world import (
    DIRECTORY,
    OUTPUTS,
    ROOT,
    TOKENS,
    Call,
    Ended,
    Phase,
    World,
    failed_pairs_of,
    records,
)

_LOGS = {"out/.asyncgen/calls.jsonl", "out/.asyncgen/events.jsonl"}
_PASSING = {*_LOGS, "out/.asyncgen/ballast"}
"""Files that decide nothing."""
STAYING = {
    *(f"out/{name}" for name in OUTPUTS),
    STATISTICS,
    "out/.asyncgen/lock",
    "out/.asyncgen/manifest.json",
    "out/.asyncgen/calls.jsonl",
    "out/.asyncgen/events.jsonl",
}
"""What a run without failed pairs leaves."""

Key = frozenset[tuple[str, bytes | None]]


@dataclass(slots=True)
class Counts:
    """What an exploration came to."""

    states: int = 0
    recovered: int = 0
    played: int = 0
    asked_again: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        kinds = " ".join(f"{kind}={number}" for kind, number in sorted(self.kinds.items()))
        return (
            f"states={self.states} recovered={self.recovered} played={self.played} asked_again={self.asked_again} "
            f"lost=0 doubled=0 ({kinds})"
        )


class Explorer:
    """Explores one scenario in one world.

    Args:
        world: where it happens.
        phase: the command that is crashed.
        before: commands that came before it.
        again: the command that recovers; the same one without `restart`, when nothing else is said.
        afterwards: commands that follow when it has been recovered.
        killed: a command that came last, and was killed behind the last operation for which that holds.
        flaky: calls that are refused once.
        seed: of everything sampled.
    """

    def __init__(
        self,
        world: World,
        phase: Phase,
        *,
        before: tuple[Phase, ...] = (),
        again: Phase | None = None,
        killed: tuple[Phase, Callable[[Operation], bool]] | None = None,
        afterwards: tuple[Phase, ...] = (),
        flaky: frozenset[Call] = frozenset(),
        seed: int = 0,
    ) -> None:
        self.world = world
        self.phase = phase
        self.counts = Counts()
        self._commands = (again or replace(phase, restart=False), *afterwards)
        self._draw = random.Random(seed)
        self._recoveries: dict[tuple[object, ...], tuple[Call, ...]] = {}
        self._courses: dict[tuple[object, ...], Courses] = {}
        self._in_step: set[tuple[bytes | None, ...]] = set()
        self._known = Knowledge()
        self.start = Store(ROOT)
        self.moment = Moment(flaky=flaky)
        for command in before:
            begun = self.start.copy()
            ended = self._run(self.start, command, self.moment.flaky, self.moment.remote)
            if ended.error is not None:
                raise Violation(f"a run without a crash ended with {ended.error!r}") from ended.error
            self.moment = self._known.after(begun, self.moment, ended.disk.record)[-1]
        if killed is not None:
            record = self._run(self.start.copy(), killed[0], flaky, self.moment.remote).disk.record
            last = max(place for place, operation in enumerate(record) if killed[1](operation))
            record = record[: last + 1]
            self.moment = self._known.after(self.start, self.moment, record)[-1]
            for operation in record:
                self.start.play(operation)
        # Calls before a restart are asked again by the user's wish.
        if phase.restart or phase.remove_checkpoint:
            self.moment = replace(self.moment, written=frozenset(), durable=frozenset())
            self._known.forget()
        if phase.remove_checkpoint:
            path = str(DIRECTORY / "checkpoint.json")
            self.start.play(("unlink", path, self.start.names[path]))
        # While a run is moved aside, its state speaks of files that have moved already.
        self._former_states = (
            {self.start.files().get(name) for name in (CHECKPOINT, STATISTICS)} if phase.restart else set()
        )
        self.former = {
            data for name, data in self.start.files().items() if name in {f"out/{name}" for name in OUTPUTS}
        }

    # Crash states

    def explore(self, *, losses: int, points: Callable[[int], bool] = lambda _: True) -> Counts:
        """Crash the command at every operation for which `points` holds; `losses` power losses at each."""
        store = self.start.copy()
        ended = self._run(store, self.phase, self.moment.flaky, self.moment.remote)
        if ended.error is not None:
            raise Violation(f"a run without a crash ended with {ended.error!r}") from ended.error
        if self.phase.failing or not ended.failed_pairs:  # else a second start repairs them
            self._check_end(store, self.phase, ended.failed_pairs)
        self._crash(self.start, self.moment, ended.disk.record, losses, points)
        return self.counts

    def explore_twice(self, *, first: int, losses: int, second: int) -> Counts:
        """Kill the command at `first` operations, then crash the recovery, each at `second` operations."""
        ended = self._run(self.start.copy(), self.phase, self.moment.flaky, self.moment.remote)
        record = ended.disk.record
        stores = list(_stores(self.start, record))
        # A killed process leaves most to be lost later when names are not synced.
        places = [place for place, store in enumerate(stores) if store.changes != stores[place - 1].changes]
        self._draw.shuffle(places)
        rest = [place for place in range(len(stores)) if place not in set(places)]
        self._draw.shuffle(rest)
        moments = self._known.after(self.start, self.moment, record)
        for place in sorted((places[: first * 2 // 3] + rest)[:first]):
            store = stores[place].copy()
            again = self._run(store, self._commands[0], moments[place].flaky, moments[place].remote)
            if again.error is not None:
                if self._may_refuse(again.error):
                    continue
                raise Violation(f"recovery ended with {again.error!r}") from again.error
            length = len(again.disk.record)
            chosen = {length, *self._draw.sample(range(length + 1), min(second, length + 1))}
            self._crash(
                stores[place],
                moments[place],
                again.disk.record,
                losses,
                chosen.__contains__,
                f"killed at {place}, ",
            )
        return self.counts

    def explore_full_disk(self, stride: int, *, greedy: bool = False) -> Counts:
        """Let the disk be full from every `stride`th operation on; then make room and give the command again."""
        whole = self._run(self.start.copy(), self.phase, self.moment.flaky).disk
        length = len(whole.record)
        left: dict[int, tuple[Store, Moment]] = {}
        for place in range(0, length, stride):
            shows_at = next((demand for demand in whole.demands if demand >= place), length)
            where = f"full from operation {place} of {length}"
            if shows_at not in left:
                store = self.start.copy()
                left[shows_at] = store, self._fail(store, where, full_at=shows_at, greedy=greedy)
            store, moment = left[shows_at]
            self._judge(store, moment, moment.written, "full_at", where)
        return self.counts

    def explore_crashes_on_a_full_disk(self, *, losses: int, points: Callable[[int], bool]) -> Counts:
        """Let the disk be full from some operations on, and crash wherever the ballast is in use.

        Not before its first line is written: that answer has just come, and is still one in flight.
        """
        length = len(self._run(self.start.copy(), self.phase, self.moment.flaky).disk.record)
        for place in filter(points, range(length)):
            faults = {"full_at": place, "greedy": True}
            record = self.world.run(self.start.copy(), self.phase, self.moment.flaky, **faults).disk.record
            renamed = [at for at, it in enumerate(record) if it[0] == "rename" and it[1].endswith("/ballast")]
            if renamed:
                in_use, where = range(renamed[0] + 2, len(record) + 1), f"full from {place}, "
                self._crash(self.start, self.moment, record, losses, in_use.__contains__, where)
        return self.counts

    def explore_failing_syncs(self, stride: int, *, losses: int) -> Counts:
        """Let every `stride`th fsync fail; then give the same command again, at once and after a power loss."""
        record = self._run(self.start.copy(), self.phase, self.moment.flaky).disk.record
        syncs = [place for place, operation in enumerate(record) if operation[0].startswith("sync")]
        for place in syncs[::stride]:
            store = self.start.copy()
            where = f"fsync failed at operation {place} of {len(record)}, {record[place]}"
            moment = self._fail(store, where, sync_fails_at=place)
            self._judge(store, moment, moment.written, "sync_fails_at", where)
            for lost in power_losses(store, self._draw, losses):
                self._judge(lost, moment, moment.durable, "failed_sync_power_loss", where)
            # What failed to be synced is still seen, and never becomes durable by itself.
            ended = self._run(store, self._commands[0], moment.flaky)
            billed = moment.billed + TOKENS * len(ended.asked)
            moment = replace(moment, flaky=moment.flaky - set(ended.asked), billed=billed)
            for lost in power_losses(store, self._draw, losses):
                self._judge(lost, moment, moment.written, "failed_sync_later", where)
        return self.counts

    def _fail(self, store: Store, where: str, **faults: int) -> Moment:
        ended = self.world.run(store, self.phase, self.moment.flaky, **faults)
        if ended.error is not None and not isinstance(ended.error, DiskError):
            raise Violation(f"ended with {ended.error!r}, no DiskError; {where}") from ended.error
        return self._known.after(self.start, self.moment, ended.disk.record)[-1]

    def _crash(
        self,
        start: Store,
        before: Moment,
        record: list[Operation],
        losses: int,
        points: Callable[[int], bool],
        prefix: str = "",
    ) -> None:
        moments = self._known.after(start, before, record)
        for place, store in enumerate(_stores(start, record)):
            if not points(place):
                continue
            moment = moments[place]
            following = record[place] if place < len(record) else ("end",)
            where = f"{prefix}operation {place} of {len(record)}, before {str(following)[:100]}"
            self._judge(store, moment, moment.written, "killed", where)
            if following[0] == "write" and len(following[2]) > 1:
                torn = store.copy()
                torn.play((*following[:2], following[2][: len(following[2]) // 2], *following[3:]))
                self._judge(torn, moment, moment.written, "killed_in_write", where)
            if store.changes or any(inode.changes for inode in store.inodes.values()):
                for lost in power_losses(store, self._draw, losses):
                    self._judge(lost, moment, moment.durable, "power_loss", where)

    # Recovery and judgement

    def _judge(self, store: Store, moment: Moment, kept: frozenset[Call], kind: str, where: str) -> None:
        self.counts.states += 1
        self.counts.kinds[kind] += 1
        try:
            self._check_recovery(store, moment, kept)
        except Violation as violation:
            files = "\n".join(f"  {name}: {data[-160:]!r}" for name, data in sorted(store.files().items()))
            raise Violation(f"{violation}\n{kind} at {where}\nwith\n{files}") from violation

    def _check_recovery(self, store: Store, moment: Moment, kept: frozenset[Call]) -> None:
        self._check_state(store)
        key = (_key(store), moment.flaky, moment.remote)
        kept |= self._known.committed(store)
        asked = self._recoveries.get(key)
        if asked is None:
            self.counts.recovered += 1
            asked = self._recover(store, moment)
            self._recoveries[key] = asked
        twice = kept & set(asked)
        if twice:
            raise Violation(f"paid answers were asked again: {sorted(twice)}")
        self.counts.asked_again += len((moment.in_flight | moment.written) & set(asked))

    def _recover(self, store: Store, moment: Moment) -> tuple[Call, ...]:
        asked: list[Call] = []
        flaky, billed, remote = moment.flaky, moment.billed, moment.remote
        for phase in self._commands:
            command = phase
            for _ in range(4):
                outcome = self._outcome(store, command, flaky, remote)
                store, remote = outcome.store, outcome.remote
                asked += outcome.asked
                flaky -= set(outcome.asked)
                billed += TOKENS * len(outcome.asked)
                if outcome.error is None:
                    if not outcome.failed_pairs or phase.failing:
                        break
                elif self._may_refuse(outcome.error):
                    # The hint says so. What was asked before belongs to the run that was moved aside.
                    asked.clear()
                    command = replace(phase, restart=True)
                else:
                    raise Violation(f"the same command again ended with {outcome.error!r}") from outcome.error
            self._check_end(store, phase, outcome.failed_pairs, billed)
        return tuple(asked)

    def _outcome(self, store: Store, command: Phase, flaky: frozenset[Call], remote: Remote) -> Outcome:
        """Run a command; not again where it would see what it has seen elsewhere: many recoveries go alike."""
        courses = self._courses.setdefault(
            (command, flaky, remote), Courses(frozenset(f"{ROOT}/{name}" for name in _LOGS))
        )
        outcome = courses.recall(store)
        if outcome is None:
            self.counts.played += 1
            after = store.copy()
            ended = self._run(after, command, flaky, remote)
            outcome = Outcome(ended.error, ended.failed_pairs, ended.asked, ended.remote, after)
            courses.keep(store, ended.disk, outcome)
        return outcome

    def _may_refuse(self, error: BaseException) -> bool:
        return self.phase.restart and isinstance(error, BadDataError)

    def _run(self, store: Store, phase: Phase, flaky: frozenset[Call], remote: Remote = NOTHING) -> Ended:
        ended = self.world.run(store, phase, flaky, remote)
        if ended.error is None and ended.disk.open_descriptors:
            raise Violation(f"{ended.disk.open_descriptors} descriptors were left open")
        return ended

    def _check_state(self, store: Store) -> None:
        """Whatever is on disk: outputs hold what checkpoint or statistics say (I3), nothing old is lost."""
        files = store.files()
        if "out/.asyncgen/intent.json" not in files:
            data = files.get(CHECKPOINT) or files.get(STATISTICS)
            if data is not None and data not in self._former_states:
                outputs = (data, files.get(FAILED), *(files.get(f"out/{name}") for name in OUTPUTS))
                if outputs not in self._in_step:
                    check_marks(self.world, files, data)
                    self._in_step.add(outputs)
        if (self.phase.restart or self.phase.remove_checkpoint) and not self.former <= set(files.values()):
            raise Violation("the files of the former run are not all there")

    def _check_end(self, store: Store, phase: Phase, failed_pairs: int, billed: int | None = None) -> None:
        """After a run that reached its end."""
        files = store.files()
        failing = failed_pairs_of(phase.failing) & set(range(phase.pairs))
        done = [index for index in range(phase.pairs) if index not in failing]
        for name, data in self.world.golden(done).items():
            if files.get(f"out/{name}", b"") != data:
                raise Violation(f"{name} is not what an uninterrupted run writes")
        lines = records(files.get(FAILED, b""))
        found = [(line["index"], line["step"], line["error"], line["attempts"]) for line in lines]
        wanted = [(index, step, "empty_answer", 3) for index, step in sorted(phase.failing) if index < phase.pairs]
        if found != wanted or failed_pairs != len(wanted):
            raise Violation(f"failed.jsonl holds {found}, not {wanted}")
        if CHECKPOINT in files:
            raise Violation("the checkpoint is still there")
        if STATISTICS not in files:
            raise Violation("there are no statistics")
        check_marks(self.world, files, files[STATISTICS])
        self._check_statistics(orjson.loads(files[STATISTICS]), phase, len(done), billed)
        if not failing:
            inside = {name for name in files if name.startswith("out/") and not name.startswith("out/superseded")}
            # Lines that a power loss damaged are kept aside.
            left = {name for name in inside - STAYING if not name.endswith(".broken")}
            if left:
                raise Violation(f"left over: {sorted(left)}")

    def _check_statistics(self, stats: dict[str, int], phase: Phase, done: int, billed: int | None) -> None:
        steps = Counter(step for index, step in phase.failing if index < phase.pairs)
        wanted = {
            "total_pairs": phase.pairs,
            "correct_generated": done,
            "incorrect_used": done,
            "correct_failed": steps["paraphrase"],
            "incorrect_reasoning_added": done if self.world.reasoning else 0,
            "incorrect_reasoning_failed": steps["error_reasoning"],
            "failed_pairs": len(phase.failing & {(i, s) for i, s in phase.failing if i < phase.pairs}),
        }
        found = {name: stats[name] for name in wanted}
        if found != wanted:
            raise Violation(f"statistics: {found}, not {wanted}")
        used = stats["total_tokens_used"]
        if used < done * TOKENS * (2 if self.world.reasoning else 1):
            raise Violation(f"{used} tokens are fewer than the answers cost")
        if billed is not None and used > billed:
            raise Violation(f"{used} tokens were counted, only {billed} billed: some are counted twice")


def _stores(start: Store, record: list[Operation]) -> Iterator[Store]:
    """The disk before each operation, and after the last."""
    store = start.copy()
    yield store.copy()
    for operation in record:
        store.play(operation)
        yield store.copy()


def _key(store: Store) -> Key:
    """What decides how a recovery goes."""
    skip = len(ROOT) + 1
    return frozenset(
        (path[skip:], None if inode == A_DIRECTORY else store.inodes[inode].data)
        for path, inode in store.names.items()
        if path[skip:] not in _PASSING
    )
