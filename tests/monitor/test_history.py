"""What is read back from events and calls: sessions, storms, crashes, and sums that thinning does not change."""

import json
import random
from dataclasses import asdict
from math import isclose
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.events import EndpointUse, Planned
from asyncgen.monitor.history import Calls, History
from asyncgen.monitor.report.record import RunRecord

from .lines import EVENING, ended, line, paused, sampled, started
from .samples import sample


def read(*pieces: bytes) -> History:
    """A history of these lines."""
    history = History()
    for one in b"".join(pieces).splitlines(keepends=True):
        history.feed(one)
    history.settle()
    return history


def test_a_session_without_an_end_is_told_from_one_that_ended():
    """The first was killed; the second said why it ended."""
    killed, stopped = read(
        started(0, pid=1),
        sampled(5, sample(done=4)),
        started(60, pid=2, first=4),
        sampled(65, sample(done=9)),
        ended(66, 130, "interrupted"),
    ).sessions

    assert killed.ended is None
    assert (killed.began, killed.last, killed.done) == (EVENING, EVENING + 5, 4)
    assert stopped.ended == (130, "interrupted")
    assert (stopped.resumed_from, stopped.done) == (4, 5)


def test_the_settings_of_which_the_reason_speaks_are_kept():
    """Of an older version, which kept none, a budget's reason has named one or both of two."""
    new = line(1, "ProcessEnded", exit_code=4, reason="…", settings=["max_cost"])
    assert read(started(0), new).sessions[0].named == ("max_cost",)
    assert read(started(0), ended(1, 4, "…")).sessions[0].named == ("max_cost", "max_total_tokens")
    assert read(started(0), ended(1, 75, "…")).sessions[0].named == ()


def test_lines_that_are_no_event_are_passed_over():
    """A torn line, a line of nothing, an event of a later version, a sample of another shape."""
    history = read(
        started(0),
        b'{"event":"Sample","time":"2026-1\n',
        b"\xff\xfe\n",
        b"[1]\n",
        line(2, "Confetti", colour="blue"),
        sampled(3, sample(done=7)),
        line(4, "Sample", done=1),
        line(5, "PairFailed"),
    )
    assert [session.done for session in history.sessions] == [7]


ENDPOINT = EndpointUse("a", 2, 8, "requests", None, rests=False)
EVENTS: dict[str, dict[str, Any]] = {
    "Sample": asdict(sample(done=7, calls=21, endpoints=(ENDPOINT,), requests=21.0)),
    "Planned": asdict(Planned(100, 300, 150_000, 60_000, 0.1, 0.2, 90.0, "requests")),
}


def test_events_of_a_later_version_are_read():
    """Fields that this version does not know are ignored, on every level."""
    later = {name: event | {"mood": "good"} for name, event in EVENTS.items()}
    for use in ("limits", "endpoints"):
        later["Sample"] = later["Sample"] | {use: [one | {"mood": "good"} for one in EVENTS["Sample"][use]]}
    of_this, of_later = (
        read(started(0), *(line(1, name, **event) for name, event in events.items())).sessions[0]
        for events in (EVENTS, later)
    )
    assert of_later == of_this
    assert of_later.sample is not None
    assert of_later.sample.endpoints[0].waiting_on == "requests"
    assert of_later.planned is not None


@pytest.mark.parametrize(
    ("event", "lacking"),
    [
        (event, field)
        for event, event_fields in EVENTS.items()
        for field in event_fields
        if field not in {"done", "total"}  # without these it is no sample
    ],
)
def test_events_of_an_earlier_version_are_read(event, lacking):
    """A field that did not exist yet counts nothing, and everything else is there."""
    earlier = {name: value for name, value in EVENTS[event].items() if name != lacking}
    session = read(started(0), line(1, event, **earlier)).sessions[0]
    found = session.sample if event == "Sample" else session.planned
    assert found is not None
    told = asdict(found)
    assert {name: told[name] for name in earlier} == earlier
    assert not told[lacking]


def test_an_endpoint_of_an_earlier_version_is_read():
    """Its name is enough."""
    endpoint = {"endpoints": [{"name": "a"}]}
    session = read(started(0), line(1, "Sample", **EVENTS["Sample"] | endpoint)).sessions[0]
    assert session.sample is not None
    assert session.sample.endpoints == (EndpointUse("a", 0, 0, None, None, rests=False),)


def test_a_repair_and_the_run_behind_it_both_count():
    """Two repaired pairs and ten new ones in one process; each counts from its own beginning."""
    history = read(
        line(0, "ProcessStarted", version="0.1.0", pid=1, command="", settings={}),
        line(0, "RepairStarted", pairs=2),
        sampled(1, sample(total=2)),
        sampled(2, sample(total=2, done=2, calls=2)),
        line(2, "RunStarted", first=90, total=100, resumed=True),
        sampled(3, sample(done=90, calls=2)),
        sampled(9, sample(done=100, calls=12)),
    )
    assert history.sessions[0].done == 12


def test_pauses_soon_after_each_other_are_one_storm():
    """Overlapping time is waited for once; after a longer quiet than the pause itself the next one begins."""
    history = read(started(0), paused(10, 4), paused(12, 4), paused(17, 4), paused(60, 1))
    assert [(storm.began - EVENING, storm.ends - EVENING) for storm in history.storms] == [(10, 21), (60, 61)]
    assert [(storm.paused, storm.pauses) for storm in history.storms] == [(10.0, 3), (1.0, 1)]


def test_a_pause_ends_with_its_process():
    """Nobody waits for the rest of it: not after the end, nor between a crash and the next start."""
    history = read(started(0), paused(10, 60), ended(12, 75), started(100), paused(110, 60), started(200))
    assert [(storm.ends - EVENING, storm.paused) for storm in history.storms] == [(12, 2.0), (110, 0.0)]
    history = read(started(0), paused(10, 4), paused(12, 60), ended(20, 75))
    assert [(storm.ends - EVENING, storm.paused) for storm in history.storms] == [(20, 10.0)]


def test_a_short_pause_now_and_then_is_no_storm():
    """A thousand of them are not kept, and do not grow together."""
    history = read(started(0), *(paused(3 * place, 0.05) for place in range(1000)), paused(4000, 2))
    assert [storm.paused for storm in history.storms] == [2]


def recorded(lines: list[bytes]) -> RunRecord:
    """The record of these lines."""
    record = RunRecord()
    history = History(record.observe)
    for one in b"".join(lines).splitlines(keepends=True):
        history.feed(one)
    return record


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_dropping_samples_loses_nothing(steps: list[int], draw: random.Random):
    """Any samples but the last of a session may be missing: all sums stay the same."""
    lines, sums = [started(0)], 0
    for second, step in enumerate(steps, start=1):
        sums += step
        counts = {"done": sums, "calls": 3 * sums, "refused": sums // 2, "cost": 0.25 * sums}
        lines.append(sampled(second, sample(**counts, requests=3.0 * sums)))
    thinned = [*lines[:1], *(one for one in lines[1:-1] if draw.random() < 0.3), lines[-1]]

    everything, rest = recorded(lines).timeline, recorded(thinned).timeline

    for name in ("pairs", "calls", "refused", "cost", "seconds", "spent:requests"):
        assert isclose(everything.total(name), rest.total(name), abs_tol=1e-6)
    assert isclose(rest.total("pairs"), sums, abs_tol=1e-6)
    assert isclose(rest.total("seconds"), len(steps), abs_tol=1e-6)


def test_the_time_between_sessions_is_cut_out():
    """Ten seconds, an hour off, five seconds: fifteen on the axis, and its moments are those of the clock."""
    record = recorded(
        [started(0), sampled(10, sample(done=5)), started(3600, first=5), sampled(3605, sample(done=9))]
    )
    assert record.length == 15
    assert record.timeline.total("pairs") == 9
    assert record.moment(12.0) == EVENING + 3602


def test_calls_add_up_by_outcome_step_and_attempt():
    """Torn lines do not count; the slowest answers are kept."""
    calls = Calls()
    answer = {"step": "a", "attempt": 1, "outcome": "ok", "status": 200, "waited": 0.1}
    for took in range(1, 9):
        calls.feed(json.dumps({**answer, "index": took, "took": took}).encode())
    refusal = {"attempt": 2, "outcome": "rate_limit", "status": 429, "waited": 3}
    calls.feed(json.dumps({**answer, **refusal, "index": 9, "took": 1}).encode())
    calls.feed(b'{"index": 10, "step": "a", "att')

    assert calls.attempts == 9
    assert calls.outcomes == {("ok", 200): 8, ("rate_limit", 429): 1}
    assert calls.latency.count == calls.steps["a"].count == 8
    assert calls.waits.largest == 3
    assert calls.answers_by_attempt == {1: 8}
    assert [took for took, _, _ in calls.slowest] == [8, 7, 6, 5, 4]


def test_calls_are_refused_by_their_outcome():
    """Not by a status: 529 is an overload, and 429 may say that the credit is used up."""
    calls = Calls()
    for outcome, status in (("overloaded", 529), ("rate_limit", 400), ("rate_limit", 429), ("quota", 429)):
        line = {
            "index": 0,
            "step": "a",
            "attempt": 1,
            "outcome": outcome,
            "status": status,
            "waited": 0,
            "took": 1,
        }
        calls.feed(json.dumps(line).encode())
    assert (calls.attempts, calls.refused) == (4, 3)
