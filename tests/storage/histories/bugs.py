"""Bugs that somebody might write, each planted into the program or left out of what the disk is asked to do.

Those of the storage and of batches that `tests/storage` explores crash by crash are among them.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncgen.chat import NO_USAGE, Completion
from asyncgen.client.answer_accounting import AnswerAccounting
from asyncgen.client.classify import Action, Failure
from asyncgen.client.explanations import Explanations
from asyncgen.client.retry import Retries
from asyncgen.engine import writer
from asyncgen.engine.cached_calls import CachedCalls
from asyncgen.engine.kept_service import KeptService
from asyncgen.engine.pool import Engine
from asyncgen.engine.reorder import ReorderBuffer
from asyncgen.engine.window import Window
from asyncgen.limits.budget import Budget
from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.opening import open_gate
from asyncgen.storage import shard_merge
from asyncgen.storage.account import Account
from asyncgen.storage.journal import Journal
from asyncgen.storage.segment_writer import SegmentWriter
from tests.storage.model_disk import ModelDisk
from tests.storage.mutants import MUTANTS
from tests.storage.mutants.batches import BATCHES

Bug = Callable[[pytest.MonkeyPatch], None]
SHARED = (
    "outputs are not synced before the checkpoint",
    "the checkpoint is written before the sync",
    "a file is overwritten in place instead of replaced",
    "an answer is used but not journaled",
    "an answer is journaled only after the next one has come",
    "the lines of calls are written only for the next sync",
    "the old segments go before the compacted one is there",
    "the outputs are not cut to the checkpoint",
    "the directory is not synced after the rename",
)
BUGS: dict[str, Bug] = {wrong: MUTANTS[wrong][0] for wrong in SHARED}
"""By what is wrong."""
BUGS |= {wrong: bug for wrong, (bug, _) in list(BATCHES.items())[:2]}


def _bug(wrong: str) -> Callable[[Bug], Bug]:
    def keep(bug: Bug) -> Bug:
        BUGS[wrong] = bug
        return bug

    return keep


# The engine


@_bug("the watermark is one too far")
def _(patch: pytest.MonkeyPatch) -> None:
    save = writer.save_checkpoint

    def far(directory: Any, state: Any) -> None:
        save(directory, replace(state, last_completed_idx=state.last_completed_idx + 1))

    patch.setattr(writer, "save_checkpoint", far)


@_bug("rows are written as they come")
def _(patch: pytest.MonkeyPatch) -> None:
    arrived: list[Any] = []

    def pop(self: ReorderBuffer[Any]) -> Any:
        ready = list(arrived)
        arrived.clear()
        return ready

    patch.setattr(ReorderBuffer, "push", lambda self, _index, outcome: arrived.append(outcome))
    patch.setattr(ReorderBuffer, "pop_ready", pop)


@_bug("the window is never full")
def _(patch: pytest.MonkeyPatch) -> None:
    async def take(self: Window) -> None:
        """Wait for nothing."""

    patch.setattr(Window, "take", take)


@_bug("requests go to another address")
def _(patch: pytest.MonkeyPatch) -> None:
    begin = Engine.__init__

    def elsewhere(self: Engine, *args: Any, **named: Any) -> None:
        begin(self, *args, **named)
        open_wire = self._open_wire
        self._open_wire = lambda config: open_wire(config.with_endpoints(base_url="http://127.0.0.1:2/v1"))

    patch.setattr(Engine, "__init__", elsewhere)


# Limits


@_bug("one call more than allowed is in flight")
def _(patch: pytest.MonkeyPatch) -> None:
    begin = ConcurrencyControl.__init__

    def more(self: ConcurrencyControl, ceiling: int, **named: Any) -> None:
        begin(self, ceiling + 1, **named)

    patch.setattr(ConcurrencyControl, "__init__", more)


@_bug("a budget does not set aside what is in flight")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Budget, "reserve", lambda self, most: None)
    patch.setattr(Budget, "release", lambda self, most: None)


@_bug("a budget is looked at before the call is added")
def _(patch: pytest.MonkeyPatch) -> None:
    covers = Budget.covers
    patch.setattr(Budget, "covers", lambda self, most, *, batch=False: covers(self, NO_USAGE, batch=batch))


# The client


@_bug("an attempt counts twice")
def _(patch: pytest.MonkeyPatch) -> None:
    after = Retries.after

    def twice(self: Retries, failure: Failure, *args: Any, **named: Any) -> Any:
        self.counted += failure.action is Action.RETRY
        return after(self, failure, *args, **named)

    patch.setattr(Retries, "after", twice)


@_bug("a refusal counts as an attempt")
def _(patch: pytest.MonkeyPatch) -> None:
    after = Retries.after

    def strict(self: Retries, failure: Failure, *args: Any, **named: Any) -> Any:
        self.counted += failure.action is Action.WAIT
        return after(self, failure, *args, **named)

    patch.setattr(Retries, "after", strict)


@_bug("one attempt more is made than allowed")
def _(patch: pytest.MonkeyPatch) -> None:
    begin = Retries.__init__
    patch.setattr(Retries, "__init__", lambda self, most, *rest: begin(self, most + 1, *rest))


@_bug("what a server says is shown as it is")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Explanations, "sentence", lambda self, failure, *_: failure.sentence)


@_bug("an answer without usage costs nothing")
def _(patch: pytest.MonkeyPatch) -> None:
    def counted(self: AnswerAccounting, _request: Any, completion: Completion) -> Any:
        return completion, NO_USAGE

    patch.setattr(AnswerAccounting, "counted", counted)


# The journal


@_bug("what was lost on the way is not charged")
def _(patch: pytest.MonkeyPatch) -> None:
    failed = Journal.failed

    def cheap(
        self: Journal,
        index: int,
        step: str,
        kind: str,
        usage: Any,
        _lost: Any = NO_USAGE,
        *rest: Any,
        **named: Any,
    ) -> None:
        failed(self, index, step, kind, usage, NO_USAGE, *rest, **named)

    patch.setattr(Journal, "failed", cheap)


@_bug("a deadline that a suspended machine has missed counts")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Retries, "interrupted", lambda _self: False)


@_bug("unusable answers to an earlier start are forgotten")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Journal, "unusable", lambda *_: ())


@_bug("what was in flight at a kill is not charged")
def _(patch: pytest.MonkeyPatch) -> None:
    sent = Journal.sent
    patch.setattr(Journal, "sent", lambda self, index, step, _most: sent(self, index, step, NO_USAGE))


@_bug("an answer from the cache is charged")
def _(patch: pytest.MonkeyPatch) -> None:
    answered = Journal.answered

    def dear(self: Journal, *args: Any, cached: bool = False) -> None:
        answered(self, *args)

    patch.setattr(Journal, "answered", dear)


@_bug("a total outlasts the results of a batch that it counts")
def _(patch: pytest.MonkeyPatch) -> None:
    roll = SegmentWriter.roll
    patch.setattr(SegmentWriter, "roll", lambda self, header, **_: roll(self, header, durably=False))


# The cache


@_bug("the cache is not asked")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CachedCalls, "_fits", lambda self, _request, _found: False)


# Processes and directories


@_bug("the lock is not taken")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ModelDisk, "lock", ModelDisk.open_append)


@_bug("each shard of a worker has a gate of its own")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(KeptService, "gate", lambda _, config: open_gate(config))


@_bug("merged shards are renamed before their files are synced")
def _(patch: pytest.MonkeyPatch) -> None:
    sync = ModelDisk.fsync

    def fsync(self: ModelDisk, fd: int, path: Path) -> None:
        if ".joining" not in str(path):
            sync(self, fd, path)

    patch.setattr(ModelDisk, "fsync", fsync)


@_bug("names in merged shards are not synced before the rename")
def _(patch: pytest.MonkeyPatch) -> None:
    sync = ModelDisk.fsync_directory

    def fsync_directory(self: ModelDisk, path: Path) -> None:
        if ".joining" not in str(path):
            sync(self, path)

    patch.setattr(ModelDisk, "fsync_directory", fsync_directory)


@_bug("a merge believes the statistics and not the journals")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shard_merge, "account_of", lambda _directory, spend, cache: Account(spend, cache))


@_bug("a merge forgets what is paid for rows that failed")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shard_merge, "_still_needed", lambda _: ())


@_bug("a shard with batches under way is merged")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shard_merge, "open_batches", lambda _: ())
