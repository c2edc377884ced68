"""Shares of an account's limits: fair, never more than there is, and nothing left lying."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.cluster.leases import DECAY, HUNGRY, SILENCE, Leases, allocate, demand

WANTED = st.dictionaries(st.integers(0, 9), st.floats(0, 1), min_size=1)
SECOND = 1.0


def rounds(leases: Leases, wanted: dict[int, float], start: float, number: int = 3) -> dict[int, float]:
    """Everybody reports once a second; the shares then."""
    found = {}
    for second in range(number):
        for worker, amount in wanted.items():
            found[worker] = leases.report(start + second, worker, amount).share
    return found


@given(WANTED)
def test_all_is_given_out(wanted):
    """What nobody wants is divided too."""
    assert sum(allocate(wanted).values()) == pytest.approx(1)


@given(WANTED)
def test_who_wants_less_than_an_equal_part_gets_it(wanted):
    """And nobody gets less than an equal part who wants one."""
    shares = allocate(wanted)
    assert all(shares[one] >= min(amount, 1 / len(wanted)) - 1e-9 for one, amount in wanted.items())


@given(WANTED)
def test_shares_are_max_min_fair(wanted):
    """Who wants more gets no less; and nobody has more than another who still wants some."""
    spare = max(0.0, 1 - sum(wanted.values())) / len(wanted)
    shares = allocate(wanted)
    ordered = sorted(wanted, key=wanted.__getitem__)
    assert all(shares[less] <= shares[more] + 1e-9 for less, more in pairwise(ordered))
    unsatisfied = [shares[one] for one, amount in wanted.items() if shares[one] - spare < amount - 1e-9]
    assert all(share <= min(unsatisfied) + 1e-9 for share in shares.values() if unsatisfied)


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 7), st.floats(0, 1), st.floats(0, 4), st.booleans())),
)
def test_the_leases_in_force_never_add_up_to_more_than_the_whole(workers, reports):
    """Whoever reports when, comes, goes, or falls silent."""
    leases, now = Leases(workers, 0.0), 0.0
    for worker, wanted, wait, leaves in reports:
        now += wait
        if leaves:
            leases.leave(worker)
        else:
            assert 0 <= leases.report(now, worker, wanted).share <= 1
        assert sum(leases.shares.values()) <= 1 + 1e-9


def test_in_the_beginning_everybody_has_an_equal_part():
    """Which is what they use that have heard nothing."""
    assert rounds(Leases(4, 0.0), dict.fromkeys(range(4), 1.0), 0.0, 1) == dict.fromkeys(range(4), 0.25)


@given(st.dictionaries(st.integers(0, 4), st.floats(0, 1), min_size=5))
def test_after_two_rounds_the_shares_are_the_fair_ones(wanted):
    """In the first some give back, in the second the others have it."""
    found = rounds(Leases(5, 0.0), wanted, SECOND)
    assert sum(found.values()) == pytest.approx(1)
    fair = allocate({worker: max(amount, 0.01) for worker, amount in wanted.items()})
    assert found == pytest.approx(fair)


def test_what_one_does_not_use_another_has_a_second_later_and_gives_back_when_it_is_wanted():
    """One is idle for a while."""
    leases = Leases(2, 0.0)
    assert rounds(leases, {0: 1.0, 1: 0.0}, SECOND)[0] > 0.95
    assert rounds(leases, {0: 1.0, 1: 1.0}, 4 * SECOND, 2) == {0: 0.5, 1: 0.5}


def test_a_worker_that_falls_silent_keeps_its_share_for_a_moment_and_loses_it_bit_by_bit():
    """It may only be busy; after that, the others have all."""
    leases = Leases(2, 0.0)
    leases.report(0.0, 1, 1.0)
    shares = [leases.report(now / 2, 0, 1.0).share for now in range(int(2 * (SILENCE + DECAY)) + 1)]
    assert shares[: int(2 * SILENCE) + 1] == [0.5] * (int(2 * SILENCE) + 1)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_a_worker_that_leaves_gives_all_back_at_once():
    """It has told so."""
    leases = Leases(2, 0.0)
    leases.leave(1)
    assert leases.report(0.0, 0, 1.0).share == 1


def test_a_worker_that_comes_again_is_given_room_by_the_others():
    """After a restart, or one that nobody knew."""
    leases = Leases(1, 0.0)
    assert leases.report(0.0, 0, 1.0).share == 1
    assert leases.report(0.0, 7, 1.0).share == 0
    assert rounds(leases, {0: 1.0, 7: 1.0}, SECOND, 1) == {0: 0.5, 7: 0.5}


def test_a_pause_of_one_holds_for_all_until_its_end():
    """And is no shorter because another one knows of none."""
    leases = Leases(2, 0.0)
    assert leases.report(0.0, 0, 1.0, {"a": 10.0, "b": 2.0}).pauses == {"a": 10, "b": 2}
    assert leases.report(4.0, 1, 1.0, {"b": 0.0}).pauses == {"a": 6}
    assert leases.report(11.0, 1, 1.0).pauses == {}


@given(st.floats(0, 0.2), st.integers(1, 200))
def test_a_pause_does_not_grow_by_being_reported_back(late, times):
    """The way there and back takes time, and what is left is reported by all who were told."""
    leases, now = Leases(2, 0.0), 0.0
    left = leases.report(0.0, 0, 1.0, {"": 30.0}).pauses[""]
    for turn in range(times):
        now += SECOND
        pauses = {"": max(0.0, left - SECOND + late)}
        left = leases.report(now, turn % 2, 1.0, pauses).pauses.get("", 0.0)
        assert now + left <= 30 + 1e-6 or left == 0


@given(st.floats(0.01, 1), st.floats(0, 1))
def test_who_is_held_back_or_uses_nearly_all_of_a_share_wants_any_amount(share, used):
    """Else what it uses, and some more."""
    assert demand(share, [0.0, used], held_back=True) == 1
    wanted = demand(share, [0.0, used], held_back=False)
    assert wanted == 1 if used >= HUNGRY * share else used <= wanted < 1.5 * HUNGRY * share + 1e-9


def test_where_no_limit_is_known_all_is_wanted():
    """So that a limit that appears finds everybody with an equal part."""
    assert demand(0.2, [], held_back=False) == 1
