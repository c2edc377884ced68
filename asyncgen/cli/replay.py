"""The requests of a record, made again and proved to be the same by their hashes; and sent again.

Nothing is written: what comes is for looking at.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, Adaptation, ChatRequest, Completion, Usage
from asyncgen.client.chat_client import Caller, ChatClient
from asyncgen.client.encoding import Prepared
from asyncgen.client.wire import SdkWire
from asyncgen.config import RunConfig
from asyncgen.cost import Price, Spend, describe
from asyncgen.errors import AsyncgenError, BadDataError, BudgetError, Stopping, UsageError
from asyncgen.limits.opening import open_budget, open_gate
from asyncgen.medec.pair import CORRECT
from asyncgen.monitor.row_trace import Trail
from asyncgen.recipes import build
from asyncgen.recipes.walk import walk
from asyncgen.storage.fingerprint import differences, fingerprint
from asyncgen.storage.input_file import rows_of
from asyncgen.text import loads, strip_fence


@dataclass(frozen=True, slots=True)
class Question:
    """A call of a record: what was answered, and the very request that was sent."""

    step: str
    answer: str
    request: Prepared


class Replay:
    """Asks again for a pair of a run of `asyncgen run`.

    Args:
        config: model, endpoint, limits; input and prompt file of the run.
        price: of the model, None when it is not known.
        trail: of the pair.

    Raises:
        UsageError: another recipe made the record.
        BadDataError: the input holds no such pair, or the prompt file lacks something.
    """

    def __init__(self, config: RunConfig, price: Price | None, trail: Trail) -> None:
        made_by = str(trail.state.fingerprint.get("recipe"))
        if not made_by.startswith("medec_safe/"):
            raise UsageError(f"--again knows the recipe of asyncgen run, and not {made_by}")
        self._config = config
        self._price = price
        self._trail = trail
        self._recipe = build(config)
        row = next(islice(rows_of(config.input_jsonl, self._recipe.parse), trail.index, None), None)
        if row is None:
            raise BadDataError(f"the input {config.input_jsonl} has no pair {trail.index}")
        self._pair = row.pair
        self._spend = replace(trail.state.spend)
        self._reason: AsyncgenError | None = None

    async def questions(self, client: ChatClient) -> list[Question]:
        """The calls of the records, or the one that was asked about, as they can be sent again.

        Raises:
            BadDataError: a request is not the same any more.
        """
        answers = dict(_answers(self._trail))
        requests = dict(await walk(self._recipe, self._pair, lambda step, _: answers.get(step, "{}")))
        wanted = {
            call["step"]: call["request"]
            for record in self._trail.records
            for call in record.calls
            if self._trail.request in {None, call["request"]}
        }
        if not wanted:
            raise BadDataError(
                f"no call of pair {self._trail.index} came into a record: there is nothing to repeat"
            )
        return [
            Question(step, answers.get(step, ""), self._same(client, step, requests.get(step), request))
            for step, request in wanted.items()
        ]

    async def ask(self, client: ChatClient, question: Question) -> Completion:
        """Send a request again.

        Raises:
            CallFailed: it was given up.
            AsyncgenError: nothing can be sent.
        """
        caller = Caller(self._trail.index, self._pair.note_id, self._config.pair_timeout)
        try:
            return await client.complete(caller, question.request)
        except Stopping:
            assert self._reason is not None
            raise self._reason from None

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[ChatClient, None]:
        """A client within the limits and the budget."""
        config = self._config
        # One call after the other: the answers are compared, not generated.
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
        # The same bytes as then: what was known of the model, and what its endpoints had refused.
        state = self._trail.state
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

    def _same(self, client: ChatClient, step: str, request: ChatRequest | None, wanted: str) -> Prepared:
        """The request that has this hash; regenerated pairs were asked with the number of the round as seed."""
        state = self._trail.state
        if request is not None:
            for seed in (None, *range(1, state.regeneration.number + 1)):
                prepared = client.prepare(step, replace(request, seed=seed))
                if prepared.hash == wanted:
                    return prepared
        parts = {"model": self._config.model, **self._recipe.fingerprint}
        now = fingerprint(parts)
        changed = differences({name: state.fingerprint.get(name) for name in now}, now)
        why = "; ".join(changed) or f"pair {self._trail.index} of the input is not the one that was asked about"
        raise BadDataError(f"{step} cannot be asked again, its request {wanted} would be another one: {why}")


def readable(answer: str, *, json_object: bool) -> str:
    """An answer as it is compared: JSON laid out anew."""
    return _laid_out(loads(strip_fence(answer))) if json_object else answer.strip()


def _laid_out(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _answers(trail: Trail) -> Iterator[tuple[str, str]]:
    """What the records have kept of the answers, by step."""
    for record in trail.records:
        content = record.content
        correct = content.get("label") == CORRECT
        if correct:
            yield "paraphrase", str(content.get("note"))
        if content.get("reasoning") is not None:
            yield "correct_reasoning" if correct else "error_reasoning", _laid_out(content["reasoning"])


class _Spending:
    """A call log that only counts what is spent."""

    def __init__(self, spend: Spend) -> None:
        self._spend = spend

    def sent(self, index: int, step: str, most: Usage) -> None:
        """A call is about to be sent."""

    def answered(
        self,
        index: int,  # noqa: ARG002
        step: str,  # noqa: ARG002
        request_hash: str,  # noqa: ARG002
        completion: Completion,
        lost: Usage = NO_USAGE,
    ) -> None:
        """A usable answer has arrived."""
        self._spend.add(completion.usage)
        self._spend.lose(lost)

    def adapted(self, adaptation: Adaptation) -> None:
        """A field was refused."""

    def failed(self, index: int, step: str, kind: str, usage: Usage, lost: Usage) -> None:  # noqa: ARG002
        """The attempt ended without a usable answer."""
        self._spend.add(usage)
        self._spend.lose(lost)
