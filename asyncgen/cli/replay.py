"""The requests of a record, rebuilt, proved to be the same by their hashes, and sent again.

Nothing is written: the answers are only shown.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Container, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, OutOfBatch, Usage, numbered
from asyncgen.client.call_log import NoLog
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.encoding import Prepared
from asyncgen.client.retry import BAD_ANSWERS
from asyncgen.client.wire import SdkWire
from asyncgen.config import RunConfig
from asyncgen.cost import Price, Spend, describe
from asyncgen.errors import AsyncgenError, BadDataError, BudgetError, Stopping
from asyncgen.humanize import one_of
from asyncgen.limits.opening import open_budget, open_gate
from asyncgen.monitor.row_trace import RowTrace, TracedRecord
from asyncgen.recipes import build
from asyncgen.recipes.answer_parts import assemble
from asyncgen.recipes.contents import MISSING, Contents, contents_of_recipe, value_at
from asyncgen.recipes.walk import likely_answer, walk
from asyncgen.storage.fingerprint import differences, fingerprint
from asyncgen.storage.input_file import rows_of
from asyncgen.text import json_in


@dataclass(frozen=True, slots=True)
class Question:
    """A call of a record: its answer, None if no record holds it by itself, and the very request that was sent."""

    step: str
    answer: str | None
    request: Prepared


class Replay:
    """Repeats the calls of a row of a run of `asyncgen run`.

    Args:
        config: model, endpoint, limits; input and prompt file of the run.
        price: of the model, None if unknown.
        trace: of the row.

    Raises:
        BadDataError: the input holds no such row, or the prompt file is incomplete.
    """

    def __init__(self, config: RunConfig, price: Price | None, trace: RowTrace) -> None:
        self._config = config
        self._price = price
        self._trace = trace
        self._recipe = build(config)
        row = next(islice(rows_of(config.input_jsonl, self._recipe.parse), trace.index, None), None)
        if row is None:
            raise BadDataError(f"the input {config.input_jsonl} has no {one_of(trace.state.rows)} {trace.index}")
        self._pair = row.pair
        self._spend = replace(trace.state.spend)
        self._reason: AsyncgenError | None = None

    async def questions(self, client: ChatClient) -> list[Question]:
        """The calls of the records, or the requested one, ready to be sent again.

        Raises:
            BadDataError: a request is no longer the same.
        """
        answers = dict(answers_in(contents_of_recipe(self._recipe), self._trace.records))
        likely = likely_answer(self._pair)

        def answer(step: str, request: ChatRequest) -> str:
            return answers.get(step) or likely(step, request)

        called = [call for record in self._trace.records for call in record.calls]
        thoughts = {str(call["step"]): str(call["thinking"]) for call in called if "thinking" in call}
        requests = (await walk(self._recipe, self._pair, answer, thoughts)).requests
        wanted = self._wanted()
        if not wanted:
            row = one_of(self._trace.state.rows)
            raise BadDataError(
                f"no call of {row} {self._trace.index} came into a record: there is nothing to repeat"
            )
        keeps = {step for step, request in requests if request.keep_thinking}
        known = answers.keys() - (keeps - thoughts.keys())
        prepared = [self._same(client, step, request, requests, known) for step, request in wanted]
        return [Question(one.step, answers.get(one.step), one) for one in prepared]

    def _wanted(self) -> Collection[tuple[str, str]]:
        """Step and request of each call that the records name, or of the one that was asked for.

        If they name none, the last answered call of each step.
        """
        records = self._trace.records
        named = [(str(call["step"]), str(call["request"])) for record in records for call in record.calls]
        if named or not records:
            # Each once: several files may name one call.
            return dict.fromkeys(one for one in named if self._is_wanted(one[1]))
        return {
            str(attempts[0].get("step")): request
            for request, attempts in self._trace.attempts.items()
            if any(attempt.get("outcome") == "ok" for attempt in attempts) and self._is_wanted(request)
        }.items()

    def _is_wanted(self, request: str) -> bool:
        return self._trace.request in {None, request}

    async def ask(self, client: ChatClient, question: Question) -> Completion:
        """Send a request again.

        Raises:
            CallFailed: it was given up.
            AsyncgenError: nothing can be sent.
        """
        caller = Caller(self._trace.index, self._pair.note_id, self._config.pair_timeout)
        try:
            return await client.complete(caller, question.request)
        except Stopping:
            assert self._reason is not None
            raise self._reason from None

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[ChatClient, None]:
        """A client within the limits and the budget."""
        config = self._config
        # One call after the other: they are for comparison, not for speed.
        gate = open_gate(config.with_endpoints(concurrency=1))
        gate.budget = open_budget(config, self._spend, self._price)

        def stop(reason: AsyncgenError) -> None:
            self._reason = self._reason or reason
            gate.close()

        async def stop_when_exhausted() -> None:
            await gate.exhausted.wait()
            spent = describe(self._spend, self._price)
            stop(
                BudgetError(f"the budget covers no further call: {spent} spent in this directory; ", gate.lacking)
            )

        wire = SdkWire(config)
        # To get the same bytes: what was known of the model, and what its endpoints had refused.
        state = self._trace.state
        client = ChatClient(
            config,
            gate,
            _Spending(self._spend),
            lambda _: None,
            stop,
            wire,
            ways=state.ways,
            learned=state.adaptations,
        )
        helpers = [asyncio.create_task(gate.pump()), asyncio.create_task(stop_when_exhausted())]
        try:
            yield client
        finally:
            for helper in helpers:
                helper.cancel()
                with suppress(asyncio.CancelledError):
                    await helper
            await wire.close()

    def _same(
        self,
        client: ChatClient,
        step: str,
        wanted: str,
        requests: Sequence[tuple[str, ChatRequest]],
        answers: Container[str],
    ) -> Prepared:
        """The request with this hash, which may be for any of the answers that the run has asked for.

        Args:
            client: prepares requests.
            step: the record's name for it, which all its samples have.
            wanted: the hash.
            requests: of the row, with their names, in order.
            answers: the names of those whose answers are known.
        """
        state = self._trace.state
        # Each answer that was rejected has a request of its own in `calls.jsonl`, unless a crash took the line.
        most_rejected = len(self._trace.attempts) + BAD_ANSWERS
        generations = range(state.regeneration.number + 1)
        own_first = sorted(requests, key=lambda one: one[0] != step)
        for bad_answers, generation, (name, request) in product(range(most_rejected), generations, own_first):
            # Without the check: it would refuse a sample for being the same as itself.
            prepared = client.prepare(name, numbered(replace(request, check=None), generation, bad_answers))
            if prepared.hash == wanted:
                return prepared
        names = [name for name, _ in requests]
        before = names[: names.index(step)] if step in names else []
        lacking = [name for name in before if name not in answers]
        parts = {"model": self._config.model, **self._recipe.fingerprint}
        now = fingerprint(parts)
        changed = differences({name: state.fingerprint.get(name) for name in now}, now)
        row = f"{one_of(state.rows)} {self._trace.index}"
        why = "; ".join(changed) or f"{row} of the input is not the one that was asked about"
        if lacking and not changed:
            why = f"it may need the answers of {', '.join(lacking)}, which no line has as they were given"
        raise BadDataError(f"{step} cannot be asked again, its request {wanted} would be another one: {why}")


def readable(answer: str, *, json_object: bool) -> str:
    """An answer in the form for comparison: JSON is re-indented."""
    return _laid_out(json_in(answer)) if json_object else answer.strip()


def _laid_out(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def answers_in(contents: Contents, records: Iterable[TracedRecord]) -> Iterator[tuple[str, str]]:
    """The answers stored in the records of a row, by step."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for record in records:
        for number, rule in enumerate(contents.files.get(record.file, ())):
            place = (record.file, number)
            marked = all(value_at(record.content, way) == value for way, value in rule.marks)
            if place not in found and marked and rule.copy_of is None:
                found[place] = record.content
                break
    for asked in contents.answers:
        values = {way: value_at(found.get((place.file, place.line)), place.way) for way, place in asked.parts}
        if MISSING in values.values() or not asked.label:
            continue
        answer = assemble(None if asked.schema is None else asked.schema.schema, values)
        if answer is not None:
            yield asked.label, answer if isinstance(answer, str) else _laid_out(answer)


class _Spending(NoLog):
    """A call log that only counts the spend."""

    def __init__(self, spend: Spend) -> None:
        self._spend = spend

    def answered(
        self,
        index: int,  # noqa: ARG002
        step: str,  # noqa: ARG002
        request_hash: str,  # noqa: ARG002
        completion: Completion,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,  # noqa: ARG002
    ) -> None:
        """A usable answer has arrived."""
        self._spend.add(completion.usage)
        self._spend.lose(lost)

    def failed(
        self,
        index: int,  # noqa: ARG002
        step: str,  # noqa: ARG002
        kind: str,  # noqa: ARG002
        usage: Usage,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,  # noqa: ARG002
        *,
        unusable: str = "",  # noqa: ARG002
    ) -> None:
        """The attempt ended without a usable answer."""
        self._spend.add(usage)
        self._spend.lose(lost)
