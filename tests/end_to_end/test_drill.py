"""`asyncgen drill`: scenarios by name, verdicts and exit code."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from asyncgen.cli import drill_scenarios as _drills
from asyncgen.cli.commands import drill
from asyncgen.cli.main import build_parser
from asyncgen.config.shipped import shipped
from tests import asyncgen_process

from .conftest import clean_env


def run_drill(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", "drill", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_env(None),
    )


def refused_prompts(directory: Path, step: str) -> str:
    """A prompt file that asks for more tokens in a step than the server ever answers with."""
    prompts = json.loads(shipped("prompts", "medec_safe.json").read_text())
    prompts["generation_params"][step]["max_tokens"] = 300_000
    file = directory / "prompts.json"
    file.write_text(json.dumps(prompts))
    return str(file)


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("quota", "exit 77, resumed, 0 paid twice, same bytes"),
        ("hung-sockets", "0 pairs failed, 0 paid twice"),
    ],
)
def test_a_scenario_by_name_ends_as_predicted(name: str, actual: str) -> None:
    """Both sides are shown, and the verdict."""
    done = run_drill(name)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{name} ")
    assert "predicted: " in done.stdout
    assert actual in done.stdout
    assert "PASS (" in done.stdout


def test_the_scenarios_are_listed_without_being_played() -> None:
    """Seven, each with what is predicted."""
    listed = run_drill("--list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [scenario.name for scenario in _drills.SCENARIOS]
    assert len(listed) == 7


def test_an_unknown_scenario_is_answered_by_the_names_there_are() -> None:
    """Nothing is played."""
    done = run_drill("tsunami")
    assert done.returncode == 2
    assert "no scenario 'tsunami': there are steady, shared-key, storm, " in done.stderr


def test_one_scenario_that_fails_fails_the_drill(monkeypatch, capsys) -> None:
    """The others are played all the same."""

    async def good(_stage: _drills.Stage) -> _drills.DrillVerdict:
        return _drills.DrillVerdict("as told", passed=True)

    async def bad(_stage: _drills.Stage) -> _drills.DrillVerdict:
        return _drills.DrillVerdict("otherwise", passed=False)

    scenarios = (_drills.Scenario("bad", "x", bad), _drills.Scenario("good", "x", good))
    monkeypatch.setattr(_drills, "SCENARIOS", scenarios)
    args: argparse.Namespace = build_parser().parse_args(["drill"])

    assert drill.execute(args) == 1

    shown = capsys.readouterr().out
    assert "FAIL (0 s)" in shown
    assert "PASS (0 s)" in shown


@pytest.mark.parametrize("name", ["steady", "storm", "errors", "hung-sockets", "quota", "restart"])
def test_a_drill_without_an_answer_says_why(name: str, tmp_path: Path) -> None:
    """A field that the server refuses in every call: the formulas have nothing to work on."""
    done = run_drill(name, "--prompt-file", refused_prompts(tmp_path, "correct_paraphrase"))

    assert done.returncode == 1, done.stdout + done.stderr
    assert "no call was answered: paraphrase: bad_request (status 400, invalid_value" in done.stdout
    assert "FAIL (" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["quota", "restart"])
def test_runs_that_do_not_reach_their_end_have_no_bytes_to_compare(name: str, tmp_path: Path) -> None:
    """The calls of one step are answered, and all of the next one are refused."""
    done = run_drill(name, "--add-reasoning", "--prompt-file", refused_prompts(tmp_path, "reasoning"))

    assert done.returncode == 1, done.stdout + done.stderr
    assert "other bytes" in done.stdout
    assert "FAIL (" in done.stdout
