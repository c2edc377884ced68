"""What a process counts of its rows."""

import pytest

from asyncgen.chat import NO_USAGE
from asyncgen.client.classify import judge_error
from asyncgen.engine.tally import Tally
from asyncgen.events import CallEnded, PairFailed


@pytest.mark.parametrize(
    ("kind", "earlier", "alone"),
    [("context_length", False, 1), ("refusal", False, 1), ("server_error", False, 0), ("context_length", True, 0)],
)
def test_failures_that_tell_nothing_of_other_rows_are_counted_apart(kind: str, earlier: bool, alone: int) -> None:
    """Those of this start."""
    tally = Tally()
    tally.observe(PairFailed(0, "n", "paraphrase", kind, 1, earlier=earlier))
    assert (tally.failed, tally.failed_alone) == (1, alone)


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, 1),
        (498, {}, 1),
        (403, {"error": {"message": "API rate limit exceeded for user"}}, 1),
        (400, {"error": {"code": "ThrottlingException"}}, 1),
        (402, {"error": {"code": "in_flight_budget_exhausted"}}, 1),
        (503, {}, 1),
        (429, {}, 1),
        (429, {"error": {"code": "insufficient_quota"}}, 0),
        (500, {}, 0),
    ],
)
def test_a_call_is_refused_by_what_the_answer_means(status: int, body: dict[str, object], refused: int) -> None:
    """For rate or overload, whatever the provider's status; a quota that is used up is neither."""
    failure = judge_error(status, {}, body, 0.0)
    tally = Tally()
    tally.observe(CallEnded(0, "n", "s", "r", 1, failure.kind, status, None, 0.0, 0.0, 0.0, NO_USAGE))
    assert (tally.calls, tally.refused) == (1, refused)
