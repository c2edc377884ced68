"""When many failures end a run: by number, by share, and with the exit code that fits the reason."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.engine.failure_threshold import ALIKE, LATEST, LEAST_FAILED, NEARLY_ALL, FailureThreshold
from asyncgen.errors import AsyncgenError, BadDataError, CallFailed, TryLaterError


def ends_after(threshold: FailureThreshold, outcomes: list[str | None]) -> tuple[int, AsyncgenError] | None:
    """At which outcome (kinds of failure, None: well) the threshold ends the run, and why."""
    for place, kind in enumerate(outcomes, 1):
        threshold.begin(place)
        reason = threshold.after(place, None if kind is None else CallFailed("paraphrase", kind, 1))
        if reason is not None:
            return place, reason
    return None


@given(most=st.integers(0, 20), outcomes=st.lists(st.sampled_from([None, "bad_request"]), max_size=60))
def test_a_number_of_failures_is_allowed_and_one_more_ends_the_run(most: int, outcomes: list[str | None]) -> None:
    """Whenever they come."""
    failures = [place for place, kind in enumerate(outcomes, 1) if kind is not None]
    ended = ends_after(FailureThreshold(most, 1.0), outcomes)
    assert (ended and ended[0]) == (failures[most] if len(failures) > most else None)
    assert ended is None or "max_failures" in ended[1].settings


@given(outcomes=st.lists(st.sampled_from([None, "bad_request", "empty"]), max_size=200), share=st.floats(0, 1))
def test_a_share_of_failures_ends_the_run_once_there_are_enough_to_tell(
    outcomes: list[str | None], share: float
) -> None:
    """Never before the thirtieth failure, and never while fewer fail than may."""
    ended = ends_after(FailureThreshold(None, share, alike=False), outcomes)
    place = len(outcomes) if ended is None else ended[0]
    failed = [sum(kind is not None for kind in outcomes[:n]) for n in range(1, place + 1)]
    too_many = [number >= LEAST_FAILED and number > share * n for n, number in enumerate(failed, 1)]
    assert too_many[:-1] == [False] * len(too_many[:-1])
    assert (ended is not None) == any(too_many)
    assert ended is None or "max_failed_share" in ended[1].settings


@pytest.mark.parametrize("good", [LATEST, 9 * LATEST])
def test_a_run_that_went_well_and_goes_well_no_more_ends(good: int) -> None:
    """The rows before would allow nine times as many failures, each of them paid."""
    outcomes = [None] * good + ["server_error"] * 30 + [None, "check_json"] * 30 + ["check_json"] * LATEST
    ended = ends_after(FailureThreshold(None, 0.9), outcomes)
    assert ended is not None
    assert good + NEARLY_ALL * LATEST < ended[0] <= good + LATEST + 90
    assert isinstance(ended[1], BadDataError)
    assert f"of the last {LATEST} rows failed" in str(ended[1])
    assert "of them with check_json (paraphrase)" in str(ended[1])
    assert "max_failed_share" in ended[1].settings
    assert ends_after(FailureThreshold(None, 1.0), outcomes) is None


def test_a_small_share_is_one_of_all_rows() -> None:
    """Chance brings more failures together than the share."""
    outcomes = ([None] * 380 + ["empty"] * 20) * 50
    assert ends_after(FailureThreshold(None, 0.06), outcomes) is None


def test_batches_in_which_all_rows_fail_end_a_run_however_small_they_are() -> None:
    """What is sent, and waits, has not gone well yet."""
    threshold = FailureThreshold(None, 0.9)
    failure, batch = CallFailed("ask", "check_json", 1), 100
    for index in range(1000):
        assert threshold.after(index, None) is None
    for start in range(1000, 9000, batch):
        for index in range(start, start + batch):
            assert threshold.after(index, None, waits=True) is None
        if any(threshold.after(index, failure, again=True) for index in range(start, start + batch)):
            break
    assert NEARLY_ALL * LATEST < index - 1000 <= LATEST


@pytest.mark.parametrize("kind", ["context_length", "too_large", "larger_than_limit", "content_filter", "refusal"])
def test_rows_in_a_row_that_no_server_takes_end_nothing(kind: str) -> None:
    """They may lie together in the input; and they say nothing of the others."""
    outcomes = [None] * 2 * LATEST + [kind] * 9 * LATEST
    assert ends_after(FailureThreshold(None, 0.9), outcomes) is None


@given(
    runs=st.lists(st.tuples(st.sampled_from([None, "empty"]), st.integers(1, LATEST)), max_size=8),
    share=st.floats(0.5, 1),
)
def test_the_latest_rows_end_a_run_where_more_of_them_fail_than_may(
    runs: list[tuple[str | None, int]], share: float
) -> None:
    """Neither earlier nor later."""
    outcomes = [None] * 8 * LATEST + [kind for kind, number in runs for _ in range(number)]
    failed = [0, *accumulate(kind is not None for kind in outcomes)]
    lately = ((end, failed[end] - failed[end - LATEST]) for end in range(LATEST, len(failed)))
    expected = next((end for end, number in lately if number > max(share, NEARLY_ALL) * LATEST), None)
    ended = ends_after(FailureThreshold(None, share), outcomes)
    assert (ended and ended[0]) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("connection", TryLaterError), ("server_error", TryLaterError), ("bad_request", BadDataError)],
)
def test_the_reason_says_whether_to_wait_or_to_mend_something(kind: str, expected: type[AsyncgenError]) -> None:
    """The commonest kind decides, and is named with its step."""
    ended = ends_after(FailureThreshold(None, 0.9, rows="MEDEC pairs"), ["refusal", *[kind] * 40])
    assert ended is not None
    assert isinstance(ended[1], expected)
    assert str(ended[1]).startswith(f"30 of 30 pairs failed, 29 of them with {kind} (paraphrase)")
    assert str(ended[1]).endswith("failed.jsonl lists them up to the first pair that had not ended")


def test_changed_prompts_are_told_to_begin_anew_and_a_mended_server_to_go_on() -> None:
    """The directory refuses other settings than it was begun with: the same command could not help."""
    kinds = ("check_matches", "server_error")
    ended = [ends_after(FailureThreshold(None, 0.9), [kind] * 30) for kind in kinds]
    mended, waited = (str(one[1]) for one in ended if one is not None)
    assert "what is changed starts over, with restart=True or in another directory" in mended
    assert "wait, then make the same call again" in waited
    assert "restart" not in waited


def test_a_run_whose_first_pairs_are_all_refused_alike_ends_before_it_has_tried_them_all() -> None:
    """What the server does not take of ten requests, it does not take of any."""
    ended = ends_after(FailureThreshold(None, 0.9, rows="MEDEC pairs"), ["bad_request"] * 60)
    assert ended is not None
    assert ended[0] == ALIKE
    assert isinstance(ended[1], BadDataError)


def test_refusals_that_only_come_faster_than_answers_end_nothing() -> None:
    """The first pairs count, not the first that have ended."""
    threshold = FailureThreshold(None, 0.9, rows="MEDEC pairs")
    for index in range(40):
        threshold.begin(index)
    failure = CallFailed("paraphrase", "bad_request", 1)
    assert [threshold.after(index, failure) for index in range(1, 20)] == [None] * 19
    assert threshold.after(0, None) is None


def test_a_row_that_an_earlier_start_gave_up_is_none_of_the_first() -> None:
    """The others are still refused alike."""
    threshold = FailureThreshold(None, 0.9)
    threshold.begin(0)
    assert threshold.after(0, CallFailed("ask", "length", 2, 200, earlier=True)) is None
    ended = ends_after(threshold, ["bad_request"] * LEAST_FAILED)
    assert ended is not None
    assert ended[0] == ALIKE
