"""What a recipe has written is verified by what the recipe says of it."""

import json
from dataclasses import replace
from random import Random
from types import MappingProxyType

import orjson
import pytest

from asyncgen.chat import ChatRequest, Sampling
from asyncgen.cli.verify_view import not_checked
from asyncgen.errors import BadDataError, UsageError
from asyncgen.quality.structure import Structure, state_in
from asyncgen.quality.verification import Verification
from asyncgen.recipe import Examples, OutputFile
from asyncgen.recipes.contents import trains_as
from asyncgen.recipes.declared import Declared
from asyncgen.recipes.made_by import contents_of
from asyncgen.recipes.recipe_file import RecipeFile
from asyncgen.storage.checkpoint import save_checkpoint
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

from .conftest import Server

RECIPE = """
rows = "letters"
[input]
id = "key"
[[step]]
name = "short"
user = "Shorten: {text}"
check = { max-words = 8, differs-from = "{text}" }
[[step]]
name = "tone"
user = "{short}"
[step.schema]
type = "object"
properties = { label = { enum = ["warm", "cold"] }, why = { type = "string" } }
required = ["label", "why"]
additionalProperties = false
[[output]]
file = "short.jsonl"
line = { key = "{key}", text = "{text}", short = "{short}", kind = "letter" }
[[output]]
file = "tones.jsonl"
line = [
  { id = "{id}", side = "label", value = "{tone.label}" },
  { id = "{id}", side = "reason", value = "{tone.why}" },
]
"""
ROWS = [{"key": f"k{number}", "text": f"A letter of {number} words or so"} for number in range(20)]
FAILING = "letter of 7 words"


def answer(body, _before):
    """A short text or a tone; nothing fits for one row."""
    user = body["messages"][-1]["content"]
    if user.startswith("Shorten: "):
        text = user.removeprefix("Shorten: ")
        return text if FAILING in text else f"Short: {text.split()[3]}"
    return json.dumps({"label": "warm", "why": f"as {user} is"})


def look(bench, *, with_input, recipe=None):
    """The kinds of problems, and the kinds of findings by row."""
    disk = Disk()
    try:
        directory = RunDirectory(disk, bench.path / "out")
        contents = contents_of(state_in(directory)[0], recipe)
        source = bench.path / "rows.jsonl" if with_input else None
        verification = Verification(directory, source, contents)
        judged = {one.index: one.kinds for one in verification.judged()}
        return dict(verification.structure.problems.counts), judged
    finally:
        disk.close()


@pytest.mark.virtual_clock
async def test_what_a_recipe_file_has_written_is_intact(bench):
    """With a row that failed, with and without the input, and as far as a checkpoint speaks."""
    await bench.run(Server(answer), RECIPE, ROWS)
    assert len(bench.failed()) == 1
    for with_input in (True, False):
        problems, judged = look(bench, with_input=with_input)
        assert problems == {}
        assert set(judged) == set(range(20)) - {7}
        assert set(judged.values()) == {()}

    directory = RunDirectory(Disk(), bench.path / "out")
    state, _ = state_in(directory)
    save_checkpoint(directory, state)
    for name in ("short.jsonl", "tones.jsonl"):
        with (bench.path / "out" / name).open("ab") as file:
            file.write(b'{"torn')
    assert look(bench, with_input=True)[0] == {}
    assert look(bench, with_input=False)[0] == {}


def drop(lines, draw):
    """A line is gone."""
    del lines[draw.randrange(len(lines))]


def swap(lines, draw):
    """Two lines have changed places."""
    one, other = draw.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]


def double(lines, draw):
    """A line is there twice."""
    at = draw.randrange(len(lines))
    lines.insert(at, lines[at])


def edit(lines, draw):
    """Somebody has changed a value that comes from nowhere but the model."""
    at = draw.randrange(len(lines))
    record = json.loads(lines[at])
    record["short" if "short" in record else "value"] += "!"
    lines[at] = orjson.dumps(record) + b"\n"


def cut(lines, draw):
    """The end of the file is gone, in the middle of a line."""
    del lines[draw.randrange(1, len(lines)) :]
    lines[-1] = lines[-1][:-4]


def damage(lines, draw):
    """A line is not JSON any more."""
    at = draw.randrange(len(lines))
    lines[at] = b"x" + lines[at]


DEFECTS = {
    "missing": (drop, {"missing", "size"}),
    "swapped": (swap, {"order", "checksum"}),
    "duplicated": (double, {"duplicate", "size"}),
    "edited by hand": (edit, {"size"}),
    "truncated": (cut, {"torn", "size"}),
    "no JSON": (damage, {"not_json", "size"}),
}


@pytest.mark.virtual_clock
@pytest.mark.parametrize("name", DEFECTS)
@pytest.mark.parametrize("file", ["short.jsonl", "tones.jsonl"])
async def test_a_defect_in_an_output_of_a_recipe_file_is_found(bench, file, name):
    """By its kind, in all of 20 plantings; without the input its checksum tells at least."""
    await bench.run(Server(answer), RECIPE, ROWS)
    path = bench.path / "out" / file
    whole = path.read_bytes()
    plant, kinds = DEFECTS[name]
    for seed in range(20):
        lines = whole.splitlines(keepends=True)
        plant(lines, Random(f"{name}/{seed}"))
        path.write_bytes(b"".join(lines))
        problems, _ = look(bench, with_input=True)
        assert kinds <= problems.keys(), (seed, problems)
        assert look(bench, with_input=False)[0], seed


@pytest.mark.virtual_clock
async def test_a_value_of_the_row_that_was_changed_is_named_by_its_place(bench):
    """Also where neither checkpoint nor statistics are there any more."""
    await bench.run(Server(answer), RECIPE, ROWS[:5])
    for name in ("generation_stats_safe.json",):
        (bench.path / "out" / name).unlink()
    path = bench.path / "out" / "short.jsonl"
    path.write_bytes(path.read_bytes().replace(b"of 3 words", b"of 4 words").replace(b'"letter"', b'"card"', 1))
    directory = RunDirectory(Disk(), bench.path / "out")
    structure = Structure(directory, bench.path / "rows.jsonl", contents_of(None, str(bench.path / "recipe.toml")))
    assert [made.index for made in structure.made()] == [0, 1, 2, 3, 4]
    assert [(one.index, one.detail) for one in structure.problems.kept] == [
        (0, "kind is not what the recipe says"),
        (3, "text is not that of the input"),
    ]


@pytest.mark.virtual_clock
async def test_schemas_and_checks_are_held_against_what_stands_in_the_files(bench):
    """Those of the recipe of the run, or of the one that is named."""
    await bench.run(Server(answer), RECIPE, ROWS[:5])
    stricter = bench.path / "stricter.toml"
    stricter.write_text(RECIPE.replace("max-words = 8", "max-words = 1").replace('"warm", ', ""))
    problems, judged = look(bench, with_input=True, recipe=str(stricter))
    assert problems == {}
    assert set(judged.values()) == {("max_words", "schema")}
    (bench.path / "recipe.toml").write_text(stricter.read_text())
    state, _ = state_in(RunDirectory(Disk(), bench.path / "out"))
    assert "the recipe is not what it was in the run" in contents_of(state).remark


COMPARED = """
[[step]]
name = "draft"
user = "{text}"
[[step]]
name = "unwritten"
user = "{text}"
[[step]]
name = "many"
user = "{text}"
samples = 2
[[step]]
name = "last"
user = "{text}"
check = { %s = "%s" }
[[output]]
file = "a.jsonl"
line = { draft = "{draft}", thought = "{draft.thinking}", see = "{unwritten}.", many = "{many}", last = "{last}" }
"""


@pytest.mark.parametrize("key", ["differs-from", "contains"])
@pytest.mark.parametrize("other", ["draft.thinking", "unwritten", "many.1", "text", "draft"])
def test_a_check_against_what_no_line_tells_is_said_not_to_be_made(tmp_path, key, other):
    """It was left out without a word; those against the row and against an answer in a line are made."""
    path = tmp_path / "r.toml"
    path.write_text(COMPARED % (key, f"{{{other}}}"))
    contents = Declared(RecipeFile(path)).contents
    made = other in {"text", "draft"}
    assert contents.uncompared == (() if made else (("last", other),))
    said = f"the answers of last against {{{other}}}: the lines do not tell what that was"
    assert not_checked(contents, with_input=True) == ([] if made else [said])


@pytest.mark.parametrize(
    ("old", "new", "asks", "reads"),
    [
        ('kind = "letter"', 'kind = "note"', (), False),
        ('text = "{text}", short', 'text = "A {text}", short', (), False),
        ('id = "key"', 'id = "text"', (), False),
        ("max-words = 8", "max-words = 1", ("tone",), True),
        ("Shorten: ", "Abridge: ", ("short", "tone"), True),
    ],
)
@pytest.mark.virtual_clock
async def test_whole_files_are_not_wrong_by_a_recipe_that_has_changed(bench, old, new, asks, reads):
    """What it says otherwise now is not checked, and said; the rest of it is, and the structure in any case."""
    await bench.run(Server(answer), RECIPE, ROWS)
    assert old in RECIPE
    (bench.path / "recipe.toml").write_text(RECIPE.replace(old, new))

    state, _ = state_in(RunDirectory(Disk(), bench.path / "out"))
    contents = contents_of(state)

    assert contents.remark.startswith("the recipe is not what it was in the run: ")
    assert tuple(sorted(rule.step for rule in contents.answers)) == tuple(sorted(set(asks)))
    assert (contents.parse is not None) == reads
    problems, judged = look(bench, with_input=True)
    assert (problems, set(judged.values()) - {()}) == ({}, set())
    path = bench.path / "out" / "tones.jsonl"
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    assert look(bench, with_input=True)[0].keys() >= {"missing", "size"}


@pytest.mark.virtual_clock
async def test_without_its_recipe_the_structure_is_still_verified(bench):
    """The directory knows how many lines a row has; one that writes other files is refused."""
    await bench.run(Server(answer), RECIPE, ROWS[:5])
    (bench.path / "recipe.toml").unlink()
    state, _ = state_in(RunDirectory(Disk(), bench.path / "out"))
    assert "so only the structure is checked" in contents_of(state).remark
    assert look(bench, with_input=True) == ({}, {})
    path = bench.path / "out" / "tones.jsonl"
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    assert look(bench, with_input=True)[0] == {"missing": 1, "size": 1}
    with pytest.raises(UsageError, match=r"the recipe mails writes mails\.jsonl, and this directory holds short"):
        contents_of(state, "mails")
    with pytest.raises(UsageError, match="there is no recipe nosuch"):
        contents_of(state, "nosuch")
    older = contents_of(replace(state, recipe=None, fingerprint={"recipe": "file:own"}))
    assert "which does not say by which recipe: name it" in older.remark


class Own:
    """Writes two lines of one file, one of another, and none of a third."""

    outputs = (OutputFile("two.jsonl", 2), OutputFile("one.jsonl", 1), OutputFile("none.jsonl", 0))
    counters = ("good",)
    failure_counters = MappingProxyType({})
    fingerprint = MappingProxyType({"recipe": "own"})

    def parse(self, fields):
        return Row(str(fields["key"]))

    async def run(self, pair, generate):
        text = (await generate("ask", ChatRequest("", pair.note_id, Sampling(None, None, None)))).text
        line = orjson.dumps({"answer": text}) + b"\n"
        if pair.note_id == "k2":
            raise ValueError
        return Examples((line + line, line, b""), {"good": 1})

    def recognise(self, pair, blobs):
        return None


class Row:
    """A row by its name."""

    def __init__(self, note_id):
        self.note_id = note_id


@pytest.mark.virtual_clock
async def test_of_a_class_the_structure_is_verified(bench):
    """Also where a row has no line in a file, and after failed rows; nothing is judged."""
    await bench.run(Server(lambda *_: "fine"), f"{__name__}:Own", ROWS[:6])
    assert not (bench.path / "out" / "none.jsonl").exists()
    for with_input in (True, False):
        assert look(bench, with_input=with_input) == ({}, {})
    path = bench.path / "out" / "two.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes().split(b"\n")[0] + b"\n")
    assert look(bench, with_input=True)[0] == {"duplicate": 1, "size": 1}


@pytest.mark.virtual_clock
async def test_each_shard_is_verified_for_itself(bench):
    """Its rows begin in the middle of the input."""
    from asyncgen.shard import Shard  # noqa: PLC0415

    await bench.run(Server(answer), RECIPE, ROWS, shard=Shard(2, 3))
    for with_input in (True, False):
        problems, judged = look(bench, with_input=with_input)
        assert problems == {}
        assert set(judged) == set(range(6, 13)) - {7}


PARAPHRASE = """
[[step]]
name = "other"
user = "{text}"
[[output]]
file = "out.jsonl"
line = { id = "{id}", said = "{other}" }
[verify]
paraphrase = { of = "{text}", is = "{other}" }
"""


@pytest.mark.virtual_clock
async def test_a_recipe_file_says_what_is_a_paraphrase(bench):
    """The rules for paraphrases look at it, where the input is there."""
    rows = [
        {"id": "a", "text": "The nurse gave 5 mg of the drug to the man on Monday."},
        {"id": "b", "text": "She comes to the physician with a cough for 3 days."},
    ]
    said = {
        rows[0]["text"]: rows[0]["text"].replace("5 mg", "50 mg"),
        rows[1]["text"]: "She presents to the physician with a cough for 3 days.",
    }
    await bench.run(Server(lambda body, _: said[body["messages"][-1]["content"]]), PARAPHRASE, rows)
    problems, judged = look(bench, with_input=True)
    assert problems == {}
    assert "dose" in judged[0]
    assert judged[1] == ()
    assert look(bench, with_input=False) == ({}, {})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('paraphrase = { of = "{text}", is = "{nosuch}" }', "is must be the answer of a step .*: {other}"),
        ('paraphrase = { of = "text", is = "{other}" }', "of must name a field of the row"),
        ('paraphrase = { of = "{texd}", is = "{other}" }', "did you mean {text}"),
        ('paraphase = { of = "{text}", is = "{other}" }', "did you mean paraphrase"),
    ],
)
@pytest.mark.virtual_clock
async def test_what_is_wrong_in_the_table_is_said_before_any_call(bench, table, message):
    """With the line."""
    recipe = PARAPHRASE.rpartition("paraphrase")[0] + table + "\n"
    server = Server(answer)
    with pytest.raises(BadDataError, match=message):
        await bench.run(server, recipe, [{"id": "a", "text": "t"}])
    assert server.asked == []


@pytest.mark.parametrize(
    ("completion", "form"),
    [
        ("{tone.why}", "trl-prompt-completion"),
        ("{short}", "trl-prompt-completion"),
        ("{tone}", "trl-prompt-completion"),
        ("{tone.label}", None),
    ],
)
def test_a_completion_that_is_text_in_every_answer_can_be_trained_on(tmp_path, completion, form):
    """Also one that is a part of an answer, or an answer in JSON; an enumeration may hold anything."""
    path = tmp_path / "letters.toml"
    path.write_text(RECIPE.replace('short = "{short}"', f'prompt = "{{text}}", completion = "{completion}"'))

    assert trains_as(Declared(RecipeFile(path)).contents) == (form and (form, ""))


def test_of_several_files_to_train_on_one_is_named(tmp_path):
    """`export` asks which: the command that is printed says it."""
    path = tmp_path / "letters.toml"
    recipe = RECIPE.replace('short = "{short}"', 'prompt = "{text}", completion = "{short}"')
    path.write_text(
        f'{recipe}\n[[output]]\nfile = "b.jsonl"\nline = {{ chosen = "{{short}}", rejected = "{{text}}" }}\n'
    )
    form, file = trains_as(Declared(RecipeFile(path)).contents)
    assert (form, file) == ("trl-prompt-completion", "short.jsonl")
