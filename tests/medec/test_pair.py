"""The fields of an input line: what a pair needs, what may be missing, what is refused and how it is called."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.medec.pair import Pair, parse_pair
from asyncgen.rows import BadFieldError
from asyncgen.text import loads

COMPLETE = {
    "note_id": "ms-train-456",
    "correct_note": "He takes metoprolol 50 mg.",
    "incorrect_note": "He takes metoprolol 500 mg.",
    "error_type": "pharmacotherapy",
    "error_sentence": "He takes metoprolol 500 mg.",
    "corrected_sentence": "He takes metoprolol 50 mg.",
}
NEEDED = ["note_id", "correct_note", "incorrect_note"]
NOT_NEEDED = ["error_type", "error_sentence", "corrected_sentence"]


def line(**changes: Any) -> dict[str, Any]:
    """A complete line, with changes."""
    return {**COMPLETE, **changes}


def without(*names: str) -> dict[str, Any]:
    """A complete line, without some fields."""
    return {name: value for name, value in COMPLETE.items() if name not in names}


def test_a_complete_line_is_taken_as_it_is() -> None:
    """Each field lands under its own name."""
    assert parse_pair(COMPLETE) == Pair(**COMPLETE)


def test_other_fields_are_ignored() -> None:
    """Whatever their type."""
    assert parse_pair(line(split=None, text_id=5, extra={"note": []})) == Pair(**COMPLETE)


def test_what_may_be_missing_reads_unknown_or_nothing() -> None:
    """The type of the error becomes `unknown`, the sentences None."""
    bare = parse_pair(without(*NOT_NEEDED))
    assert (bare.error_type, bare.error_sentence, bare.corrected_sentence) == ("unknown", None, None)
    assert parse_pair(line(**dict.fromkeys(NOT_NEEDED))) == bare


def test_an_older_file_calls_the_id_text_id() -> None:
    """It is taken where there is no note_id, and only there."""
    assert parse_pair({**without("note_id"), "text_id": "old-7"}).note_id == "old-7"
    assert parse_pair(line(text_id="old-7")).note_id == "ms-train-456"


@pytest.mark.parametrize("name", NEEDED)
def test_a_needed_field_that_is_missing_is_named(name: str) -> None:
    """Null is as good as missing."""
    for fields, more in ((without(name), "; the fields here are "), (line(**{name: None}), "$")):
        with pytest.raises(BadFieldError, match=f"^no {name}{more}"):
            parse_pair(fields)


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", ["", " ", "\n\t\r\n"])
def test_a_needed_field_that_is_blank_is_named(name: str, value: str) -> None:
    """A note of blanks is no note."""
    with pytest.raises(BadFieldError, match=f"^{name} is empty$"):
        parse_pair(line(**{name: value}))


@pytest.mark.parametrize("name", [*NEEDED, *NOT_NEEDED])
@pytest.mark.parametrize("value", [5, 1.5, True, ["text"], {"text": "text"}])
def test_a_field_that_is_no_string_is_named(name: str, value: object) -> None:
    """A number is not made a string: it would not be the user's text."""
    with pytest.raises(BadFieldError, match=f"^{name} is not a string$"):
        parse_pair(line(**{name: value}))


@pytest.mark.parametrize("name", [*NEEDED, *NOT_NEEDED])
def test_a_nul_character_in_any_used_field_is_named(name: str) -> None:
    """Servers refuse it, so it is found before any call is paid."""
    with pytest.raises(BadFieldError, match=f"^NUL character in {name}$"):
        parse_pair(line(**{name: "a\x00b"}))


@given(note=st.text(min_size=1).filter(lambda text: text.strip() and "\x00" not in text))
def test_a_note_is_kept_character_by_character(note: str) -> None:
    """Blanks at the ends, braces and line breaks included."""
    pair = parse_pair(line(correct_note=note, incorrect_note=note))
    assert (pair.correct_note, pair.incorrect_note) == (note, note)


def test_the_error_text_quotes_no_note() -> None:
    """It is shown to the user, and notes never are."""
    with pytest.raises(BadFieldError) as caught:
        parse_pair(line(correct_note="SECRET\x00"))
    assert "SECRET" not in str(caught.value)


def test_every_line_of_a_corpus_is_a_pair(each_medec_pairs) -> None:
    """All of them, of any form."""
    pairs = [parse_pair(loads(data)) for data in each_medec_pairs.read_bytes().splitlines()]
    assert len(pairs) >= 400
    assert all(pair.correct_note != pair.incorrect_note for pair in pairs)
