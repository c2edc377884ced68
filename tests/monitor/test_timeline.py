"""The timeline: bins are merged when there are too many, and nothing is lost."""

import math

from hypothesis import given
from hypothesis import strategies as st

from asyncgen.monitor.timeline import Timeline

SPANS = st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e4), st.integers(0, 1000)), min_size=1, max_size=50)


@given(SPANS, st.integers(2, 50))
def test_what_was_added_is_there_however_often_bins_were_merged(spans, most):
    """Amounts and seconds add up to what came in, in no more bins than allowed."""
    timeline = Timeline(most=most)
    for start, lasts, amount in spans:
        timeline.add(start, start + lasts, {"amount": amount, "seconds": lasts})

    assert len(timeline.bins) <= most
    assert math.isclose(timeline.total("amount"), sum(amount for _, _, amount in spans), abs_tol=1e-6)
    assert math.isclose(timeline.total("seconds"), sum(lasts for _, lasts, _ in spans), abs_tol=1e-6)


def test_an_amount_is_spread_over_its_time():
    """Half a second before a border and one and a half behind it: a quarter and three quarters."""
    timeline = Timeline(width=2.0)
    timeline.add(1.5, 3.5, {"calls": 8})
    assert [one["calls"] for one in timeline.bins] == [2.0, 6.0]


def test_a_bin_does_not_hold_its_own_end():
    """What happened up to a border belongs to the time before it."""
    timeline = Timeline()
    timeline.add(0.0, 1.0, {"calls": 3})
    assert timeline.bins == [{"calls": 3.0}]


def test_merged_bins_keep_their_order():
    """Four seconds in two bins: the first two, and the last two."""
    timeline = Timeline(most=2)
    for second, amount in enumerate([1, 2, 4, 8]):
        timeline.add(second, second + 1, {"calls": amount})
    assert timeline.width == 2.0
    assert [one["calls"] for one in timeline.bins] == [3.0, 12.0]
