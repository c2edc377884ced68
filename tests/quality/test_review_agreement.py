"""How rules and judge agree with what a person decided."""

from pathlib import Path

import pytest

from asyncgen.cli.review_lines import review_lines
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.judgement import Judgement, State
from asyncgen.quality.judge.trust import Trust
from asyncgen.quality.judge.verdict import Meaning
from asyncgen.quality.judge.verdict_file import RowVerdict, VerdictFile
from asyncgen.quality.review_agreement import ReviewAgreement
from asyncgen.quality.verification import Judged
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.review_file import Mark, Review
from tests.quality.view.rows import OPEN, PROVEN, flagged

GOOD, BAD = Mark.ACCEPTED, Mark.REJECTED
STATE = RunState(last_completed_idx=9, input_end=0, input_chain="", files={}, stats={})
ROWS = [
    *((PROVEN, GOOD), (PROVEN, GOOD), (PROVEN, BAD), (flagged("dose"), BAD), (flagged("dose"), BAD)),
    *((flagged("number"), GOOD), (OPEN, BAD), (OPEN, GOOD), (OPEN, None), (PROVEN, None)),
]


@pytest.fixture
def agreement(tmp_path: Path, disk: Disk) -> ReviewAgreement:
    """Ten rows, of which eight are marked."""
    marks = {index: mark for index, (_, mark) in enumerate(ROWS) if mark is not None}
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    found = ReviewAgreement(Review(marks, 1, tuple(mark for _, mark in ROWS)), directory, STATE)
    for index, (judgement, _) in enumerate(ROWS):
        found.add(Judged(index, f"n-{index}", judgement))
    return found


def test_marked_rows_are_counted_by_state(agreement: ReviewAgreement) -> None:
    """Others are not."""
    assert agreement.by_state == {
        State.PROVEN: {GOOD: 2, BAD: 1},
        State.FLAGGED: {GOOD: 1, BAD: 2},
        State.OPEN: {GOOD: 1, BAD: 1},
    }
    assert agreement.by_trust == {}


def test_what_was_caught_and_what_was_a_false_alarm_is_said(agreement: ReviewAgreement) -> None:
    """With the numbers that they come from, and intervals."""
    caught, alarms = agreement.caught(agreement.by_state, State.FLAGGED)
    assert ((caught.hits, caught.of), (alarms.hits, alarms.of)) == ((2, 4), (1, 4))
    assert caught.share.low < caught.share.value == 0.5 < caught.share.high
    lines = list(review_lines(agreement, "pairs"))
    assert lines[0].startswith("review         4 accepted, 4 rejected, 1 stale")
    assert "  of 4 that the person rejected, 2 flagged by the rules: 50 % (15 to 85 %)" in lines
    assert "  of 4 that the person accepted, 1 flagged by the rules: 25 % (5 to 70 %)" in lines


def test_a_twin_that_is_found_at_the_end_is_flagged(agreement: ReviewAgreement) -> None:
    """The row has come before."""
    agreement.add(Judged(2, "", Judgement((Finding("duplicate"),))))
    assert agreement.by_state[State.PROVEN] == {GOOD: 2}
    assert agreement.by_state[State.FLAGGED] == {GOOD: 1, BAD: 3}


def test_the_judge_counts_where_its_verdicts_are_of_these_files(agreement: ReviewAgreement) -> None:
    """They are read when they are asked for, so those that were saved meanwhile count."""
    meanings = {3: Meaning.DIFFERENT, 5: Meaning.SAME, 6: Meaning.DIFFERENT, 7: Meaning.SAME}
    rows = [
        RowVerdict(
            index,
            "",
            judgement.state,
            tuple(one.kind for one in judgement.findings),
            meanings.get(index),
            "drug",
            "major",
            str(index),
        )
        for index, (judgement, _) in enumerate(ROWS)
    ]
    file = VerdictFile(agreement.directory)
    file.save(STATE, {}, rows)
    assert agreement.by_trust == {
        Trust.PROVEN: {GOOD: 2, BAD: 1},
        Trust.JUDGED: {GOOD: 2},
        Trust.FLAGGED: {BAD: 1},
        Trust.REJECTED: {BAD: 2},
    }
    assert any("flagged or rejected by rules and judge: 75 %" in line for line in review_lines(agreement, "pairs"))
    assert agreement.as_json()["by_trust"]["rejected"]["rejected"] == 2


def test_without_judged_rows_there_is_nothing_to_hold_marks_against(tmp_path: Path, disk: Disk) -> None:
    """That is said."""
    review = Review({0: GOOD}, 0, (GOOD,))
    lines = list(review_lines(ReviewAgreement(review, RunDirectory(disk, tmp_path), STATE), "mails"))
    assert lines[1] == "  nothing to compare them with: none of the marked mails was judged"
