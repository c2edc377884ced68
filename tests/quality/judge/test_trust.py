"""Verdicts, and how far rows can be trusted."""

from typing import Any

import pytest

from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.trust import ACCEPTED, Trust, trust_of
from asyncgen.quality.judge.verdict import Meaning, Verdict


def answer(*, same: bool, before: str = "", after: str = "") -> dict[str, Any]:
    """An answer of the judge."""
    kind = "none" if same else "number"
    return {"same_meaning": same, "kind": kind, "severity": "major", "before": before, "after": after}


def test_both_orders_must_agree() -> None:
    """Where they do not, the case stays open, with the words of the one that objects."""
    assert Verdict.of(answer(same=True), answer(same=True)) == Verdict(Meaning.SAME)
    differs = Verdict.of(answer(same=False, before="3", after="4"), answer(same=False, before="4", after="3"))
    assert differs == Verdict(Meaning.DIFFERENT, "number", "major", "3", "4")
    torn = Verdict.of(answer(same=True), answer(same=False, before="4", after="3"))
    assert torn == Verdict(Meaning.OPEN, "number", "major", "3", "4")


@pytest.mark.parametrize(
    ("state", "kinds", "meaning", "trust"),
    [
        (State.PROVEN, (), None, Trust.PROVEN),
        (State.OPEN, (), None, Trust.OPEN),
        (State.OPEN, (), Meaning.OPEN, Trust.OPEN),
        (State.OPEN, (), Meaning.SAME, Trust.JUDGED),
        (State.OPEN, (), Meaning.DIFFERENT, Trust.REJECTED),
        (State.FLAGGED, ("number",), None, Trust.FLAGGED),
        (State.FLAGGED, ("number",), Meaning.SAME, Trust.JUDGED),
        (State.FLAGGED, ("number", "preamble"), Meaning.SAME, Trust.FLAGGED),
        (State.FLAGGED, ("leak",), Meaning.SAME, Trust.FLAGGED),
        (State.FLAGGED, ("preamble",), Meaning.DIFFERENT, Trust.REJECTED),
    ],
)
def test_the_judge_overrules_the_rules_on_the_meaning_alone(
    state: State, kinds: tuple[str, ...], meaning: Meaning | None, trust: Trust
) -> None:
    """It sees two texts, and nothing of reasoning, form or the pair's error."""
    assert trust_of(state, kinds, meaning) is trust


def test_each_choice_takes_what_the_stricter_one_takes() -> None:
    """Proven, judged, not flagged, all."""
    assert ACCEPTED["proven"] < ACCEPTED["judged"] < ACCEPTED["not-flagged"] < ACCEPTED["all"]
