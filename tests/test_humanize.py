"""Quantities in words."""

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyncgen.humanize import (
    amount,
    brief,
    compact,
    counted,
    dollars,
    duration,
    fit,
    one_of,
    percent,
    rate,
    usd,
)


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (12.34, "12.3 s", "12s"),
        (65, "1 min 05 s", "1m05s"),
        (3 * 3600 + 7 * 60, "3 h 07 min", "3h07m"),
        (51 * 3600, "2 d 03 h", "2d03h"),
        (59.4, "59.4 s", "59s"),
        (59.7, "59.7 s", "1m00s"),
        (59.97, "1 min 00 s", "1m00s"),
        (3599.7, "1 h 00 min", "1h00m"),
    ],
)
def test_durations_have_two_figures_at_most(seconds, long, short):
    """Long in lines, short in the bar."""
    assert duration(seconds) == long
    assert brief(seconds) == short


def test_a_cost_without_a_price_is_said_to_have_none():
    """Never 0: that would be a price."""
    assert usd(None) == "no price for this model"
    assert usd(0.0) == "0.00 USD"
    assert usd(0.0042) == "0.0042 USD"
    assert usd(1234.5) == "1,234.50 USD"


@pytest.mark.parametrize(
    ("cost", "long", "short"),
    [
        (0.0, "0.00", "$0.00"),
        (0.00001, "<0.0001", "<$0.0001"),
        (0.00006, "0.0001", "$0.0001"),
        (0.00999, "0.0100", "$0.01"),
        (0.99994, "0.9999", "$1.00"),
        (0.99999, "1.00", "$1.00"),
    ],
)
def test_a_cost_is_never_rounded_to_nothing_nor_to_a_figure_that_reads_otherwise(cost, long, short):
    """What is paid is not free; the number of figures is that of the rounded cost."""
    assert amount(cost) == long
    assert dollars(cost) == short


@pytest.mark.parametrize(
    ("rows", "one"),
    [
        ("mails", "mail"),
        ("support tickets", "ticket"),
        ("entries", "entry"),
        ("days", "day"),
        ("boxes", "box"),
        ("classes", "class"),
        ("searches", "search"),
        ("cases", "case"),
        ("notes", "note"),
        ("narratives", "narrative"),
        *(
            (word, word)
            for word in ("Fragen", "children", "people", "data", "sheep", "series", "news", "bus", "X")
        ),
        *((word, word) for word in ("analyses", "diagnoses", "hypotheses", "caches", "halves", "corpus", "gas")),
    ],
)
def test_rows_are_called_as_the_recipe_calls_them(rows, one):
    """After a number too; a word whose singular is not plain stays as it is, and no plural is made of it."""
    noun = rows.rsplit(maxsplit=1)[-1]
    assert one_of(rows) == one
    assert (counted(1, rows), counted(2000, rows), counted(0, rows)) == (f"1 {one}", f"2,000 {noun}", f"0 {noun}")
    assert counted(2, rows, "open") == f"2 open {noun}"


def test_rates_and_ticks_have_three_figures():
    """So that slow runs show a rate, too."""
    assert [rate(number) for number in (0.0421, 2.138, 31.04, 1240)] == ["0.0421", "2.14", "31.0", "1,240"]
    assert [rate(number) for number in (0.9997, 9.997, 99.97)] == ["1.00", "10.0", "100"]
    assert [compact(number) for number in (0, 0.25, 40, 1500, 2_000_000)] == ["0", "0.25", "40", "1.5k", "2M"]


RANKED = [(rank, letter * rank) for rank, letter in enumerate("abcdef", start=1)]


@given(st.permutations(RANKED), st.integers(0, 40))
def test_what_matters_least_is_left_out_first(parts, width):
    """What is left stands in order, fits, and matters more than anything that was left out."""
    line = fit(parts, width, "|")
    kept = [len(text) for text in line.split("|") if text]
    assert len(line) <= width
    assert kept == [rank for rank, _ in parts if rank <= len(kept)]
    wider = sum(range(1, len(kept) + 2)) + len(kept)
    assert len(kept) == len(parts) or wider > width


UNITS = {"": 1.0, "%": 0.01, "$": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
UNITS |= {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def read(text: str) -> float:
    """What a text says."""
    parts = re.findall(r"([\d,.]+) ?([a-zA-Z%]*)", text)
    return sum(float(number.replace(",", "")) * UNITS[unit] for number, unit in parts)


@pytest.mark.parametrize("show", [amount, brief, compact, dollars, duration, percent, rate])
@given(number=st.floats(0, 1e7), more=st.floats(0, 10))
@example(number=0.00999, more=0.00001)
@example(number=0.9996, more=0.0005)
@example(number=9.996, more=0.005)
@example(number=59.96, more=0.04)
@example(number=99.96, more=0.04)
@example(number=999.6, more=0.4)
@example(number=3599.6, more=0.4)
@example(number=86_399.6, more=0.4)
@example(number=999_600.0, more=400)
@example(number=0.00004, more=0.00001)
def test_more_never_reads_as_less(show: Callable[[float], str], number: float, more: float) -> None:
    """Whatever the units on both sides; and no figure has an exponent."""
    texts = show(number), show(number + more)
    assert read(texts[0]) <= read(texts[1]), texts
    assert not any("e" in text for text in texts), texts
