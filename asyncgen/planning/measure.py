"""What a job costs, by running its recipe without calls; and a few real calls that show latency and limits."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from asyncgen.chat import ChatRequest, Completion, Usage
from asyncgen.client.call_log import NoLog
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import Failure
from asyncgen.client.encoding import CHARACTERS_PER_TOKEN, Prepared
from asyncgen.client.wire import LookedUp, SdkWire, Wire
from asyncgen.config import RunConfig
from asyncgen.config.shipped import listed_model
from asyncgen.cost import Price
from asyncgen.errors import AsyncgenError, BadDataError, CallFailed, Stopping, TryLaterError, place_of
from asyncgen.events import CallEnded, Event
from asyncgen.limits.opening import open_gate
from asyncgen.limits.pacer import MINUTE
from asyncgen.limits.rate_headers import read_reports
from asyncgen.planning.capacity import quantile
from asyncgen.recipe import Recipe, Unparsed, guarded, nouns_of, rows_of_recipe
from asyncgen.recipes import build
from asyncgen.recipes.walk import likely_answer, walk
from asyncgen.storage.input_file import rows_of

SAMPLED_PAIRS = 200  # rows: their mean is within a few per cent of that of all
AT_ONCE = 4  # calls: few enough not to slow each other down

_FIELDS = {"requests": ("rpm", "rpd"), "tokens": ("tpm", "tpd")}


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a mean row before any call: `calls`, and per call `charged` tokens, as the limit counts.

    `prompt` and `answer` are the tokens of a call's prompt and of the longest answer. `pairs` rows were examined.
    """

    calls: float
    charged: float
    prompt: float
    answer: float
    pairs: int

    def most(self, calls: int) -> Usage:
        """The most that so many calls use."""
        prompt, answer = round(calls * self.prompt), round(calls * self.answer)
        return Usage(prompt, answer, prompt + answer)


@dataclass(slots=True)
class Measured:
    """The result of real calls: seconds and tokens of the answered ones, limits by the fields of a tier."""

    latencies: list[float] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def latency(self) -> float:
        """Mean seconds of a call."""
        return sum(self.latencies) / len(self.latencies)

    @property
    def used(self) -> float:
        """Mean tokens of a call, as the server counted them."""
        return sum(usage.total_tokens for usage in self.usages) / len(self.usages)

    def cost(self, price: Price) -> float:
        """Mean USD of a call."""
        return sum(map(price.cost, self.usages)) / len(self.usages)

    def __str__(self) -> str:
        median, late = (quantile(self.latencies, share) for share in (0.5, 0.9))
        text = f"{median:.2f} s median, {late:.2f} s p90 ({len(self.latencies)} calls answered)"
        return text + (f"; failed: {', '.join(sorted(set(self.failures)))}" if self.failures else "")

    def observe(self, event: Event) -> None:
        """Record the end of a call."""
        if not isinstance(event, CallEnded):
            return
        if event.outcome == "ok":
            self.latencies.append(event.took)
            self.usages.append(event.usage)
        else:
            self.failures.append(event.outcome)

    def hear(self, headers: Mapping[str, str]) -> None:
        """Record the limits in the headers of an answer."""
        for name, report in read_reports(headers).items():
            minute, day = _FIELDS[name]
            self.limits |= {day: report.limit} if report.daily else {minute: report.limit * MINUTE / report.period}


async def estimate(config: RunConfig) -> tuple[int, Cost]:
    """How many rows the job has, and the mean cost of one.

    Raises:
        BadDataError: the input holds no row, or the prompt file is incomplete.
    """
    recipe = build(config)
    pairs = _pairs(config, recipe, SAMPLED_PAIRS)
    walked = [await walk(recipe, pair, likely_answer(pair)) for pair in pairs]
    requests = [request for one in walked for _, request in one.requests]
    if not requests:
        why = next((f": it raised {one.problem}" for one in walked if one.problem), "")
        raise BadDataError(f"the recipe asks nothing for the first {nouns_of(rows_of_recipe(recipe)).many}{why}")
    prompts = [request.characters // CHARACTERS_PER_TOKEN for request in requests]
    answers = [request.sampling.max_tokens or 0 for request in requests]
    cost = Cost(
        calls=len(requests) / len(pairs),
        # What OpenAI charges against the tokens per minute: the larger of the two.
        charged=sum(map(max, prompts, answers)) / len(requests),
        prompt=sum(prompts) / len(requests),
        answer=sum(answers) / len(requests),
        pairs=len(pairs),
    )
    return config.num_pairs or sum(1 for _ in rows_of(config.input_jsonl, guarded(recipe.parse))), cost


async def measure(config: RunConfig, pairs: int) -> Measured:
    """Make the calls of the first rows, a few at a time, through the client of the main job.

    Raises:
        AsyncgenError: no call was answered, or the server rejects this key.
    """
    measured = Measured()
    gate = open_gate(config.with_endpoints(concurrency=AT_ONCE))
    reasons: list[AsyncgenError] = []

    def stop(reason: AsyncgenError) -> None:
        reasons.append(reason)
        gate.close()

    wire = _ListeningWire(SdkWire(config), measured)
    listed = listed_model(config.model)
    ways = None if listed is None else listed.ways
    client = ChatClient(config, gate, NoLog(), measured.observe, stop, wire, ways=ways)
    recipe = build(config)

    async def ask(index: int, pair: Any) -> None:
        caller = Caller(index, pair.note_id, config.pair_timeout)
        problem = await _ask(client, recipe, caller, pair)
        if problem:
            measured.failures.append(problem)

    pump = asyncio.create_task(gate.pump())
    try:
        await asyncio.gather(*(ask(index, pair) for index, pair in enumerate(_pairs(config, recipe, pairs))))
    finally:
        pump.cancel()
        await wire.close()
    if reasons:
        raise reasons[0]
    if not measured.latencies:
        raise TryLaterError(f"no call was answered ({', '.join(sorted(set(measured.failures)))})")
    return measured


async def _ask(client: ChatClient, recipe: Recipe[Any], caller: Caller, pair: Any) -> str:
    """Make the calls of a row; why the recipe fails it, empty if it does not."""

    async def generate(step: str, request: ChatRequest) -> Completion:
        return await client.complete(caller, client.prepare(step, request))

    try:
        await recipe.run(pair, generate)
    except (CallFailed, Stopping):
        return ""  # the failed attempts are recorded as they end
    except AsyncgenError:
        raise
    except Exception as error:  # noqa: BLE001 - it is the user's code
        return f"the recipe raised {place_of(error)}"
    return ""


class _ListeningWire:
    """A transport that keeps the headers of every answer."""

    def __init__(self, wire: Wire, measured: Measured) -> None:
        self._wire = wire
        self._measured = measured

    async def send(
        self, endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Send a request, and keep the headers."""
        result, headers = await self._wire.send(endpoint, request, seconds)
        if isinstance(result, Completion):
            self._measured.hear(headers)
        # Hidden from the gate: a few calls are not paced, or the first would slow the others down.
        return result, {}

    async def look_up(self, endpoint: str, model: str, seconds: float) -> LookedUp | None:
        """Ask for a model."""
        return await self._wire.look_up(endpoint, model, seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()


def _pairs(config: RunConfig, recipe: Recipe[Any], number: int) -> list[Any]:
    found = [row.pair for row in islice(rows_of(config.input_jsonl, guarded(recipe.parse)), number)]
    pairs = [pair for pair in found if not isinstance(pair, Unparsed)]
    nouns = nouns_of(rows_of_recipe(recipe))
    if not found:
        raise BadDataError(f"the input {config.input_jsonl} holds no {nouns.one}")
    if not pairs:
        why = place_of(found[0].error)
        raise BadDataError(f"the recipe asks nothing for the first {nouns.many}: it raised {why}")
    return pairs
