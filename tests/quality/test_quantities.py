"""Numbers with units: read from notes, and the same amount in another unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.note_words import split_words
from asyncgen.quality.checks.numbers import check_numbers
from asyncgen.quality.checks.quantities import quantities, same_amount


def kinds(was: str, became: str) -> set[str]:
    """What is found in a change."""
    return {finding.kind for finding in check_numbers(Change(split_words(was), split_words(became)))}


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("for 3 days", "for 72 hours"),
        ("for three days", "for 72 hours"),
        ("a week ago", "7 days ago"),
        ("a 2-week history", "a 14-day history"),
        ("for 6 months", "for half a year"),
        ("for 18 months", "for 1 year and 6 months"),
        ("37.8 \u00b0C", "100.0 \u00b0F"),
        ("His temperature is 38 C (100.4 F).", "His temperature is 100.4 F (38 C)."),
        ("His temperature is 38 C (100.4 F).", "His temperature is 38 C."),
        ("He weighs 70 kg", "He weighs 154 lb"),
        ("a 5 ft 4 in tall woman", "a 163 cm tall woman"),
        ("1000 mg of aspirin", "1 g of aspirin"),
        ("0.5 mg", "500 mcg"),
        ("11.4 g/dL", "114 g/L"),
        ("pulse is 82/min", "heart rate is 82 beats per minute"),
        ("82 bpm", "82/min"),
        ("40 mg twice daily", "40 mg every 12 hours"),
        ("40 mg bid", "40 mg two times a day"),
        ("40 mg daily", "40 mg once a day"),
        ("a 72-year-old woman", "a woman aged 72"),
        ("type 2 diabetes", "type II diabetes"),
        ("120/80 mm Hg", "120/80 mmHg"),
        ("For 3 days, he has had 2 headaches.", "He has had 2 headaches for 3 days."),
        ("one of the two", "one of the 2"),
        ("4,500/mm3", "4500/mm3"),
        ("a 2 x 1.5 cm mass", "a 20 x 15 mm mass"),
        ("for 3 to 4 days", "for 72 to 96 hours"),
        ("for a year and a half", "for 18 months"),
        ("for one and a half hours", "for 90 minutes"),
        ("BP 98/62, HR 96", "BP 98/62, heart rate 96"),
    ],
)
def test_a_legal_conversion_is_no_finding(was: str, became: str) -> None:
    """Times, units, words for numbers, other places."""
    assert kinds(was, became) == set()


@pytest.mark.parametrize(
    ("was", "became", "kind"),
    [
        ("for 3 days", "for 48 hours", "number"),
        ("for 10 days", "for 1 week", "number"),
        ("37.8 \u00b0C", "101.0 \u00b0F", "number"),
        ("He weighs 70 kg", "He weighs 145 lb", "dose"),
        ("5 mg of warfarin", "50 mg of warfarin", "dose"),
        ("5 mg of warfarin", "5 g of warfarin", "unit"),
        ("5 mg of warfarin", "5 of warfarin", "unit"),
        ("40 mg twice daily", "40 mg daily", "dose"),
        ("40 mg every 12 hours", "40 mg every 8 hours", "dose"),
        ("a 72-year-old woman", "a 27-year-old woman", "number"),
        ("a 5-year-old", "a 5-month-old", "unit"),
        ("120/80 mm Hg", "80/120 mm Hg", "number"),
        ("pulse of 80 and respirations of 20", "pulse of 20 and respirations of 80", "number"),
        ("stage II", "stage III", "number"),
        ("sodium is 140 mEq/L", "sodium is normal", "number"),
        ("sodium is normal", "sodium is 140 mEq/L", "number"),
        ("38 C (100.4 F)", "38 C (104.0 F)", "number"),
        ("a 2 x 1.5 cm mass", "a 2 x 15 mm mass", "unit"),
        ("for a year and a half", "for 15 months", "number"),
        ("at 2 cm. The age is 3.", "at 3 cm. The age is 2.", "unit"),
    ],
)
def test_another_amount_is_named(was: str, became: str, kind: str) -> None:
    """By dose, unit or number."""
    assert kinds(was, became) & {kind, "dose"}


@given(days=st.integers(2, 400), wrong=st.integers(1, 2000))
def test_days_are_their_hours_and_no_others(days: int, wrong: int) -> None:
    """Exactly."""
    (was,) = quantities(f"{days} days")
    (became,) = quantities(f"{wrong} hours")
    assert same_amount(was, became) == (wrong == 24 * days)


@given(celsius=st.integers(340, 420).map(lambda tenths: tenths / 10))
def test_a_temperature_is_the_same_in_fahrenheit(celsius: float) -> None:
    """Rounded to a tenth; half a degree beside is another."""
    (was,) = quantities(f"{celsius} C")
    for off, same in ((0, True), (0.5, False), (-0.5, False)):
        (became,) = quantities(f"{celsius * 1.8 + 32 + off:.1f} F")
        assert same_amount(was, became) is same


@given(text=st.text())
def test_any_text_is_read(text: str) -> None:
    """Without an error, and equal texts have equal quantities."""
    assert [one.key for one in quantities(text)] == [one.key for one in quantities(text)]
