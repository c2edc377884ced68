"""`asyncgen export`: the command on what a run has made, and its files as `datasets` loads them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow.parquet import ParquetFile

from asyncgen.config.shipped import shipped
from tests import asyncgen_process

from .conftest import make_pair, make_run
from .rules import openai_errors, trl_errors


def asyncgen(directory: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory."""
    return asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", *map(str, words)],
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a real run has made of the sample pairs, with reasoning, by the simulator."""
    directory = tmp_path_factory.mktemp("run") / "out"
    words = ("--prompt-file", shipped("prompts", "medec_safe.json"), "--add-reasoning", "--simulate", "fast")
    source = shipped("samples", "pairs.jsonl")
    done = asyncgen(directory.parent, "run", "--input-jsonl", source, "--output-dir", directory, *words)
    assert done.returncode == 0, done.stderr
    return directory


def examples(run: Path) -> list[dict[str, Any]]:
    """The combined file of a run."""
    return [json.loads(line) for line in (run / "sft_combined_safe.jsonl").read_bytes().splitlines()]


def conversation(name: str, record: dict[str, Any]) -> tuple[str, str]:
    """What the user says and what is answered, in any format."""
    if name == "alpaca":
        return f"{record['instruction']}\n\n{record['input']}", record["output"]
    if name == "sharegpt":
        return record["conversations"][-2]["value"], record["conversations"][-1]["value"]
    chat = record["prompt"] + record["completion"] if "prompt" in record else record["messages"]
    return chat[-2]["content"], chat[-1]["content"]


@pytest.mark.parametrize(
    "name", ["openai", "trl-messages", "trl-prompt-completion", "alpaca", "sharegpt", "parquet", "hf"]
)
def test_datasets_loads_every_format(tmp_path: Path, run: Path, load_dataset, name: str) -> None:
    """By the very line that the command prints: as many examples as the run made, in order, each with its note."""
    done = asyncgen(tmp_path, "export", run, "--format", name, "-o", f"a-{name}", "--split", "75/25")

    assert done.returncode == 0, done.stderr
    (printed,) = (line for line in done.stdout.splitlines() if line.startswith("to load: "))
    if name == "openai":
        assert "openai.OpenAI().files.create(file=open('a-openai-train', \"rb\")" in printed
        files = {side: str(tmp_path / f"a-openai-{side}") for side in ("train", "validation")}
        loaded = load_dataset("json", data_files=files)
    else:
        assert "datasets.load_dataset(" in printed
        expression = printed.removeprefix("to load: ").replace("datasets.load_dataset", "load")
        # The printed paths are as the user gave them: relative to where the command ran.
        places = expression.replace(f"a-{name}", f"{tmp_path}/a-{name}")
        loaded = eval(places, {"load": load_dataset})
    assert list(loaded) == ["train", "validation"]
    made = examples(run)
    exported = [conversation(name, record) for side in loaded.values() for record in side]
    assert len(exported) == len(made) == 48
    assert sorted(exported) == sorted(
        (next(user for user, _ in exported if user.endswith(one["note"].strip())), one["label"]) for one in made
    )
    if name.startswith("trl") or name in {"parquet", "hf"}:
        assert [error for side in loaded.values() for record in side for error in trl_errors(record)] == []


@pytest.mark.parametrize("template", ["detection", "correction", "reasoning"])
def test_openai_would_take_the_file(tmp_path: Path, run: Path, template: str) -> None:
    """Every template; a line is one JSON object in UTF-8."""
    done = asyncgen(tmp_path, "export", run, "--format", "openai", "--template", template, "-o", "sft.jsonl")

    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "sft.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert openai_errors([json.loads(line) for line in lines]) == []
    assert len(lines) == 48


def test_the_same_command_gives_the_same_bytes(tmp_path: Path, run: Path) -> None:
    """Shuffled and split; another seed gives others."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        words = ("--format", "openai", "-o", f"{name}.jsonl", "--split", "75/25", "--shuffle", "--seed", seed)
        assert asyncgen(tmp_path, "export", run, *words).returncode == 0
    first, again, other = ((tmp_path / f"{name}-train.jsonl").read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_without_a_name_it_lies_beside_the_run(tmp_path: Path) -> None:
    """With its card; nothing is written into the directory of the run."""
    run = make_run(tmp_path / "out", map(make_pair, range(6)))
    before = sorted(path.name for path in run.iterdir())

    done = asyncgen(tmp_path, "export", "out", "--format", "alpaca")

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out-alpaca-card.md", "out-alpaca.jsonl"]
    assert sorted(path.name for path in run.iterdir()) == before


def test_the_card_says_where_the_data_come_from(tmp_path: Path) -> None:
    """Model, prompts, counts; MEDEC's licence and citation; that a model wrote it."""
    make_run(tmp_path / "out", map(make_pair, range(6)))
    assert asyncgen(tmp_path, "export", "out", "--format", "hf").returncode == 0
    card = (tmp_path / "out-hf" / "README.md").read_text()
    head, body = card.removeprefix("---\n").split("\n---\n")
    assert "license: cc-by-4.0" in head
    assert 'config_name: default\n  data_files:\n  - split: train\n    path: "data/train.jsonl"' in head
    for part in (
        "gpt-4o",
        "medec_safe/1",
        "asyncgen 0",
        "CC BY 4.0",
        "Ben Abacha",
        "written by a model",
        "| 12 |",
    ):
        assert part in body


def test_no_licence_is_claimed_for_notes_of_unknown_origin(tmp_path: Path) -> None:
    """Ids that are not MEDEC's: the user has to say."""
    make_run(tmp_path / "out", [make_pair(0), make_pair(1, original_note_id="mine-1")])
    assert asyncgen(tmp_path, "export", "out", "--format", "hf").returncode == 0
    card = (tmp_path / "out-hf" / "README.md").read_text()
    assert "license:" not in card
    assert "1 of the 2 pairs have ids that are not MEDEC's" in card
    assert "Ben Abacha" in card


def test_a_folder_is_replaced_whole(tmp_path: Path, load_dataset) -> None:
    """What an earlier split left in it goes."""
    make_run(tmp_path / "out", map(make_pair, range(40)))
    assert asyncgen(tmp_path, "export", "out", "--format", "hf", "--split", "50/50").returncode == 0
    assert asyncgen(tmp_path, "export", "out", "--format", "hf").returncode == 2
    assert (tmp_path / "out-hf" / "data" / "validation.jsonl").exists()

    assert asyncgen(tmp_path, "export", "out", "--format", "hf", "--force").returncode == 0

    assert [path.name for path in (tmp_path / "out-hf" / "data").iterdir()] == ["train.jsonl"]
    assert len(load_dataset(str(tmp_path / "out-hf"))["train"]) == 80


def test_a_run_that_is_not_finished_is_exported_as_far_as_it_is(tmp_path: Path) -> None:
    """And said so, in the card too."""
    make_run(tmp_path / "out", map(make_pair, range(3)), finished=False, behind=b'{"torn')

    done = asyncgen(tmp_path, "export", "out", "--format", "openai")

    assert done.returncode == 0
    assert "these are the first 3 of 10 pairs" in done.stderr
    assert "OpenAI refuses a fine-tuning file of fewer than 10 examples" in done.stderr
    assert "not finished: the first 3 pairs" in (tmp_path / "out-openai-card.md").read_text()


def test_pairs_left_out_are_counted_and_named(tmp_path: Path) -> None:
    """By --skip-bad; without it nothing is written."""
    make_run(tmp_path / "out", [make_pair(0), make_pair(1, correction=None)])
    words = ("export", "out", "--format", "sharegpt", "--template", "correction")

    refused = asyncgen(tmp_path, *words)
    assert refused.returncode == 65
    assert "'ms-train-1': it has no corrected_sentence" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

    done = asyncgen(tmp_path, *words, "--skip-bad")
    assert done.returncode == 0
    assert "left out, because they lack what the template needs: 1 pair: 'ms-train-1'" in done.stderr
    assert len((tmp_path / "out-sharegpt.jsonl").read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--format", "csv"], 2, "invalid choice: 'csv'"),
        (["--format", "openai", "-o", "there.jsonl"], 2, "there.jsonl exists"),
        (["--format", "openai", "-o", "out/sft_correct.jsonl", "--force"], 2, "among the files of the run"),
        (["--format", "openai", "-o", "out/.asyncgen/calls.jsonl", "--force"], 2, "among the files of the run"),
        (["--format", "openai", "-o", "out/shards/1-of-2/a.jsonl", "--force"], 2, "among the files of the run"),
        (["--format", "hf", "-o", "out/.asyncgen", "--force"], 2, "among the files of the run"),
        (["--format", "hf", "-o", "out", "--force"], 2, "among the files of the run"),
        (["--format", "hf", "-o", "there.jsonl", "--force"], 2, "is a file: give the name of a folder"),
        (["--format", "openai", "-o", ".", "--force"], 2, "is a directory"),
        (
            ["--format", "openai", "--only", "all", "--input-jsonl", "there.jsonl", "-o", "link.jsonl", "--force"],
            2,
            "was made from",
        ),
        (["--format", "openai", "-o", "new.jsonl.gz"], 2, "give new.jsonl with -o"),
        (["--format", "openai", "--template", "nix"], 2, "no template 'nix'"),
        (["--format", "openai", "--template", "bad.toml"], 65, "bad.toml"),
        (["--format", "openai", "--split", "50/51"], 2, "add up to 100"),
        (["--format", "openai", "--split", "50/50"], 2, "would leave nothing for"),
        (["--format", "openai", "--template", "reasoning"], 65, "it has no reasoning"),
        (["--format", "openai", "--template", "reasoning", "--skip-bad"], 65, "nothing is written"),
    ],
)
def test_what_cannot_be_done_leaves_nothing_behind(
    tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    """One clear line, and everything as it was."""
    make_run(tmp_path / "out", [make_pair(0, reasoning=None)])
    (tmp_path / "out" / ".asyncgen").mkdir(exist_ok=True)
    (tmp_path / "out" / ".asyncgen" / "calls.jsonl").write_text("{}\n")
    (tmp_path / "there.jsonl").write_text("mine\n")
    (tmp_path / "link.jsonl").symlink_to("there.jsonl")
    (tmp_path / "bad.toml").write_text("instruction = 1\n")
    before = {path: path.is_dir() or path.read_bytes() for path in tmp_path.rglob("*")}

    done = asyncgen(tmp_path, "export", "out", *words)

    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.is_dir() or path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_a_run_that_has_made_nothing_has_nothing_to_export(tmp_path: Path) -> None:
    """Whichever rows are wanted; no reason is named, for there is no row that has one."""
    make_run(tmp_path / "out", [], finished=False)

    samples = str(shipped("samples", "pairs.jsonl"))
    done = asyncgen(tmp_path, "export", "out", "--format", "openai", "--input-jsonl", samples)

    assert done.returncode == 65
    assert done.stderr == "❌ nothing to export: the run has made no pair\n"


def test_parquet_is_written_in_groups_of_rows(tmp_path: Path) -> None:
    """So that memory does not grow; the last group holds what is left."""
    make_run(tmp_path / "out", map(make_pair, range(1250)))
    assert asyncgen(tmp_path, "export", "out", "--format", "parquet").returncode == 0
    metadata = ParquetFile(tmp_path / "out-parquet.parquet").metadata
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [1000, 1000, 500]


def test_without_pyarrow_one_line_says_what_to_install(tmp_path: Path) -> None:
    """Before anything is read or written."""
    (tmp_path / "pyarrow.py").write_text("raise ImportError")
    make_run(tmp_path / "out", [make_pair(0)])
    words = [sys.executable, "-m", "asyncgen", "export", "out", "--format", "parquet"]
    done = asyncgen_process.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "❌ --format parquet needs pyarrow: pip install 'asyncgen[export]'\n"
    assert not (tmp_path / "out-parquet.parquet").exists()
