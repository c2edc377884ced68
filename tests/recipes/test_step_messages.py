"""Steps that send a conversation: what is asked, which rows are refused, and what a line takes of it."""

import orjson
import pytest

from asyncgen.errors import BadDataError, DirectoryError
from asyncgen.quality.structure import state_in
from asyncgen.quality.verification import Verification
from asyncgen.recipes.made_by import contents_of
from asyncgen.recipes.prompt_doubts import doubts_of
from asyncgen.recipes.recipe_file import RecipeFile
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

from .conftest import Server

SHOTS = """
[[step]]
name = "answer"
messages = [
  { role = "system", content = "Answer {topic}." },
  { role = "user", content = "{{2}} and 2?" },
  { role = "assistant", content = "4" },
  { role = "user", content = "{text}" },
]
[[output]]
file = "out.jsonl"
line = { topic = "{topic}", answer = "{answer}" }
"""
GOES_ON = """
rows = "talks"
[[step]]
name = "answer"
messages = ["{*talk.turns}"]
[[step]]
name = "shorter"
messages = [
  "{*talk.turns}",
  { role = "assistant", content = "{answer}" },
  { role = "user", content = "Shorter!" },
]
[[output]]
file = "out.jsonl"
[output.line]
id = "{id}"
messages = ["{*talk.turns}", { role = "assistant", content = "{answer}" }]
both = [["first", "{answer}"], "{shorter}"]
"""


def turn(role, content):
    """A message."""
    return {"role": role, "content": content}


def talk(*turns):
    """A row with these messages."""
    return {"talk": {"turns": list(turns)}}


ASKED = talk(turn("user", "Hi"), turn("assistant", "Hello"), turn("user", "Why?"))


@pytest.mark.virtual_clock
async def test_examples_stand_before_the_question(bench):
    """In their order, with the values of the row in all of them."""
    server = Server(lambda _body, _: "yes")

    await bench.run(server, SHOTS, [{"topic": "sums", "text": "1 and 1?"}], model="unlisted")

    assert server.asked[0][1]["messages"] == [
        turn("system", "Answer sums."),
        turn("user", "{2}} and 2?"),
        turn("assistant", "4"),
        turn("user", "1 and 1?"),
    ]
    assert bench.lines("out.jsonl") == [{"topic": "sums", "answer": "yes"}]


@pytest.mark.virtual_clock
async def test_a_conversation_of_the_row_is_answered_and_goes_on(bench):
    """The system message of a row is one, and what a list is written into takes its items."""
    row = talk(turn("developer", "Be kind."), *ASKED["talk"]["turns"])
    server = Server(lambda body, _: f"re {body['messages'][-1]['content']}")

    await bench.run(server, GOES_ON, [row], model="unlisted")

    first, second = (body["messages"] for _, body in server.asked)
    assert first == [turn("system", "Be kind."), *ASKED["talk"]["turns"]]
    assert second == [*first, turn("assistant", "re Why?"), turn("user", "Shorter!")]
    assert bench.lines("out.jsonl") == [
        {
            "id": 1,
            "messages": [*row["talk"]["turns"], turn("assistant", "re Why?")],
            "both": [["first", "re Why?"], "re Shorter!"],
        }
    ]


@pytest.mark.virtual_clock
async def test_a_list_of_from_and_value_is_a_conversation_too(bench):
    """As ShareGPT has it; in a line it has the names of what stands behind it, and verify knows them."""
    said = [{"from": "system", "value": "S"}, {"role": None, "from": "human", "value": "A"}]
    server = Server(lambda _body, _: "B")

    await bench.run(server, GOES_ON, [talk(*said)], model="unlisted")

    assert server.asked[0][1]["messages"] == [turn("system", "S"), turn("user", "A")]
    assert bench.lines("out.jsonl")[0]["messages"] == [
        turn("system", "S"),
        turn("user", "A"),
        turn("assistant", "B"),
    ]
    assert problems(bench)[0] == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"talk": {"turns": "Hi"}}, "talk.turns is a text, not a list: JSON lines and Parquet have lists"),
        ({"talk": {}}, "no talk.turns"),
        ({"talk": {"turns": None}}, "no talk.turns"),
        (talk(), "talk.turns does not end with a message of the user, which could be answered"),
        (talk(turn("user", "a"), turn("assistant", "b")), "does not end with a message of the user"),
        (talk("Hi"), "message 1 of talk.turns is not an object with role and content"),
        (talk(turn("user", "a"), {"content": "b"}), "the role of message 2 of talk.turns must be"),
        (
            talk(turn(["user"], "a")),
            "the role of message 1 of talk.turns must be system, developer, user or assistant",
        ),
        (talk({"from": "tool", "value": "a"}), "the from of message 1 of talk.turns must be system, human,"),
        (talk(turn("user", " ")), "the content of message 1 of talk.turns is empty"),
        (
            talk(turn("user", [{"type": "text", "text": "a"}])),
            "the content of message 1 of talk.turns is not a text",
        ),
        (talk({"role": "user", "value": "a"}), "message 1 of talk.turns has no content"),
        (talk({"from": "human", "content": "a"}), "message 1 of talk.turns has no value"),
        (
            talk(turn("assistant", "a") | {"tool_calls": [{}]}, turn("user", "b")),
            "message 1 of talk.turns has tool_calls, not only text",
        ),
        (talk(turn("user", "a") | {"images": ["x"]}), "message 1 of talk.turns has images, not only text"),
        (
            talk(turn("user", "a"), turn("system", "b"), turn("user", "c")),
            "message 2 of talk.turns is the system's",
        ),
    ],
)
@pytest.mark.virtual_clock
async def test_a_row_whose_messages_cannot_be_answered_is_refused(bench, row, said):
    """Before any call, by what is wrong with it."""
    server = Server(lambda _body, _: "x")

    with pytest.raises(BadDataError, match=said.replace(".", r"\.")):
        await bench.run(server, GOES_ON, [ASKED, row], model="unlisted")

    assert server.asked == []


USER = '{ role = "user", content = "{q}" }'
BROKEN = {
    '"{messages}"': 'must be a list, such as ["{*messages}"] for those of the row',
    "[]": "must be a list",
    '["{q}"]': 'is a table with role and content; "{*name}" takes all messages of a list in the row',
    "[1]": "has role and content, and nothing else",
    '[{ role = "user", content = "{q}", name = "x" }]': "has role and content, and nothing else",
    '[{ role = "bot", content = "{q}" }]': "must be system, user or assistant, not bot",
    '[{ role = "user", content = " " }]': "content of message 1 of step answer is empty",
    '["{*talk}", { role = "assistant", content = "{q}" }]': "the last message of step answer must be the user's",
    f'[{USER}, {{ role = "system", content = "x" }}, {USER}]': "a system message comes first",
    '["{*id}"]': "{*id}: an id is not a list",
    '["{*answer}"]': "{*answer}: only a field of the row is a list of messages",
    f'[{{ role = "user", content = "{{anwser}}" }}, {USER}]': "{anwser}: did you mean {answer}?",
    f'[{USER}]\nsystem = "x"': "has messages, which are all that is sent: put what system says into them",
    f'[{USER}]\nuser = "x"': "put what user says into them",
}


@pytest.mark.parametrize("messages", BROKEN)
def test_messages_that_cannot_be_sent_are_refused_with_their_line(tmp_path, messages):
    """As everything else in a recipe file."""
    path = tmp_path / "talks.toml"
    output = '[[output]]\nfile = "o.jsonl"\nline = { a = "{answer}" }\n'
    path.write_text(f'[[step]]\nname = "answer"\nmessages = {messages}\n{output}')

    with pytest.raises(BadDataError) as refused:
        RecipeFile(path)

    assert BROKEN[messages] in str(refused.value)
    assert "talks.toml, line " in str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{ a = ["{*answer}"] }', "{*answer}: there is no list in the answer"),
        ('{ a = ["{*id}"], b = "{answer}" }', "{*id}: an id is not a list"),
        ('{ a = ["{*list.text}"] }', "{*list.text}: there is no list in the answer"),
        ('{ a = ["{*x}", "{*list.items}"], b = "{answer}" }', "takes the items of one other list at most"),
        ('{ a = ["{*anwser}"], b = "{answer}" }', "did you mean {answer}?"),
    ],
)
def test_a_line_takes_items_of_lists_alone(tmp_path, line, said):
    """What an answer will be is known before it is asked for."""
    path = tmp_path / "talks.toml"
    schema = (
        'properties = { items = { type = "array", items = {} }, text = { type = "string" } }, '
        'required = ["items", "text"]'
    )
    path.write_text(
        f"""
[[step]]
name = "answer"
user = "{{q}}"
[[step]]
name = "list"
user = "{{q}}"
schema = {{ type = "object", {schema} }}
[[output]]
file = "o.jsonl"
line = [{line}, {{ all = "{{list}}", answer = "{{answer}}" }}]
"""
    )

    with pytest.raises(BadDataError) as refused:
        RecipeFile(path)

    assert said in str(refused.value)
    assert "talks.toml, line 11: " in str(refused.value)


@pytest.mark.virtual_clock
async def test_a_list_that_is_no_conversation_stays_what_it_is(bench):
    """Mails have a sender too."""
    recipe = SHOTS.replace('topic = "{topic}"', 'topic = "{topic}", mails = ["{*mails}"]')
    mails = [{"from": "a@example.org", "value": 1}]

    await bench.run(
        Server(lambda *_: "x"), recipe, [{"topic": "t", "text": "u", "mails": mails}], model="unlisted"
    )

    assert bench.lines("out.jsonl")[0]["mails"] == mails


@pytest.mark.virtual_clock
async def test_items_of_answers_and_samples_are_put_into_lists(bench):
    """Before, between and behind what the line itself has."""
    recipe = """
[[step]]
name = "list"
user = "{q}"
schema = { type = "object", properties = { items = { type = "array", items = {} } }, required = ["items"] }
[[step]]
name = "draft"
user = "draft {q}"
samples = 2
[[output]]
file = "o.jsonl"
line = { a = [0, "{*list.items}", "z"], b = ["{*draft}", "{*q}"] }
"""

    def answer(body, _):
        return f"d{body.get('seed')}" if "draft" in body["messages"][-1]["content"] else '{"items": [1, "b"]}'

    await bench.run(Server(answer), recipe.replace(', "{*q}"', ""), [{"q": "x"}], model="unlisted")

    (line,) = bench.lines("o.jsonl")
    assert line["a"] == [0, 1, "b", "z"]
    assert len(line["b"]) == 2


def problems(bench):
    """What is found in the files of a run, and the kinds of findings of each row."""
    disk = Disk()
    try:
        directory = RunDirectory(disk, bench.path / "out")
        verification = Verification(
            directory, bench.path / "rows.jsonl", contents_of(state_in(directory)[0], None)
        )
        kinds = [one.kinds for one in verification.judged()]
        return [one.detail for one in verification.structure.problems.kept], kinds
    finally:
        disk.close()


@pytest.mark.virtual_clock
async def test_what_a_line_takes_of_a_list_is_verified_however_long_it_is(bench):
    """The list is the row's, and the answers behind it are found by their place from the end."""
    recipe = GOES_ON.replace('name = "answer"', 'name = "answer"\ncheck = { max-words = 2 }')
    long = talk(*ASKED["talk"]["turns"], turn("assistant", "So."), turn("user", "And?"))
    await bench.run(Server(lambda _body, _: "yes sir"), recipe, [ASKED, long], model="unlisted")
    assert problems(bench)[1] == [(), ()]

    path = bench.path / "out" / "out.jsonl"
    lines = bench.lines("out.jsonl")
    lines[0]["messages"][1]["content"] = "Changed"
    lines[1]["messages"][-1]["content"] = "far too many words"
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    found, kinds = problems(bench)
    assert any("messages[0:-1] is not that of the input" in text for text in found)
    assert [len(one) for one in kinds] == [0, 1]


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("4", "{ text }", "step answer; sent as it stands, for it is no placeholder: { text }"),
        ("4", "{*text}", "step answer; {*text} is text there: it takes the items of a list only"),
        ('"{topic}"', '"{topic}", x = "{*text}"', "output out.jsonl; {*text} is text there: it takes the items"),
        ('"{topic}"', '"{topic}", x = ["a {* text }"]', "output out.jsonl; {* text } is text there"),
        ("4", "{*pointer}", ""),
        ('"{topic}"', '"{topic}", x = ["{*text}"]', ""),
    ],
)
def test_what_is_almost_a_placeholder_is_told(tmp_path, was, becomes, said):
    """In any message, and in a line."""
    path = tmp_path / "talks.toml"
    path.write_text(
        SHOTS.replace(f'content = "{was}"', f'content = "{becomes}"').replace(
            f"topic = {was}", f"topic = {becomes}"
        )
    )

    doubts = list(doubts_of(RecipeFile(path)))

    assert [said in doubt for doubt in doubts] == ([True] if said else [])


@pytest.mark.virtual_clock
async def test_a_system_message_of_the_row_is_refused_where_the_recipe_has_one(bench):
    """Servers take one, at the beginning."""
    recipe = GOES_ON.replace('["{*talk.turns}"]', '[{ role = "system", content = "S" }, "{*talk.turns}"]')
    rows = [talk(turn("system", "s"), turn("user", "u"))]

    with pytest.raises(BadDataError, match=r"message 1 of talk\.turns is the system's, which comes first"):
        await bench.run(Server(lambda *_: "x"), recipe, rows, model="unlisted")


def test_where_items_are_taken_another_run_begins(tmp_path):
    """Such an item was text before: the lines of a directory that was begun then would be of two kinds."""
    path = tmp_path / "talks.toml"
    path.write_text(SHOTS.replace('topic = "{topic}"', 'topic = ["{*topic}"]'))
    assert RecipeFile(path).fingerprint["out.jsonl"].startswith("items of lists: [")

    path.write_text(SHOTS)
    assert RecipeFile(path).fingerprint["out.jsonl"].startswith("[")


@pytest.mark.virtual_clock
async def test_other_messages_are_another_run(bench):
    """A directory that began with others is not resumed with these."""
    server = Server(lambda _body, _: "yes")
    rows = [{"topic": "sums", "text": "1 and 1?"}]
    await bench.run(server, SHOTS, rows, model="unlisted")

    with pytest.raises(DirectoryError, match="answer_user changed"):
        await bench.run(server, SHOTS.replace('content = "4"', 'content = "four"'), rows, model="unlisted")
