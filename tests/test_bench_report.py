"""What is printed of a benchmark, and what is promised of it."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from benchmark.checks import MOST_CPU_QUICKLY, checks, cpu_check
from benchmark.figures import Figures, Killed, Limited, Own, Row, Speed, middle_slope, slope, worst
from benchmark.picture import svg
from benchmark.table import END, START, markdown, replaced

BARE = Speed(rate=4000, cpu=0.0002, peak=50e6, server_load=0.1)
SPEED = Speed(rate=3000, cpu=0.0004, peak=80e6, server_load=0.05)
ROW = Row(
    name="asyncgen",
    title="**asyncgen**",
    version="0.1.0",
    speed=SPEED,
    limited=Limited(14.0, 0, 256),
    storm=Limited(25.0, 100, 256),
    killed=Killed(5, sent_again=200, paid_twice=0, lost=0, doubled=0, out_of_order=0),
    wide=SPEED,
)
FIGURES = Figures(
    rows=[
        Row("bare", "a bare loop", "3.1", BARE, wide=BARE),
        ROW,
        Row("datatrove", "datatrove", "1.0", replace(SPEED, rate=250), wide=replace(SPEED, rate=200)),
        Row("peer", "peer <1>", "2.0", None, flaw="not installed"),
    ],
    ideal=14.0,
    storm=10.0,
    retry_after=1,
    machine="a machine",
    capacity=90_000.0,
    own=Own(0.1, 0.7, 1.2, 80_000_000, 200_000_000, 20_000, 650_000_000),
)


def with_ours(row: Row) -> Figures:
    """The figures with another row of ours."""
    return replace(FIGURES, rows=[FIGURES.rows[0], row])


def test_a_slope_leaves_out_what_is_paid_once() -> None:
    """Two seconds of start-up and one millisecond a call."""
    assert slope((1000, 3.0), (3000, 5.0)) == pytest.approx(0.001)


def test_the_middle_slope_is_not_moved_by_one_disturbed_run() -> None:
    """The median of the pairs, each pair by itself."""
    assert middle_slope([(1, 1.0)] * 3, [(3, 3.0), (3, 3.0), (3, 90.0)]) == pytest.approx(1.0)


def test_the_worst_of_tries_is_taken_figure_by_figure() -> None:
    """Not the try that looks worst."""
    assert worst([(5, 0, 1, 0, 0), (3, 2, 0, 0, 0)]) == Killed(2, 5, 2, 1, 0, 0)


def test_ratios_are_to_the_bare_loop_of_the_same_figures() -> None:
    """Calls a second and CPU a call, with the load of the server."""
    assert "| **asyncgen** 0.1.0 | 3,000 | 0.75 | 0.40 ms | 2.0 | 80 MB | 5% |" in markdown(FIGURES)


def test_what_was_tried_with_more_in_flight_has_a_table_of_its_own() -> None:
    """Against the bare loop with as many."""
    assert "| **asyncgen** 0.1.0 | 3,000 | 0.75 | 0.40 ms | 2.0 |" in markdown(FIGURES)
    assert "| datatrove 1.0 | 200 | 0.05 | 0.40 ms | 2.0 |" in markdown(FIGURES)


def test_a_rival_is_compared_with_many_in_flight() -> None:
    """With few, the wire bounds everybody."""
    rows = [
        replace(row, wide=replace(SPEED, rate=210)) if row.name == "datatrove" else row for row in FIGURES.rows
    ]
    missed = [str(check) for check in checks(replace(FIGURES, rows=rows)) if not check.kept]
    assert len(missed) == 1
    assert "times those of datatrove: 14.3 (at least 15)" in missed[0]


def test_who_could_not_be_run_has_a_row_with_the_reason() -> None:
    """Left out is nobody."""
    assert "| peer <1> 2.0 | not installed | - | - | - | - | - |" in markdown(FIGURES)


def test_limits_are_shown_against_their_ideals() -> None:
    """The storm against the storm's."""
    assert "| **asyncgen** | 1.00 | 0 | 1.00 | 100 | 200 sent again |" in markdown(FIGURES)


def test_figures_without_the_bare_loop_are_refused() -> None:
    """There is nothing to compare with."""
    with pytest.raises(ValueError, match="bare"):
        markdown(replace(FIGURES, rows=[ROW]))


def test_only_what_is_between_the_marks_is_replaced() -> None:
    """Again and again with the same end."""
    once = replaced(f"a\n{START}\nold\n{END}\nb\n", "new")
    assert once == f"a\n{START}\nnew\n{END}\nb\n"
    assert replaced(once, "new") == once


def test_a_page_without_the_marks_is_refused() -> None:
    """Nothing is written anywhere else."""
    with pytest.raises(ValueError, match="begin"):
        replaced(f"{END} {START}", "new")


def test_all_promises_are_kept_by_good_figures() -> None:
    """And there are some to keep."""
    judged = list(checks(FIGURES))
    assert [str(check) for check in judged if not check.kept] == []
    assert len(judged) > 10


@pytest.mark.parametrize(
    ("row", "missed"),
    [
        (replace(ROW, speed=replace(SPEED, rate=2700)), "calls/s"),
        (replace(ROW, speed=replace(SPEED, cpu=0.00041)), "CPU per call"),
        (replace(ROW, storm=Limited(27.0, 100, 256)), "Retry-After"),
        (replace(ROW, storm=Limited(25.0, 257, 256)), "refused calls"),
        (replace(ROW, storm=Limited(25.0, 100, 256, "3 rows missing")), "rows missing"),
        (replace(ROW, killed=Killed(5, 300, 1, 0, 0, 0)), "paid twice"),
        (replace(ROW, killed=Killed(5, 200, 0, 0, 0, 1)), "out of order"),
    ],
)
def test_a_promise_that_is_not_kept_is_named(row: Row, missed: str) -> None:
    """That one and no other."""
    named = [str(check) for check in checks(with_ours(row)) if not check.kept]
    assert len(named) == 1
    assert missed in named[0]


def test_the_guard_allows_two_and_a_half_times_the_cpu_of_the_bare_loop() -> None:
    """Somewhat more than the figures of the page, as its runs are short; and not more."""
    assert cpu_check(replace(SPEED, cpu=0.0005), BARE, MOST_CPU_QUICKLY).kept
    assert not cpu_check(replace(SPEED, cpu=0.00051), BARE, MOST_CPU_QUICKLY).kept


def test_seconds_are_judged_in_proportion_to_the_machine() -> None:
    """Where the bare loop takes longer, so may our start."""
    own = replace(FIGURES.own, help_cpu=0.16, ten_pairs_cpu=0.7, thousand_calls_cpu=1.1)
    rows = [Row("bare", "a bare loop", "3.1", replace(BARE, cpu=0.000_13)), ROW]
    slow = {check.what for check in checks(replace(FIGURES, own=own)) if not check.kept}
    quick = {check.what for check in checks(replace(FIGURES, own=own, rows=rows)) if not check.kept}
    assert slow == set()
    assert {"CPU of --help, s", "CPU of a run of 10 pairs, s", "CPU of 1,000 calls in all, s"} <= quick


def test_the_picture_is_small_valid_and_for_both_kinds_of_pages() -> None:
    """A bar a panel for everybody who was measured."""
    text = svg(FIGURES)
    bars = ET.fromstring(text).findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 6
    assert "prefers-color-scheme: dark" in text
    assert len(text) < 15_000
