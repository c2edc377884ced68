"""Shares and what can be concluded from them."""

from functools import cache
from random import Random

import pytest

from asyncgen.quality.judge.intervals import Outcomes, estimate, wilson
from asyncgen.quality.judge.verdict import Meaning, Verdict
from asyncgen.simulator.draws import unit
from tests.effort import JUDGED

ERROR = 0.1
SEEDS = range(JUDGED)
ROWS, SHARE_OF_BAD, KNOWN = 250, 0.12, 30


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (0, 0, 0.0, 1.0),
        (1, 30, 0.0059, 0.1667),
    ],
)
def test_the_interval_of_a_share_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    """Against published values; nothing is known of an empty sample."""
    share = wilson(hits, of)
    assert (share.low, share.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.timeout(120)  # two hundred thousand draws
@pytest.mark.parametrize("together", [False, True])
def test_the_truth_lies_within_the_interval_as_often_as_it_says(together: bool) -> None:
    """At least 9 times of 10, for seeds that were fixed beforehand; whether both orders err together or not."""
    within = {"bad": 0, "bad_in_same": 0}
    for seed in SEEDS:
        rng = Random(seed)
        truth = [rng.random() < SHARE_OF_BAD for _ in range(ROWS)]
        judged = [judge(seed, number, bad=bad, together=together) for number, bad in enumerate(truth)]
        known = {
            bad: [judge(seed, 10_000 + 2 * number + bad, bad=bad, together=together) for number in range(KNOWN)]
            for bad in (False, True)
        }
        found = estimate(outcomes(judged), outcomes(known[True]), outcomes(known[False]))
        assert found is not None
        same = [bad for bad, meaning in zip(truth, judged, strict=True) if meaning is Meaning.SAME]
        within["bad"] += found.bad.low <= sum(truth) / ROWS <= found.bad.high
        within["bad_in_same"] += found.bad_in_same.low <= sum(same) / len(same) <= found.bad_in_same.high
    assert min(within.values()) >= 0.9 * JUDGED, within


def judge(seed: int, number: int, *, bad: bool, together: bool) -> Meaning:
    """A verdict of the simulated judge, which errs with the chance that its profile says, by its own draws."""
    keys = (2 * number, 2 * number + (not together))
    return meaning(*((unit(seed, key, "judge") < ERROR) == bad for key in keys))


@cache
def meaning(*said: bool) -> Meaning:
    """What two answers come to."""
    forward, backward = (
        {"same_meaning": one, "kind": "", "severity": "", "before": "", "after": ""} for one in said
    )
    return Verdict.of(forward, backward).meaning


def outcomes(meanings: list[Meaning]) -> Outcomes:
    """How often each."""
    return Outcomes(*(meanings.count(one) for one in (Meaning.SAME, Meaning.OPEN, Meaning.DIFFERENT)))


def test_a_judge_that_never_errs_leaves_its_count() -> None:
    """With many known cases the interval closes around it."""
    found = estimate(Outcomes(90, 0, 10), Outcomes(0, 0, 1000), Outcomes(1000, 0, 0))
    assert found is not None
    assert found.bad.value == pytest.approx(0.1)
    assert found.bad_in_same.value == 0
    assert found.bad_in_same.high < 0.01


@pytest.mark.parametrize(
    ("judged", "known"),
    [(Outcomes(50, 0, 50), Outcomes(15, 0, 15)), (Outcomes(6, 0, 0), Outcomes(30, 0, 0))],
    ids=["by chance", "always the same"],
)
def test_of_a_judge_that_cannot_tell_nothing_is_concluded(judged: Outcomes, known: Outcomes) -> None:
    """It rejects bad ones as often as good ones: a share of 0 % would be its own invention."""
    assert estimate(judged, known, known) is None


@pytest.mark.parametrize(
    ("judged", "bad", "good"),
    [
        (Outcomes(0, 0, 0), Outcomes(0, 0, 9), Outcomes(9, 0, 0)),
        (Outcomes(5, 0, 0), Outcomes(0, 0, 0), Outcomes(9, 0, 0)),
        (Outcomes(5, 0, 0), Outcomes(0, 0, 9), Outcomes(0, 0, 0)),
    ],
)
def test_nothing_is_said_without_cases_of_each_side(judged: Outcomes, bad: Outcomes, good: Outcomes) -> None:
    """There is nothing to conclude from."""
    assert estimate(judged, bad, good) is None


def test_nothing_judged_the_same_is_no_division_by_nothing() -> None:
    """All were rejected."""
    found = estimate(Outcomes(0, 0, 8), Outcomes(0, 0, 9), Outcomes(9, 0, 0))
    assert found is not None
    assert found.bad_in_same.value == 0
