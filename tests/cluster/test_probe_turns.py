"""Whose turn it is to find out what a server takes."""

from asyncgen.chat import NO_FINDINGS, Adaptation, Findings, RequestShape
from asyncgen.cluster.probe_turns import SILENCE, ProbeTurns

FIELDS = ("max_tokens", "top_p")
SHAPE, ANOTHER = (RequestShape("", step, FIELDS) for step in ("paraphrase", "reasoning"))
BOTH, ONE, NONE = frozenset({SHAPE, ANOTHER}), frozenset({SHAPE}), frozenset[RequestShape]()
REFUSED = Adaptation("", "paraphrase", FIELDS, "top_p", None)


def test_a_shape_is_probed_by_the_one_who_asked_first_until_it_is_proven() -> None:
    """Each shape for itself; nobody needs a turn after that."""
    turns = ProbeTurns()
    assert turns.report(0, 0, NO_FINDINGS, ONE) == (NO_FINDINGS, ONE)
    assert turns.report(0, 1, NO_FINDINGS, BOTH) == (NO_FINDINGS, frozenset({ANOTHER}))
    found = Findings((REFUSED,), ONE)
    assert turns.report(1, 0, found, NONE) == (found, NONE)
    assert turns.report(1, 1, NO_FINDINGS, BOTH) == (found, frozenset({ANOTHER}))


def test_a_worker_without_calls_of_the_shape_loses_its_turn() -> None:
    """Its pair has failed: another one finds it out."""
    turns = ProbeTurns()
    turns.report(0, 0, NO_FINDINGS, ONE)
    turns.report(1, 0, Findings((REFUSED,)), NONE)
    assert turns.report(2, 1, NO_FINDINGS, ONE) == (Findings((REFUSED,)), ONE)
    assert turns.report(3, 0, NO_FINDINGS, ONE)[1] == NONE


def test_a_worker_that_is_silent_or_has_left_loses_its_turn() -> None:
    """Not before it is likely to be dead."""
    turns = ProbeTurns()
    turns.report(0, 0, NO_FINDINGS, ONE)
    for second in range(1, int(SILENCE)):
        assert turns.report(second, 1, NO_FINDINGS, ONE)[1] == NONE
    assert turns.report(SILENCE, 1, NO_FINDINGS, ONE)[1] == ONE
    turns.leave(1)
    assert turns.report(SILENCE, 2, NO_FINDINGS, ONE)[1] == ONE


def test_a_pause_of_all_costs_nobody_its_turn() -> None:
    """Of two who wake up together, one is heard first."""
    turns = ProbeTurns()
    turns.report(0, 0, NO_FINDINGS, ONE)
    turns.report(1, 1, NO_FINDINGS, ONE)
    assert turns.report(10 * SILENCE, 1, NO_FINDINGS, ONE)[1] == NONE
    assert turns.report(10 * SILENCE, 0, NO_FINDINGS, ONE)[1] == ONE


def test_a_new_keeper_of_turns_learns_all_from_the_next_reports() -> None:
    """Each of them says everything."""
    turns = ProbeTurns()
    found = Findings((REFUSED,), ONE)
    assert turns.report(0, 1, found, NONE) == (found, NONE)
    assert turns.report(0, 0, NO_FINDINGS, ONE) == (found, NONE)
