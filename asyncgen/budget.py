"""What a run has spent and what it may spend. Pure arithmetic.

A budget is hard: a call is sent only when everything spent, the worst case of all calls in flight and its own
worst case fit. The worst case of a call is a token for each byte of its request (no tokenizer makes more) and
the longest answer that it allows.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from asyncgen.chat import Usage

MILLION = 1_000_000
ROUNDING = 1e-9  # by which a product of floats may fall short
LARGER = "LARGER"  # stands in a command where the user is to put a number


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD for a million tokens of prompts, of their cached parts, and of completions; from where and when."""

    model: str
    prompt: float
    cached: float
    completion: float
    dated: str = ""
    source: str = ""

    def cost(self, usage: Usage) -> float:
        """What these tokens cost, in USD."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        fresh = usage.prompt_tokens - cached
        return (fresh * self.prompt + cached * self.cached + usage.completion_tokens * self.completion) / MILLION


@dataclass(slots=True)
class Spend:
    """Tokens that an output directory has cost so far, in all its runs.

    `lost_*` is the worst case of calls whose answer never arrived: the server may have counted it or not.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    lost_prompt_tokens: int = 0
    lost_completion_tokens: int = 0

    def add(self, usage: Usage) -> None:
        """An answer came, usable or not."""
        self.prompt_tokens += usage.prompt_tokens
        self.cached_tokens += usage.cached_tokens
        self.completion_tokens += usage.completion_tokens

    def __add__(self, other: "Spend") -> "Spend":
        """What two directories have cost together."""
        return Spend(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Spend)})

    def lose(self, most: Usage) -> None:
        """A call may have been answered, and nobody heard it."""
        self.lost_prompt_tokens += most.prompt_tokens
        self.lost_completion_tokens += most.completion_tokens

    @property
    def known(self) -> Usage:
        """What the server has counted."""
        return _usage(self.prompt_tokens, self.completion_tokens, self.cached_tokens)

    @property
    def most(self) -> Usage:
        """That and the worst case of what was lost."""
        return _usage(
            self.prompt_tokens + self.lost_prompt_tokens,
            self.completion_tokens + self.lost_completion_tokens,
            self.cached_tokens,
        )


class Budget:
    """Says whether one more call fits.

    Args:
        spend: what is spent already, kept up to date by its owner.
        price: needed for `most_cost`.
        most_cost: USD, None: no matter.
        most_tokens: of all calls, None: no matter.
        part: of what the user has named that these are.
    """

    def __init__(
        self,
        spend: Spend,
        price: Price | None,
        *,
        most_cost: float | None,
        most_tokens: int | None,
        part: float = 1.0,
    ) -> None:
        self._spend = spend
        self._price = price
        self._most_cost = most_cost
        self._most_tokens = most_tokens
        self._part = part
        self._prompt_tokens = self._completion_tokens = 0
        self.calls = 0

    def covers(self, most: Usage) -> bool:
        """Whether a call fits that costs at most this."""
        return not any(needed > has for _, needed, has in self._needs(most))

    def shortfall(self, most: Usage) -> str:
        """What the user has to raise, and to what at least, for a call that costs at most this."""
        short = [
            f"{flag} {math.ceil(whole) if flag.endswith('tokens') else _dollars(whole)}"
            for flag, needed, has in self._needs(most)
            if needed > has and (whole := self._whole(needed))
        ]
        dearest = f"{most.total_tokens:,} tokens"
        if self._price is not None:
            dearest = f"${_dollars(self._price.cost(most))} ({dearest})"
        return f"the next one may take {dearest}, so give at least {' and '.join(short)}"

    def _whole(self, needed: float) -> float:
        """What the user has to name so that this is a part of it."""
        return needed if self._part == 1 else needed / self._part * (1 + ROUNDING)

    def _needs(self, most: Usage) -> Iterator[tuple[str, float, float]]:
        """Of each flag: what there must be for a call that costs at most this, and what there is."""
        spent = self._spend.most
        total = _usage(
            spent.prompt_tokens + self._prompt_tokens + most.prompt_tokens,
            spent.completion_tokens + self._completion_tokens + most.completion_tokens,
            spent.cached_tokens,
        )
        if self._most_tokens is not None:
            yield "--max-total-tokens", total.total_tokens, self._most_tokens
        if self._most_cost is not None:
            assert self._price is not None
            yield "--max-cost", self._price.cost(total), self._most_cost

    def reserve(self, most: Usage) -> None:
        """A call goes out."""
        self._count(most, 1)

    def release(self, most: Usage) -> None:
        """It is back; what it cost is in the spend."""
        self._count(most, -1)

    def _count(self, most: Usage, sign: int) -> None:
        self.calls += sign
        self._prompt_tokens += sign * most.prompt_tokens
        self._completion_tokens += sign * most.completion_tokens


def describe(spend: Spend, price: Price | None) -> str:
    """In words, such as "$1.23 (456,789 tokens)"."""
    known, most = spend.known, spend.most
    tokens = f"{known.total_tokens:,} tokens"
    if price is None:
        return tokens
    lost = price.cost(most) - price.cost(known)
    return f"${price.cost(known):,.2f} ({tokens}" + (f"; ${lost:,.2f} at most for calls lost)" if lost else ")")


def with_larger_budget(command: str, reason: str) -> str:
    """The command that goes on after the budget was used up: its budget named in `reason` is left to the user."""
    for flag, shortened in (("--max-cost", "--max-c[a-z]*"), ("--max-total-tokens", "--max-tot[a-z-]*")):
        if flag in reason:  # the flag may be shortened
            command = re.sub(rf"( {shortened}[ =])\S+", rf"\g<1>{LARGER}", command)
    return command


def _dollars(cost: float) -> str:
    """Rounded up: less would not do."""
    return f"{math.ceil(cost * 10_000) / 10_000:.4f}"


def _usage(prompt: int, completion: int, cached: int) -> Usage:
    return Usage(prompt, completion, prompt + completion, cached)
