"""How many batches a job takes, and how many of them one after the other. Pure arithmetic."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncgen.client.batch_providers import BatchProvider
from asyncgen.planning.forecast import CHARACTERS_PER_TOKEN, MeasuredSample

BODY = 400  # bytes of a line beside its prompts: names, fields, custom id
DAY = 86_400.0  # seconds: the window of a batch


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """`rounds` follow each other because steps need the answers to others.

    `in_a_row` batches follow each other at least: the account may have no more enqueued at once.
    """

    rounds: int
    batches: int
    in_a_row: int

    @property
    def seconds(self) -> float:
        """How long it takes at most, as far as every batch is done within its day."""
        return self.in_a_row * DAY


def plan_batches(
    sample: MeasuredSample, pairs: int, rounds: Mapping[str, int], provider: BatchProvider, most_tokens: int | None
) -> BatchPlan:
    """The batches of so many pairs like those of the sample.

    Args:
        sample: what some pairs need.
        pairs: of the job.
        rounds: the round of each step, from 0.
        provider: what a batch holds at most.
        most_tokens: of prompts, that may be enqueued at once; None: any number.
    """
    scale = pairs / sample.pairs
    batches = in_a_row = 0
    numbers = sorted({rounds.get(step, 0) for step in sample.sizes})
    for number in numbers:
        sizes = [size for step, size in sample.sizes.items() if rounds.get(step, 0) == number]
        calls = scale * sum(size.calls for size in sizes)
        characters = scale * sum(size.prompt_characters for size in sizes)
        tokens = characters / CHARACTERS_PER_TOKEN[-1]
        fillings = [1.0] if most_tokens is None else [tokens / most_tokens]
        least = _whole(
            [calls / provider.most_requests, (characters + BODY * calls) / provider.most_bytes, *fillings]
        )
        batches += least
        in_a_row += 1 if most_tokens is None else _whole(fillings)
    return BatchPlan(len(numbers), batches, in_a_row)


def _whole(shares: Iterable[float]) -> int:
    """So many are needed for the largest of these."""
    return max(1, math.ceil(max(shares)))
