"""What the model thought before an answer: in the lines and prompts of a recipe file, and in plans."""

import pytest

from asyncgen.config import RunConfig
from asyncgen.recipes import build
from asyncgen.recipes.answer_schema import AnswerSchema
from asyncgen.recipes.declared import Declared
from asyncgen.recipes.recipe_file import RecipeFile
from asyncgen.recipes.walk import likely_answer, walk

from .conftest import Server


@pytest.mark.virtual_clock
@pytest.mark.parametrize("kept", [False, True])
async def test_what_a_model_thinks_goes_with_its_call(bench, *, kept):
    """If it is to be kept; where no line names the calls, that is said."""
    recipe = """
[[step]]
name = "s"
user = "{text}"
[[output]]
file = "a.jsonl"
line = { s = "{s}", calls = "{calls}" }
"""
    server = Server(lambda *_: "<think>First of all.</think>Yes.")
    await bench.run(server, recipe, [{"text": "x"}], keep_thinking=kept)
    [line] = bench.lines("a.jsonl")
    assert (line["s"], line["calls"][0].get("thinking")) == ("Yes.", "First of all." if kept else None)
    (bench.path / "recipe.toml").write_text(recipe.replace(', calls = "{calls}"', ""))
    said = []
    config = RunConfig(
        input_jsonl=bench.path / "rows.jsonl",
        output_dir=bench.path / "other",
        recipe=str(bench.path / "recipe.toml"),
        keep_thinking=kept,
    )
    build(config, said.append)
    lost = "what the model thinks is kept in {calls} or {step.thinking}, and the recipe names neither"
    assert said == [lost] * kept


THINKING = """
[[step]]
name = "draft"
user = "write {text}"
[[step]]
name = "summary"
user = "sum up: {draft.thinking}"
[[step]]
name = "own"
user = "mark {text}"
schema = { type = "object", properties = { thinking = { type = "string" } }, required = ["thinking"] }
[[step]]
name = "marked"
user = "label {text}"
schema = { type = "object", properties = { label = { type = "integer", enum = [0, 1] } }, required = ["label"] }
[[step]]
name = "many"
user = "vary {text}"
samples = 2
[[output]]
file = "a.jsonl"
[output.line]
thought = "{draft.thinking}"
text = "<think>{draft.thinking}</think>{draft}{summary}"
key = "{own.thinking}"
beside = "{marked.thinking}"
all = "{many.thinking}"
one = "{many.1.thinking}"
chosen = "{many[marked.label].thinking}"
calls = "{calls}"
"""


@pytest.mark.virtual_clock
async def test_a_line_and_a_prompt_hold_what_the_model_thought_before_an_answer(bench):
    """Unless the answer has such a key itself. Of a step of which no thinking is named, none is kept."""

    def answer(body, _number):
        user, seed = body["messages"][-1]["content"], body.get("seed")
        texts = {"mark": '{"thinking": "mine"}', "label": '{"label": 1}', "vary": f"[{seed}]"}
        return f"<think>thought {seed}</think>{texts.get(user.split()[0], f'[{user}]')}"

    server = Server(answer)
    await bench.run(server, THINKING, [{"text": "x"}])
    [line] = bench.lines("a.jsonl")
    thoughts = {call["step"]: call.get("thinking") for call in line["calls"]}
    assert thoughts["draft"] == line["thought"]
    assert line["text"] == f"<think>{line['thought']}</think>[write x][sum up: {line['thought']}]"
    assert line["key"] == "mine"
    assert line["beside"] == thoughts["marked"]
    assert line["all"] == [call["thinking"] for call in line["calls"] if call["step"] == "many"]
    assert line["one"] == line["chosen"] == line["all"][1] != line["all"][0]
    assert all(thought.startswith("thought ") for thought in (line["thought"], line["beside"], *line["all"]))
    assert (thoughts["summary"], thoughts["own"]) == (None, None)


OWN = """
[[step]]
name = "many"
user = "vary {text}"
samples = 2
%s
[[output]]
file = "a.jsonl"
line = { first = "{many.0.thinking}", all = "{many}" }
"""


@pytest.mark.virtual_clock
async def test_the_key_of_an_answer_goes_before_what_the_model_thought_in_samples_too(bench):
    """A recipe that named it before there was anything else by this name goes on as it began."""
    schema = """
[step.schema]
type = "object"
properties = { thinking = { type = "string" } }
required = ["thinking"]
"""
    server = Server(lambda body, _: f'<think>thought</think>{{"thinking": "mine {body.get("seed")}"}}')
    await bench.run(server, OWN % schema, [{"text": "x"}])
    [line] = bench.lines("a.jsonl")
    assert line["first"] == line["all"][0]["thinking"] == "mine None"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"thinking": {}}, "anyOf": [{"required": ["thinking"]}]},
        {"allOf": [{"$ref": "#/$defs/base"}], "$defs": {"base": {"properties": {"thinking": {}}}}},
        {"oneOf": [{"properties": {"other": {}}}, {"properties": {"thinking": {}}}]},
        {"$ref": "#/$defs/base", "$defs": {"base": {"anyOf": [{"properties": {"thinking": {}}}]}}},
    ],
    ids=str,
)
def test_a_key_is_found_wherever_a_schema_names_it(schema):
    """A placeholder with its name means it, or is refused; never something else."""
    found = AnswerSchema({"type": "object", **schema})
    assert (found.has("thinking"), found.has("else")) == (True, False)


async def test_a_prompt_that_shows_what_was_thought_is_planned_with_a_text(tmp_path):
    """As long as an answer, or as the one that is known."""
    path = tmp_path / "r.toml"
    path.write_text(
        """
[[step]]
name = "a"
user = "write {text}"
[[step]]
name = "b"
user = "judge {a.thinking}"
[[output]]
file = "o.jsonl"
line = { a = "{a}", b = "{b}" }
"""
    )
    recipe = Declared(RecipeFile(path))
    row = recipe.parse({"text": "a text of the row"})
    for thoughts, shown in (({}, "judge a text of the row"), ({"a": "hm"}, "judge hm")):
        walked = await walk(recipe, row, likely_answer(row), thoughts)
        assert [request.user for _, request in walked.requests] == ["write a text of the row", shown]
