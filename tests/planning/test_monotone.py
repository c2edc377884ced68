"""What `plan` and `tune` compute moves with its inputs, and never against them."""

from hypothesis import example, given
from hypothesis import strategies as st

from asyncgen.cost import Price
from asyncgen.planning.capacity import Load, plan
from asyncgen.planning.forecast import MeasuredSample, StepSize, forecast
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
