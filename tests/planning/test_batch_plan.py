"""How many batches a job takes, by hand."""

import pytest

from asyncgen.client.batch_providers import BatchProvider
from asyncgen.planning.batch_plan import DAY, plan_batches
from asyncgen.planning.forecast import MeasuredSample, StepSize

SIZES = {
    "paraphrase": StepSize(100, False, calls=10, prompt_characters=36_000),
    "reasoning": StepSize(100, True, calls=10, prompt_characters=36_000),
}
ROUNDS = {"paraphrase": 0, "reasoning": 1}


@pytest.mark.parametrize(
    ("pairs", "most_tokens", "rounds", "planned"),
    [
        (10, None, ROUNDS, (2, 2, 2)),
        (10, None, {}, (1, 1, 1)),
        (10, 5_000, ROUNDS, (2, 4, 4)),  # 10,000 tokens a round
        (1000, None, ROUNDS, (2, 20, 2)),  # 100 requests a batch, as many as there are at once
        (1000, 500_000, ROUNDS, (2, 20, 4)),
    ],
)
def test_batches_are_cut_by_what_is_least(pairs, most_tokens, rounds, planned):
    """Requests of a batch, its bytes, and what may be enqueued at once."""
    sample = MeasuredSample(10, SIZES)
    found = plan_batches(sample, pairs, rounds, BatchProvider("p", most_requests=100), most_tokens)
    assert (found.rounds, found.batches, found.in_a_row) == planned
    assert found.seconds == planned[2] * DAY
