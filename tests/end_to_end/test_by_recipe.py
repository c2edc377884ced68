"""Commands that work on a directory know by which recipe it was begun."""

import json
import os
import signal
import subprocess
import sys

from asyncgen.config.shipped import shipped
from asyncgen.simulator import Latency
from tests import asyncgen_process

from .conftest import clean_env
from .test_interruptions import wait_until

MAILS = shipped("samples", "mails.jsonl")
TEXTS = shipped("samples", "texts.jsonl")


def asyncgen(*words, code=0):
    """Run a command to its end."""
    ended = asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=clean_env(None),
    )
    assert ended.returncode == code, ended.stderr
    return ended


def run(recipe, source, output_dir, *more, code=0):
    """Run a recipe against the simulator."""
    words = ("--recipe", recipe, "--input", source, "--output-dir", output_dir, "--no-progress")
    return asyncgen("run", *words, *more, code=code)


def test_calls_of_a_recipe_file_are_asked_again(tmp_path):
    """The same requests, which later steps make of what stands in the lines."""
    run("mails", MAILS, tmp_path / "out", "--simulate", "fast")
    words = ("trace", tmp_path / "out", "mail-4", "--again", "--input", MAILS, "--simulate", "fast")
    found = json.loads(asyncgen(*words, "--json").stdout)
    assert [(one["step"], one["same"]) for one in found["again"]] == [("summary", True), ("tone", True)]
    said = asyncgen(*words).stdout
    assert said.startswith("mail 3 (mail-4)\nmails.jsonl\nstep summary\n")
    assert said.count("✓ the same answer") == 2


def test_a_call_whose_request_needs_what_no_line_has_is_refused(tmp_path):
    """It says which answers are missing."""
    run("question_answer", TEXTS, tmp_path / "out", "--simulate", "fast")
    words = ("trace", tmp_path / "out", 1, "--again", "--input", TEXTS, "--simulate", "fast")
    assert "it may need the answers of facts, which no line has" in asyncgen(*words, code=65).stderr


def test_an_unfinished_run_is_verified_and_everything_speaks_of_mails(serve, tmp_path):
    """Also by the status, the bar's line, and what goes on with it."""
    server = serve(latency=Latency(median_s=0.3, sigma=0.1))
    out = tmp_path / "out"
    words = ["run", "--recipe", "mails", "--input", MAILS, "--output-dir", out, "--base-url", server.base_url]
    words += ["--save-every", "1", "--concurrency", "2", "--no-progress"]
    command = [sys.executable, "-m", "asyncgen", *map(str, words)]
    process = asyncgen_process.Process(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_env(None)
    )

    def some_are_done():
        path = out / "checkpoint.json"
        return path.exists() and json.loads(path.read_bytes())["last_completed_idx"] >= 2

    wait_until(some_are_done)
    os.kill(process.pid, signal.SIGSTOP)
    said = asyncgen("verify", out, "--input", MAILS).stdout
    assert "unfinished run: checked up to mail " in said
    assert "✓ whole, in order, in step" in said
    os.kill(process.pid, signal.SIGCONT)
    os.kill(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Loaded 10 mails from" in printed
    assert "pair" not in printed + errors
    status = asyncgen("status", out).stdout
    assert "mails        " in status
    assert "pair" not in status
    report = tmp_path / "report.html"
    asyncgen("report", out, "-o", report)
    assert "Mails a minute" in report.read_text()


def test_plan_and_tune_take_any_recipe(tmp_path):
    """And speak of its rows."""
    words = ("--recipe", "judge", "--input", shipped("samples", "answers.jsonl"))
    plan = asyncgen("plan", *words, "--output-dir", tmp_path / "out").stdout
    assert plan.startswith("answers     10, 10 calls\n")
    tune = asyncgen("tune", "--plan-only", "--rpm", "600", *words).stdout
    assert "an answer      1 call of " in tune
    assert "answers/s" in tune
    assert "--recipe needs --input-jsonl" in asyncgen("tune", "--plan-only", "--recipe", "judge", code=2).stderr


def test_with_another_recipe_than_that_of_the_run_no_regeneration_is_advised(tmp_path):
    """It asks by the recipe of the run, and refuses the flag."""
    rows, loose, strict = tmp_path / "rows.jsonl", tmp_path / "loose.toml", tmp_path / "strict.toml"
    rows.write_text('{"id": 1, "text": "a stone"}\n')
    step = '[[step]]\nname = "answer"\nuser = "Say something of {text}"\n'
    output = '[[output]]\nfile = "out.jsonl"\nline = { id = "{id}", answer = "{answer}" }\n'
    loose.write_text(step + output)
    strict.write_text(f"{step}check = {{ max-words = 1 }}\n{output}")
    run(loose, rows, tmp_path / "out", "--simulate", "fast")

    words = ("verify", tmp_path / "out", "--input", rows, "--recipe", strict)
    said = asyncgen(*words, code=0).stdout
    assert "every row is flagged" in said
    assert "--regenerate" not in said
