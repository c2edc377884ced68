"""How many batches a job takes, and how many of them in sequence. Pure arithmetic."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncgen.client.batch_providers import BatchProvider
from asyncgen.planning.forecast import CHARACTERS_PER_TOKEN, MeasuredSample

BODY = 400  # bytes of a line beside its prompts: names, fields, custom id
DAY = 86_400.0  # seconds: the window of a batch


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The batches of a job; `rounds` are sequential because steps need the answers to others.

    At least `in_a_row` batches are sequential, as the account may have no more enqueued at once.
    """

    rounds: int
    batches: int
    in_a_row: int

    @property
    def seconds(self) -> float:
        """The most that it takes, if every batch is done within its day."""
        return self.in_a_row * DAY


def plan_batches(
    sample: MeasuredSample, pairs: int, rounds: Mapping[str, int], provider: BatchProvider, most_tokens: int | None
) -> BatchPlan:
    """The batches of so many rows like those of the sample.

    Args:
        sample: what some rows need.
        pairs: rows of the job.
        rounds: the round of each step, from 0.
        provider: the limits of a batch.
        most_tokens: prompt tokens that may be enqueued at once; None: unlimited.
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
    """The number of batches that the largest of these shares takes."""
    return max(1, math.ceil(max(shares)))
