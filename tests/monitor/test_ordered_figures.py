"""What `status`, the bar and the report show is in order, and moves with its inputs, never against them."""

import math
import re
import sys
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from asyncgen.cost import CacheUse, Spend
from asyncgen.events import LimitUse, Sample
from asyncgen.monitor.histogram import GROWTH, LEAST, LogHistogram
from asyncgen.monitor.history import History, Session
from asyncgen.monitor.report.axis import log_ticks, round_up, time_axis
from asyncgen.monitor.report.charts import HEIGHT, WIDTH, Series, distribution, over_time
from asyncgen.monitor.report.record import RunRecord
from asyncgen.monitor.run_status import Condition, Picture
from asyncgen.monitor.throughput import SPAN, Meter, Rates
from asyncgen.storage.checkpoint import RunState

from .lines import EVENING, line, paused, sampled, started
from .samples import sample

CLOSE = 1 + 1e-9
SECONDS = st.floats(0, 1e5)
LATENCIES = st.lists(SECONDS, min_size=1, max_size=60)
COURSES = st.lists(
    st.tuples(st.floats(0.5, 30), st.integers(0, 50), st.integers(0, 300), st.integers(0, 64), st.integers(1, 64)),
    min_size=2,
    max_size=40,
)
"""Of a process, a sample each: seconds, rows and calls since the last one, calls in flight, and their limit."""


def histogram_of(numbers: list[float]) -> LogHistogram:
    """A histogram of these numbers."""
    histogram = LogHistogram()
    for number in numbers:
        histogram.add(number)
    return histogram


def samples_of(course: list[tuple[float, int, int, int, int]], total: int = 10**6) -> list[tuple[float, Sample]]:
    """The samples of a process, each with its time."""
    at = done = calls = 0.0
    samples = []
    for passed, rows, sent, in_flight, limit in course:
        at, done, calls = at + passed, done + rows, calls + sent
        one = sample(total=total, done=int(done), calls=int(calls), in_flight=in_flight, concurrency=limit)
        uses = (LimitUse("requests", 600.0, calls), LimitUse("tokens", 60_000.0, 90 * calls))
        counts = {"prompt_tokens": int(7 * calls), "completion_tokens": int(3 * calls), "cost": calls / 1000}
        samples.append((at, replace(one, limits=uses, **counts)))
    return samples


def rates_of(samples: list[tuple[float, Sample]]) -> Rates:
    """The rates up to the last sample."""
    meter = Meter()
    for at, one in samples:
        meter.add(at, one)
    return meter.rates()


# Percentiles


@given(LATENCIES, st.floats(0, 1), st.floats(0, 1))
@example([0.0], 0.5, 0.99)
@example([LEAST, LEAST * GROWTH], 0.5, 0.51)
@example([1.0] * 99 + [50.0], 0.99, 1.0)
def test_percentiles_are_in_order_and_the_longest_is_the_last(
    numbers: list[float], one: float, other: float
) -> None:
    """Half, 90 %, 99 %, the longest; whatever the numbers."""
    histogram = histogram_of(numbers)
    shares = sorted([one, other, 0.5, 0.9, 0.99, 1.0])
    found = [histogram.quantile(share) for share in shares]
    assert found == sorted(found)
    assert found[-1] <= histogram.largest == max(numbers)


@given(LATENCIES, st.floats(1, 100), st.floats(0.01, 1))
@example([LEAST / 2], 2.0, 0.5)
def test_slower_answers_lower_no_percentile(numbers: list[float], factor: float, share: float) -> None:
    """Each takes longer; so does what a share of them keeps within."""
    before, after = histogram_of(numbers), histogram_of([number * factor for number in numbers])
    assert before.quantile(share) <= after.quantile(share) * CLOSE


@given(LATENCIES)
@example([0.0])
@example([0.9997])
@example([LEAST, 1e5])
def test_the_bars_of_a_distribution_stand_side_by_side_inside_it(numbers: list[float]) -> None:
    """From left to right, no higher than the chart, and the marks of the percentiles in order."""
    page = distribution("Latency", histogram_of(numbers), "blue")

    bars = re.findall(
        r'<rect class="fill blue" x="(-?[\d.]+)" y="(-?[\d.]+)" width="(-?[\d.]+)" height="(-?[\d.]+)">', page
    )
    lefts = [float(left) for left, *_ in bars]
    assert lefts == sorted(lefts)
    for left, top, wide, tall in (map(float, bar) for bar in bars):
        assert 0 <= left <= left + wide <= WIDTH + 1.1
        assert math.isclose(top + tall, HEIGHT, abs_tol=0.11)
        assert top >= 0
    marks = [float(place) for place in re.findall(r'class="mark" d="M(-?[\d.]+) 0V', page)]
    assert marks == sorted(marks)
    assert 0 <= marks[0] <= marks[-1] <= WIDTH
    assert not re.search(r"\de[+-]", page)


# Rates


@given(COURSES)
@example([(1.0, 0, 0, 0, 1), (1.0, 50, 300, 64, 1)])
def test_rates_lie_between_the_slowest_and_the_fastest_second(
    course: list[tuple[float, int, int, int, int]],
) -> None:
    """Of the samples of the last minute; and no share is below none of a limit."""
    samples = samples_of(course)
    rates = rates_of(samples)
    if rates.pairs is None or rates.calls is None:
        return
    steps = [((b.done - a.done) / (y - x), (b.calls - a.calls) / (y - x)) for (x, a), (y, b) in pairwise(samples)]
    for found, of_steps in zip((rates.pairs, rates.calls), zip(*steps, strict=True), strict=True):
        assert min(of_steps) <= found * CLOSE
        assert found <= max(of_steps) * CLOSE
    assert rates.eta is None or rates.eta >= 0
    assert all(share >= 0 for share, _ in rates.limits.values())
    assert rates.share is not None
    assert rates.in_use is not None
    assert 0 <= rates.in_use <= min(1, rates.share)
    assert rates.binding != "concurrency" or rates.share <= 1


@given(COURSES, st.integers(1, 1000))
def test_more_that_is_done_leaves_less_time_and_more_to_do_leaves_more(
    course: list[tuple[float, int, int, int, int]], more: int
) -> None:
    """In the same time."""
    samples = samples_of(course)
    before = rates_of(samples)
    (at, last), rest = samples[-1], samples[:-1]
    faster = rates_of([*rest, (at, replace(last, done=last.done + more))])
    longer = rates_of([(at, replace(one, total=one.total + more)) for at, one in samples])
    if before.pairs is None:
        return
    assert faster.pairs is not None
    assert faster.pairs > before.pairs
    if before.eta is not None:
        assert faster.eta is not None
        assert longer.eta is not None
        assert faster.eta < before.eta < longer.eta


@given(COURSES, st.integers(1, 1000), st.floats(1.01, 10))
def test_more_that_is_sent_uses_more_of_a_limit_and_a_wider_limit_less(
    course: list[tuple[float, int, int, int, int]], more: int, wider: float
) -> None:
    """Each limit for itself."""

    def changed(one: Sample, spent: float, per_minute: float) -> Sample:
        uses = [LimitUse(use.name, use.per_minute * per_minute, use.spent + spent) for use in one.limits]
        return replace(one, limits=tuple(uses))

    samples = samples_of(course)
    before = rates_of(samples).limits
    (at, last), rest = samples[-1], samples[:-1]
    busier = rates_of([*rest, (at, changed(last, more, 1))]).limits
    roomier = rates_of([(at, changed(one, 0, wider)) for at, one in samples]).limits
    for name, (share, _) in before.items():
        assert share < busier[name][0]
        assert roomier[name][0] <= share


@given(COURSES, st.integers(1, 39), st.floats(0.1, 2 * SPAN))
@example([(1.0, 10, 10, 4, 4)] * 60, 30, 20.0)
def test_a_clock_that_is_set_back_makes_no_run_faster(
    course: list[tuple[float, int, int, int, int]], place: int, back: float
) -> None:
    """The seconds before do not count twice."""
    samples = [(at - back * (number >= place), one) for number, (at, one) in enumerate(samples_of(course))]
    fastest = max(((b.done - a.done) / (y - x) for (x, a), (y, b) in pairwise(samples) if x < y), default=0)
    found = rates_of(samples)
    assert found.pairs is None or found.pairs <= fastest * CLOSE


# Sums over time


def record_of(
    courses: list[list[tuple[float, int, int, int, int]]], backs: list[float]
) -> tuple[RunRecord, list[list[tuple[float, Sample]]]]:
    """The record of several processes, whose clocks are set back in their middle; and their samples."""
    record, all_samples, began, before = RunRecord(), [], EVENING, 0
    for course, back in zip(courses, backs, strict=False):
        samples = [
            (at - back * (2 * number > len(course)), replace(one, done=one.done + before))
            for number, (at, one) in enumerate(samples_of(course))
        ]
        session = Session(began, began)
        for at, one in samples:
            record.observe(session, began + at, one, before)
        began += samples[-1][0] + 600
        before = samples[-1][1].done
        all_samples.append(samples)
    return record, all_samples


@given(st.lists(COURSES, min_size=1, max_size=4), st.lists(st.sampled_from([0.0, 5.0, 7200.0]), min_size=4))
@example([[(1.0, 1, 1, 1, 1)] * 2], [0.0] * 4)
def test_sums_only_grow_and_end_with_what_was_counted(
    courses: list[list[tuple[float, int, int, int, int]]], backs: list[float]
) -> None:
    """Rows, calls, tokens and cost, over any number of starts; even when the clock is set back."""
    record, sessions = record_of(courses, backs)
    last = [samples[-1][1] for samples in sessions]
    names = {"calls": "calls", "prompt": "prompt_tokens", "completion": "completion_tokens", "cost": "cost"}
    ends = {name: sum(getattr(one, attribute) for one in last) for name, attribute in names.items()}
    for name, end in {**ends, "pairs": last[-1].done}.items():
        sums = record.sums(name)
        assert all(before <= after for before, after in pairwise([0.0, *sums]))
        assert math.isclose(sums[-1], end, rel_tol=1e-9, abs_tol=1e-9)
    levels = [value for value in record.level("in_flight") if value is not None]
    most = max(one.in_flight for samples in sessions for _, one in samples)
    assert all(0 <= value <= most * CLOSE for value in levels)


@given(st.lists(COURSES, min_size=1, max_size=4), st.lists(st.sampled_from([0.0, 5.0]), min_size=4))
def test_shares_of_the_time_are_the_largest_first_and_all_of_it_together(
    courses: list[list[tuple[float, int, int, int, int]]], backs: list[float]
) -> None:
    """What calls waited for, of the time that there are samples of."""
    record, _ = record_of(courses, backs)
    shares = list(record.wait_shares().values())
    assert shares == sorted(shares, reverse=True)
    assert math.isclose(sum(shares), 1)


@given(st.lists(COURSES, min_size=1, max_size=4), st.lists(st.sampled_from([0.0, 5.0, 7200.0]), min_size=4))
def test_an_axis_has_its_marks_in_order_and_on_it(
    courses: list[list[tuple[float, int, int, int, int]]], backs: list[float]
) -> None:
    """Times of day, breaks between starts, and storms."""
    record, _ = record_of(courses, backs)
    storms = [(span.began - 3, span.began + 3) for span in record.spans]
    axis = time_axis(record, storms)
    for marks in (axis.ticks, axis.breaks):
        places = [mark.place for mark in marks]
        assert places == sorted(places)
        assert all(0 <= place <= CLOSE for place in places)
    assert all(0 <= begin < end <= CLOSE for begin, end in axis.storms)


@given(st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=30), st.floats(0, 1e9))
@example([0.0], 0.0)
@example([5e-324], 0.0)
@example([1.0], 2.5)
def test_a_line_over_time_stays_inside_its_chart(values: list[float | None], limit: float) -> None:
    """And the limit beside it, or it is not drawn."""
    record = RunRecord()
    lines = [Series("sent", values, "blue"), Series("limit", [limit] * len(values), "ink", dashed=True)]
    page = over_time("Calls", time_axis(record, []), ["now"] * len(values), lines)
    for path in re.findall(r'<path class="line [^"]*" d="M([^"]+)"', page):
        for x, y in (map(float, point.split()) for point in path.split("L")):
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


@given(st.floats(0, 1e300), st.floats(1, 10))
@example(0.0, 1.0)
@example(5e-324, 1.0)
@example(0.3, 1.0)
@example(1000.0, 1.0)
def test_an_axis_ends_at_what_it_holds_or_not_far_above(value: float, factor: float) -> None:
    """At most twice of it; and more needs no shorter one."""
    end = round_up(value)
    assert end * CLOSE >= value
    if value >= sys.float_info.min:
        assert end <= 2 * value * CLOSE
        assert end <= round_up(value * factor) * CLOSE


@given(st.floats(LEAST, 1e5), st.floats(1.01, 1e6))
def test_the_ticks_of_a_logarithmic_axis_are_in_order_and_on_it(low: float, factor: float) -> None:
    """Between its two ends."""
    ticks = log_ticks(low, low * factor)
    assert ticks == sorted(set(ticks))
    assert all(low <= tick <= low * factor for tick in ticks)


PHASES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([5, 10, 20]), st.lists(st.integers(0, 6), max_size=8)),
    min_size=1,
    max_size=5,
)
"""Of a process: whether failed rows are asked again, how many rows there are, and those of each second."""


@given(PHASES, st.integers(0, 10))
@example([(True, 20, []), (False, 20, [1])], 8)
@example([(True, 5, [5]), (False, 10, [1, 1])], 5)
def test_rows_of_a_repair_and_of_the_run_behind_it_count_once(
    phases: list[tuple[bool, int, list[int]]], done: int
) -> None:
    """Each counts its own rows, and those of a run begin with the ones that were done."""
    record = RunRecord()
    history = History(record.observe)
    history.feed(started(0).splitlines()[0])
    second = worked = 0
    for repairs, total, steps in phases:
        rows = base = 0 if repairs else done
        fields = {"first": base, "done": base, "total": total, "resumed": base > 0}
        history.feed(
            line(second, "RepairStarted", pairs=total, reason="")
            if repairs
            else line(second, "RunStarted", **fields)
        )
        for step in (0, *steps):
            rows += step
            second += 1
            history.feed(sampled(second, sample(done=rows, total=total)))
        worked += rows - base
        done = done if repairs else rows
    history.settle()

    sums = record.sums("pairs")
    assert all(before <= after for before, after in pairwise(sums))
    assert math.isclose(sums[-1], worked, abs_tol=1e-6)
    assert sum(session.done for session in history.sessions) == worked


@given(
    COURSES,
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(0, 100),
)
@example([(1.0, 1, 3, 1, 1)] * 2, 900, 200, 5)
def test_what_a_directory_has_used_is_no_less_once_a_process_works_there(
    course: list[tuple[float, int, int, int, int]], prompt: int, completion: int, cached: int
) -> None:
    """The last sample of one that was killed may lack what the checkpoint knows."""
    history = History()
    history.feed(started(0).splitlines()[0])
    for at, one in samples_of(course):
        history.feed(sampled(at, one))
    history.settle()
    spend, cache = Spend(prompt, 0, completion), CacheUse(cached)
    state = RunState(49, 0, "", {}, {"total_pairs": 100}, spend=spend, cache=cache)
    at_rest = Picture(Path("out"), Condition.CRASHED, None, state, history)
    running = replace(at_rest, condition=Condition.RUNNING, pid=1)
    for one in (at_rest, running):
        assert one.prompt_tokens >= prompt
        assert one.completion_tokens >= completion
        assert one.tokens >= one.priced_tokens
        assert one.from_cache >= cached
        assert one.done >= state.done == 50
    assert running.tokens == at_rest.tokens
    assert not running.is_partly_priced


# Storms


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.001, 60)), min_size=1, max_size=20))
@example([(0.0, 1.0), (0.0, 1.0)])
def test_pauses_last_no_longer_together_than_the_storms_in_which_they_are(
    pauses: list[tuple[float, float]],
) -> None:
    """Pauses that overlap count once, and storms follow one another."""
    history = History()
    history.feed(started(0).splitlines()[0])
    begins = list(accumulate(after for after, _ in pauses))
    for begin, (_, lasts) in zip(begins, pauses, strict=True):
        history.feed(paused(begin, lasts))
    for storm in history.storms:
        assert 0 < storm.paused <= (storm.ends - storm.began) * CLOSE + 1e-6
        assert storm.pauses >= 1
    for storm, following in pairwise(history.storms):
        assert storm.ends <= following.began
