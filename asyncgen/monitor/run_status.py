"""The state of a run's directory, for an onlooker: nothing is created, written or locked."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from asyncgen.cost import CacheUse, Spend
from asyncgen.errors import BadDataError, Exit, Setting, UsageError
from asyncgen.events import Sample
from asyncgen.monitor.history import History, Session
from asyncgen.storage.checkpoint import RunState, load_checkpoint, load_statistics
from asyncgen.storage.disk import disk_errors
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.recipe_record import RecipeRecord
from asyncgen.storage.resume import peek
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import loads

FAILED_KEPT = 50  # a screen of them; failed.jsonl has all


class Condition(StrEnum):
    """The condition of a run."""

    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    CRASHED = "crashed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FailedPair:
    """A line of `failed.jsonl`."""

    index: int
    note_id: str
    step: str
    kind: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The run at a moment.

    `pid` is the process that holds the directory, None if none does; `state` is what is durable, None before the
    first checkpoint; `failures` counts the rows in `failed.jsonl` by (step, kind), `failed` has the first of them.
    """

    directory: Path
    condition: Condition
    pid: int | None
    state: RunState | None
    history: History
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: list[FailedPair] = field(default_factory=list)

    @property
    def session(self) -> Session | None:
        """The last process that worked; None if none is recorded."""
        return self.history.sessions[-1] if self.history.sessions else None

    @property
    def resumable(self) -> Session | None:
        """The last process whose command goes on: a finished run's failed rows are not asked by a regeneration."""
        asking = [one for one in self.history.sessions if not one.regenerated]
        return asking[-1] if asking and self.condition is Condition.FINISHED else self.session

    @property
    def moved_from(self) -> str | None:
        """Where the directory was when the last process worked, whose command names that; None: where it is."""
        was = None if self.session is None else self.session.settings.get("output")
        here = os.path.realpath(self.directory)
        return was if isinstance(was, str) and os.path.realpath(was) != here else None

    @property
    def moved(self) -> str:
        """The same for a person who is shown the command; empty: it is where it was."""
        was = self.moved_from
        return "" if was is None else f"the directory was {was} then: give this one instead of it"

    @property
    def sample(self) -> Sample | None:
        """The last sample, of whichever process."""
        return self.history.samples[-1] if self.history.samples else None

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts, including those of shards before their merge, and of a killed process."""
        return max(self._spent.prompt_tokens, sum(sample.prompt_tokens for sample in self.history.samples))

    @property
    def completion_tokens(self) -> int:
        """Tokens of all completions, likewise."""
        return max(self._spent.completion_tokens, sum(sample.completion_tokens for sample in self.history.samples))

    @property
    def tokens(self) -> int:
        """Tokens of prompts and completions."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def priced_tokens(self) -> int:
        """The tokens that the processes which worked here have counted and priced."""
        return sum(sample.prompt_tokens + sample.completion_tokens for sample in self.history.samples)

    @property
    def is_partly_priced(self) -> bool:
        """Whether some tokens have no price; not while a process runs, whose checkpoints and samples alternate."""
        return self.pid is None and self.priced_tokens < self.tokens

    @property
    def cost(self) -> float | None:
        """What `priced_tokens` cost, in USD; None if there was no price, or no session."""
        costs = [sample.cost for sample in self.history.samples]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if known and len(known) == len(costs) else None

    @property
    def last_cost(self) -> float | None:
        """The part of that which the last start cost, in USD; None if there was only one."""
        earlier = [one for one in self.history.sessions[:-1] if one.sample is not None and one.sample.calls]
        return self.session.sample.cost if earlier and self.session is not None and self.session.sample else None

    @property
    def from_cache(self) -> int:
        """Answers that came from a cache."""
        durable = 0 if self.state is None else self.state.cache.answers
        return max(durable, sum(sample.cached for sample in self.history.samples))

    @property
    def lost_tokens(self) -> int:
        """The most that calls without an answer may have cost; not part of the sessions' counts."""
        return self._spent.lost_prompt_tokens + self._spent.lost_completion_tokens

    @property
    def _spent(self) -> Spend:
        """The spend that is durable."""
        return Spend() if self.state is None else self.state.spend

    @property
    def rows(self) -> str:
        """The word for the rows of the run, in the plural."""
        return RecipeRecord().rows if self.state is None else self.state.rows

    @property
    def done(self) -> int:
        """Rows that are done: those that are durable, and those that a run in progress has done since."""
        durable = 0 if self.state is None else self.state.done
        running = self.condition is Condition.RUNNING and self.session is not None
        if running and self.session is not None and self.session.sample is not None and not self.session.repairing:
            return max(durable, self.session.sample.done)
        return durable

    @property
    def total(self) -> int:
        """Rows to do in all; 0 if unknown."""
        durable = 0 if self.state is None else self.state.stats.get("total_pairs", 0)
        return durable or (self.sample.total if self.sample is not None else 0)


def look(
    directory: RunDirectory,
    each_sample: Callable[[Session, float, Sample, int], None] | None = None,
) -> Picture:
    """Read a directory.

    Raises:
        UsageError: it does not exist.
        BadDataError: there is no run in it.
        DiskError: it cannot be read.
    """
    disk = directory.disk
    traces = (directory.checkpoint, directory.statistics, directory.events, directory.lock_file)
    with disk_errors("look at", directory.path):
        there = directory.path.is_dir()
    if not there:
        raise UsageError(f"{directory} is not a directory")
    if all(disk.size(path) is None for path in traces):
        raise BadDataError(f"{directory} holds no run: give the ", Setting("output_dir"), " of one")
    pid = directory.holder()
    history = History(each_sample)
    for line in lines_of(disk, directory.events):
        history.feed(line)
    history.settle()
    failures: Counter[tuple[str, str]] = Counter()
    failed: list[FailedPair] = []
    unfinished, finished = load_checkpoint(directory), load_statistics(directory)
    shards = [] if unfinished or finished else directory.shard_directories()
    for place in shards or [directory]:
        for pair in _failed_pairs(place):
            failures[pair.step, pair.kind] += 1
            if len(failed) < FAILED_KEPT:
                failed.append(pair)
    unfinished = unfinished or _sum(shards)
    state = unfinished or finished
    return Picture(
        directory=directory.path,
        condition=_condition(history, pid, unfinished, state),
        pid=pid,
        state=state,
        history=history,
        failures=failures,
        failed=failed,
    )


def _condition(
    history: History, pid: int | None, unfinished: RunState | None, state: RunState | None
) -> Condition:
    session = history.sessions[-1] if history.sessions else None
    if pid is not None:
        return Condition.RUNNING if session is not None and session.pid == pid else Condition.STARTING
    ended = state is not None and not state.failed_pairs and not state.regeneration.unfinished
    complete = ended and unfinished is None  # killed between its last step and saying so
    if session is not None and session.ended is None and not complete:
        return Condition.CRASHED
    if unfinished is None and state is not None:
        return Condition.FINISHED
    if session is not None and session.ended is not None and session.ended[0] not in {Exit.DONE, Exit.SOME_FAILED}:
        return Condition.STOPPED
    return Condition.UNKNOWN


def _sum(shards: Iterable[RunDirectory]) -> RunState | None:
    """What is durable in all shards, as the state of one run; None before the first has begun."""
    states = [state for shard in shards if (state := peek(shard)) is not None]
    if not states:
        return None
    done = sum(state.done for state in states)
    pairs = max(state.portion.pairs for state in states if state.portion is not None)
    return replace(
        states[0],
        portion=None,
        last_completed_idx=done - 1,
        stats={"total_pairs": pairs},
        files={},
        spend=sum((state.spend for state in states), Spend()),
        cache=sum((state.cache for state in states), CacheUse()),
    )


def _failed_pairs(directory: RunDirectory) -> Iterator[FailedPair]:
    for line in lines_of(directory.disk, directory.failed):
        with suppress(ValueError, TypeError, KeyError):
            record = loads(line)
            yield FailedPair(
                index=int(record["index"]),
                note_id=str(record["note_id"]),
                step=str(record["step"]),
                kind=str(record["error"]),
                attempts=int(record["attempts"]),
            )
