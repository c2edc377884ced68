"""What each family of checks says about single changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.duplicates import Duplicates
from asyncgen.quality.checks.finding import KINDS
from asyncgen.quality.checks.inspector import Inspector
from asyncgen.quality.checks.note_words import split_words
from asyncgen.quality.checks.reasoning_form import Expected, check_reasoning, expect, keys_of_prompt

NOTE = (
    "A 45-year-old woman comes to the physician because of severe pain in the left knee for 3 days. "
    "She has no fever or chills. She denies trauma. Physical examination shows a warm, swollen joint. "
    "The lungs are clear. The patient was diagnosed with septic arthritis."
)
PAIR = Pair("1", NOTE, NOTE.replace("septic arthritis", "gout"), "diagnosis", None, None)


def kinds(note: str, pair: Pair = PAIR) -> set[str]:
    """The kinds found in a paraphrase of the note."""
    return {finding.kind for finding in Inspector({}).inspect(0, pair, note, {}).findings}


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("comes to", "presents to"),
        ("She has no fever or chills.", "She has not had fever or chills."),
        ("no fever or chills", "no chills or fever"),
        ("no fever or chills", "neither fever nor chills"),
        ("denies trauma", "reports no trauma"),
        ("denies trauma", "does not report trauma"),
        ("a warm, swollen joint", "a swollen, warm joint"),
        ("left knee", "knee on the left"),
        ("for 3 days", "for 72 hours"),
        ("was diagnosed with septic arthritis", "received a diagnosis of septic arthritis"),
        ("septic arthritis", "arthritis of septic origin"),
        ("was diagnosed with septic arthritis", "has a diagnosis of septic arthritis"),
        ("chills. She denies", "chills, and she denies"),
        ("A 45-year-old woman", "A woman aged 45 years"),
        ("She has no fever", "Laboratory studies and examination are notable: she has no fever"),
    ],
)
def test_a_legal_change_is_no_finding(was: str, became: str) -> None:
    """Synonyms, order, other ways to deny, conversions."""
    assert kinds(NOTE.replace(was, became)) == set()


VITALS = "Her pulse is 96/min, blood pressure is 98/62 mm Hg, and oxygen saturation is 97%. Platelets are 90/mm3."


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("pulse is 96/min", "HR is 96"),
        ("blood pressure is 98/62 mm Hg, and", "BP is 98/62, and"),
        ("oxygen saturation is", "SpO2 is"),
        ("/mm3", "/mm\u00b3"),
    ],
)
def test_an_abbreviated_vital_sign_keeps_its_number_and_unit(was: str, became: str) -> None:
    """`HR 96` is so many a minute, `BP 98/62` mm Hg, and the 2 of `SpO2` is no number."""
    pair = Pair("1", f"{NOTE} {VITALS}", f"{NOTE} {VITALS}", None, None, None)
    note = pair.correct_note.replace(was, became)
    assert note != pair.correct_note
    assert not kinds(note, pair) & {"number", "unit", "dose"}


MEASURED = (
    "She is 180 cm (5 ft 11 in) tall and weighs 70 kg (154 lb); her blood pressure is 98/62 mm Hg. "
    "Platelets are 8,000/mm3. She has had a cough for 2 weeks."
)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("70 kg (154 lb)", "154 lb (70 kg)"),
        ("70 kg (154 lb)", "154 pounds"),
        ("180 cm (5 ft 11 in)", "5'11\" (180 cm)"),
        ("180 cm (5 ft 11 in)", "5 ft 11 in (180 cm)"),
        ("180 cm (5 ft 11 in)", "5\u2032 11\u2033"),
        ("180 cm (5 ft 11 in)", "1.80 m"),
        ("pressure is 98/62 mm Hg", "pressure is 98 over 62 mm Hg"),
        ("blood pressure is 98/62 mm Hg", "systolic pressure is 98 mm Hg and diastolic 62 mm Hg"),
        ("blood pressure is 98/62 mm Hg", "BP is 98/62"),
        ("8,000/mm3", "8,000 per cubic millimeter"),
        ("8,000/mm3", "8,000/\u00b5L"),
        ("8,000/mm3", "8 x 10^3/\u00b5L"),
        ("8,000/mm3", "8.0 \u00d7 10\u2079/L"),
        ("for 2 weeks", "for a fortnight"),
    ],
)
def test_a_measurement_in_other_words_or_units_is_no_finding(was: str, became: str) -> None:
    """Heights, weights, pressures and counts as people write them."""
    pair = Pair("1", f"{NOTE} {MEASURED}", f"{NOTE} {MEASURED}", None, None, None)
    note = pair.correct_note.replace(was, became)
    assert note != pair.correct_note
    assert kinds(note, pair) == set()


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("70 kg (154 lb)", "145 lb (70 kg)"),
        ("180 cm (5 ft 11 in)", "5'10\" (180 cm)"),
        ("180 cm (5 ft 11 in)", "6'1\""),
        ("pressure is 98/62 mm Hg", "pressure is 62 over 98 mm Hg"),
        ("blood pressure is 98/62 mm Hg", "systolic pressure is 98 mm Hg, diastolic pressure 72 mm Hg"),
        ("8,000/mm3", "80,000 per cubic millimeter"),
        ("8,000/mm3", "8 x 10^4/\u00b5L"),
        ("8,000/mm3", "8.0 \u00d7 10\u2079/mL"),
        ("for 2 weeks", "for two fortnights"),
    ],
)
def test_a_measurement_that_is_another_one_is_found(was: str, became: str) -> None:
    """However it is written."""
    pair = Pair("1", f"{NOTE} {MEASURED}", f"{NOTE} {MEASURED}", None, None, None)
    assert kinds(pair.correct_note.replace(was, became), pair) & {"number", "unit", "dose"}


@pytest.mark.parametrize(
    ("was", "became", "kind"),
    [
        ("left", "right", "laterality"),
        ("left ", "", "laterality"),
        ("knee", "hip", "site"),
        ("has no fever", "has fever", "negation"),
        ("denies", "reports", "negation"),
        ("severe", "mild", "severity"),
        ("severe ", "", "severity"),
        ("woman", "man", "person"),
        ("septic arthritis", "gout", "leak"),
        ("septic arthritis", "something else", "answer_lost"),
        ("septic arthritis.", "sept", "cut_off"),
        (" She denies trauma. Physical examination shows a warm, swollen joint.", "", "omission"),
        ("clear.", "clear. The heart has a systolic murmur.", "addition"),
        ("A 45", "Here is the paraphrased note:\n\nA 45", "preamble"),
        ("arthritis.", "arthritis.\n\nI changed one word.", "afterword"),
        ("clear.", "clear [rest unchanged].", "placeholder"),
        ("knee", "kn\ufffdee", "garbled"),
        ("knee", "**knee**", "markup"),
        ("knee", "<think>Okay.</think> knee", "thinking"),
        ("knee", "<|begin_of_thought|>Okay.<|end_of_thought|> knee", "thinking"),
        ("knee", "knee<|im_end|>", "special_token"),
    ],
)
def test_a_change_of_meaning_is_named(was: str, became: str, kind: str) -> None:
    """By its kind."""
    assert kind in kinds(NOTE.replace(was, became))


def test_a_side_is_no_verb() -> None:
    """Who left the hospital may have gone home."""
    note = NOTE + " She left the hospital."
    pair = Pair("1", note, note, "diagnosis", None, None)
    assert kinds(note.replace("left the hospital", "went home"), pair) == set()


@given(note=st.text(), original=st.text())
def test_any_text_is_judged(note: str, original: str) -> None:
    """Without an error, by kinds that are known."""
    assert kinds(note, Pair("1", original, note, "x", None, None)) <= KINDS.keys()


@given(text=st.text())
def test_a_text_is_unchanged_against_itself(text: str) -> None:
    """Whatever it is."""
    assert kinds(text, Pair("1", text, "other", "x", None, None)) <= {"unchanged", "empty"}


def test_the_expected_keys_are_those_that_most_have() -> None:
    """One that lacks a key does not set the rule; where most have no reasoning, none is expected."""
    assert expect([{"a": "x", "b": "y"}] * 3 + [{"a": "x"}, None]).keys == {"a", "b"}
    assert expect([None, None, {"a": "x"}]).keys is None
    assert expect([{"a": "x"}], keys={"c"}).keys == {"c"}
    assert expect([]).keys is None


def test_the_keys_of_a_prompt_are_read_from_its_example() -> None:
    """The outermost ones of the first object, though it is no valid JSON."""
    system = (
        'Answer {"summary": "...", "list": ["x"], "inner": {"deep": 1}, "score": 0.0-1.0}. Never {"other": 1}.'
    )
    assert keys_of_prompt(system) == {"summary", "list", "inner", "score"}
    assert keys_of_prompt("Answer with JSON.") == set()


@pytest.mark.parametrize(
    ("reasoning", "kind"),
    [
        (None, "reasoning_missing"),
        ("text", "reasoning_missing"),
        ({"why": "The note is correct."}, "reasoning_keys"),
        ({"why": "x", "what": " "}, "reasoning_empty"),
        ({"why": "x", "what": []}, "reasoning_empty"),
        ({"why": "The note is incorrect.", "what": "x"}, "reasoning_verdict"),
        ({"why": "A 70-year-old man.", "what": "x"}, "reasoning_other"),
        (
            {"why": "Haematuria with painless renal masses, smoking exposure", "what": "cystoscopy"},
            "reasoning_other",
        ),
    ],
)
def test_a_bad_reasoning_is_named(reasoning: object, kind: str) -> None:
    """Against the keys and the note of its pair."""
    expected = Expected(frozenset({"why", "what"}))
    assert kind in {finding.kind for finding in check_reasoning(reasoning, expected, NOTE, "CORRECT")}


def test_without_expected_reasoning_none_is_missed() -> None:
    """A run without reasoning, or a prompt file of the older kind."""
    assert list(check_reasoning(None, Expected(None), NOTE, "CORRECT")) == []


def test_only_notes_that_are_asked_about_are_duplicates() -> None:
    """Twins whose originals are twins too are left alone."""
    duplicates = Duplicates()
    for index, asked in enumerate((False, False, True)):
        duplicates.add(index, split_words(NOTE), asked=asked)
    assert list(duplicates.found()) == [(2, 0)]


EXACT = (
    "Her temperature is 101.6 deg F, the QT interval is 470 milliseconds, and she has bilateral, tender masses."
)


@pytest.mark.parametrize(
    ("was", "became", "found"),
    [
        ("101.6 deg F", "101.6 F", set()),
        ("101.6 deg F", "101.6\u00b0F", set()),
        ("101.6 deg F", "38.7 deg. C", set()),
        ("101.6 deg F", "101.6 deg C", {"unit"}),
        ("470 milliseconds", "470 ms", set()),
        ("470 milliseconds", "0.47 seconds", set()),
        ("470 milliseconds", "470 seconds", {"unit"}),
        ("bilateral, tender", "tender", {"laterality"}),
    ],
)
def test_how_a_unit_is_written_and_a_comma_change_nothing(was: str, became: str, found: set[str]) -> None:
    """Degrees by their abbreviation, thousandths of a second, and a side with the comma behind it."""
    pair = Pair("1", f"{NOTE} {EXACT}", f"{NOTE} {EXACT}", None, None, None)
    note = pair.correct_note.replace(was, became)
    assert note != pair.correct_note
    assert kinds(note, pair) == found
