"""What a process counts of its rows."""

import pytest

from asyncgen.engine.tally import Tally
from asyncgen.events import PairFailed


@pytest.mark.parametrize(
    ("kind", "earlier", "alone"),
    [("context_length", False, 1), ("refusal", False, 1), ("server_error", False, 0), ("context_length", True, 0)],
)
def test_failures_that_tell_nothing_of_other_rows_are_counted_apart(kind: str, earlier: bool, alone: int) -> None:
    """Those of this start."""
    tally = Tally()
    tally.observe(PairFailed(0, "n", "paraphrase", kind, 1, earlier=earlier))
    assert (tally.failed, tally.failed_alone) == (1, alone)
