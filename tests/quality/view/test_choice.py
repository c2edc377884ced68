"""Which rows are shown, and in which order."""

from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.judgement import Judgement, State
from asyncgen.quality.verification import Judged
from asyncgen.quality.view.choice import Ranking, Wanted
from tests.quality.view.rows import OPEN, PROVEN, flagged


def ranked(wanted: Wanted, *judgements: Judgement) -> Ranking:
    """A ranking of rows with these judgements."""
    ranking = Ranking(wanted)
    for index, judgement in enumerate(judgements):
        ranking.add(Judged(index, f"n-{index}", judgement))
    return ranking


def test_the_worst_come_first_then_open_ones_then_proven_ones() -> None:
    """By the weight of the findings; among equals in input order."""
    rows = [PROVEN, OPEN, flagged("unchanged"), flagged("leak", "dose"), OPEN, flagged("dose")]
    assert ranked(Wanted(), *rows).order == [3, 5, 2, 1, 4, 0]


def test_one_state_alone_can_be_wanted() -> None:
    """Others are counted, and not shown."""
    ranking = ranked(Wanted(State.OPEN), PROVEN, OPEN, flagged("dose"), OPEN)
    assert ranking.order == [1, 3]
    assert ranking.states == {State.PROVEN: 1, State.OPEN: 2, State.FLAGGED: 1}


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    """A smaller one is the beginning of a larger one."""
    rows = [PROVEN] * 50
    one, same, other = (ranked(Wanted(seed=seed), *rows).order for seed in (1, 1, 2))
    assert one == same != other
    assert sorted(one) == list(range(50)) != one


def test_a_twin_adds_its_finding_to_the_row_that_came_before() -> None:
    """It is no other row."""
    ranking = ranked(Wanted(), flagged("rewritten"), PROVEN)
    ranking.add(Judged(0, "", Judgement((Finding("duplicate"),))))
    assert len(ranking) == 2
    assert ranking.twins == {0: [Finding("duplicate")]}


def test_rows_that_nothing_judges_come_in_input_order() -> None:
    """They have no state."""
    ranking = Ranking(Wanted())
    for index in (3, 4, 7):
        ranking.add_unjudged(index)
    assert ranking.order == [3, 4, 7]
    assert not ranking.states
