"""Forecast the tokens and cost of a job as ranges, before it is paid for. Pure arithmetic.

Without calls, the tokens of a text are estimated from its characters: clinical English and JSON have 3.6 to 5.2
characters a token, depending on the tokenizer; each message and the reply add a few. A plain answer is about as
long as the text that it rewrites; where it is not known to rewrite one, or nothing limits it, it may have a page;
an answer in JSON is a few hundred tokens. A few calls improve this: they measure the ratio and the length of each
step, with the remaining spread.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from asyncgen.chat import Usage
from asyncgen.cost import Price

CHARACTERS_PER_TOKEN = (5.2, 4.4, 3.6)  # few, likely, many tokens: plain English to notes full of numbers
MESSAGE_TOKENS = (3.0, 4.0, 5.0)  # around the text of a message: role and frame, which the servers count too
REPLY_TOKENS = 3.0  # by which a call opens the reply; both as in OpenAI's cookbook
JSON_TOKENS = (120.0, 300.0, 600.0)  # of a reasoning: a few short fields to paragraphs
PLAIN_LENGTH = (0.9, 1.0, 1.15)  # of an answer, relative to the text that it rewrites
FREE_TOKENS = (
    0.0,
    50.0,
    500.0,
)  # of an answer that rewrites nothing, at least: a question of a line may have a page
LEAST_CACHED = 1024  # tokens that prompts must share before a server caches them
REASONING_TOKENS = {
    "none": (0.0, 0.0, 0.0),
    "minimal": (0.0, 50.0, 200.0),
    "low": (50.0, 300.0, 1_000.0),
    "medium": (150.0, 900.0, 4_000.0),
    "high": (500.0, 3_000.0, 12_000.0),
    "xhigh": (1_000.0, 6_000.0, 25_000.0),
    "max": (2_000.0, 12_000.0, 50_000.0),
}
"""Of a call, by its effort. Estimates of 2026-11: no provider publishes them; `asyncgen plan` can measure them."""
LEAST_SPREAD = 0.05  # of a measured figure: rows differ from the sample
FEW_CALLS_SPREAD = 2.0  # standard errors, the usual range of 95 %


@dataclass(slots=True)
class StepSize:
    """The calls and messages of one step, and characters of prompts, of their fixed parts, of the rewritten text.

    `max_tokens` bounds each answer (0: unbounded); `json_object` says whether answers are JSON; `effort` is the
    effort of the reasoning before them; `rewrites`: answers are known to be about as long as the rewritten text.
    """

    max_tokens: int
    json_object: bool
    calls: int = 0
    prompt_characters: int = 0
    fixed_characters: int = 0
    rewritten_characters: int = 0
    effort: str = "none"
    messages: int = 0
    rewrites: bool = True


@dataclass(slots=True)
class StepUsage:
    """What calls of one step used: their number, sums, and the sum of the squared tokens of answers."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    squares: float = 0.0

    def add(self, usage: Usage) -> None:
        """Add an answered call."""
        self.calls += 1
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.squares += usage.completion_tokens**2

    @property
    def spread(self) -> float:
        """How far the mean answer may be from the true mean, as a share of it."""
        mean = self.completion_tokens / self.calls
        variance = max(0.0, self.squares / self.calls - mean**2)
        return max(LEAST_SPREAD, FEW_CALLS_SPREAD * math.sqrt(variance / self.calls) / mean if mean else 0.0)


@dataclass(frozen=True, slots=True)
class MeasuredSample:
    """What some rows need: their number, the sizes of their steps; and what calls of some of them have used.

    `used` may cover fewer rows, whose sizes are `used_sizes`.
    """

    pairs: int
    sizes: Mapping[str, StepSize]
    used: Mapping[str, StepUsage] = field(default_factory=dict)
    used_sizes: Mapping[str, StepSize] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls, tokens and cost (USD, None without a price) of a job, each as (low, likely, high)."""

    pairs: int
    calls: float
    prompt_tokens: tuple[float, float, float]
    completion_tokens: tuple[float, float, float]
    cost: tuple[float, float, float] | None


def forecast(sample: MeasuredSample, pairs: int, price: Price | None) -> Forecast:
    """Forecast so many rows like those of the sample."""
    scale = pairs / sample.pairs
    prompt, completion, cached = [0.0] * 3, [0.0] * 3, [0.0] * 3
    for step, size in sample.sizes.items():
        fixed = [0.0] * 3
        used = sample.used.get(step)
        measured = used is not None and used.calls > 0
        for place in range(3):
            if measured:
                assert used is not None
                per_character, answer = _measured(used, sample.used_sizes[step], size, place)
            else:
                per_character, answer = 1 / CHARACTERS_PER_TOKEN[place], _guessed(size, place)
                prompt[place] += scale * (size.messages * MESSAGE_TOKENS[place] + size.calls * REPLY_TOKENS)
            prompt[place] += scale * size.prompt_characters * per_character
            completion[place] += scale * min(answer, size.calls * (size.max_tokens or math.inf))
            fixed[place] = size.fixed_characters * per_character
        cached = [all_ + scale * own for all_, own in zip(cached, _cached(fixed, size.calls), strict=True)]
    cost = None
    if price is not None:
        low, likely, high = (price.cost(_usage(prompt[n], completion[n], cached[n])) for n in range(3))
        cost = low, likely, high
    calls = scale * sum(size.calls for size in sample.sizes.values())
    return Forecast(pairs, calls, _triple(prompt), _triple(completion), cost)


def _measured(used: StepUsage, of: StepSize, size: StepSize, place: int) -> tuple[float, float]:
    """Tokens per character of the prompts, and tokens of all answers."""
    sign = place - 1
    per_character = used.prompt_tokens / of.prompt_characters * (1 + sign * LEAST_SPREAD / 2)
    mean = used.completion_tokens / used.calls * (1 + used.spread) ** sign  # however few the calls: above 0
    longer = 1.0
    if not size.json_object and of.rewritten_characters:
        longer = size.rewritten_characters / size.calls / (of.rewritten_characters / of.calls)
    return per_character, mean * longer * size.calls


def _cached(fixed: Sequence[float], calls: int) -> tuple[float, float, float]:
    """Prompt tokens that the server finds in its cache: at best the fixed part of each prompt, at worst none.

    Only tokens beyond the cached minimum count: else a prompt just long enough would be cheaper than a slightly
    shorter one, and low and high cost could be out of order if the two ends fall on different sides.
    """
    low, likely, high = fixed
    least = LEAST_CACHED * calls
    return min(low, max(0.0, high - least)), max(0.0, likely - least) / 2, 0.0


def _guessed(size: StepSize, place: int) -> float:
    thoughts = size.calls * REASONING_TOKENS.get(size.effort, REASONING_TOKENS["medium"])[place]
    if size.json_object:
        return thoughts + size.calls * JSON_TOKENS[place]
    as_rewritten = size.rewritten_characters * PLAIN_LENGTH[place] / CHARACTERS_PER_TOKEN[place]
    is_free = not (size.rewrites and size.max_tokens)
    return thoughts + max(as_rewritten, size.calls * FREE_TOKENS[place] if is_free else 0)


def _usage(prompt: float, completion: float, cached: float) -> Usage:
    return Usage(round(prompt), round(completion), round(prompt + completion), round(cached))


def _triple(values: Iterable[float]) -> tuple[float, float, float]:
    low, likely, high = values
    return low, likely, high
