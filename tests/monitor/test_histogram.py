"""The histogram: bounded memory, quantiles right to a tenth."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from asyncgen.monitor.histogram import GROWTH, LEAST, LogHistogram

NUMBERS = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


def histogram_of(numbers: list[float]) -> LogHistogram:
    """A histogram of these numbers."""
    histogram = LogHistogram()
    for number in numbers:
        histogram.add(number)
    return histogram


@given(NUMBERS, st.floats(0.01, 1))
def test_a_quantile_is_the_true_one_or_up_to_a_tenth_above(numbers, share):
    """However the numbers are distributed."""
    histogram = histogram_of(numbers)

    found = histogram.quantile(share)

    true = sorted(numbers)[math.ceil(share * len(numbers)) - 1]
    assert true <= found * (1 + 1e-9)
    assert found <= max(LEAST, true * GROWTH) * (1 + 1e-9)


@given(NUMBERS, st.integers(1, 60))
def test_bars_are_neighbours_and_hold_every_number(numbers, most):
    """Nothing falls between them, and there are never more than asked for."""
    bars = histogram_of(numbers).bars(most)

    assert len(bars) <= most
    assert sum(count for _, _, count in bars) == len(numbers)
    for (_, end, _), (begin, _, _) in pairwise(bars):
        assert math.isclose(end, begin)
    assert bars[0][0] <= min(numbers) * (1 + 1e-9)
    assert bars[-1][1] >= max(numbers) * (1 - 1e-9)


def test_a_million_numbers_need_few_buckets():
    """From a millisecond to a day there are fewer than two hundred."""
    histogram = histogram_of([LEAST * 1.0001**place for place in range(180_000)])
    assert len(histogram.counts) < 200
    assert histogram.count == 180_000
