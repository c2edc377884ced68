"""What became of the rows of a killed job."""

import pytest
from benchmark.outcome import Rows, judge
from hypothesis import given
from hypothesis import strategies as st

WANTED = [f"pair-{index}" for index in range(6)]


def test_a_whole_result_has_no_flaw() -> None:
    """The ids of the input, each once, in order."""
    assert judge(WANTED, WANTED) == Rows(6, 6, lost=0, doubled=0, out_of_order=0)


def test_what_is_missing_is_lost() -> None:
    """Wherever it is missing."""
    assert judge(WANTED, ["pair-1", "pair-4"]) == Rows(6, 2, lost=4, doubled=0, out_of_order=0)


def test_a_row_that_comes_again_is_doubled_and_out_of_order() -> None:
    """Behind its followers it is both, right behind itself only doubled."""
    assert judge(WANTED, ["pair-0", "pair-0", *WANTED[1:]]) == Rows(6, 6, lost=0, doubled=1, out_of_order=0)
    assert judge(WANTED, [*WANTED, "pair-0"]) == Rows(6, 6, lost=0, doubled=1, out_of_order=1)


def test_a_row_from_elsewhere_is_an_error() -> None:
    """It would count for a lost one."""
    with pytest.raises(ValueError, match="stranger"):
        judge(WANTED, ["stranger"])


@given(st.permutations(WANTED))
def test_only_the_input_order_is_in_order(found: list[str]) -> None:
    """Any other order is noticed, and nothing but the order."""
    rows = judge(WANTED, found)
    assert (rows.out_of_order == 0) == (found == WANTED)
    assert (rows.lost, rows.doubled) == (0, 0)
