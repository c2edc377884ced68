"""Templates: what they may hold, and that a note is never read as one."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.config.shipped import shipped
from asyncgen.errors import BadDataError, UsageError
from asyncgen.export.examples import Example
from asyncgen.export.template import ExportTemplate, LackingError

from .conftest import make_pair

GOOD = 'instruction = "Judge."\n[answers]\nCORRECT = "yes"\nINCORRECT = "no"\n'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def examples(**changes: object) -> tuple[Example, Example]:
    """The two examples of a pair, read back."""
    correct, incorrect = make_pair(0, **changes)
    return Example.parse(orjson.dumps(correct)), Example.parse(orjson.dumps(incorrect))


def load(tmp_path: Path, text: str) -> ExportTemplate:
    """A template from a file."""
    path = tmp_path / "template.toml"
    path.write_text(text)
    return ExportTemplate.load(str(path))


@pytest.mark.parametrize("name", [path.stem for path in shipped("export").glob("*.toml")])
def test_what_ships_can_be_loaded_and_filled(name: str) -> None:
    """Each with a system text, for both labels."""
    template = ExportTemplate.load(name)
    for example in examples():
        turn = template.render(example)
        assert turn.system
        assert turn.input == example.note.strip()
        assert turn.user == f"{turn.instruction}\n\n{turn.input}"
        assert turn.answer.split()[-1] == example.label or name == "correction"


def test_the_reasoning_comes_before_the_verdict() -> None:
    """Readable: a line a text, a line an item; braces in it stay."""
    answer = ExportTemplate.load("reasoning").render(examples()[0]).answer
    assert answer == (
        "Clinical summary: A {note}.\nKey findings:\n- one\n- two\nConclusion: Braces {} stay.\n\nVerdict: CORRECT"
    )


def test_the_correction_quotes_both_sentences() -> None:
    """What a sentence holds is not replaced."""
    answer = ExportTemplate.load("correction").render(examples()[1]).answer
    assert answer == "INCORRECT\nWrong sentence: It {corrected_sentence}.\nCorrected sentence: It is fine."


def test_the_note_stands_where_the_placeholder_is(tmp_path: Path) -> None:
    """Then nothing is left for a field of its own."""
    template = load(tmp_path, GOOD.replace("Judge.", "Judge <{note}>, please."))
    turn = template.render(examples()[0])
    assert turn.user == turn.instruction == "Judge <Case 0: {note} {error_type} is fine.>, please."
    assert turn.input == ""
    assert turn.system is None


def test_a_value_and_the_whole_of_the_reasoning(tmp_path: Path) -> None:
    """By key, and as JSON."""
    template = load(tmp_path, GOOD.replace("yes", "{reasoning.key_findings} {reasoning_json} {}"))
    answer = template.render(examples()[0]).answer
    assert answer.startswith('- one\n- two {"clinical_summary":"A {note}."')
    assert answer.endswith("} {}")


@given(TEXTS, TEXTS, TEXTS)
def test_texts_are_data_whatever_they_hold(note: str, wrong: str, better: str) -> None:
    """One pass: nothing that was put in is looked at again."""
    _, example = examples(note=note, error_location=f"a{wrong}", correction=f"b{better}")
    turn = ExportTemplate.load("correction").render(example)
    assert turn.input == note.strip()
    assert turn.answer == f"INCORRECT\nWrong sentence: a{wrong}\nCorrected sentence: b{better}"


def test_blanks_at_the_ends_of_a_note_tell_nothing() -> None:
    """INCORRECT notes of MEDEC end with one, paraphrases do not."""
    correct, incorrect = examples(note=" The same note.\n")
    template = ExportTemplate.load("detection")
    assert template.render(correct).user == template.render(incorrect).user


@pytest.mark.parametrize(
    ("name", "changes", "lack"),
    [
        ("reasoning", {"reasoning": None}, "it has no reasoning"),
        ("reasoning", {"reasoning": {}}, "it has no reasoning"),
        ("correction", {"correction": None}, "it has no corrected_sentence"),
        ("correction", {"error_location": ""}, "it has no error_sentence"),
    ],
)
def test_what_an_example_lacks_is_named(name: str, changes: dict[str, object], lack: str) -> None:
    """Never an empty place in an answer."""
    with pytest.raises(LackingError, match=lack):
        ExportTemplate.load(name).render(examples(**changes)[1])


def test_a_key_that_the_reasoning_lacks_is_named(tmp_path: Path) -> None:
    """Prompts decide which keys there are."""
    template = load(tmp_path, GOOD.replace("yes", "{reasoning.plan}"))
    with pytest.raises(LackingError, match="its reasoning has no 'plan'"):
        template.render(examples()[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "not TOML"),
        ("", r"must have a table \[answers\]"),
        (GOOD + 'MAYBE = "x"', r"must have a table \[answers\] with exactly CORRECT and INCORRECT"),
        (GOOD.replace("instruction", "instructions"), "unknown key 'instructions'; known here: .* instruction,"),
        (GOOD.replace('"Judge."', "3"), "instruction must be a text"),
        (GOOD.replace("Judge.", " "), "instruction must be a text that is not empty"),
        (GOOD.replace('"no"', '""'), "answers.INCORRECT must be a text that is not empty"),
        ("system = 1\n" + GOOD, "system must be a text"),
        ('system = "{note}"\n' + GOOD, "system: no placeholder {note} here; there are none"),
        (GOOD.replace("Judge.", "{nota}"), "instruction: no placeholder {nota} here; there are {note}"),
        (GOOD.replace("yes", "{error_type}"), "answers.CORRECT: no placeholder {error_type}"),
        (GOOD.replace("no", "{reasoning.}"), "answers.INCORRECT: no placeholder {reasoning.}"),
    ],
)
def test_a_template_that_cannot_work_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Where and why, before anything is written."""
    with pytest.raises(BadDataError, match=message):
        load(tmp_path, text)


def test_an_unknown_name_is_answered_by_the_names_there_are(tmp_path: Path) -> None:
    """And a file that is not there likewise."""
    for name in ("nix", str(tmp_path / "nix.toml")):
        with pytest.raises(UsageError, match="one of correction, detection, reasoning"):
            ExportTemplate.load(name)
