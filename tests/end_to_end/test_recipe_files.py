"""Recipe files through the command line and from Python."""

import json
import sys

import pytest

import asyncgen
from asyncgen.config.shipped import shipped
from asyncgen.errors import UsageError
from asyncgen.recipes.single_turn import SingleTurn
from asyncgen.simulator import Latency
from tests import asyncgen_process

from .conftest import clean_env
from .test_interruptions import wait_until

MAILS = shipped("samples", "mails.jsonl")


def command(server, output_dir, source, *more):
    """The words of a run of the e-mail job."""
    words = [
        sys.executable,
        "-m",
        "asyncgen",
        "run",
        "--recipe",
        "mails",
        "--input",
        source,
        "--output-dir",
        output_dir,
    ]
    return [*map(str, words), "--base-url", server.base_url, "--model", "unlisted", *more]


def run(words):
    """Run to the end."""
    return asyncgen_process.run(
        words, capture_output=True, text=True, check=False, timeout=60, env=clean_env(None)
    )


@pytest.fixture
def many_mails(tmp_path):
    """The sample mails thirty times, each with an id of its own."""
    rows = [json.loads(line) for line in MAILS.read_text().splitlines()]
    path = tmp_path / "mails.jsonl"
    path.write_text(
        "".join(
            json.dumps(row | {"id": f"{row['id']}-{turn}", "body": f"{row['body']} No. {turn}."}) + "\n"
            for turn in range(30)
            for row in rows
        )
    )
    return path


def test_the_mail_job_is_killed_twice_and_comes_to_the_same_bytes(serve, tmp_path, many_mails):
    """Only calls that were in flight are sent again."""
    quiet = serve()
    whole = run(command(quiet, tmp_path / "whole", many_mails))
    assert whole.returncode == 0, whole.stderr
    assert quiet.counts["requests"] == 600
    server, requests = serve(latency=Latency(median_s=0.02)), 0
    for _ in range(2):
        process = asyncgen_process.Process(
            command(server, tmp_path / "killed", many_mails, "--concurrency", "8", "-q"), env=clean_env(None)
        )
        wanted = requests + 150
        wait_until(lambda wanted=wanted: server.counts["requests"] >= wanted)
        process.kill()
        process.wait(10)
        requests = server.counts["requests"]

    last = run(command(server, tmp_path / "killed", many_mails, "--concurrency", "8"))

    assert last.returncode == 0, last.stderr
    assert (tmp_path / "killed" / "mails.jsonl").read_bytes() == (tmp_path / "whole" / "mails.jsonl").read_bytes()
    assert server.counts["requests"] <= 600 + 2 * 8
    records = [json.loads(line) for line in (tmp_path / "killed" / "mails.jsonl").read_text().splitlines()]
    assert [record["id"] for record in records] == [
        json.loads(line)["id"] for line in many_mails.read_text().splitlines()
    ]


def test_the_run_names_recipe_and_rows(serve, tmp_path):
    """And not the pairs of another one."""
    done = run(command(serve(), tmp_path / "out", MAILS))

    assert "Recipe:  mails\n" in done.stdout
    assert f"Loaded 10 mails from {MAILS}\n" in done.stdout
    assert "MEDEC" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--recipe", "mial"], 2, "there is no recipe mial; did you mean mails?"),
        (["--recipe", "none.toml"], 2, "cannot read the recipe file"),
        (["--field", "text"], 2, "'text' is not NAME=COLUMN, such as text=body"),
        (["--field", "text=letter"], 65, "no letter; the fields here are id, subject, body: --field text=FIELD"),
        (["--recipe", "medec_safe"], 2, "the recipe medec_safe needs --prompt-file"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_asks_nothing(serve, tmp_path, flags, code, said):
    """With its exit code."""
    server = serve()

    done = run([*command(server, tmp_path / "out", MAILS), *flags])

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert server.counts["requests"] == 0
    assert not (tmp_path / "out").exists()


def test_python_takes_what_the_flags_take(serve, tmp_path, monkeypatch):
    """A name, a path, and what the input calls its fields; a function of the prompt file as before."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = {"input_jsonl": MAILS, "base_url": serve().base_url, "model": "unlisted"}

    by_name = asyncgen.run(**settings, output_dir=tmp_path / "a", recipe="mails", fields={"text": "body"})
    asyncgen.run(**settings, output_dir=tmp_path / "b", recipe=shipped("recipes", "mails.toml"))

    assert (by_name.stats["written"], by_name.calls) == (10, 20)
    assert (tmp_path / "a" / "mails.jsonl").read_bytes() == (tmp_path / "b" / "mails.jsonl").read_bytes()
    with pytest.raises(UsageError, match="needs"):
        asyncgen.run(**settings, output_dir=tmp_path / "c", recipe=SingleTurn)
