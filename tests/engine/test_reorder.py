"""The reorder buffer: any order in, the expected order out, without gaps."""

from collections.abc import Iterable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.engine.reorder import ReorderBuffer

orders = st.integers(0, 12).flatmap(lambda size: st.permutations(range(size)))


def name(index: int) -> str:
    """The item of an index."""
    return f"item {index}"


def pushed(buffer: ReorderBuffer[str], indexes: Iterable[int]) -> ReorderBuffer[str]:
    """The buffer after the items of these indexes have come in."""
    for index in indexes:
        buffer.push(index, name(index))
    return buffer


@given(order=orders)
def test_any_order_of_arrival_goes_out_by_index(order: list[int]) -> None:
    """Popped after each arrival, the items come out once each and sorted."""
    buffer: ReorderBuffer[str] = ReorderBuffer(count())
    out: list[str] = []
    for index in order:
        buffer.push(index, name(index))
        out += buffer.pop_ready()
    assert out == [name(index) for index in sorted(order)]
    assert len(buffer) == 0


@given(order=orders)
def test_what_is_out_is_the_longest_run_without_a_gap(order: list[int]) -> None:
    """At every moment, nothing is held back that could go, and nothing goes that may not."""
    buffer: ReorderBuffer[str] = ReorderBuffer(count())
    out: list[str] = []
    for arrived, index in enumerate(order, start=1):
        buffer.push(index, name(index))
        out += buffer.pop_ready()
        first_missing = next(i for i in count() if i not in order[:arrived])
        assert len(out) == first_missing
        assert len(buffer) == arrived - first_missing


@given(order=orders, first=st.integers(0, 1000))
def test_a_resumed_run_begins_at_its_first_index(order: list[int], first: int) -> None:
    """With `count(n)`, index n goes out first."""
    buffer = pushed(ReorderBuffer(count(first)), (first + index for index in order))
    assert list(buffer.pop_ready()) == [name(first + index) for index in range(len(order))]


@given(data=st.data(), failed=st.sets(st.integers(0, 50), max_size=12))
def test_a_repair_goes_by_the_failed_indexes_alone(data: st.DataObject, failed: set[int]) -> None:
    """The gaps between the expected indexes are no gaps of the output."""
    order = data.draw(st.permutations(sorted(failed)))
    buffer: ReorderBuffer[str] = ReorderBuffer(iter(sorted(failed)))
    out: list[str] = []
    for index in order:
        buffer.push(index, name(index))
        out += buffer.pop_ready()
    assert out == [name(index) for index in sorted(failed)]


def test_a_gap_holds_back_what_is_behind_it() -> None:
    """Index 1 is missing: 2 and 3 wait, and go with it."""
    buffer = pushed(ReorderBuffer(count()), [0, 2, 3])
    assert list(buffer.pop_ready()) == [name(0)]
    assert len(buffer) == 2
    assert list(pushed(buffer, [1]).pop_ready()) == [name(1), name(2), name(3)]


def test_what_was_not_taken_of_the_ready_items_goes_next_time() -> None:
    """An iteration that was left early loses nothing."""
    buffer = pushed(ReorderBuffer(count()), [0, 1, 2])
    assert next(buffer.pop_ready()) == name(0)
    assert list(buffer.pop_ready()) == [name(1), name(2)]


def test_an_index_that_is_waiting_is_refused_a_second_time() -> None:
    """The first item stays."""
    buffer = pushed(ReorderBuffer(count()), [1])
    with pytest.raises(ValueError, match="index 1 came twice"):
        buffer.push(1, "another")
    assert list(pushed(buffer, [0]).pop_ready()) == [name(0), name(1)]


def test_an_index_that_went_out_is_refused() -> None:
    """It would never go out again."""
    buffer = pushed(ReorderBuffer(count()), [0])
    assert list(buffer.pop_ready()) == [name(0)]
    with pytest.raises(ValueError, match="index 0 came twice"):
        buffer.push(0, "another")


def test_an_index_before_the_first_expected_one_is_refused() -> None:
    """A run resumed at 7 does not take 6."""
    with pytest.raises(ValueError, match="not expected"):
        pushed(ReorderBuffer(count(7)), [6])


def test_nothing_is_taken_once_all_expected_ones_are_out() -> None:
    """A repair of one pair ends with it."""
    buffer = pushed(ReorderBuffer(iter([3])), [3])
    assert list(buffer.pop_ready()) == [name(3)]
    with pytest.raises(ValueError, match="not expected"):
        buffer.push(4, "another")
