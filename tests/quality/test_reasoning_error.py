"""What a reasoning says of the error is held against the pair."""

import pytest

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.reasoning_error import check_error

ERROR = "The patient was diagnosed with gout of the knee."
CORRECTED = "The patient was diagnosed with septic arthritis of the knee."
BEFORE = "A 45-year-old woman has had pain in the left knee for three days."
PAIR = Pair("1", f"{BEFORE} {CORRECTED}", f"{BEFORE} {ERROR}", "diagnosis", ERROR, CORRECTED)
TELLING = frozenset({"gout"}), frozenset({"septic", "arthritis"})


def found(**fields: object) -> bool:
    """Whether there is something wrong with a field."""
    return bool(list(check_error(fields, PAIR, TELLING)))


@pytest.mark.parametrize("text", [ERROR, ERROR.rstrip("."), "diagnosed with gout", f'"{ERROR}"'])
def test_the_sentence_of_the_error_may_be_named_in_part(text: str) -> None:
    """If what is wrong is in it."""
    assert not found(error_sentence=text)


@pytest.mark.parametrize("text", [BEFORE, CORRECTED, "The patient", PAIR.incorrect_note + " " + BEFORE * 3])
def test_another_sentence_is_not_the_one_with_the_error(text: str) -> None:
    """Nor the corrected one, nor a part that is right."""
    assert found(error_sentence=text)


@pytest.mark.parametrize("text", ["diagnosis", "Diagnosis", " diagnosis. "])
def test_the_type_is_that_of_the_pair_in_any_spelling(text: str) -> None:
    """And no other one."""
    assert not found(error_type=text)
    assert found(error_type="management")
    assert found(error_type="the error type as given")


def test_causal_organism_is_one_type_however_it_is_written() -> None:
    """MEDEC's files have causalOrganism."""
    pair = Pair("1", "a", "b", "causalOrganism", None, None)
    for text in ("causalorganism", "causal organism", "Causal Organism"):
        assert not list(check_error({"error_type": text}, pair, TELLING))


@pytest.mark.parametrize(
    "text", [CORRECTED, "Septic arthritis: the joint is warm.", "The diagnosis should be arthritis by bacteria."]
)
def test_a_correction_has_something_of_what_corrects(text: str) -> None:
    """In any words around it."""
    assert not found(correction=text)


@pytest.mark.parametrize("text", ["The sentence should be changed.", "The patient has Lyme disease.", ERROR])
def test_a_vague_or_third_correction_is_none(text: str) -> None:
    """Or the error itself."""
    assert found(correction=text)


def test_a_pair_without_sentences_has_nothing_to_hold_against() -> None:
    """As in files without them."""
    pair = Pair("1", "a", "b", "unknown", None, None)
    fields = {"error_sentence": "anything", "error_type": "diagnosis", "correction": "anything"}
    assert not list(check_error(fields, pair, (frozenset(), frozenset())))


def test_other_keys_are_no_error() -> None:
    """The number of the sentence, or why it is corrected."""
    assert not found(error_sentence_index="2", error_location="Sentence 2", correction_rationale="It fits.")
