"""When failures of all shards end a run."""

import pytest

from asyncgen.chat import NO_USAGE
from asyncgen.cluster.run_threshold import RunThreshold
from asyncgen.engine.failure_threshold import ALIKE, LATEST
from asyncgen.events import CallEnded, PairFailed

from .helpers import report


def refusal(code: str = "no_such_thing") -> CallEnded:
    """A call that a server has refused for the request's sake."""
    return CallEnded(0, "0", "paraphrase", "", 1, "bad_request", 400, None, 0, 0, 0, NO_USAGE, code=code)


def threshold(*codes: str, kind: str = "bad_request") -> RunThreshold:
    """Of a run that has five of ten rows of a shard, and has heard of these refusals."""
    made = RunThreshold(None, 0.9, "MEDEC pairs", {1: 5, 2: 0})
    for code in codes:
        made.observe(refusal(code))
    made.observe(PairFailed(7, "7", "paraphrase", kind, 1))
    return made


ALL_REFUSED = ALIKE, ALIKE


def test_first_rows_that_are_all_refused_alike_end_it() -> None:
    """Before this start others were fine."""
    reason = threshold("x").after(*ALL_REFUSED, [report(1, done=15, in_flight=4)])
    assert str(reason).startswith("10 of 10 pairs failed, most often with bad_request (paraphrase): ")


@pytest.mark.parametrize(
    ("made", "now"),
    [
        (threshold("x"), (ALIKE, ALIKE + 1)),
        (threshold("x"), (ALIKE - 1, ALIKE - 1)),
        (threshold("x", "y"), ALL_REFUSED),
        (threshold(kind="timeout"), ALL_REFUSED),
    ],
    ids=["one was good", "too few", "not alike", "no refusals"],
)
def test_otherwise_they_do_not(made: RunThreshold, now: tuple[int, int]) -> None:
    """They may be chance."""
    assert made.after(*now) is None


def test_a_worker_that_has_nothing_to_tell_yet_is_waited_for_if_it_has_calls_in_flight() -> None:
    """One of them may come to a good end; a worker that waits until others have probed has none."""
    for in_flight, ends in ((3, False), (0, True)):
        live = [report(1, done=15, in_flight=4), report(2, worker=1, done=0, in_flight=in_flight)]
        assert (threshold("x").after(*ALL_REFUSED, live) is not None) == ends


def test_what_went_well_for_long_ends_soon_after_it_goes_well_no_more() -> None:
    """By the counts of the reports: nine of ten of all rows would be far away."""
    made = RunThreshold(None, 0.9, "MEDEC pairs", {})
    made.observe(PairFailed(7, "7", "paraphrase", "server_error", 1))
    assert [made.after(failed, 9_000 + failed, []) for failed in (0, 100, 200, 300, 400)] == [None] * 5
    reason = made.after(LATEST, 9_000 + LATEST, [])
    assert str(reason).startswith("500 of the last 500 pairs failed, most often with server_error (paraphrase): ")


@pytest.mark.parametrize(
    ("share", "counts"),
    [
        (0.9, [(0, 9000, 0), (470, 9500, 0), (940, 10000, 0)]),
        (0.9, [(0, 9000, 0), (500, 9500, 500), (1000, 10000, 1000)]),
        (1.0, [(0, 9000, 0), (500, 9500, 0), (1000, 10000, 0)]),
        (0.9, [(0, 9000, 0), (400, 9400, 0), (0, 8900, 0), (460, 9380, 0), (480, 9500, 0)]),
    ],
    ids=[
        "one of twenty is good",
        "each has a reason of its own",
        "all may fail",
        "a worker died and begins again",
    ],
)
def test_failures_that_chance_explains_do_not_end_it(share: float, counts: list[tuple[int, int, int]]) -> None:
    """Nor those that the user allows."""
    made = RunThreshold(None, share, "MEDEC pairs", {})
    for failed, ended, alone in counts:
        assert made.after(failed, ended, [], alone=alone) is None
