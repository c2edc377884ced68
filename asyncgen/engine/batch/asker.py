"""Answer the calls of rows from batches; a call in no batch yet is put into the next one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, OutOfBatch, Usage
from asyncgen.client.adaptations import shape_of
from asyncgen.client.batch_lines import UNWORKED, judge_line
from asyncgen.client.batch_server import BatchState
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.retry import GiveUp, Retries, RetryAfter, Stop
from asyncgen.config import RunConfig
from asyncgen.cost import together
from asyncgen.engine.batch.filling import Filling
from asyncgen.errors import AsyncgenError, CallFailed, Stopping
from asyncgen.storage.batch_files import Members, Results, custom_id
from asyncgen.storage.journal import Journal

if TYPE_CHECKING:
    from asyncgen.engine.row_calls import Asker

Key = tuple[int, str, str]
"""Identifies a call: index of its row, step, hash of its request."""


class Deferred(Stopping):
    """The answer to a call will come out of a batch."""


@dataclass(slots=True)
class Finished:
    """A batch that has ended, with its answers.

    `unworked` is the worst case of requests not carried out; `gone`: the server no longer has a file of it.
    """

    number: int
    state: BatchState
    members: Members
    results: Results
    unworked: Usage = NO_USAGE
    judged: set[Key] = field(default_factory=set)
    gone: bool = False


class BatchAsker:
    """Answers the calls of rows while batches are collected and their answers taken.

    `reason` is set when key or account are refused, or too many rows fail: then no batch gets any more requests.

    Args:
        config: attempts of a call, and names for messages.
        client: prepares requests, judges answers, and makes ordinary calls.
        journal: records the answers.
        filling: collects requests; None: nothing more is sent.
    """

    def __init__(self, config: RunConfig, client: ChatClient, journal: Journal, filling: Filling | None) -> None:
        self._config = config
        self._client = client
        self._journal = journal
        self._filling = filling
        self._retries: dict[Key, Retries] = {}
        self._wider: set[Key] = set()
        self._adapted: set[tuple[Key, str]] = set()
        self.enqueued: dict[int, Members] = {}
        self.finished: list[Finished] = []
        self.given_up: dict[Key, CallFailed] = {}
        self.refused = False
        self.reason: AsyncgenError | None = None
        self._row = -1
        self._names: set[str] = set()

    def prepare(self, step: str, request: ChatRequest) -> Prepared:
        """Encode a request."""
        return self._client.prepare(step, request)

    async def complete(self, caller: Caller, request: Prepared) -> Completion:
        """The answer to a call, if it has arrived.

        Raises:
            Deferred: it has not; `refused` says that no batch has room for the call now.
            CallFailed: it was given up.
            Stopping: the run is stopping.
        """
        key = caller.index, request.step, request.hash
        if key in self.given_up:
            raise self.given_up[key]
        name = custom_id(*key)
        for one in self.finished:
            answer = self._answer(one, caller, request, name)
            if answer is not None:
                return answer
        if any(members.holds(caller.index, name) for members in self.enqueued.values()):
            raise Deferred
        if self._filling is None or self.reason is not None:
            self.refused = True
            raise Deferred
        self._retries_of(key, caller, request)
        shape = request.step, shape_of(request)
        if shape not in self._journal.batches.shapes:
            return await self._prove(caller, request, shape)
        if key in self._wider:
            request = self._client.with_more_room(request)
        if self._is_new(caller.index, name):
            self.refused |= not self._filling.add(caller.index, name, request, self._client.body(request))
        raise Deferred

    def _retries_of(self, key: Key, caller: Caller, request: Prepared, *, answered: bool = False) -> Retries:
        """The attempts at a call, those of earlier starts among them.

        Args:
            key: of the call.
            caller: its row.
            request: as prepared.
            answered: another answer is here, which is not among them.

        Raises:
            CallFailed: they have left none.
        """
        if key in self._retries:
            return self._retries[key]
        try:
            known = self._journal.unusable(caller.index, request.step, request.hash)
            retries, now = self._client.resumed(request, known, answered=answered)
        except CallFailed as failed:
            self.given_up[key] = failed
            raise
        if now is not request:
            self._wider.add(key)
        if retries.counted:
            self._retries[key] = retries
        return retries

    def _is_new(self, index: int, name: str) -> bool:
        """Whether the row asks this for the first time: a row that asks the same thing twice gets one answer."""
        if index != self._row:
            self._row, self._names = index, set()
        new = name not in self._names
        self._names.add(name)
        return new

    async def _prove(self, caller: Caller, request: Prepared, shape: tuple[str, tuple[str, ...]]) -> Completion:
        """Make an ordinary call, to learn what the server refuses of such requests before many are sent."""
        try:
            completion = await self._client.complete(caller, request)
        except CallFailed as failed:
            self.given_up[caller.index, request.step, request.hash] = failed
            raise
        assert self._filling is not None
        self._filling.measure(request, completion)
        self._journal.batches.shapes.add(shape)
        self._journal.batch_book()
        return completion

    def _answer(self, one: Finished, caller: Caller, request: Prepared, name: str) -> Completion | None:
        """The answer of a batch to a call; None: there is no usable one, and the call goes on."""
        key = caller.index, request.step, request.hash
        if key in one.judged or not one.members.holds(caller.index, name):
            return None
        line = one.results.find(caller.index, name)
        if line is None:
            return None
        verdict, request_id = judge_line(line, request)
        if verdict is UNWORKED:
            one.judged.add(key)
            one.unworked = together(one.unworked, self._most(key, request))
            return None
        assert isinstance(verdict, Completion | Failure)
        adapted = known = counted = False
        if isinstance(verdict, Failure):
            adapted = self._is_adapted(key, request, verdict)
            known = key in self._journal.batches.failures.get(one.number, ())
            # The line of an older version does not name its request: it is counted here.
            counted = known and verdict.kind in self._journal.unusable(*key)
            if counted and self._comes_later(one, caller.index, name):
                one.judged.add(key)
                return None
        retries = self._retries_of(key, caller, request, answered=not counted)
        if not known:
            came = OutOfBatch(one.number, one.state.id, request.hash, self._most(key, request))
            attempt = retries.counted + retries.refused + 1
            verdict = self._client.take(caller, request, verdict, came, attempt, request_id, adapted=adapted)
        if isinstance(verdict, Completion):
            self._retries.pop(key, None)
            return verdict
        one.judged.add(key)
        self._retries[key] = retries
        if not adapted and not counted:
            self._after(caller, request, verdict, retries, known=known)
        return None

    def _comes_later(self, one: Finished, index: int, name: str) -> bool:
        """Whether a later batch has the request again, whose answer is paid."""
        finished = (other.members for other in self.finished if other.number > one.number)
        return any(members.holds(index, name) for members in (*finished, *self.enqueued.values()))

    def _most(self, key: Key, request: Prepared) -> Usage:
        """What a request of a batch may have cost."""
        return (self._client.with_more_room(request) if key in self._wider else request).most

    def _is_adapted(self, key: Key, request: Prepared, failure: Failure) -> bool:
        """Whether a call is to be retried without the field that a refusal names, the first time that it does."""
        name = self._client.learn(request, failure)
        if name is None or (key, name) in self._adapted:
            return False
        self._adapted.add((key, name))
        return True

    def _after(
        self, caller: Caller, request: Prepared, failure: Failure, retries: Retries, *, known: bool
    ) -> None:
        """Decide what follows a failure; returns if the call is to be retried.

        What was `known` to an earlier start says nothing of the key or the account as they are now.

        Raises:
            CallFailed: it is given up.
        """
        key = caller.index, request.step, request.hash
        match self._client.decide(retries, failure, caller.index):
            case GiveUp():
                self._retries.pop(key, None)
                failed = self._client.refusal(caller, request, failure, retries.counted)
                self.given_up[key] = failed
                raise failed
            case Stop() if not known:
                self.reason = self._client.rejection(caller, request, failure)
            case RetryAfter() if failure.kind == "reasoning_length":
                self._wider.add(key)


@dataclass(frozen=True, slots=True)
class Collected:
    """What the phase of batches leaves to the ordinary pass.

    `given_up` are the failures of calls; `reason` is why the phase ended early: then nothing more is asked.
    """

    given_up: dict[Key, CallFailed] = field(default_factory=dict)
    reason: AsyncgenError | None = None


class AfterBatches:
    """An asker for the ordinary pass, which does not repeat calls given up in batches.

    If the batches ended early, the pass writes the rows up to the first call without an answer, and ends there.

    Args:
        client: makes the calls that are left.
        collected: what the phase of batches has left.
        stop: called with the reason for which that ended early.
    """

    def __init__(self, client: ChatClient, collected: Collected, stop: Callable[[AsyncgenError], None]) -> None:
        self._client: Asker = client
        self._collected = collected
        self._stop = stop

    def prepare(self, step: str, request: ChatRequest) -> Prepared:
        """Encode a request."""
        return self._client.prepare(step, request)

    async def complete(self, caller: Caller, request: Prepared) -> Completion:
        """Make the call, unless it was given up, or nothing more is asked.

        Raises:
            CallFailed: the call was given up.
            Stopping: the run is stopping.
        """
        failed = self._collected.given_up.get((caller.index, request.step, request.hash))
        if failed is not None:
            raise failed
        if self._collected.reason is not None:
            self._stop(self._collected.reason)
            raise Stopping
        return await self._client.complete(caller, request)
