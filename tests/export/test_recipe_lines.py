"""Lines that can be trained on as a recipe wrote them: whatever the recipe, they export; others are refused."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from asyncgen.cli.main import main
from asyncgen.config.shipped import shipped
from asyncgen.errors import BadDataError
from asyncgen.export.conversations import UnfitError
from asyncgen.export.export_run import ExportTally
from asyncgen.export.formats import FORMATS, formats_of
from asyncgen.export.line_shapes import Shape, prompt_text, shape_of
from asyncgen.export.recipe_lines import LineRecords
from asyncgen.rows import ID_FIELDS

SHAPED = {
    "translation": ("texts.jsonl", Shape.CHAT),
    "question_answer": ("texts.jsonl", Shape.CHAT),
    "chain_of_thought": ("pairs.jsonl", Shape.CHAT),
    "preference_pairs": ("questions.jsonl", Shape.PREFERENCE),
    "distillation": ("questions.jsonl", Shape.CHAT),
}
OTHERS = {
    "mails": ("mails.jsonl", "the lines of mails.jsonl have id, headline, points, tone: openai needs messages"),
    "summary": ("texts.jsonl", "the lines of summaries.jsonl have id, title, summary, key_points: openai needs"),
    "judge": ("answers.jsonl", "the lines of judgements.jsonl have id, question, answer, mark, reason: openai"),
    "error_labels": ("pairs.jsonl", "the lines of labels.jsonl have note_id, note, label, known: openai needs"),
}
TEXTS = {"prompt": "Why?", "completion": "So."}
JSON = {"a": "ß", "b": [1]}
JSON_ANSWER = {"role": "assistant", "content": '{"a":"ß","b":[1]}'}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function"}]}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "4"}


def called(arguments: object) -> dict[str, object]:
    """A message that calls a function with them."""
    function = {"name": "add", "arguments": arguments}
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "c", "type": "function", "function": function}],
    }


TOOLS = [{"type": "function", "function": {"name": "add"}}]
USER, ANSWER = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}


@pytest.fixture(scope="module", params=[*SHAPED, *OTHERS, "medec_safe.toml"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The directory of a recipe that ships, run over its samples."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            patch.delenv(name, raising=False)
        recipe: str = request.param
        samples, _ = {**SHAPED, **OTHERS}.get(recipe, ("pairs.jsonl", ""))
        directory = tmp_path_factory.mktemp("run") / "out"
        named = str(shipped("recipes", recipe)) if recipe.endswith(".toml") else recipe
        words = ["run", "--recipe", named, "--input", str(shipped("samples", samples))]
        words += ["--output-dir", str(directory), "--simulate", "fast", "-q", "--no-progress"]
        patch.setattr(sys, "argv", ["asyncgen", *words])
        assert main(words) == 0
    return recipe, directory


def test_verify_calls_each_recipe_that_ships_intact(
    run: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """With and without its input, by the recipe that the directory was begun with."""
    recipe, directory = run
    samples, _ = {**SHAPED, **OTHERS}.get(recipe, ("pairs.jsonl", ""))
    for words in ([], ["--input", str(shipped("samples", samples))]):
        assert main(["verify", str(directory), *words]) == 0
        said = capsys.readouterr().out
        assert "structure      ✓ whole, in order, in step" in said
        assert "next: " in said or "the lines are for you to use: " in said


def test_what_can_be_trained_on_exports_and_is_loaded_and_the_rest_is_refused(
    run: tuple[str, Path], tmp_path: Path, load_dataset: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """In each format that its lines allow; a refusal says in one line what they have and what is needed."""
    recipe, directory = run
    if recipe in OTHERS:
        assert main(["export", str(directory), "--format", "openai", "-o", str(tmp_path / "a.jsonl")]) == 65
        said = capsys.readouterr().err
        assert OTHERS[recipe][1] in said
        assert said.count("\n") == 1
        assert list(tmp_path.iterdir()) == []
        return
    shape = SHAPED.get(recipe, ("", Shape.CHAT))[1]
    written = {}
    for name in formats_of(shape):
        target = tmp_path / f"{Path(recipe).stem}-{name}"  # its cache knows a folder by its name
        assert main(["export", str(directory), "--format", name, "-o", str(target), "-q"]) == 0
        form, where = ("parquet" if name == "parquet" else "json"), {"data_files": {"train": str(target)}}
        loaded = load_dataset(str(target)) if name == "hf" else load_dataset(form, **where)
        written[name] = loaded["train"]
    assert len({len(loaded) for loaded in written.values()}) == 1
    if shape is Shape.PREFERENCE:
        assert written["trl-preference"].column_names == ["prompt", "chosen", "rejected"]
    else:
        assert written["openai"].column_names == ["messages"]
        last = [one["messages"][-1]["content"] for one in written["openai"]]
        assert last == written["alpaca"]["output"]
        assert last == [one["completion"][-1]["content"] for one in written["trl-prompt-completion"]]
    unfit = "openai" if shape is Shape.PREFERENCE else "trl-preference"
    assert main(["export", str(directory), "--format", unfit, "-o", str(tmp_path / "b")]) == 2


@pytest.mark.parametrize("run", ["question_answer"], indirect=True, scope="module")
def test_the_lines_of_a_row_stay_on_one_side_of_a_split(
    run: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shuffled, and twice in the same way."""
    _, directory = run
    sides = []
    for name in ("one", "two"):
        words = ["--split", "60/20/20", "--shuffle", "--seed", "4", "-o", str(tmp_path / f"{name}.jsonl")]
        assert main(["export", str(directory), "--format", "trl-messages", *words]) == 0
        paths = [tmp_path / f"{name}-{side}.jsonl" for side in ("train", "validation", "test")]
        sides.append([[json.loads(line) for line in path.read_text().splitlines()] for path in paths])
    capsys.readouterr()
    assert sides[0] == sides[1]
    texts = [[one["messages"][0]["content"].split("\n\n")[0] for one in side] for side in sides[0]]
    assert sum(map(len, texts)) == 30
    assert all(len(side) == 3 * len(set(side)) for side in texts)
    assert len({text for side in texts for text in side}) == sum(len(set(side)) for side in texts)


@pytest.mark.parametrize("run", ["translation"], indirect=True, scope="module")
def test_a_changed_line_ends_the_export(run: tuple[str, Path], tmp_path: Path, capsys: Any) -> None:
    """By the checksum that the run kept; nothing is written."""
    _, directory = run
    path = directory / "translations.jsonl"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole.replace(b"German", b"Danish", 1))
        words = ["export", str(directory), "--format", "openai", "-o", str(tmp_path / "a.jsonl")]
        assert main(words) == 65
        assert "is not what the run wrote" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "record", "made"),
    [
        (
            "openai",
            {"prompt": "Why?", "completion": "So.", "id": 1},
            {"messages": [USER, ANSWER]},
        ),
        (
            "trl-prompt-completion",
            {"prompt": "Why?", "completion": "So."},
            {"prompt": "Why?", "completion": "So."},
        ),
        ("trl-prompt-completion", {"messages": [USER, ANSWER]}, {"prompt": [USER], "completion": [ANSWER]}),
        (
            "trl-prompt-completion",
            {"prompt": "Why?", "completion": [ANSWER]},
            {"prompt": [USER], "completion": [ANSWER]},
        ),
        (
            "trl-prompt-completion",
            {"prompt": [USER], "completion": [ANSWER, USER, ANSWER]},
            {"prompt": [USER], "completion": [ANSWER, USER, ANSWER]},
        ),
        ("openai", {"prompt": "Why?", "completion": {"a": "ß", "b": [1]}}, {"messages": [USER, JSON_ANSWER]}),
        (
            "openai",
            {"messages": [USER, {"role": "assistant", "content": JSON}]},
            {"messages": [USER, JSON_ANSWER]},
        ),
        (
            "openai",
            {
                "messages": [
                    {**USER, "ts": 12, "name": "Bob", "tool_calls": None},
                    {**ANSWER, "weight": 0, "id": 7},
                ]
            },
            {"messages": [{**USER, "name": "Bob"}, {**ANSWER, "weight": 0}]},
        ),
        (
            "hf",
            {"id": 3, "prompt": "Why?", "completion": JSON},
            {"id": 3, "prompt": "Why?", "completion": '{"a":"ß","b":[1]}'},
        ),
        (
            "alpaca",
            {"prompt": "Why?", "completion": [1, "b"]},
            {"instruction": "Why?", "input": "", "output": '[1,"b"]'},
        ),
        (
            "openai",
            {"messages": [USER, CALL, RESULT, ANSWER], "tools": TOOLS, "parallel_tool_calls": False, "id": 1},
            {"messages": [USER, CALL, RESULT, ANSWER], "tools": TOOLS, "parallel_tool_calls": False},
        ),
        (
            "openai",
            {"messages": [USER, called({"a": 1, "b": "ß"})], "tools": TOOLS},
            {"messages": [USER, called('{"a":1,"b":"ß"}')], "tools": TOOLS},
        ),
        (
            "openai",
            {"messages": [USER, called('{"a": 1}'), RESULT, CALL]},
            {"messages": [USER, called('{"a": 1}'), RESULT, CALL]},
        ),
        (
            "trl-messages",
            {"messages": [USER, called({"a": 1})], "tools": TOOLS},
            {"messages": [USER, called({"a": 1})], "tools": TOOLS},
        ),
        ("openai", {"messages": [USER, ANSWER], "tools": []}, {"messages": [USER, ANSWER]}),
        (
            "sharegpt",
            {"messages": [USER, {**ANSWER, "weight": None}]},
            {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]},
        ),
        (
            "trl-prompt-completion",
            {"messages": [USER, CALL], "tools": TOOLS},
            {"prompt": [USER], "completion": [CALL], "tools": TOOLS},
        ),
        (
            "trl-preference",
            {"prompt": "Why?", "chosen": [ANSWER], "rejected": "No."},
            {"prompt": [USER], "chosen": [ANSWER], "rejected": [{"role": "assistant", "content": "No."}]},
        ),
        (
            "trl-preference",
            {"prompt": "Why?", "chosen": [USER, ANSWER], "rejected": [USER, JSON_ANSWER]},
            {"prompt": [USER], "chosen": [ANSWER], "rejected": [JSON_ANSWER]},
        ),
        ("trl-preference", {"chosen": JSON, "rejected": "b"}, {"chosen": '{"a":"ß","b":[1]}', "rejected": "b"}),
        (
            "alpaca",
            {"messages": [{"role": "system", "content": "Be brief."}, USER, ANSWER]},
            {"instruction": "Why?", "input": "", "output": "So.", "system": "Be brief."},
        ),
        (
            "sharegpt",
            {"messages": [USER, ANSWER]},
            {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]},
        ),
        ("trl-preference", {"chosen": "a", "rejected": "b", "id": 3}, {"chosen": "a", "rejected": "b"}),
        ("hf", {"id": 3, "messages": [USER, ANSWER]}, {"id": 3, "messages": [USER, ANSWER]}),
    ],
)
def test_a_line_in_a_format(name: str, record: dict[str, Any], made: dict[str, Any]) -> None:
    """Only what the format has."""
    assert FORMATS[name].of_line(record) == made


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("openai", {"messages": []}),
        ("openai", {"messages": [USER]}),
        ("openai", {"messages": [USER, {"role": "assistant", "content": ""}]}),
        ("openai", {"messages": [USER, {"role": "friend", "content": "So."}, ANSWER]}),
        ("openai", {"prompt": "Why?", "completion": None}),
        ("openai", {"prompt": None, "completion": "So."}),
        ("openai", {"messages": [USER, {"role": "assistant", "content": None}]}),
        ("openai", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}, ANSWER]}),
        ("sharegpt", {"messages": [USER, CALL, RESULT, ANSWER]}),
        ("sharegpt", {"messages": [USER, {**ANSWER, "weight": 0}, USER, ANSWER]}),
        ("sharegpt", {"messages": [USER, {**ANSWER, "reasoning_content": "Hm."}]}),
        ("alpaca", {"messages": [USER, {**ANSWER, "thinking": "Hm."}]}),
        ("sharegpt", {"messages": [USER, ANSWER, ANSWER]}),
        ("sharegpt", {"messages": [ANSWER]}),
        ("alpaca", {"messages": [USER, CALL]}),
        ("trl-prompt-completion", {"messages": [ANSWER]}),
        ("trl-prompt-completion", {"prompt": [], "completion": [ANSWER]}),
        ("trl-prompt-completion", {"prompt": [USER, ANSWER], "completion": []}),
        ("trl-preference", {"prompt": "Who?", "chosen": [USER, ANSWER], "rejected": [USER, JSON_ANSWER]}),
        ("trl-preference", {"prompt": "Who?", "chosen": "a", "rejected": None}),
        ("alpaca", {"messages": [USER, ANSWER, USER, ANSWER]}),
        ("trl-preference", {"chosen": "a", "rejected": "a"}),
        ("trl-preference", {"chosen": "", "rejected": "a"}),
        ("hf", {"chosen": [USER], "rejected": [ANSWER]}),
    ],
)
def test_a_line_that_nothing_can_be_trained_on_is_told(name: str, record: dict[str, Any]) -> None:
    """No answer, an empty one, another conversation than the format holds."""
    assert shape_of(record) is not None
    with pytest.raises(UnfitError):
        FORMATS[name].of_line(record)


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"prompt": "Why?", "chosen": "a", "rejected": "b"}, "Why?"),
        ({"chosen": [USER, ANSWER], "rejected": [USER, JSON_ANSWER]}, "Why?"),
        ({"chosen": "Why? a", "rejected": "Why? b"}, "Why? a"),
        ({"messages": [ANSWER]}, "So."),
    ],
)
def test_lines_without_a_prompt_are_not_all_alike_to_a_split(record: dict[str, Any], key: str) -> None:
    """Or all would stand on one side."""
    assert prompt_text(record) == key


RECIPE = """
name = "shapes"
[[step]]
name = "s"
user = "{id}"
[[output]]
file = "o.jsonl"
line = { LINE }
"""


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """Runs a recipe with this line over rows, exports it, and gives the exit code, the place and what was said."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def made(line: str, rows: list[dict[str, Any]], name: str, *words: str) -> tuple[int, Path, str]:
        (tmp_path / "r.toml").write_text(RECIPE.replace("LINE", line))
        (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        out, target = tmp_path / "out", tmp_path / f"x-{name}"
        run = ["run", "--recipe", str(tmp_path / "r.toml"), "--input", str(tmp_path / "in.jsonl")]
        run += ["--output-dir", str(out), "--simulate", "fast", "-q", "--no-progress"]
        monkeypatch.setattr(sys, "argv", ["asyncgen", *run])
        assert main(run) == 0
        capsys.readouterr()
        code = main(["export", str(out), "--format", name, "-o", str(target), *words])
        return code, target, capsys.readouterr().err

    return made


def test_a_folder_is_read_by_the_types_of_all_its_lines(export: Any, load_dataset: Any) -> None:
    """Also where the first ten megabytes have another type than the rest, and a field is missing from them."""
    rows = [
        {"id": f"r{number}", "text": "x" * 4000, "late": {} if number < 2990 else {"v": "t"}, "n": number}
        for number in range(3000)
    ]
    rows[-1]["n"] = 1.5
    rows = [{**row, "late": {"v": row["late"].get("v")}} for row in rows]
    line = 'prompt = "{text}", completion = "{s}", late = "{late}", n = "{n}"'
    code, target, _ = export(line, rows, "hf")
    assert code == 0
    loaded = load_dataset(str(target))["train"]
    assert [one["late"]["v"] for one in loaded] == [row["late"]["v"] for row in rows]
    assert loaded[2999]["n"] == 1.5


def test_rows_of_one_source_stay_on_one_side(export: Any) -> None:
    """As parts of an article do: else the validation set holds what was trained on."""
    rows = [{"id": f"a{number}", "article": {"name": f"a{number // 5}"}} for number in range(100)]
    line = 'prompt = "{id}", completion = "{s}", of = "{article}"'
    code, target, said = export(line, rows, "hf", "--split", "50/50", "--split-by", "of.name", "--force")
    assert code == 0, said
    sides = [
        {json.loads(line)["of"]["name"] for line in (target / "data" / f"{side}.jsonl").read_text().splitlines()}
        for side in ("train", "validation")
    ]
    assert len(sides[0]) + len(sides[1]) == len(sides[0] | sides[1]) == 20


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--split-by", "of"), "--split-by says which lines --split keeps together: give both", 2),
        (("--split", "50/50", "--split-by", "off"), "o.jsonl, row 1: it has no off to split by", 65),
    ],
)
def test_a_key_to_split_by_is_there(export: Any, words: tuple[str, ...], said: str, code: int) -> None:
    """In each line, and for a split."""
    line = 'prompt = "{id}", completion = "{s}", of = "{id}"'
    rows = [{"id": f"a{number}"} for number in range(10)]
    assert export(line, rows, "openai", *words)[0] == code
    assert said in export(line, rows, "openai", *words)[2]


def test_parquet_has_every_column_of_any_line_and_one_type_for_each(export: Any, load_dataset: Any) -> None:
    """Of both sides of a split."""
    rows = [{"id": f"r{number}", "more": {f"k{number % 3}": number}} for number in range(40)]
    line = 'messages = [{role = "user", content = "{id}"}, {role = "assistant", content = "{s}"}], more = "{more}"'
    code, target, _ = export(line, rows, "parquet", "--split", "50/50")
    assert code == 0
    files = {side: f"{target}-{side}" for side in ("train", "validation")}
    loaded = load_dataset("parquet", data_files=files)
    assert loaded["train"].features == loaded["validation"].features
    found = {one["messages"][0]["content"]: one["more"] for side in loaded.values() for one in side}
    assert found == {row["id"]: {"k0": None, "k1": None, "k2": None, **row["more"]} for row in rows}


@pytest.mark.parametrize(
    ("value", "problem"),
    [({}, "more is an object without fields"), ([1, "a"], "more has values of several types")],
)
def test_what_parquet_cannot_hold_is_said_by_the_name_of_its_column(export: Any, value: Any, problem: str) -> None:
    """And the folder, which holds it, is said to have no types."""
    line = 'prompt = "{id}", completion = "{s}", more = "{more}"'
    code, target, said = export(line, [{"id": "a", "more": value}], "parquet")
    assert (code, target.exists()) == (65, False)
    assert f"{problem}; --format hf takes" in said
    code, target, said = export(line, [{"id": "a", "more": value}], "hf")
    assert (code, f"{problem}: the card names no types" in said) == (0, True)
    assert "dataset_info" not in (target / "README.md").read_text()


@pytest.mark.parametrize(
    ("days", "warned"),
    [
        (["2024-05-01", "2024-05-02T10:00"], True),
        (["2024-05-01", "May"], False),
        (["2024-13-01", "2024-05-32"], False),
    ],
)
def test_texts_that_load_dataset_makes_times_of_are_said(
    export: Any, load_dataset: Any, days: list[str], *, warned: bool
) -> None:
    """They are what is trained."""
    rows = [{"id": str(number), "day": day} for number, day in enumerate(days)]
    code, target, said = export('prompt = "{s}", completion = "{day}"', rows, "trl-prompt-completion")
    assert code == 0
    assert ("the texts of completion look like dates" in said) == warned
    loaded = load_dataset("json", data_files=str(target))["train"]
    assert [isinstance(one, str) for one in loaded["completion"]] == [not warned] * 2


def test_objects_of_other_fields_are_not_filled_with_nulls(export: Any, load_dataset: Any) -> None:
    """A card that named their types would have each tool take the parameters of all."""
    rows = [{"id": "a", "tool": {"zip": 1}}, {"id": "b", "tool": {"city": "c"}}]
    code, target, _ = export('prompt = "{id}", completion = "{s}", tool = "{tool}"', rows, "hf")
    assert (code, "dataset_info" in (target / "README.md").read_text()) == (0, False)


def test_where_no_line_fits_that_is_said(export: Any) -> None:
    """And nothing of columns, of which there are none."""
    line = 'prompt = "{id}", chosen = "{s}", rejected = "{s}"'
    code, target, said = export(line, [{"id": "a"}], "parquet", "--skip-bad")
    assert (code, target.exists()) == (65, False)
    assert "no line fits parquet: nothing is written" in said


@pytest.mark.parametrize(
    ("other", "form", "code"),
    [
        ('chosen = "{s}", rejected = "{id}", prompt = "{id}"', "trl-prompt-completion", 0),
        ('prompt = "{id}", completion = "{s}"', "trl-prompt-completion", 2),
        ('chosen = "{s}", rejected = "{id}", prompt = "{id}"', "parquet", 2),
    ],
)
def test_of_several_files_the_one_that_fits_is_taken(export: Any, other: str, form: str, code: int) -> None:
    """Where there is one; else the user says which."""
    line = f'prompt = "{{id}}", completion = "{{s}}" }}\n[[output]]\nfile = "p.jsonl"\nline = {{ {other}'
    done, target, said = export(line, [{"id": "a"}], form)
    assert (done, target.exists()) == (code, code == 0)
    assert code == 0 or "o.jsonl and p.jsonl can both be trained on: name one with --file" in said


def test_texts_are_said_to_be_trained_without_a_chat_template(export: Any) -> None:
    """Messages are not."""
    rows = [{"id": "a"}]
    *_, said = export('prompt = "{id}", completion = "{s}"', rows, "trl-prompt-completion")
    assert "prompt and completion are texts, which TRL trains without a chat template" in said


@pytest.mark.parametrize("name", [*ID_FIELDS, "original_note_id"])
def test_a_line_that_does_not_fit_is_named_by_the_id_in_it(name: str) -> None:
    """Whatever the field is called; without one, by its number."""
    source: Any = SimpleNamespace(record=json.loads, name="out.jsonl", shape=Shape.CHAT)
    records = LineRecords(source, "openai")
    for line, called in (({name: "ward-2", "text": "x"}, "'ward-2'"), ({"text": "x"}, "row 7")):
        with pytest.raises(BadDataError, match=f"^out.jsonl, {called}: it has "):
            records.render([json.dumps(line).encode()], 7, ExportTally())
