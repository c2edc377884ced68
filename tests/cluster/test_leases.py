"""Shares of an account's limits: fair, never more than there is, and nothing left lying."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.cluster.lease_holder import CONFIRMED
from asyncgen.cluster.leases import DECAY, HUNGRY, MOST, SILENCE, Leases, allocate, demand, left_of

WANTED = st.dictionaries(st.integers(0, 9), st.floats(0, 1), min_size=1)
SECOND = 1.0


class Workers:
    """Workers at one coordinator, each of which uses what it is leased, from when it sent its report."""

    def __init__(self, number: int, now: float = 0.0) -> None:
        self.number = number
        self.leases = Leases(number, now)
        self._held: dict[int, tuple[float, float]] = {}

    def share(self, now: float, worker: int) -> float:
        """What a worker may use."""
        share, since = self._held.get(worker, (0.0, now))
        return left_of(share, now - since)

    def whole(self, now: float) -> float:
        """What all of them may use."""
        return sum(self.share(now, worker) for worker in self._held)

    def report(self, now: float, worker: int, wanted: float, late: float = 0.0, *, lost: bool = False) -> float:
        """Let a worker report: it arrives so many seconds late, and the reply may be lost; returns its share."""
        share = self.leases.report(now + late, worker, wanted, self.share(now, worker)).share
        if not lost:
            self._held[worker] = share, now
        return self.share(now, worker)

    def rounds(self, wanted: dict[int, float], start: float = 0.0, number: int = 3) -> dict[int, float]:
        """Everybody reports once a second, and at once again when it was given less; the shares then."""
        found = {}
        for second in range(number):
            now = start + second
            for worker, amount in wanted.items():
                before = self.share(now, worker)
                found[worker] = self.report(now, worker, amount)
                if found[worker] < before - CONFIRMED:
                    found[worker] = self.report(now, worker, amount)
        return found

    def leave(self, worker: int) -> None:
        """A worker has nothing more to do, and uses nothing."""
        self.leases.leave(worker)
        self._held.pop(worker, None)

    def die(self, worker: int) -> None:
        """A worker's process dies; a new one holds nothing."""
        self._held.pop(worker, None)


def fair_ones(number: int) -> Workers:
    """So many workers that all want much and have had their shares for a while, at second 0."""
    workers = Workers(number, -4.0)
    workers.rounds(dict.fromkeys(range(number), 1.0), -4.0, 5)
    return workers


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
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.floats(0, 1),
            st.floats(0, 4),
            st.floats(0, 2),
            st.sampled_from(["report", "report", "report", "lost", "leave", "death", "coordinator"]),
        ),
        max_size=40,
    ),
)
def test_what_workers_use_never_adds_up_to_more_than_the_whole(number, steps):
    """Whoever reports when, comes, goes, dies, or falls silent; replies are lost, and the coordinator as well."""
    workers, now = Workers(number), 0.0
    for place, wanted, wait, late, what in steps:
        worker = place % number
        now += wait
        assert workers.whole(now) <= 1 + 1e-9
        if what == "coordinator":
            workers.leases = Leases(number, now)
        elif what == "leave":
            workers.leave(worker)
        elif what == "death":
            workers.die(worker)
        else:
            assert 0 <= workers.report(now, worker, wanted, late, lost=what == "lost") <= 1
            now += late
        assert workers.whole(now) <= 1 + 1e-9
        assert sum(workers.leases.in_force(now).values()) <= 1 + 1e-9


def test_in_the_beginning_nobody_has_anything_until_all_have_reported():
    """Then each has its fair part."""
    workers = Workers(3)
    wanted = dict.fromkeys(range(3), 1.0)
    assert workers.rounds(wanted, 0.0, 1) == pytest.approx({0: 0, 1: 0, 2: 1 / 3})
    assert workers.rounds(wanted, 1.0, 1) == pytest.approx(dict.fromkeys(range(3), 1 / 3))


def test_who_is_not_heard_of_in_the_beginning_is_not_waited_for_long():
    """It holds nothing, nor does a process before it any more."""
    workers = Workers(2)
    assert workers.report(SILENCE + DECAY - 0.1, 0, 1.0) == 0
    assert workers.report(SILENCE + DECAY, 0, 1.0) == MOST


@given(st.dictionaries(st.integers(0, 4), st.floats(0, 1), min_size=5))
def test_after_three_rounds_the_shares_are_the_fair_ones(wanted):
    """In the first all are heard, in the second some give back, in the third the others have it."""
    found = Workers(5).rounds(wanted)
    assert sum(found.values()) == pytest.approx(1)
    fair = allocate({worker: max(amount, 0.01) for worker, amount in wanted.items()})
    assert found == pytest.approx(fair)


def test_what_one_does_not_use_another_has_a_second_later_and_gives_back_when_it_is_wanted():
    """One is idle for a while."""
    workers = fair_ones(2)
    assert workers.rounds({1: 0.0, 0: 1.0}, SECOND, 1)[0] > 0.95
    assert workers.rounds({0: 1.0, 1: 1.0}, 2 * SECOND, 2) == {0: 0.5, 1: 0.5}


def test_a_share_that_a_worker_may_not_have_heard_is_smaller_is_not_given_to_another():
    """The reply to the report in which it wanted less is lost."""
    workers = fair_ones(2)
    assert workers.report(SECOND, 1, 0.0, lost=True) == 0.5
    assert workers.report(SECOND, 0, 1.0) == 0.5


def test_a_worker_that_falls_silent_keeps_its_share_for_a_moment_and_loses_it_bit_by_bit():
    """It may only be busy; after that, the others have all. It does not use more than that itself."""
    workers = fair_ones(2)
    times = [now / 2 for now in range(1, int(2 * (SILENCE + DECAY)) + 1)]
    shares = [workers.report(now, 0, 1.0) for now in times]
    assert [share for share, now in zip(shares, times, strict=True) if now <= SILENCE] == [0.5] * int(2 * SILENCE)
    assert shares == sorted(shares)
    assert (shares[-1], workers.share(times[-1], 1)) == pytest.approx((MOST, 0))


def test_a_new_coordinator_lets_no_share_grow_until_it_has_heard_all():
    """It does not know what the one before has leased to whom."""
    workers = fair_ones(2)
    workers.rounds({0: 1.0, 1: 0.1}, SECOND)
    before = workers.share(4 * SECOND, 1)
    workers.leases = Leases(2, 4 * SECOND)
    assert workers.report(4 * SECOND, 1, 1.0) == before
    assert workers.rounds({0: 1.0, 1: 1.0}, 5 * SECOND, 2) == {0: 0.5, 1: 0.5}


def test_a_worker_that_leaves_gives_all_back_at_once():
    """It has told so."""
    workers = fair_ones(2)
    workers.leave(1)
    assert workers.report(SECOND, 0, 1.0) == MOST


def test_only_a_worker_that_is_alone_has_the_whole():
    """And so what the server grants in bursts, which one of several would use up before the others come back."""
    assert Workers(1).report(0.0, 0, 1.0) == 1
    assert fair_ones(2).rounds({1: 0.0, 0: 1.0}, SECOND)[0] < 1


def test_a_worker_that_comes_again_is_given_room_by_the_others():
    """After a restart, or one that nobody knew."""
    workers = fair_ones(1)
    assert workers.report(0.0, 0, 1.0) == 1
    assert workers.report(0.0, 7, 1.0) == 0
    assert workers.rounds({0: 1.0, 7: 1.0}, SECOND, 2) == {0: 0.5, 7: 0.5}


def test_a_pause_of_one_holds_for_all_until_its_end():
    """And is no shorter because another one knows of none."""
    leases = Leases(2, 0.0)
    assert leases.report(0.0, 0, 1.0, 0.5, {"a": 10.0, "b": 2.0}).pauses == {"a": 10, "b": 2}
    assert leases.report(4.0, 1, 1.0, 0.5, {"b": 0.0}).pauses == {"a": 6}
    assert leases.report(11.0, 1, 1.0, 0.5).pauses == {}


@given(st.floats(0, 0.2), st.integers(1, 200))
def test_a_pause_does_not_grow_by_being_reported_back(late, times):
    """The way there and back takes time, and what is left is reported by all who were told."""
    leases, now = Leases(2, 0.0), 0.0
    left = leases.report(0.0, 0, 1.0, 0.5, {"": 30.0}).pauses[""]
    for turn in range(times):
        now += SECOND
        pauses = {"": max(0.0, left - SECOND + late)}
        left = leases.report(now, turn % 2, 1.0, 0.5, pauses).pauses.get("", 0.0)
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
