"""Faults: decided by what is asked and which attempt it is, and by nothing else."""

from collections import Counter

import pytest

from asyncgen.simulator import Faults, Storm
from asyncgen.simulator.draws import Draws, body_key, draw, lognormal, pick
from asyncgen.simulator.faults import Fault, FaultPlan, storm_hit
from asyncgen.simulator.profile import FAULT_KINDS


def drawn(fault: float = 0.5, storm: float = 0.5) -> Draws:
    """Draws that came out so."""
    return Draws(fault=fault, latency=0.5, storm=storm)


def test_draws_are_fixed_across_processes() -> None:
    """The same seed, body and attempt draw the same numbers everywhere; each of them matters."""
    key = body_key(b"{}")
    assert key == 137279666008780115
    assert draw(1, key, 1) == pytest.approx((0.7489, 0.8266, 0.5976), abs=1e-4)
    assert len({draw(1, key, 1), draw(2, key, 1), draw(1, key + 1, 1), draw(1, key, 2)}) == 4


def test_draws_and_picks_are_spread_evenly() -> None:
    """Over many bodies the draws are uniform, and the latencies have the median asked for."""
    draws = [draw(0, key, 1) for key in range(2000)]
    assert sum(one.fault for one in draws) / 2000 == pytest.approx(0.5, abs=0.02)
    assert sorted(lognormal(0.2, 0.3, one.latency) for one in draws)[1000] == pytest.approx(0.2, rel=0.05)
    assert min(Counter(pick(key, "x", 4) for key in range(2000)).values()) > 400


def test_shares_are_kept() -> None:
    """Each kind hits about its share of the attempts."""
    plan = FaultPlan(Faults(drop=0.1, hang=0.2))
    hits = Counter(plan.hit(b"", 1, draw(0, key, 1)) for key in range(5000))
    assert hits[Fault("drop")] / 5000 == pytest.approx(0.1, abs=0.02)
    assert hits[Fault("hang")] / 5000 == pytest.approx(0.2, abs=0.02)
    assert hits[None] / 5000 == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_each_kind_can_be_all_there_is(kind: str) -> None:
    """A share of 1 hits every attempt with that kind."""
    plan = FaultPlan(Faults(**{kind: 1.0}))
    for fault in (1e-9, 0.5, 1 - 1e-9):
        hit = plan.hit(b"", 1, drawn(fault))
        assert hit is not None
        assert hit.kind == kind


def test_once_spares_later_attempts() -> None:
    """With `once`, a request that was hit is answered when asked again."""
    plan = FaultPlan(Faults(drop=1.0, once=True))
    assert plan.hit(b"", 1, drawn()) == Fault("drop")
    assert plan.hit(b"", 2, drawn()) is None


def test_matching_content_always_fails() -> None:
    """A request with the substring gets its fault at every attempt, others none."""
    plan = FaultPlan(Faults(fail_matching="°C", fail_kind="context_length", once=True))
    for attempt in (1, 2, 9):
        assert plan.hit("at 38 °C".encode(), attempt, drawn()) == Fault("context_length")
    assert plan.hit(b"at 38 C", 1, drawn()) is None


def test_only_rate_limits_say_how_long() -> None:
    """The wait of the profile goes with `rate_limit` alone."""
    faults = {"retry_after_s": 0.25}
    assert FaultPlan(Faults(rate_limit=1.0, **faults)).hit(b"", 1, drawn()) == Fault("rate_limit", 0.25)
    assert FaultPlan(Faults(overloaded=1.0, **faults)).hit(b"", 1, drawn()) == Fault("overloaded", 0.0)


def test_the_account_fails_from_the_nth_request_on() -> None:
    """Before N all is well, from N on it stays bad; a refused key comes before a spent quota."""
    plan = FaultPlan(Faults(quota_after=3, auth_after=5))
    assert [plan.account(request) for request in range(1, 7)] == [
        None,
        None,
        "quota",
        "quota",
        "auth",
        "auth",
    ]
    assert FaultPlan(Faults()).account(10**6) is None


def test_a_storm_has_a_beginning_an_end_and_a_share() -> None:
    """Requests are refused from `start_s` on for `duration_s`, those below the share alone."""
    storm = Storm(start_s=2, duration_s=5, share=0.9, retry_after_s=3)
    hits = {at: storm_hit(storm, at, drawn(storm=0.5)) for at in (0.0, 1.99, 2.0, 6.99, 7.0)}
    hit = Fault("rate_limit", 3.0)
    assert hits == {0.0: None, 1.99: None, 2.0: hit, 6.99: hit, 7.0: None}
    assert storm_hit(storm, 3.0, drawn(storm=0.95)) is None
