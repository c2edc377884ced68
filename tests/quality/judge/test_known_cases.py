"""Cases whose answer is known: planted, reordered, a doctor's, proven."""

from collections import Counter
from random import Random

import orjson
import pytest

from asyncgen.quality.judge.case import Case
from asyncgen.quality.judge.known_cases import (
    DOCTOR,
    MOST,
    PROVEN,
    REORDERED,
    UNCHANGED,
    RowSample,
    wanted_cases,
)
from asyncgen.quality.judge.planting import PLANTERS, plant, reorder

NOTE = (
    "A 51-year-old man has had mild pain in the left knee for 3 weeks. His mother had gout. He denies fever. "
    "He takes enalapril and has normal gait, swelling and warmth. The findings are suggestive of gout."
)


@pytest.mark.parametrize("kind", PLANTERS)
def test_each_kind_changes_the_note_and_depends_on_the_seed_alone(kind: str) -> None:
    """The same seed plants the same."""
    changed = PLANTERS[kind](NOTE, Random(3))
    assert changed is not None
    assert changed.split() != NOTE.split()
    assert changed == PLANTERS[kind](NOTE, Random(3))


@pytest.mark.parametrize(
    ("kind", "note", "became"),
    [
        ("side_or_site", "The r\u0131ght arm hurts.", "The left arm hurts."),
        ("opposite", "A po\u017fitive test.", "A negative test."),
        ("person", "S\u0131ster with gout.", "Brother with gout."),
        ("severity", "It is \u017flightly red.", "It is severely red."),
    ],
)
def test_letters_that_count_as_others_whatever_the_case_are_understood(kind: str, note: str, became: str) -> None:
    """A dotless i and a long s match i and s where case is ignored."""
    assert PLANTERS[kind](note, Random(0)) == became


def test_another_kind_is_planted_where_the_first_finds_nothing() -> None:
    """Every note can be spoilt; an empty one is none."""
    assert plant("He is fine.", "drug", Random(0)) is not None
    assert plant(" ", "number", Random(0)) is None


def test_a_list_is_reordered_and_nothing_else() -> None:
    """The words are the same; without a list there is nothing."""
    reordered = reorder(NOTE, Random(1))
    assert reordered is not None
    assert reordered != NOTE
    assert Counter(reordered.replace(",", "").replace(".", "").split()) == Counter(
        NOTE.replace(",", "").replace(".", "").split()
    )
    assert reorder("He is fine.", Random(1)) is None


def sample(number: int, most: int = MOST) -> RowSample:
    """A sample of rows that differ by a number; every other one is proven."""
    rows = RowSample(most)
    for index in range(number):
        note = f"{NOTE} He weighs {index} kg."
        rows.add(index, note, note.replace("left", "right"), note.replace("gait", "walk") if index % 2 else "")
    return rows


def test_half_of_the_cases_are_bad_and_they_are_of_many_kinds() -> None:
    """Doctors' errors and planted ones in turn; proven, reordered and unchanged ones."""
    cases = sample(60).cases(60)
    assert Counter(one.same for one in cases) == {False: 30, True: 30}
    kinds = Counter(one.kind for one in cases)
    assert 14 <= kinds[DOCTOR] <= 16  # a row may give one alone
    assert sum(kind.startswith("planted: ") for kind in kinds) >= 8
    assert {PROVEN, REORDERED, UNCHANGED} <= kinds.keys()
    assert len({one.case.key for one in cases}) == 60


def test_the_same_rows_give_the_same_cases_in_any_order() -> None:
    """What was asked about them is not paid again."""
    one, other = RowSample(20), RowSample(20)
    for index in range(100):
        one.add(index, f"Pain for {index} days.", "", "")
        other.add(99 - index, f"Pain for {99 - index} days.", "", "")
    assert one.cases(20) == other.cases(20)


def test_their_number_is_a_bounded_share() -> None:
    """A share of all cases, but some at least, none for nothing, and never more than a bound."""
    assert wanted_cases(9000, 0.1, 60) == 1000
    assert wanted_cases(10, 0.1, 60) == 60
    assert wanted_cases(0, 0.1, 60) == wanted_cases(10, 0.0, 60) == 0
    assert wanted_cases(1_000_000, 0.5, 60) == MOST


def test_nothing_in_a_line_says_where_a_case_comes_from() -> None:
    """The judge must not know which cases are known ones."""
    lines = [orjson.loads(one.case.line()) for one in sample(8).cases(8)]
    assert {frozenset(line) for line in lines} == {frozenset({"id", "first", "second", "passages"})}


def test_a_case_is_known_by_its_texts_and_shows_what_changed() -> None:
    """Equal texts are one case."""
    case = Case("He has no fever. He is fine.", "He has fever. He is fine.")
    assert case.key == Case(case.original, case.revised).key != Case(case.revised, case.original).key
    assert orjson.loads(case.line())["passages"] == [["He has no fever.", "He has fever."]]
