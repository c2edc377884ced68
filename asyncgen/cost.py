"""What a run has spent and what it may spend. Pure arithmetic.

A budget is hard: a call is sent only when everything spent, the worst case of all calls in flight and its own
worst case fit. The worst case of a call is a token for each byte of its request (no tokenizer makes more) and
the longest answer that it allows.
"""

from dataclasses import dataclass, fields

from asyncgen.chat import Usage
from asyncgen.humanize import usd

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD for a million tokens of prompts, of cached prompt parts, and of completions; with source and date.

    `cache_write` is charged for the part that the provider writes to its cache (None: the price of the prompt).
    Usage does not report that part, and OpenAI writes nearly all of a prompt of 1,024 tokens or more, so all of it
    counts as written. `batch` is the price of the Batch API (None: the ordinary price).
    """

    model: str
    prompt: float
    cached: float
    completion: float
    cache_write: float | None = None
    dated: str = ""
    source: str = ""
    batch: "Price | None" = None

    @property
    def of_batches(self) -> "Price":
        """The price of calls in batches."""
        return self.batch or self

    def cost(self, usage: Usage) -> float:
        """What these tokens cost, in USD."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        fresh = (usage.prompt_tokens - cached) * max(self.prompt, self.cache_write or 0)
        return (fresh + cached * self.cached + usage.completion_tokens * self.completion) / MILLION

    def known_cost(self, spend: "Spend") -> float:
        """USD for what the server has counted."""
        return self._cost_of(spend, spend.known)

    def most_cost(self, spend: "Spend") -> float:
        """USD for what the server has counted and the worst case of lost calls."""
        return self._cost_of(spend, spend.most)

    def _cost_of(self, spend: "Spend", usage: Usage) -> float:
        return self.cost(less(usage, spend.batched)) + self.of_batches.cost(spend.batched)


@dataclass(slots=True)
class Spend:
    """Tokens that an output directory has used so far, over all its runs.

    `lost_*` is the worst case of calls whose answer never arrived: the server may or may not have counted them.
    `batch_*` is the part of the other tokens that came out of batches.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    lost_prompt_tokens: int = 0
    lost_completion_tokens: int = 0
    batch_prompt_tokens: int = 0
    batch_cached_tokens: int = 0
    batch_completion_tokens: int = 0

    def add(self, usage: Usage, *, batch: bool = False) -> None:
        """Add the usage of an answer, usable or not."""
        self.prompt_tokens += usage.prompt_tokens
        self.cached_tokens += usage.cached_tokens
        self.completion_tokens += usage.completion_tokens
        if batch:
            self.batch_prompt_tokens += usage.prompt_tokens
            self.batch_cached_tokens += usage.cached_tokens
            self.batch_completion_tokens += usage.completion_tokens

    def __add__(self, other: "Spend") -> "Spend":
        """The sum over two directories."""
        return Spend(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Spend)})

    def lose(self, most: Usage) -> None:
        """Add the worst case of a call that may have been answered without the answer arriving."""
        self.lost_prompt_tokens += most.prompt_tokens
        self.lost_completion_tokens += most.completion_tokens

    @property
    def known(self) -> Usage:
        """What the server has counted, all calls."""
        return total_usage(self.prompt_tokens, self.completion_tokens, self.cached_tokens)

    @property
    def batched(self) -> Usage:
        """What the server has counted, calls in batches."""
        return total_usage(self.batch_prompt_tokens, self.batch_completion_tokens, self.batch_cached_tokens)

    @property
    def most(self) -> Usage:
        """What the server has counted and the worst case of lost calls."""
        return total_usage(
            self.prompt_tokens + self.lost_prompt_tokens,
            self.completion_tokens + self.lost_completion_tokens,
            self.cached_tokens,
        )


@dataclass(slots=True)
class CacheUse:
    """Answers that an output directory took from a cache in all its runs, and their tokens: nothing was spent."""

    answers: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def add(self, usage: Usage) -> None:
        """Add an answer from the cache, with the usage that was once paid for it."""
        self.answers += 1
        self.prompt_tokens += usage.prompt_tokens
        self.cached_tokens += usage.cached_tokens
        self.completion_tokens += usage.completion_tokens

    def __add__(self, other: "CacheUse") -> "CacheUse":
        """The sum over two directories."""
        names = [each.name for each in fields(CacheUse)]
        return CacheUse(**{name: getattr(self, name) + getattr(other, name) for name in names})


def describe(spend: Spend, price: Price | None) -> str:
    """In words, such as "1.23 USD (456,789 tokens)"."""
    tokens = f"{spend.known.total_tokens:,} tokens"
    if price is None:
        return tokens
    known = price.known_cost(spend)
    lost = price.most_cost(spend) - known
    return f"{usd(known)} ({tokens}" + (f"; {usd(lost)} at most for calls lost)" if lost else ")")


def total_usage(prompt: int, completion: int, cached: int) -> Usage:
    """The usage with these token counts."""
    return Usage(prompt, completion, prompt + completion, cached)


def together(*usages: Usage) -> Usage:
    """The sum of usages."""
    return total_usage(
        sum(one.prompt_tokens for one in usages),
        sum(one.completion_tokens for one in usages),
        sum(one.cached_tokens for one in usages),
    )


def less(whole: Usage, part: Usage) -> Usage:
    """The difference of two usages; no count is negative."""
    return total_usage(
        max(0, whole.prompt_tokens - part.prompt_tokens),
        max(0, whole.completion_tokens - part.completion_tokens),
        max(0, whole.cached_tokens - part.cached_tokens),
    )
