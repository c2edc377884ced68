"""The project's speed over time, as it is kept and shown."""

from dataclasses import replace

import pytest
from benchmark.figures import Speed
from benchmark.history import State, markdown, parsed, with_new, written

OURS = Speed(rate=3000.4, cpu=0.00030049, peak=8e7, server_load=0.1)
BARE = Speed(rate=4000, cpu=0.00015, peak=5e7, server_load=0.1)
STATE = State.of("2026-11-26", "abc1234", "2 cores, a machine", OURS, BARE)


def test_what_is_written_is_read_again() -> None:
    """A machine's name with commas too; with both ratios beside the figures."""
    text = written([STATE, replace(STATE, commit="def5678")])
    assert parsed(text) == [STATE, replace(STATE, commit="def5678")]
    assert written(parsed(text)) == text
    assert text.splitlines()[1] == '2026-11-26,abc1234,"2 cores, a machine",3000,4000,0.3,0.15,0.750,2.000'


def test_a_commit_that_is_measured_again_has_its_new_figures_at_the_end() -> None:
    """And only these."""
    other, again = replace(STATE, commit="other"), replace(STATE, calls_s=3500)
    assert with_new([STATE, other], [again]) == [other, again]


def test_the_table_shows_ratios_with_a_bar() -> None:
    """Of the calls a second, of which the bare loop's would be twenty blocks."""
    line = markdown([STATE]).splitlines()[-1]
    assert line == f"| 2026-11-26 | `abc1234` | 3,000 | 0.75 {'█' * 15} | 0.30 ms | 2.0 |"


def test_a_file_without_a_column_is_refused() -> None:
    """Rather than filled up."""
    with pytest.raises(KeyError):
        parsed("date,commit\n2026-11-26,abc\n")
