"""What `plan` and `tune` compute moves with its inputs, and never against them."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from asyncgen.chat import Usage
from asyncgen.client.batch_providers import BatchProvider
from asyncgen.cost import Price
from asyncgen.planning.batch_plan import plan_batches
from asyncgen.planning.capacity import Load, plan, quantile
from asyncgen.planning.forecast import MeasuredSample, StepSize, StepUsage, forecast
from asyncgen.planning.tiers import Tier

AMOUNTS = st.floats(1, 1e7)
PRICE = Price(model="m", prompt=2.0, cached=1.0, completion=10.0)
THRESHOLD = 4096
"""Characters of the fixed part of a prompt that make about the 1,024 tokens from which on it is cached."""


@given(rpm=AMOUNTS, tpm=AMOUNTS, rpd=AMOUNTS, ceiling=st.integers(1, 2000), more=st.floats(1, 100))
@example(rpm=600, tpm=600_000, rpd=1000, ceiling=1, more=2)
def test_a_wider_limit_makes_no_job_slower(rpm: float, tpm: float, rpd: float, ceiling: int, more: float) -> None:
    """Each limit alone, and the calls in flight; a day's limit too."""
    load, limits = Load(calls=3, charged=1000, latency=4), {"rpm": rpm, "tpm": tpm, "rpd": rpd}
    before = plan(load, Tier(name="some", **limits), ceiling)
    wider = [plan(load, Tier(name="some", **{**limits, one: limits[one] * more}), ceiling) for one in limits]
    wider.append(plan(load, Tier(name="some", **limits), ceiling + 1))
    for pairs in (1, 1000, 10**6):
        assert all(after.seconds(pairs) <= before.seconds(pairs) * (1 + 1e-9) for after in wider)
        assert before.seconds(pairs) <= before.seconds(pairs + 1) * (1 + 1e-9)
    assert all(1 <= after.concurrency <= ceiling + 1 for after in wider)


@given(
    system=st.integers(0, 9000),
    note=st.integers(0, 9000),
    longer=st.integers(1, 5000),
    pairs=st.integers(1, 100_000),
)
@example(system=THRESHOLD - 1, note=0, longer=1, pairs=1)
@example(system=THRESHOLD, note=0, longer=1, pairs=1)
@example(system=3686, note=900, longer=410, pairs=7)
def test_longer_texts_take_no_fewer_tokens_and_more_pairs_cost_no_less(
    system: int, note: int, longer: int, pairs: int
) -> None:
    """A longer prompt may cost less, where it is long enough to be cached; it never takes fewer tokens."""

    def forecast_of(system: int, note: int, pairs: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        size = StepSize(2048, False, 1, system + note, system, note)
        found = forecast(MeasuredSample(1, {"step": size}), pairs, PRICE)
        assert found.cost is not None
        return found.prompt_tokens, found.cost

    tokens, cost = forecast_of(system, note, pairs)
    for other in (forecast_of(system + longer, note, pairs)[0], forecast_of(system, note + longer, pairs)[0]):
        assert all(before <= after for before, after in zip(tokens, other, strict=True))
    dearer = forecast_of(system, note, pairs + 1)[1]
    assert all(before <= after * (1 + 1e-9) for before, after in zip(cost, dearer, strict=True))
    assert sorted(cost) == list(cost)


@given(
    answers=st.lists(st.integers(0, 5000), min_size=1, max_size=20),
    most=st.sampled_from([0, 1, 1024, 100_000]),
    fixed=st.integers(0, 9000),
    pairs=st.integers(1, 100_000),
)
@example(answers=[1, 1000], most=0, fixed=0, pairs=10)
@example(answers=[0], most=0, fixed=0, pairs=1)
def test_what_calls_have_measured_is_a_range_in_order(
    answers: list[int], most: int, fixed: int, pairs: int
) -> None:
    """However few the calls were, and however different their answers."""
    calls = len(answers)
    size = StepSize(most, False, calls, (fixed + 500) * calls, fixed * calls, 500 * calls)
    used = StepUsage()
    for answer in answers:
        used.add(Usage((fixed + 500) // 4, answer, (fixed + 500) // 4 + answer))

    found = forecast(MeasuredSample(calls, {"step": size}, {"step": used}, {"step": size}), pairs, PRICE)

    assert found.cost is not None
    for low, likely, high in (found.prompt_tokens, found.completion_tokens, found.cost):
        assert 0 <= low <= likely <= high
    if sum(answers) and not most:
        assert found.completion_tokens[0] > 0


@given(values=st.lists(st.floats(0, 1e6), min_size=1), one=st.floats(0, 1), other=st.floats(0, 1))
@example(values=[0.1] * 10, one=0.5, other=0.9)
def test_the_latency_that_more_calls_keep_within_is_no_shorter(
    values: list[float], one: float, other: float
) -> None:
    """Half of them, nine tenths, all: the last is the longest."""
    few, many = sorted([one, other])
    assert min(values) <= quantile(values, few) <= quantile(values, many) <= quantile(values, 1) == max(values)


@given(
    pairs=st.integers(1, 10**6),
    more=st.integers(1, 10**6),
    most_tokens=st.none() | st.integers(1, 10**8),
    characters=st.integers(1, 50_000),
)
@example(pairs=50_000, more=1, most_tokens=None, characters=100)
@example(pairs=36, more=1, most_tokens=10_000, characters=1000)
def test_more_rows_take_no_fewer_batches_and_more_room_takes_no_more(
    pairs: int, more: int, most_tokens: int | None, characters: int
) -> None:
    """Room is what the account may have enqueued; batches in sequence are never more than all of them."""
    sample = MeasuredSample(1, {step: StepSize(1, False, 1, characters) for step in ("first", "second")})

    def batches(pairs: int, most_tokens: int | None) -> tuple[int, int]:
        provider = BatchProvider("some", most_requests=50_000)
        found = plan_batches(sample, pairs, {"first": 0, "second": 1}, provider, most_tokens)
        assert found.rounds <= found.in_a_row <= found.batches
        return found.batches, found.in_a_row

    rooms = [most_tokens, None] if most_tokens is None else [most_tokens, most_tokens + more, None]
    for narrow, wide in pairwise(batches(pairs, room) for room in rooms):
        assert all(less <= before for before, less in zip(narrow, wide, strict=True))
    grown = batches(pairs + more, most_tokens)
    assert all(before <= after for before, after in zip(batches(pairs, most_tokens), grown, strict=True))
