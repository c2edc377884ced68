"""Whether one more call fits the user's budget. Pure arithmetic.

A budget is hard: a call is sent only when everything spent, the worst case of all calls in flight and its own
worst case fit. The worst case of a call is a token for each byte of its request (no tokenizer makes more) and the
longest answer that it allows.
"""

import math
from collections.abc import Callable, Iterator

from asyncgen.chat import NO_USAGE, Usage
from asyncgen.cost import Price, Spend, less, together, total_usage
from asyncgen.errors import Message, Setting

COST, TOKENS = "max_cost", "max_total_tokens"  # the settings
ROUNDING = 1e-9  # relative: by which a product of floats may fall short


class Budget:
    """Says whether one more call fits.

    Args:
        spend: what is spent already, kept up to date by its owner.
        price: needed for `most_cost`.
        most_cost: USD, None: unlimited.
        most_tokens: of all calls, None: unlimited.
        part: the part of the user's amounts that these are.
        longest_answer: tokens that the model writes at most, which a request without a limit may take; 0: unknown.
        enqueued: the worst case of requests in batches.
    """

    def __init__(
        self,
        spend: Spend,
        price: Price | None,
        *,
        most_cost: float | None,
        most_tokens: int | None,
        part: float = 1.0,
        longest_answer: int = 0,
        enqueued: Callable[[], Usage] = lambda: NO_USAGE,
    ) -> None:
        self._enqueued = enqueued
        self._spend = spend
        self._price = price
        self._most_cost = most_cost
        self._most_tokens = most_tokens
        self._part = part
        self._longest_answer = longest_answer
        self._prompt_tokens = self._completion_tokens = 0
        self.calls = 0

    def covers(self, most: Usage, *, batch: bool = False) -> bool:
        """Whether a call of at most this cost fits, at the price of batches or at the ordinary one."""
        return not any(needed > has for _, needed, has in self._needs(most, batch=batch))

    def shortfall(self, most: Usage, *, batch: bool = False) -> Message:
        """What the user has to raise, and to at least what, for a call of at most this cost."""
        first, *others = [
            Setting(name, math.ceil(whole) if name == TOKENS else _rounded_up(whole))
            for name, needed, has in self._needs(most, batch=batch)
            if needed > has and (whole := self._whole(needed))
        ]
        dearest = f"{most.total_tokens:,} tokens"
        if 0 < self._longest_answer == most.completion_tokens:
            dearest += f", {most.completion_tokens:,} of them for an answer that no smaller max_tokens bounds"
        if self._price is not None:
            price = self._price.of_batches if batch else self._price
            dearest = f"{_rounded_up(price.cost(most)):.4f} USD ({dearest})"
        also = [part for other in others for part in (" and ", other)]
        return Message(f"the next one may take {dearest}, so give at least ", first, *also)

    def _whole(self, needed: float) -> float:
        """The user's amount of which this is a part."""
        return needed if self._part == 1 else needed / self._part * (1 + ROUNDING)

    def _needs(self, most: Usage, *, batch: bool) -> Iterator[tuple[str, float, float]]:
        """For each setting: what must be available for a call of at most this cost, and what is."""
        enqueued = self._enqueued()
        if self._most_tokens is not None:
            flying_tokens = self._prompt_tokens + self._completion_tokens
            spent = self._spend.most.total_tokens
            yield TOKENS, spent + flying_tokens + enqueued.total_tokens + most.total_tokens, self._most_tokens
        if self._most_cost is not None:
            price = self._price
            assert price is not None
            own, batched = (NO_USAGE, most) if batch else (most, NO_USAGE)
            flying = total_usage(self._prompt_tokens, self._completion_tokens, 0)
            live = together(less(self._spend.most, self._spend.batched), flying, own)
            yield (
                COST,
                price.cost(live) + price.of_batches.cost(together(self._spend.batched, enqueued, batched)),
                self._most_cost,
            )

    def reserve(self, most: Usage) -> None:
        """Reserve the worst case of a call that is being sent."""
        self._count(most, 1)

    def release(self, most: Usage) -> None:
        """Release the reservation of a call that has ended; its actual cost is in the spend."""
        self._count(most, -1)

    def _count(self, most: Usage, sign: int) -> None:
        self.calls += sign
        self._prompt_tokens += sign * most.prompt_tokens
        self._completion_tokens += sign * most.completion_tokens


def _rounded_up(cost: float) -> float:
    """Rounded up to a hundredth of a cent: less would not suffice."""
    return math.ceil(cost * 10_000) / 10_000
