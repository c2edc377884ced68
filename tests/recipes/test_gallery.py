"""The recipe files that are shipped, each run with its sample rows against the simulator."""

import json
import re
import sys

import pytest

from asyncgen.cli.main import main
from asyncgen.config.shipped import shipped
from asyncgen.recipes import shipped_names

README = shipped("recipes", "README.md").read_text()
SAMPLES = dict(
    re.findall(r"^\| \[`(\w+)(?:\.toml)?`\]\(\w+\.md\) \|.*\| `(\w+\.jsonl)` \|$", README, re.MULTILINE)
)
THINKING = {"distillation": "thinking-tags"}
"""Recipes that need a server of another kind, by its profile."""


def run(tmp_path, monkeypatch, recipe, samples):
    """Run a recipe by its name; the records of its files."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    source = shipped("samples", samples)
    words = ["run", "--recipe", recipe, "--input", str(source), "--output-dir", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["asyncgen", *words])
    assert main([*words, "--simulate", THINKING.get(recipe, "fast"), "-q", "--no-progress"]) == 0
    rows = source.read_text().splitlines()
    assert len(rows) >= 10
    return len(rows), {
        path.name: [json.loads(line) for line in path.read_text().splitlines()]
        for path in (tmp_path / "out").glob("*.jsonl")
    }


def test_every_recipe_that_is_shipped_is_in_the_readme_with_its_sample_rows():
    """And the other way round."""
    assert set(SAMPLES) == {path.stem for path in shipped("recipes").glob("*.toml")}
    assert set(shipped_names()) == set(SAMPLES)


@pytest.mark.parametrize("recipe", sorted(set(SAMPLES) - {"medec_safe"}))
def test_a_shipped_recipe_writes_all_lines_for_all_sample_rows(tmp_path, monkeypatch, recipe):
    """Nothing fails, and nothing is empty."""
    rows, files = run(tmp_path, monkeypatch, recipe, SAMPLES[recipe])

    assert files
    for records in files.values():
        assert len(records) in {rows, 3 * rows}
        for record in records:
            assert all(value not in ("", None, [], {}) or key == "known" for key, value in record.items())


def test_preference_pairs_are_two_different_conversations_with_one_prompt(tmp_path, monkeypatch):
    """The format of TRL: prompt, chosen and rejected, each a list of messages."""
    _, files = run(tmp_path, monkeypatch, "preference_pairs", SAMPLES["preference_pairs"])

    for record in files["preferences.jsonl"]:
        assert list(record) == ["prompt", "chosen", "rejected"]
        assert [record[key][0]["role"] for key in record] == ["user", "assistant", "assistant"]
        assert record["chosen"] != record["rejected"]


def test_the_file_of_medec_safe_writes_three_files_in_step(tmp_path, monkeypatch):
    """The combined one holds the lines of the others."""
    path = str(shipped("recipes", "medec_safe.toml"))
    rows, files = run(tmp_path, monkeypatch, path, SAMPLES["medec_safe"])

    correct, incorrect = files["sft_correct.jsonl"], files["sft_incorrect.jsonl"]
    assert len(correct) == rows
    assert files["sft_combined_safe.jsonl"] == [
        record for pair in zip(correct, incorrect, strict=True) for record in pair
    ]
