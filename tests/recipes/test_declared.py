"""Recipe files at work: what is asked, what is accepted, and what is written."""

import pytest

from asyncgen.errors import BadDataError
from asyncgen.events import InputLoaded
from asyncgen.recipes.declared import Declared
from asyncgen.recipes.recipe_file import RecipeFile

from .conftest import Server

ONE = """
rows = "mails"
[[step]]
name = "answer"
user = "{text}"
%s
[[output]]
file = "out.jsonl"
line = { id = "{id}", answer = "{answer}" }
"""
SCHEMA = """
[step.schema]
type = "object"
properties = { label = { enum = ["a", "b"] }, note = { type = "string" } }
required = ["label"]
"""
TEXTS = [{"text": "one"}, {"text": "two"}]


def user(body):
    """The text of the user in a request."""
    return body["messages"][-1]["content"]


@pytest.mark.virtual_clock
async def test_a_step_without_a_system_prompt_and_params_sends_the_text_alone(bench):
    """Nothing that the file does not say."""
    server = Server(lambda body, _: f"re {user(body)}")

    await bench.run(server, ONE % "", TEXTS, model="unlisted")

    assert sorted(user(body) for _, body in server.asked) == ["one", "two"]
    assert server.asked[0][1].keys() == {"model", "messages"}
    assert [message["role"] for message in server.asked[0][1]["messages"]] == ["user"]
    assert bench.lines("out.jsonl") == [{"id": 1, "answer": "re one"}, {"id": 2, "answer": "re two"}]
    assert [event.rows for event in bench.events if isinstance(event, InputLoaded)] == ["mails"]


@pytest.mark.virtual_clock
async def test_a_row_whose_id_is_an_empty_text_is_numbered_with_a_text(bench):
    """As the cell of a table is: a column of both kinds cannot be loaded by what reads tables."""
    rows = [{"id": "one", "text": "one"}, {"id": "", "text": "two"}]

    await bench.run(Server(lambda _body, _: "x"), ONE % "", rows, model="unlisted")

    assert [line["id"] for line in bench.lines("out.jsonl")] == ["one", "2"]


@pytest.mark.virtual_clock
async def test_fields_of_the_api_are_sent_and_those_of_the_run_go_first(bench):
    """Params of the step, and over them `params` of the configuration."""
    server = Server(lambda _body, _: "x")
    step = 'params = { max_tokens = 9, verbosity = "low", seed = 5 }'

    await bench.run(server, ONE % step, TEXTS[:1], model="unlisted", params={"max_tokens": 7, "verbosity": None})

    body = server.asked[0][1]
    assert (body["max_tokens"], body["seed"], "verbosity" in body) == (7, 5, False)


@pytest.mark.virtual_clock
async def test_an_answer_that_does_not_fit_the_schema_is_asked_for_with_another_seed(bench):
    """The same request would get the same answer from a server that keeps to its seed."""
    server = Server(lambda body, _: '{"label": "a"}' if body.get("seed") == 2_000_000 else '{"label": "c"}')

    summary = await bench.run(server, ONE % SCHEMA, TEXTS[:1])

    assert summary.failed_pairs == 0
    assert server.seeds("answer") == [None, 1_000_000, 2_000_000]
    assert server.asked[0][1]["response_format"]["json_schema"]["strict"] is False
    assert bench.lines("out.jsonl") == [{"id": 1, "answer": {"label": "a"}}]


@pytest.mark.virtual_clock
async def test_a_row_fails_after_three_answers_that_are_not_accepted_and_the_next_start_asks_on(bench):
    """With other seeds than before; what it cost stays counted."""
    stubborn = Server(lambda _body, _: '{"label": "c"}')
    summary = await bench.run(stubborn, ONE % SCHEMA, TEXTS[:1])
    assert summary.failed_pairs == 1
    [record] = bench.failed()
    assert (record["step"], record["error"], record["attempts"], record["tokens"]) == (
        "answer",
        "check_schema",
        3,
        6,
    )
    assert summary.stats["answer_failed"] == 1
    better = Server(lambda body, _: '{"label": "b"}' if body["seed"] > 3_000_000 else '{"label": "c"}')

    summary = await bench.run(better, ONE % SCHEMA, TEXTS[:1])

    assert better.seeds("answer") == [3_000_000, 4_000_000]
    assert (summary.failed_pairs, summary.stats["answer_failed"], summary.stats["written"]) == (0, 0, 1)
    assert summary.stats["total_tokens_used"] == 10


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        ("max-words = 2", "one two three", "one two"),
        ("min-words = 2", "one", "one two"),
        ('matches = "^A"', "B", "A"),
        ('not-matches = "(?i)sorry"', "Sorry, no", "Yes"),
        ('differs-from = "{text}"', " one\n", "two"),
        ('contains = "{text}"', "It is two.", "It is One."),
    ],
)
async def test_a_check_is_kept(bench, check, bad, good):
    """By the second answer here."""
    server = Server(lambda body, _: good if "seed" in body else bad)

    await bench.run(server, ONE % f"check = {{ {check} }}", TEXTS[:1])

    assert len(server.asked) == 2
    assert bench.lines("out.jsonl")[0]["answer"] == good


@pytest.mark.virtual_clock
async def test_samples_are_different_answers_and_a_list(bench):
    """One that was there before is asked for again; each has a seed of its own."""
    texts = {None: "A", 1000: "A", 1_001_000: "B", 2000: "C"}
    server = Server(lambda body, _: texts[body.get("seed")])

    await bench.run(server, ONE % "samples = 3", TEXTS[:1])

    assert bench.lines("out.jsonl") == [{"id": 1, "answer": ["A", "B", "C"]}]
    assert server.steps() == ["answer", "answer.2", "answer.2", "answer.3"]


TWO = """
[[step]]
name = "late"
user = "{early.label} {free} {text}"
[[step]]
name = "free"
user = "{text}"
[[step]]
name = "early"
user = "{text}"
[step.schema]
type = "object"
properties = { label = { type = "string" }, marks = { type = "array", items = { type = "integer" } } }
required = ["label", "marks"]
[[output]]
file = "a.jsonl"
line = [{ n = "{early.marks}", all = "{early}", text = "<{early.marks}>" }, { late = "{late}", calls = "{calls}" }]
[[output]]
file = "b.jsonl"
line = { number = 5, nested = [{ x = "{text}" }] }
"""


@pytest.mark.virtual_clock
async def test_steps_wait_for_what_they_name_and_values_keep_their_types(bench):
    """Lists are lists, and JSON in the middle of a text."""
    server = Server(
        lambda body, _: '{"label": "L", "marks": [1, 2]}' if "response_format" in body else user(body).upper()
    )

    await bench.run(server, TWO, [{"text": "x", "id": "row"}])

    assert server.steps()[2] == "late"
    assert user(server.asked[2][1]) == "L X x"
    first, second = bench.lines("a.jsonl")
    assert first == {"n": [1, 2], "all": {"label": "L", "marks": [1, 2]}, "text": "<[1,2]>"}
    assert second["late"] == "L X X"
    assert [call["step"] for call in second["calls"]] == ["late", "free", "early"]
    assert bench.lines("b.jsonl") == [{"number": 5, "nested": [{"x": "x"}]}]


@pytest.mark.virtual_clock
async def test_steps_side_by_side_all_settle_before_the_row_fails(bench):
    """What is paid is in the journal: the next start asks for the one that failed alone."""
    server = Server(lambda body, _: "no JSON" if "response_format" in body else "fine")
    await bench.run(server, TWO, [{"text": "x"}])
    assert [record["step"] for record in bench.failed()] == ["early"]
    again = Server(lambda body, _: '{"label": "L", "marks": []}' if "response_format" in body else "fine")

    await bench.run(again, TWO, [{"text": "x"}])

    assert again.steps() == ["early", "late"]
    assert bench.failed() == []


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"body": "x"}], "no text; the fields here are body: fields={'text': 'FIELD'} says which it is"),
        ([{"texts": "x"}], "no text; did you mean texts?"),
        ([{"text": None}], "no text: it is null; [input.defaults] gives such rows another value"),
        ([{"TEXT": "x"}], "no text; did you mean TEXT?"),
        ([{"body": "x"}], "says which it is; for the text {text} itself, write {{text}} in the recipe"),
        ([{"text": "x", "id": {}}], "id is neither text nor a whole number"),
    ],
)
async def test_a_row_without_a_field_is_named_before_any_call(bench, rows, said):
    """With what to do about it."""
    server = Server(lambda _body, _: "x")

    with pytest.raises(BadDataError) as caught:
        await bench.run(server, ONE % "", rows)

    assert said in str(caught.value)
    assert "1 line is not a mail in" in str(caught.value)
    assert server.asked == []
    assert not (bench.path / "out").exists()


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("meta.k", "no meta.k; a part of meta is named in the recipe itself, as {meta.k}"),
        ("plain.k", "no plain.k; did you mean plain?"),
        ("other", "says which it is\n"),
    ],
)
async def test_a_declared_field_that_is_missing_is_no_text_of_the_recipe(bench, column, said):
    """A part of an object has no column of its own; the whole object in its place would be sent."""
    rows = [{"meta": {"k": "v"}, "plain": "x"}]

    with pytest.raises(BadDataError) as caught:
        await bench.run(Server(lambda _body, _: "x"), ONE % f'[input]\nfields = {{ text = "{column}" }}', rows)

    assert said in str(caught.value)


@pytest.mark.virtual_clock
async def test_the_input_may_call_a_field_otherwise(bench):
    """As `--field` says; the id, too."""
    server = Server(lambda body, _: user(body))

    await bench.run(server, ONE % "", [{"body": "x", "no": "n1"}], fields=(("text", "body"), ("id", "no")))

    assert bench.lines("out.jsonl") == [{"id": "n1", "answer": "x"}]


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('user = "{text}"', 'user = "{text}!"', "answer_user changed"),
        ('line = { id = "{id}"', 'line = { key = "{id}"', "the lines of out.jsonl changed"),
        ("name", "samples = 2\nname", "samples of answer was unset, now 2"),
        ('rows = "mails"', 'name = "letters"', "recipe was file:recipe, now file:letters"),
    ],
)
async def test_a_changed_file_is_another_run(bench, old, new, said):
    """Whatever of it decides the bytes; what messages call the rows does not."""
    server = Server(lambda body, sent: f"{user(body)} {body.get('seed')}")
    await bench.run(server, ONE % "", TEXTS)

    with pytest.raises(BadDataError) as caught:
        await bench.run(server, (ONE % "").replace(old, new, 1), TEXTS)

    assert "another run" in str(caught.value)
    assert said in str(caught.value)
    renamed = (ONE % "").replace('"mails"', '"letters"')
    assert (await bench.run(server, renamed, TEXTS)).already_complete


@pytest.mark.virtual_clock
async def test_a_null_inside_a_field_is_no_word_of_a_prompt(bench):
    """As one of its own it is a bad line; an output may hold it."""
    recipe = ONE.replace("{text}", "{text}{of.name}").replace('id = "{id}"', 'id = "{id}", mark = "{of.mark}"')
    with pytest.raises(BadDataError, match=r"no of\.name"):
        await bench.run(
            Server(lambda _body, _: "x"), recipe % "", [{"text": "a", "of": {"name": None, "mark": 1}}]
        )

    await bench.run(Server(lambda _body, _: "x"), recipe % "", [{"text": "a", "of": {"name": "b", "mark": None}}])
    assert [line["mark"] for line in bench.lines("out.jsonl")] == [None]


@pytest.mark.parametrize(
    ("row", "empty"),
    [
        ({"text": "x", "about": "", "subject": ""}, ""),
        ({"text": " ", "about": "y"}, "text"),
        ({"text": 0, "about": []}, ""),
        ({"text": "x", "about": "y", "other": ""}, ""),
        ({"text": "x", "about": "y", "tone": " "}, "tone"),
    ],
    ids=str,
)
def test_a_field_of_a_prompt_that_is_empty_is_noted(tmp_path, row, empty):
    """Not one that only an output shows, nor one whose default is empty."""
    path = tmp_path / "r.toml"
    path.write_text(
        """
[input.defaults]
subject = ""
tone = "plain"
other = "-"
[[step]]
name = "s"
system = "On {subject}"
user = "{tone}: {text}"
check = { differs-from = "{other}" }
[[output]]
file = "a.jsonl"
line = { s = "{s}", about = "{about}" }
"""
    )
    assert Declared(RecipeFile(path)).parse(row).empty_field == empty
