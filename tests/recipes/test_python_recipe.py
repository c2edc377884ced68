"""Recipes of the user's own, by `module:Class`: they may raise, and the run goes on."""

import asyncio
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import orjson
import pytest

from asyncgen.chat import ChatMessage, ChatRequest, Sampling
from asyncgen.config import RunConfig
from asyncgen.errors import CallFailed, UsageError
from asyncgen.events import RecipeRaised
from asyncgen.recipe import Examples, OutputFile, rows_of_recipe, unique_id, writes_failed
from asyncgen.recipes import build
from asyncgen.recipes.prompts import PromptFile
from asyncgen.recipes.single_turn import SingleTurn
from asyncgen.recipes.walk import walk

from .conftest import Server

SECRET = "Mrs Miller of Elm Street"


class Item:
    """A row."""

    def __init__(self, fields):
        self.note_id = str(fields.get("id", ""))
        self.text = fields["text"]


class Own:
    """Raises where the text says so."""

    outputs = (OutputFile("own.jsonl", 1),)
    counters = ("good", "bad")
    failure_counters = MappingProxyType({"ask": "bad"})
    fingerprint = MappingProxyType({"recipe": "own"})
    rows = "entries"

    def parse(self, fields):
        if "parse" in fields["text"]:
            raise KeyError(SECRET)
        return Item(fields)

    async def run(self, pair, generate):
        def check(text):
            if "check" in pair.text:
                raise ZeroDivisionError(SECRET)
            return "refused" if "refuse" in pair.text else None

        request = ChatRequest("", pair.text, Sampling(None, None, None), check=check)
        answer = await generate("ask", request)
        if "run" in pair.text:
            raise ValueError(SECRET)
        return Examples((orjson.dumps({"a": answer.text}) + b"\n",), {"good": 1})

    def recognise(self, pair, blobs):
        return None


class Wrong(Own):
    """Returns, for the rows that say so, what is no result; `wrong` says what is."""

    wrong = None

    async def run(self, pair, generate):
        right = await super().run(pair, generate)
        return type(self).wrong() if pair.text == "wrong" else right


def raises(error):
    """Raise an error, as an expression."""
    raise error


class NoRecipe:
    """Has nothing that a recipe has."""


class Broken:
    """Cannot be made."""

    def __init__(self):
        raise RuntimeError(SECRET)


async def works_async(_self, fields):
    """Parse, as an async function."""
    return Item(fields)


HERE = f"{__name__}:Own"


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("where", "error"), [("parse", "KeyError"), ("run", "ValueError"), ("check", "ZeroDivisionError")]
)
async def test_what_a_recipe_raises_fails_its_row_alone(bench, where, error):
    """The event names type and place and holds the traceback, and nothing says what the error says."""
    server = Server(lambda body, _: "fine")
    rows = [{"text": "a"}, {"text": f"b {where}", "id": "row-1"}, {"text": "c"}]

    summary = await bench.run(server, HERE, rows)

    assert (summary.failed_pairs, summary.stats["good"], summary.stats["bad"]) == (1, 2, 0)
    assert [record["a"] for record in bench.lines("own.jsonl")] == ["fine", "fine"]
    [record] = bench.failed()
    assert (record["index"], record["note_id"], record["error"]) == (1, "row-1", "recipe_error")
    [event] = [event for event in bench.events if isinstance(event, RecipeRaised)]
    assert event.error.startswith(f"{error} at test_python_recipe.py:")
    assert any("in " + where in line for line in event.stack)
    assert SECRET not in repr([event, record])
    for path in (bench.path / "out" / ".asyncgen").iterdir():
        assert SECRET.encode() not in path.read_bytes()


@pytest.mark.virtual_clock
async def test_a_row_that_the_recipe_failed_is_repaired_from_the_journal_once_it_works(bench):
    """Nothing is paid twice."""
    server = Server(lambda body, _: "fine")
    await bench.run(server, HERE, [{"text": "a"}, {"text": "b run"}])
    assert len(server.asked) == 2
    whole, Own.run = Own.run, works

    try:
        summary = await bench.run(server, HERE, [{"text": "a"}, {"text": "b run"}])
    finally:
        Own.run = whole

    assert (summary.failed_pairs, summary.stats["good"], len(server.asked)) == (0, 2, 2)


async def works(self, pair, generate):
    """The recipe, mended."""
    answer = await generate("ask", ChatRequest("", pair.text, Sampling(None, None, None), check=lambda _: None))
    return Examples((orjson.dumps({"a": answer.text}) + b"\n",), {"good": 1})


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: None, "run returned NoneType, not Examples"),
        (lambda: Examples((b"",), {}), "run returned 0 lines for own.jsonl, not 1"),
        (lambda: Examples((b"{}\n{}\n",), {}), "run returned 2 lines for own.jsonl, not 1"),
        (lambda: Examples((b"{}",), {}), "run returned a last line for own.jsonl that has no line break"),
        (lambda: Examples((b"Miller\n",), {}), "run returned a line for own.jsonl that is not JSON"),
        (lambda: Examples((b'"\xff"\n',), {}), "run returned a line for own.jsonl that is not JSON"),
        (lambda: Examples(("{}\n",), {}), "run returned str for own.jsonl, not bytes"),
        (lambda: Examples((b"{}\n", b"{}\n"), {}), "run returned blobs that are not one for each of 1 outputs"),
        (lambda: Examples((b"{}\n",), {"goood": 1}), "run counts goood, which counters does not name"),
        (lambda: Examples((b"{}\n",), {"good": "1"}), "run returned counts that are no mapping to integers"),
        (lambda: Examples((b"{}\n",), {"good": 1.5}), "run returned counts that are no mapping to integers"),
        (lambda: Examples((b"{}\n",), None), "run returned counts that are no mapping to integers"),
        (lambda: raises(asyncio.CancelledError), "run raised CancelledError at test_python_recipe.py:"),
        (lambda: raises(GeneratorExit), "run raised GeneratorExit at test_python_recipe.py:"),
        (lambda: raises(SystemExit(9)), "run raised SystemExit at test_python_recipe.py:"),
    ],
)
async def test_a_wrong_result_of_a_recipe_fails_its_row_and_says_what_is_wrong(bench, monkeypatch, wrong, said):
    """It would break the lines of other rows, or end the run with a traceback; planning sees the same."""
    server = Server(lambda body, _: "fine")
    monkeypatch.setattr(Wrong, "wrong", wrong)
    name = f"{__name__}:Wrong"

    summary = await bench.run(server, name, [{"text": "a"}, {"text": "wrong"}, {"text": "c"}])

    assert (summary.failed_pairs, summary.stats["good"], len(bench.lines("own.jsonl"))) == (1, 2, 2)
    assert [(record["index"], record["error"]) for record in bench.failed()] == [(1, "recipe_error")]
    [event] = [event for event in bench.events if isinstance(event, RecipeRaised)]
    assert event.error.startswith(f"WrongResultError: {said}")
    assert "Miller" not in repr(event)
    recipe = build(RunConfig(input_jsonl=bench.path, output_dir=bench.path, recipe=name))
    walked = await walk(recipe, Item({"text": "wrong"}), lambda *_: "fine")
    assert walked.problem == event.error


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("Miller", "run asks with str, not with ChatRequest"),
        (ChatRequest("", "Miller", {"max_tokens": 5}), "sampling of a request is dict, not Sampling"),
        (ChatRequest("", None, Sampling(None, None, None)), "user of a request is NoneType, not a text"),
        (ChatRequest(None, "Miller", Sampling(None, None, None)), "system of a request is NoneType, not a text"),
        (
            ChatRequest("", "Miller", Sampling(None, None, None), before=None),
            "before of a request is not a tuple of ChatMessage",
        ),
        (
            ChatRequest("", "Miller", Sampling(None, None, None), before=({"role": "user", "content": "x"},)),
            "before of a request is not a tuple of ChatMessage",
        ),
        (
            ChatRequest("", "Miller", Sampling(None, None, None), before=(ChatMessage("human", "x"),)),
            "role of a ChatMessage is 'human', not system, user or assistant",
        ),
        (
            ChatRequest("", "Miller", Sampling(None, None, None), before=(ChatMessage("user", None),)),
            "content of a ChatMessage is NoneType, not a text",
        ),
    ],
)
async def test_what_is_no_request_fails_its_row_and_is_seen_by_planning(bench, monkeypatch, request_, said):
    """Planning ended with a traceback."""

    async def run(_self, _pair, generate):
        await generate("ask", request_)

    monkeypatch.setattr(Own, "run", run)

    summary = await bench.run(Server(lambda body, _: "fine"), HERE, [{"text": "a"}])

    assert summary.failed_pairs == 1
    [event] = [event for event in bench.events if isinstance(event, RecipeRaised)]
    assert event.error == f"WrongResultError: {said}"
    recipe = build(RunConfig(input_jsonl=bench.path, output_dir=bench.path, recipe=HERE))
    walked = await walk(recipe, Item({"text": "a"}), lambda *_: "fine")
    assert (walked.requests, walked.problem) == ([], event.error)


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("parse", "said"),
    [
        (lambda _self, fields: fields, "parse returned dict, which has no note_id"),
        (lambda _self, _fields: None, "parse returned NoneType, which has no note_id"),
        (lambda _self, _fields: sys.exit(3), "parse raised SystemExit at test_python_recipe.py:"),
    ],
)
async def test_what_is_no_item_fails_its_row(bench, monkeypatch, parse, said):
    """A dict is what people try first; it ended the run with a traceback."""
    monkeypatch.setattr(Own, "parse", parse)

    summary = await bench.run(Server(lambda body, _: "fine"), HERE, [{"text": "a", "id": "r1"}])

    assert summary.failed_pairs == 1
    assert [(record["note_id"], record["error"]) for record in bench.failed()] == [("r1", "recipe_error")]
    [event] = [event for event in bench.events if isinstance(event, RecipeRaised)]
    assert event.error.startswith(f"WrongResultError: {said}")


@pytest.mark.virtual_clock
async def test_a_check_that_returns_no_text_fails_its_row(bench, monkeypatch):
    """True and False are what people try first; they ended the run with a traceback."""

    async def run(_self, pair, generate):
        check = {"true": lambda _: True, "false": lambda _: False}.get(pair.text)
        answer = await generate("ask", ChatRequest("", pair.text, Sampling(None, None, None), check=check))
        return Examples((orjson.dumps({"a": answer.text}) + b"\n",), {"good": 1})

    monkeypatch.setattr(Own, "run", run)

    summary = await bench.run(Server(lambda b, _: "fine"), HERE, [{"text": t} for t in ("true", "a", "false")])

    assert (summary.failed_pairs, summary.stats["good"]) == (2, 1)
    errors = [event.error for event in bench.events if isinstance(event, RecipeRaised)]
    assert errors == ["WrongResultError: a check returned bool, not a word or None"] * 2


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"outputs": (OutputFile("../evil.jsonl", 1),)}, "'../evil.jsonl' is not a valid name of an output file"),
        ({"outputs": (OutputFile("checkpoint.json", 1),)}, "'checkpoint.json' is not a valid name"),
        ({"outputs": (OutputFile("failed.jsonl", 1),)}, "an output cannot be called failed.jsonl"),
        ({"outputs": (OutputFile("a.jsonl", 1), OutputFile("a.jsonl", 1))}, "there is another output a.jsonl"),
        ({"counters": ("good",)}, "failure_counters has bad, which counters does not name"),
        ({"outputs": ("own.jsonl",)}, "outputs must be OutputFile objects"),
        ({"outputs": OutputFile("own.jsonl", 1)}, "outputs must be a tuple"),
        ({"failure_counters": None}, "failure_counters must be a mapping"),
        ({"fingerprint": None}, "fingerprint must be a mapping"),
        ({"fingerprint": {"recipe": {1, 2}}}, "fingerprint must hold what JSON can: texts, numbers,"),
        ({"fingerprint": {1: "own"}}, "fingerprint must hold what JSON can: texts, numbers,"),
        ({"outputs": (OutputFile("own.jsonl", "1"),)}, "the lines of each of outputs must be an integer"),
        ({"counters": ("good", "bad", 3)}, "counters must be names"),
        ({"rows": " "}, "rows must not be empty"),
        ({"parse": works_async}, "parse must be an ordinary function, not an async one"),
    ],
)
@pytest.mark.parametrize("by_name", [True, False])
def test_what_a_class_declares_is_checked_before_anything_else(tmp_path, monkeypatch, declared, said, by_name):
    """It would write outside of the directory, over the run's own files, or lose what was paid."""
    for name, value in declared.items():
        monkeypatch.setattr(Own, name, value)
    prompts = tmp_path / "prompts.json"
    prompts.write_text("{}")
    config = RunConfig(input_jsonl=tmp_path, output_dir=tmp_path, recipe=HERE)

    with pytest.raises(UsageError) as caught:
        build(config) if by_name else build(replace(config, prompt_file=prompts), make=lambda _: Own())

    assert str(caught.value).startswith(f"recipe {HERE}: {said}")


@pytest.mark.virtual_clock
async def test_an_answer_that_a_recipe_refuses_is_asked_for_again_under_its_word(bench):
    """Three times in all."""
    server = Server(lambda body, _: "fine")

    await bench.run(server, HERE, [{"text": "refuse"}])

    assert server.seeds("ask") == [None, 1_000_000, 2_000_000]
    assert bench.failed()[0]["error"] == "check_refused"


@pytest.mark.virtual_clock
async def test_a_defect_of_the_program_inside_of_a_call_is_not_taken_for_one_of_the_recipe(bench, monkeypatch):
    """It ends the run."""
    server = Server(lambda body, _: 1 / 0)

    with pytest.raises(ExceptionGroup):
        await bench.run(server, HERE, [{"text": "a"}])

    assert not [event for event in bench.events if isinstance(event, RecipeRaised | CallFailed)]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:Own", "recipe no_such_module:Own: there is no module no_such_module"),
        (f"{__name__}:Nothing", f"{__name__} has no class Nothing"),
        (f"{__name__}:NoRecipe", "is not a recipe: it lacks outputs, counters, failure_counters, fingerprint"),
        (f"{__name__}:Broken", "making it raised RuntimeError at test_python_recipe.py:"),
        ("mail", "there is no recipe mail; did you mean mails?"),
        ("xyz", "there is no recipe xyz; recipe takes medec_safe, chain_of_thought,"),
        ("medec_safe", "the recipe medec_safe needs prompt_file"),
    ],
)
def test_a_recipe_that_cannot_be_made_is_named(tmp_path, name, said):
    """Before anything else; without what its error says."""
    with pytest.raises(UsageError) as caught:
        build(RunConfig(input_jsonl=tmp_path, output_dir=tmp_path, recipe=name))

    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_recipe_file_of_another_name_is_told_how_to_be_called(tmp_path):
    """It is there: that there is none would be wrong."""
    (tmp_path / "mine").write_text("")
    (tmp_path / "r.yaml").write_text("")
    (tmp_path / "own.py").write_text("")
    for name, said in (
        ("mine", "mine: a recipe file is TOML, and its name has to end in .toml"),
        ("r.yaml", "r.yaml: a recipe file is TOML, and its name has to end in .toml"),
        ("own.py", "own.py: a class is named by its module, own:Class"),
        (".", ": this is a directory"),
    ):
        with pytest.raises(UsageError, match=re.escape(said)):
            build(RunConfig(input_jsonl=tmp_path, output_dir=tmp_path, recipe=str(tmp_path / name)))


@pytest.mark.parametrize("named", [True, False])
def test_what_a_prompt_file_says_in_vain_is_said_for_a_class_too(tmp_path, named):
    """As for the recipe that ships."""
    prompts = tmp_path / "prompts.json"
    prompts.write_text('{"generation_params": {"ask": {"temprature": 1}}}')
    config = RunConfig(
        input_jsonl=tmp_path, output_dir=tmp_path, recipe=f"{__name__}:OfPrompts", prompt_file=prompts
    )
    said = []

    build(config, said.append, None if named else OfPrompts)

    assert any("temprature" in one for one in said)


class OfPrompts(Own):
    """Takes a prompt file."""

    def __init__(self, prompts):
        self.sampling = prompts.sampling("ask", Sampling(None, None, None))


def test_a_module_in_the_working_directory_is_found(tmp_path, monkeypatch):
    """As somebody who tries a recipe expects."""
    (tmp_path / "recipe_in_here.py").write_text(f"from {__name__} import Own\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    recipe = build(RunConfig(input_jsonl=tmp_path, output_dir=tmp_path, recipe="recipe_in_here:Own"))

    assert recipe.outputs == Own.outputs


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("script_in_here:Own", "importing script_in_here raised SystemExit at script_in_here.py:2"),
        ("script_in_here:make", "importing script_in_here raised SystemExit"),
        ("ends_itself:make", "making it raised SystemExit at ends_itself.py:2"),
        (
            "ends_itself.py:make",
            "there is no module ends_itself.py; a module is named without .py, ends_itself:make,",
        ),
        ("in/ends_itself.py:make", "; a module is named without .py, ends_itself:make, and is in this directory"),
    ],
)
def test_a_module_that_ends_the_program_or_is_named_by_its_file_is_told(tmp_path, monkeypatch, name, said):
    """The command ended without a word, with the script's code; and a file is what people name first."""
    (tmp_path / "script_in_here.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "ends_itself.py").write_text("def make():\n    raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    with pytest.raises(UsageError) as caught:
        build(RunConfig(input_jsonl=tmp_path, output_dir=tmp_path, recipe=name))

    assert said in str(caught.value)


def test_a_recipe_of_a_module_is_given_the_prompt_file(tmp_path):
    """Where there is one; and the input may call its fields otherwise."""
    prompts = tmp_path / "prompts.json"
    prompts.write_text(json.dumps({"single_turn_system": "s", "single_turn_user": "{word}"}))
    config = RunConfig(
        input_jsonl=tmp_path,
        output_dir=tmp_path,
        prompt_file=prompts,
        recipe="asyncgen.recipes.single_turn:SingleTurn",
        fields=(("word", "term"),),
    )

    recipe = build(config)

    assert recipe.parse({"term": "sepsis"}).values == {"word": "sepsis"}
    assert recipe.fingerprint["fields"] == {"word": "term"}
    assert recipe.outputs == SingleTurn.outputs


def test_a_class_keeps_what_it_says_of_its_rows_where_fields_have_other_names(tmp_path, monkeypatch):
    """Ids that must be unique, and lines for failed rows."""
    monkeypatch.setattr(Own, "unique", "id", raising=False)
    monkeypatch.setattr(Own, "lines_of_failed", lambda _self, _pair, _failure: (b"{}\n",), raising=False)
    names = {"input_jsonl": tmp_path, "output_dir": tmp_path, "recipe": f"{__name__}:Own"}

    for recipe in (build(RunConfig(**names)), build(RunConfig(**names, fields=(("text", "body"),)))):
        assert (unique_id(recipe), writes_failed(recipe), rows_of_recipe(recipe)) == ("id", True, "entries")


@pytest.mark.parametrize(("row", "name"), [({}, ""), ({"id": None}, ""), ({"id": 0}, "0"), ({"id": "r7"}, "r7")])
def test_a_row_of_single_turn_is_named_by_its_id(row, name):
    """One that is null is none."""
    prompts = PromptFile({"single_turn_system": "s", "single_turn_user": "{word}"}, Path("prompts.json"))
    assert SingleTurn(prompts).parse({"word": "sepsis", **row}).note_id == name
