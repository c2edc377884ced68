"""Lines that can be trained on as a recipe wrote them: whatever the recipe, they export; others are refused."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from asyncgen.cli.main import main
from asyncgen.config import shipped
from asyncgen.export.line_shapes import Shape, UnfitError, as_format, formats_of, shape_of

SHAPED = {
    "translation": ("texts.jsonl", Shape.CHAT),
    "question_answer": ("texts.jsonl", Shape.CHAT),
    "chain_of_thought": ("pairs.jsonl", Shape.CHAT),
    "preference_pairs": ("questions.jsonl", Shape.PREFERENCE),
}
OTHERS = {
    "mails": ("mails.jsonl", "the lines of mails.jsonl have id, headline, points, tone: openai needs messages"),
    "summary": ("texts.jsonl", "the lines of summaries.jsonl have id, title, summary, key_points: openai needs"),
    "judge": ("answers.jsonl", "the lines of judgements.jsonl have id, question, answer, mark, reason: openai"),
    "error_labels": ("pairs.jsonl", "the lines of labels.jsonl have note_id, note, label, known: openai needs"),
}
TEXTS = {"prompt": "Why?", "completion": "So."}
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
    assert as_format(name, record) == made


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("openai", {"messages": []}),
        ("openai", {"messages": [USER]}),
        ("openai", {"messages": [USER, {"role": "assistant", "content": ""}]}),
        ("openai", {"messages": [USER, {"role": "friend", "content": "So."}, ANSWER]}),
        ("openai", {"prompt": "Why?", "completion": ["So."]}),
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
        as_format(name, record)
