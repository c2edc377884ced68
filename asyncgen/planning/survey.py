"""What the rows of a job need, by running the recipe without calls; and what calls of them have used."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import orjson

from asyncgen.chat import ChatMessage, ChatRequest, Usage, leaves_effort_out
from asyncgen.client.batch_providers import batch_provider, check_usable
from asyncgen.config import RunConfig
from asyncgen.config.shipped import listed_model
from asyncgen.cost import Price
from asyncgen.errors import BadDataError
from asyncgen.events import Planned
from asyncgen.planning.batch_plan import BatchPlan, plan_batches
from asyncgen.planning.capacity import Load
from asyncgen.planning.capacity import Plan as Pace
from asyncgen.planning.capacity import plan as find_pace
from asyncgen.planning.forecast import Forecast, MeasuredSample, StepSize, StepUsage, forecast
from asyncgen.planning.tiers import Tier
from asyncgen.recipe import Recipe, Unparsed, guarded, nouns_of, rows_of_recipe
from asyncgen.recipes import build
from asyncgen.recipes.walk import is_rewriting, likely_answer, rewritten_by, rounds_of, walk
from asyncgen.storage import bad_lines
from asyncgen.storage.disk import Disk
from asyncgen.storage.fingerprint import fingerprint
from asyncgen.storage.input_file import FileIdentity, rows_of, scan
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.resume import check_portion, peek
from asyncgen.storage.whole_files import lines_of

LATENCY = 4.0  # seconds of a call, until anything is measured
MOST_SURVEYED = 5000  # rows: their mean is within a per cent or two of that of all
MOST_WALKED = 200  # at the start of a run, which must not wait for it


async def survey(config: RunConfig, warn: Callable[[str], None] | None = None) -> tuple[int, MeasuredSample]:
    """How many rows are wanted of the input, and what the first of them need (all, unless there are very many).

    Args:
        config: of the job.
        warn: called with anything that the user should know about its recipe.

    Raises:
        UsageError: a file cannot be read.
        BadDataError: a line is bad, there is no row, or the prompt file is incomplete.
    """
    recipe = build(config, warn)
    rows = rows_of_recipe(recipe)
    scanned = scan(config.input_jsonl, guarded(recipe.parse), limit=config.num_pairs, prefix_index=-1)
    if scanned.bad_count and not (config.skip_bad and scanned.pairs):
        raise bad_lines.refused(scanned, config.input_jsonl, rows)
    if not scanned.pairs:
        raise BadDataError(f"the input {config.input_jsonl} holds no {nouns_of(rows).one}")
    surveyed = min(scanned.pairs, MOST_SURVEYED)
    return scanned.pairs, MeasuredSample(surveyed, await _sizes(config, recipe, surveyed, warn))


def rows_to_do(config: RunConfig, wanted: int) -> tuple[int, int]:
    """How many of the wanted rows are this job's, and how many of these an earlier start has done.

    Rows that failed are asked again, so they are not done.

    Raises:
        BadDataError: there are too few rows for the shards, or the directory holds another part of them.
    """
    rows = rows_of_job(config)
    portion = None if config.shard is None else config.shard.portion(wanted, rows)
    pairs = wanted if portion is None else portion.size
    if config.restart:
        return pairs, 0
    directory = RunDirectory(Disk(), config.output_dir)
    whole = peek(directory)
    shards = directory.shard_directories() if whole is None and portion is None else []
    states = [whole] if whole is not None else [state for state in map(peek, shards) if state is not None]
    now = fingerprint({"model": config.began_with or config.model, **build(config).fingerprint})
    if any(state.fingerprint.get(part) != value for state in states for part, value in now.items()):
        return pairs, 0  # of another run, which a run does not go on with
    if whole is not None:
        check_portion(whole.portion, portion, rows)
    done = sum(state.done for state in states)
    return max(pairs, done), done - sum(state.failed_pairs for state in states)


def rows_of_job(config: RunConfig) -> str:
    """The word for the rows of a job, in the plural.

    Raises:
        UsageError, BadDataError: the recipe cannot be read.
    """
    return nouns_of(rows_of_recipe(build(config))).many


async def batches_of(config: RunConfig, sample: MeasuredSample, pairs: int) -> BatchPlan:
    """The batches that so many rows take.

    Raises:
        UsageError: the server has no Batch API like OpenAI's.
    """
    provider = batch_provider(config.endpoints[0].base_url)
    check_usable(provider)
    recipe = build(config)
    rounds: dict[str, int] = {}
    for pair in _first(config, recipe, MOST_WALKED):
        with suppress(Exception):  # as above
            for step, number in (await rounds_of(recipe, pair, likely_answer(pair))).items():
                rounds[step] = max(number, rounds.get(step, 0))
    return plan_batches(sample, pairs, rounds, provider, config.batch_tokens)


def limits_of(config: RunConfig, tier: Tier | None) -> Tier | None:
    """The limits that the user has named, as far as this process may use them; None: none."""
    rpm = _together([one.rpm or one.preset_rpm for one in config.endpoints])
    tpm = _together([one.tpm or one.preset_tpm for one in config.endpoints])
    if rpm is None and tpm is None:
        return None
    return Tier(
        name="your own limits" if tier is None else tier.name,
        rpm=None if rpm is None else rpm * config.share,
        tpm=None if tpm is None else tpm * config.share,
        rpd=None if tier is None else tier.rpd,
        tpd=None if tier is None else tier.tpd,
    )


def _together(limits: list[float | None]) -> float | None:
    """The limit of all endpoints together, None if that of one is unknown."""
    known = [limit for limit in limits if limit is not None]
    return sum(known) if len(known) == len(limits) else None


def pace_of(
    sample: MeasuredSample, found: Forecast, limits: Tier | None, latency: float, ceiling: int
) -> Pace | None:
    """The pace that the limits allow the job; None without limits."""
    if limits is None:
        return None
    prompt = found.prompt_tokens[1] / found.calls
    charged = sum(size.calls * max(size.max_tokens, prompt) for size in sample.sizes.values())
    calls = sum(size.calls for size in sample.sizes.values())
    load = Load(calls=calls / sample.pairs, charged=charged / calls, latency=latency)
    return find_pace(load, limits, ceiling)


async def expectation(
    config: RunConfig, price: Price | None, tier: Tier | None
) -> Callable[[int], Planned] | None:
    """The forecast for so many rows, by the first of the input; None if there is no row to judge by.

    Raises:
        UsageError: a file cannot be read.
        BadDataError: the prompt file is incomplete.
    """
    recipe = build(config)
    pairs = sum(1 for _ in _first(config, recipe, MOST_WALKED))
    if not pairs:
        return None
    sample = MeasuredSample(pairs, await _sizes(config, recipe, pairs))

    paid = price.of_batches if price is not None and config.batch else price

    def expect(number: int) -> Planned:
        found = forecast(sample, number, paid)
        low, _, high = found.cost or (None, None, None)
        live = number and not config.batch
        pace = pace_of(sample, found, limits_of(config, tier), LATENCY, config.ceiling) if live else None
        return Planned(
            pairs=number,
            calls=round(found.calls),
            prompt_tokens=round(found.prompt_tokens[1]),
            completion_tokens=round(found.completion_tokens[1]),
            cost_low=low,
            cost_high=high,
            seconds=None if pace is None else pace.seconds(number),
            binding=None if pace is None else pace.binds,
        )

    return expect


async def used_by(config: RunConfig, sample: MeasuredSample, pairs: int) -> tuple[MeasuredSample, float]:
    """The sample with what the calls of the first rows have used, and the mean seconds of these calls.

    Raises:
        BadDataError: none of them was answered.
    """
    used: dict[str, StepUsage] = {}
    seconds: list[float] = []
    for call in _calls(RunDirectory(Disk(), config.output_dir)):
        if call["outcome"] == "ok" and call["index"] < pairs:
            used.setdefault(call["step"], StepUsage()).add(Usage(**call["usage"]))
            seconds.append(call["took"])
    if not seconds:
        raise BadDataError("none of the calls was answered: there is nothing to plan from")
    sizes = await _sizes(config, build(config), pairs)
    return MeasuredSample(sample.pairs, sample.sizes, used, sizes), sum(seconds) / len(seconds)


async def _sizes(
    config: RunConfig, recipe: Recipe[Any], number: int, warn: Callable[[str], None] | None = None
) -> dict[str, StepSize]:
    """The calls for the first rows, by step; warns of a recipe that raises, whose later calls stay unknown."""
    sizes: dict[str, StepSize] = {}
    examples: dict[str, Sequence[ChatMessage]] = {}
    problems = []
    for pair in _first_or_raised(config, recipe, number):
        walked = await walk(recipe, pair, likely_answer(pair))
        if walked.problem:
            problems.append(walked.problem)
        for step, request in walked.requests:
            new = StepSize(
                request.sampling.max_tokens or 0,
                request.json_object,
                effort=_effort(config, request),
                rewrites=is_rewriting(pair),
            )
            size = sizes.setdefault(step, new)
            size.calls += 1
            size.messages += _messages(request)
            size.prompt_characters += request.characters + _tool_characters(request)
            size.fixed_characters += len(request.system)
            examples[step] = _common_beginning(examples.get(step, request.before), request.before)
            size.rewritten_characters += len(rewritten_by(pair) or request.user)
    for step, size in sizes.items():
        if size.calls > 1:  # of one alone nobody could tell what is the same in all
            size.fixed_characters += size.calls * sum(len(message.content) for message in examples[step])
    if problems and warn is not None:
        rows = nouns_of(rows_of_recipe(recipe)).many
        warn(
            f"the recipe raised for {len(problems):,} of the first {number:,} {rows}, with made-up answers: "
            f"{problems[0]}; what it would have asked after that is not planned"
        )
    return sizes


def _common_beginning(one: Sequence[ChatMessage], other: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
    """The messages with which both begin."""
    same = [message == beside for message, beside in zip(one, other, strict=False)]
    return one[: same.index(False)] if False in same else one[: len(same)]


def _messages(request: ChatRequest) -> int:
    if request.whole is not None:
        return len(orjson.loads(request.whole.data)["messages"])
    return 1 + bool(request.system) + len(request.before)


def _tool_characters(request: ChatRequest) -> int:
    """Of the tools in a request that is sent as it stands: servers write them into the prompt."""
    if request.whole is None:
        return 0
    fields = orjson.loads(request.whole.data)
    return sum(len(orjson.dumps(fields[name]).decode()) for name in ("tools", "functions") if fields.get(name))


def _effort(config: RunConfig, request: ChatRequest) -> str:
    """How much the model reasons before the answer to a request."""
    set_ = dict(request.sampling.more).get("reasoning_effort")
    if set_ is not None:
        return str(orjson.loads(set_))
    model = listed_model(config.model)
    if model is None and request.keep_thinking:
        return "medium"  # of a model that nobody listed, whose thinking the recipe uses
    if model is None or not model.ways.reasons:
        return "none"
    if model.ways.can_be_switched_off and request.whole is None and not leaves_effort_out(config.params):
        return "none"
    return model.default_effort or "medium"


def _first(config: RunConfig, recipe: Recipe[Any], number: int) -> Iterable[Any]:
    return (pair for pair in _first_or_raised(config, recipe, number) if not isinstance(pair, Unparsed))


def _first_or_raised(config: RunConfig, recipe: Recipe[Any], number: int) -> Iterable[Any]:
    FileIdentity.of(config.input_jsonl)  # refuses inputs that would block for ever, such as a pipe
    return (row.pair for row in islice(rows_of(config.input_jsonl, guarded(recipe.parse)), number))


def _calls(directory: RunDirectory) -> Iterable[dict[str, Any]]:
    for line in lines_of(directory.disk, directory.calls):
        if line.endswith(b"\n"):
            yield orjson.loads(line)
