"""The prompt file: what is taken of it and checked, and rendering that never reads a note as a template."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.chat import Sampling
from asyncgen.config import RunConfig
from asyncgen.config.shipped import prompt_file_named, shipped
from asyncgen.errors import BadDataError, UsageError
from asyncgen.recipes import build
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompt_template import Template
from asyncgen.recipes.prompts import Prompt, PromptFile
from asyncgen.recipes.request_fields import EFFORTS

from .prompt_contents import COMPLETE, CORRECT_REASONING, ERROR_REASONING, PARAPHRASE, PATH

ALLOWED = ("note", "correct_note", "error_type")
DEFAULT = Sampling(temperature=0.7, top_p=0.9, max_tokens=2048)
TEMPLATE_LIKE = ["{note}", "{correct_note}", "{note.__class__}", "{0}", "{{note}}", "{", "}", "%s", "$note", "\\1"]

note_texts = st.lists(st.sampled_from(TEMPLATE_LIKE) | st.text(), max_size=5).map("".join)


def render(template: str, **values: str) -> str:
    """A template with the usual placeholders, rendered."""
    return Template.parse(template, ALLOWED).render({name: name.upper() for name in ALLOWED} | values)


def paraphrase(**changes: Any) -> Prompt | None:
    """The paraphrase prompt of a file with changes."""
    return PromptFile({**PARAPHRASE, **changes}, PATH).prompt(
        "correct_paraphrase", allowed=("note",), needed="note"
    )


def sampling(generation_params: Any) -> Sampling:
    """The sampling of paraphrases in a file with these parameters."""
    file = PromptFile({**PARAPHRASE, "generation_params": generation_params}, PATH)
    return file.sampling("correct_paraphrase", DEFAULT)


# Rendering


@pytest.mark.parametrize("note", TEMPLATE_LIKE)
def test_a_note_that_looks_like_a_template_stays_text(note: str) -> None:
    """Placeholders, formats and escapes inside a note are the note's own."""
    assert render("<{note}|{correct_note}>", note=note) == f"<{note}|CORRECT_NOTE>"


@given(first=note_texts, second=note_texts, between=note_texts)
def test_rendering_is_one_pass(first: str, second: str, between: str) -> None:
    """Values stand where their placeholders stood, whatever is in them."""
    template = Template(("", "note", between, "correct_note", ""))
    assert template.render({"note": first, "correct_note": second}) == first + between + second


@given(text=st.text())
def test_a_text_without_known_placeholders_is_rendered_as_itself(text: str) -> None:
    """Nothing else in a template means anything."""
    if not any(f"{{{name}}}" in text for name in ALLOWED):
        assert render(text) == text


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ('{"a": {note}}', '{"a": NOTE}'),
        ("{{note}}", "{NOTE}"),
        ("{Note} {note } { note} {note!r} {note:>9}", "{Note} {note } { note} {note!r} {note:>9}"),
        ("{notes} {other} {} {0}", "{notes} {other} {} {0}"),
        ("{note}{note}{correct_note}", "NOTENOTECORRECT_NOTE"),
        ("{error_type", "{error_type"),
        ("100 % %(note)s $note", "100 % %(note)s $note"),
        ("", ""),
    ],
)
def test_only_the_exact_placeholders_are_replaced(template: str, rendered: str) -> None:
    """Any other brace is text."""
    assert render(template) == rendered


def test_a_template_knows_which_placeholders_occur() -> None:
    """Only the allowed ones, each once."""
    assert Template.parse("{note} {note} {other}", ALLOWED).names == {"note"}


# Prompts


def test_a_prompt_is_its_system_text_and_its_user_template() -> None:
    """The system text is taken as it is, with its braces."""
    prompt = paraphrase()
    assert prompt is not None
    assert prompt.system == 'You answer like {"a": 1}.'
    assert prompt.user.render({"note": "N"}) == "Paraphrase: N"


@pytest.mark.parametrize("key", PARAPHRASE)
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "lacks the key"),
        ("", "has no text under the key"),
        (" \n", "has no text under the key"),
        (5, "has no text under the key"),
        (["a"], "has no text under the key"),
    ],
)
def test_a_needed_key_without_text_is_named(key: str, value: object, problem: str) -> None:
    """With the file, so that the user finds it."""
    with pytest.raises(BadDataError, match=f"prompts.json {problem} {key}$"):
        paraphrase(**{key: value})


@pytest.mark.parametrize("user", ["Paraphrase: {Note}", "Paraphrase: {original_note}", "no placeholder"])
def test_a_user_prompt_without_its_placeholder_is_refused(user: str) -> None:
    """The note would never be sent."""
    with pytest.raises(BadDataError, match=re.escape("correct_paraphrase_user lacks the placeholder {note}")):
        paraphrase(correct_paraphrase_user=user)


def test_the_placeholder_in_the_system_text_does_not_count() -> None:
    """Only user templates are rendered."""
    with pytest.raises(BadDataError, match="lacks the placeholder"):
        paraphrase(correct_paraphrase_system="{note}", correct_paraphrase_user="no placeholder")


def test_optional_prompts_may_both_be_missing_but_not_one_of_two() -> None:
    """A half prompt is a mistake."""
    options: dict[str, Any] = {"allowed": ("incorrect_note",), "needed": "incorrect_note", "optional": True}
    assert PromptFile(PARAPHRASE, PATH).prompt("reasoning", **options) is None
    for key in ERROR_REASONING:
        half = {**ERROR_REASONING}
        del half[key]
        with pytest.raises(BadDataError, match=f"lacks the key {key}"):
            PromptFile(half, PATH).prompt("reasoning", **options)


# Sampling


@pytest.mark.parametrize(
    "generation_params",
    [
        None,
        {},
        "see the documentation",
        ["correct_paraphrase"],
        {"note": "tuned by hand", "correct_paraphrase": None},
        {"correct_paraphrase": "see above"},
        {"correct_paraphrase": {"note": "tuned by hand", "seed": "any"}},
        {"reasoning": {"temperature": 0}},
    ],
)
def test_what_the_file_does_not_say_comes_from_the_defaults(generation_params: object) -> None:
    """Notes among the parameters are ignored."""
    assert sampling(generation_params) == DEFAULT


def test_what_is_not_sent_is_named_with_the_reason(tmp_path: Path) -> None:
    """A field of the API with a value that does not fit is not said to be none."""
    path = tmp_path / "prompts.json"
    said = {"seed": "7", "reasoning_effort": "banana", "note": "by hand", "verbosity": "low"}
    path.write_text(json.dumps(PARAPHRASE | {"generation_params": {"correct_paraphrase": said}}))
    warned: list[str] = []

    build(RunConfig(input_jsonl=path, output_dir=tmp_path, prompt_file=path), warned.append)

    where = "generation_params.correct_paraphrase"
    assert warned == [
        f"not sent: {where}.seed (it must be a whole number), {where}.reasoning_effort (it must be one of "
        f"{', '.join(EFFORTS)}), {where}.note (not a field of the API)"
    ]


def test_what_the_file_says_is_taken() -> None:
    """Each value alone or all together, at the ends of their ranges too."""
    assert sampling({"correct_paraphrase": {"top_p": 1}}) == Sampling(0.7, 1, 2048)
    low = {"temperature": 0, "top_p": 0.0, "max_tokens": 1}
    assert sampling({"correct_paraphrase": low}) == Sampling(0, 0, 1)
    assert sampling({"correct_paraphrase": {"temperature": 2, "max_tokens": 4096}}) == Sampling(2, 0.9, 4096)


@pytest.mark.parametrize("name", ["temperature", "top_p", "max_tokens"])
@pytest.mark.parametrize("value", ["0.5", True, [0.5], {"value": 0.5}, -1, 1e9])
def test_a_parameter_of_the_wrong_type_or_range_is_named(name: str, value: object) -> None:
    """Before a server refuses every call for it."""
    with pytest.raises(BadDataError, match=f"generation_params.correct_paraphrase.{name} must be a number"):
        sampling({"correct_paraphrase": {name: value}})


# The file


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path, mark: bytes) -> None:
    """As editors leave it."""
    path = tmp_path / "prompts.json"
    path.write_bytes(mark + json.dumps(PARAPHRASE).encode())
    prompt = PromptFile.load(path).prompt("correct_paraphrase", allowed=("note",), needed="note")
    assert prompt == paraphrase()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not valid JSON"),
        (b'{\n"a": x}', "is not valid JSON: line 2, column 6: expecting value$"),
        (b'{"a": 1,\n}', "line 1, column 8: (expecting property name|illegal trailing comma)"),
        (b'\xef\xbb\xbf{"a": x}', "line 1, column 7: expecting value$"),
        (b'{"a": "b\nc"}', "line 1, column 9: invalid control character$"),
        (
            b'{\n"a": "\xff"}',
            r"is not valid JSON: line 2 is not UTF-8; write it as UTF-8 first \(iconv -f WINDOWS-1252",
        ),
        (b'name = "x"\n[[step]]\n', r": this is a recipe file, which goes to recipe='.*prompts\.json'$"),
        (b"[]", "must hold a JSON object"),
        (b"null", "must hold a JSON object"),
    ],
)
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """The message says where."""
    path = tmp_path / "prompts.json"
    path.write_bytes(content)
    with pytest.raises(BadDataError, match=message):
        PromptFile.load(path)


def test_a_file_that_is_not_there_is_an_error_of_usage(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(
        UsageError,
        match=r"cannot read the prompt file .*missing.json: No such file.*the shipped one is called medec_safe",
    ):
        PromptFile.load(tmp_path / "missing.json")


def test_a_prompt_in_place_of_the_name_of_a_file_is_an_error_of_usage() -> None:
    """Longer than a name may be, which looking for it must survive."""
    path = prompt_file_named(Path("Rewrite the note in other words. " * 10))
    with pytest.raises(UsageError, match=r"cannot read the prompt file Rewrite .*: File name too long"):
        PromptFile.load(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """It is read more than once."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        UsageError, match=r"cannot read the prompt file .*/pipe: a pipe or a device can be read only"
    ):
        PromptFile.load(tmp_path / "pipe")


def test_lone_surrogates_in_a_prompt_become_the_replacement_character(tmp_path: Path) -> None:
    """As everywhere: they are JSON, but not UTF-8."""
    path = tmp_path / "prompts.json"
    path.write_bytes(rb'{"correct_paraphrase_system": "a\ud800", "correct_paraphrase_user": "{note}"}')
    prompt = PromptFile.load(path).prompt("correct_paraphrase", allowed=("note",), needed="note")
    assert prompt is not None
    assert prompt.system == "a\ufffd"


# What a recipe takes


def test_the_fingerprint_covers_what_is_used_and_nothing_else() -> None:
    """Other top-level keys and unused parameters may change between two runs."""
    plain = MedecSafe(PromptFile(COMPLETE, PATH), add_reasoning=False)
    extra = {"metadata": {"version": 3}, "examples": [1], "generation_params": {"reasoning": {"top_p": 0}}}
    decorated = {**COMPLETE, **extra, "reasoning_user": "{incorrect_note}"}
    assert MedecSafe(PromptFile(decorated, PATH), add_reasoning=False).fingerprint == plain.fingerprint
    assert not any("reasoning_" in name for name in plain.fingerprint if name != "add_reasoning")


@pytest.mark.parametrize(
    "change",
    [
        *({key: value + " Be brief."} for key, value in COMPLETE.items()),
        {"generation_params": {"correct_paraphrase": {"top_p": 0.5}}},
        {"generation_params": {"reasoning": {"max_tokens": 5}}},
    ],
)
def test_the_fingerprint_covers_each_prompt_and_parameter_that_is_used(change: dict[str, Any]) -> None:
    """Any of them changes the outputs."""
    before = MedecSafe(PromptFile(COMPLETE, PATH), add_reasoning=True).fingerprint
    after = MedecSafe(PromptFile({**COMPLETE, **change}, PATH), add_reasoning=True).fingerprint
    assert before != after


@pytest.mark.parametrize("kind", [CORRECT_REASONING, ERROR_REASONING], ids=["correct", "error"])
def test_a_file_of_the_older_kind_is_valid_with_reasoning(kind: dict[str, str]) -> None:
    """It lacks one reasoning, which is then not asked."""
    older = {key: value for key, value in COMPLETE.items() if key not in kind}
    used = MedecSafe(PromptFile(older, PATH), add_reasoning=True).fingerprint
    assert used.keys() & COMPLETE.keys() == older.keys()


def test_the_shipped_prompts_serve_every_step() -> None:
    """With reasoning, all six prompts are taken."""
    recipe = MedecSafe(PromptFile.load(shipped("prompts", "medec_safe.json")), add_reasoning=True)
    assert COMPLETE.keys() <= recipe.fingerprint.keys()


def test_required_keys_are_taken_by_step_and_part_of_the_fingerprint() -> None:
    """A step that lists none has none."""
    prompts = PromptFile({"required_keys": {"error_reasoning": ["error", "why"]}}, PATH)
    assert prompts.required_keys("error_reasoning") == ("error", "why")
    assert prompts.required_keys("correct_reasoning") == ()
    assert prompts.used == {"required_keys.error_reasoning": ["error", "why"]}


def test_what_a_schema_requires_is_required() -> None:
    """Unless the file says otherwise."""
    schema = {"type": "object", "properties": {"why": {"type": "string"}}, "required": ["why"]}
    content = {"response_schemas": {"error_reasoning": schema}}
    assert PromptFile(content, PATH).required_keys("error_reasoning") == ("why",)
    own = content | {"required_keys": {"error_reasoning": ["error"]}}
    assert PromptFile(own, PATH).required_keys("error_reasoning") == ("error",)


@pytest.mark.parametrize(
    "value", [["error"], "error", {"error_reasoning": "error"}, {"error_reasoning": [1]}, None]
)
def test_required_keys_of_another_shape_are_refused(value: object) -> None:
    """In silence they would demand nothing."""
    with pytest.raises(BadDataError, match="required_keys must be an object with lists of names"):
        PromptFile({"required_keys": value}, PATH).required_keys("error_reasoning")


def test_what_looks_like_a_placeholder_and_is_none_is_named_once() -> None:
    """Other braces are text, but a slip of the pen costs the whole run."""
    user = '{note} {nmae} {nmae} {"json": 1} {} {0} {two words}'
    prompts = PromptFile({"p_system": "{any}", "p_user": user}, PATH)
    prompts.prompt("p", allowed=("note",), needed="note")
    assert prompts.unknown == ["p_user: {nmae}"]


def test_a_placeholder_of_another_program_is_named() -> None:
    """A value in braces that stay, and what is left as it stands."""
    user = '{note}: {{note}} ${note} { note } {note!r} {{ error_type }} {% if x %} {{"a": 1}}'
    prompts = PromptFile({"p_system": "s", "p_user": user}, PATH)
    prompts.prompt("p", allowed=ALLOWED, needed="note")
    assert prompts.in_more == ["p_user: {{note}}", "p_user: ${note}"]
    left = ["{ note }", "{note!r}", "{{ error_type }}", "{% if x %}"]
    assert prompts.unknown == [f"p_user: {found}" for found in left]


def test_nul_characters_of_a_prompt_are_named() -> None:
    """They are sent as ever: a directory may have begun with them."""
    prompts = PromptFile({"p_system": "s\0", "p_user": "{note}\0", "q_system": "\0"}, PATH)
    prompts.prompt("p", allowed=("note",), needed="note")
    assert prompts.with_nul == ["p_system", "p_user"]
