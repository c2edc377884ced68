"""`asyncgen verify --judge` and `asyncgen export --only` as processes."""

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncgen.simulator import Batch, Faults, Latency, Profile, respond
from asyncgen.simulator.completions import complete
from asyncgen.simulator.profile import Judge, Paraphrase
from tests import asyncgen_process
from tests.end_to_end.conftest import SAMPLES, Job, Server, clean_env
from tests.end_to_end.test_interruptions import wait_until

pytestmark = pytest.mark.timeout(180)  # several commands each
FINDINGS = ("Lithium is", "There is a latex", "The spleen", "Gait is")
Serve = Callable[..., Server]


def asyncgen(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    result = asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=clean_env(None),
    )
    assert result.returncode == code, result
    return result


def judge(job: Job, *flags: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Have the rows of a job judged."""
    assert job.server is not None
    words = ("--input-jsonl", job.input_jsonl, "--judge", "--base-url", job.server.base_url, "--no-progress")
    return asyncgen("verify", job.output_dir, *words, *flags, code=code)


@pytest.fixture
def done(job: Callable[..., Job], serve: Serve) -> Job:
    """A finished run of the samples without reasoning; some of its paraphrases are bad."""
    job_ = job(serve(paraphrase=Paraphrase(error=0.25)), flags=[])
    assert job_.run().returncode == 0
    return job_


def bad(job: Job) -> set[int]:
    """The rows whose paraphrase is bad."""
    notes = [record["note"] for record in job.records("sft_correct.jsonl")]
    return {index for index, note in enumerate(notes) if note.startswith(FINDINGS)}


def verdicts(job: Job) -> list[Any]:
    """The lines of the verdicts, but for the first."""
    lines = (job.state_dir / "verdicts.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]


def check_offers_with_a_recipe(job: Job) -> None:
    """With a recipe named anew the judge is offered with it; asking again is not: that takes the run's."""
    words = (job.output_dir, "--input-jsonl", job.input_jsonl, "--recipe", "medec_safe")
    assert "--recipe medec_safe --judge --dry-run\n" in asyncgen("verify", *words).stdout
    assert "--regenerate" not in judge(job, "--recipe", "medec_safe").stdout


def exported(path: Path) -> int:
    """How many pairs an export has."""
    return len(path.read_text().splitlines()) // 2


def test_what_the_judge_rejects_is_not_exported_and_asked_again_until_it_is_good(
    done: Job, tmp_path: Path
) -> None:
    """Nobody pays twice for a verdict, and what is stale is not used."""
    assert done.server is not None
    spoilt = bad(done)
    assert 3 <= len(spoilt) < 20
    calls = done.server.counts["requests"]
    planned = judge(done, "--dry-run").stdout
    assert done.server.counts["requests"] == calls
    assert "list prices of" in planned
    assert not (done.state_dir / "verdicts.jsonl").exists()
    asyncgen("export", done.output_dir, "--format", "openai", "--only", "judged", code=65)

    said = judge(done).stdout
    assert f"{done.server.counts['requests'] - calls} calls now" in said
    assert "if the errors in these pairs are like the known ones" in said
    directory = shlex.quote(str(done.output_dir))
    assert f"next: asyncgen export {directory} --format openai --only judged\nor:   " in said
    server = f" --base-url {done.server.base_url}"  # without it this would ask another one, which is refused
    assert f"{server} --regenerate\n      (asks the {len(spoilt)} bad pairs again)\nor:   " in said
    assert said.endswith(f"view {directory}\n      (shows the {len(spoilt)} bad pairs beside the originals)\n")
    assert {row["index"] for row in verdicts(done) if row["trust"] == "rejected"} == spoilt
    kept = done.state_dir / "verdicts.jsonl"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not any(words in kept.read_text() for words in FINDINGS)

    check_offers_with_a_recipe(done)

    calls = done.server.counts["requests"]
    found = json.loads(judge(done, "--json").stdout)
    assert done.server.counts["requests"] == calls
    rejected = [
        row for row in found["quality"]["pairs"] if row["judge"] and row["judge"]["meaning"] == "different"
    ]
    assert {row["index"] for row in rejected} == spoilt
    assert all(row["judge"]["became"].startswith(FINDINGS) for row in rejected)
    assert all(row["note_id"] for row in rejected)
    assert found["judge"]["trust"]["rejected"] == len(spoilt)

    out = tmp_path / "set.jsonl"
    result = asyncgen("export", done.output_dir, "--format", "openai", "-o", out)
    assert f"--only not-flagged leaves {len(spoilt)} pairs of 24 out:" in result.stderr
    assert f"{len(spoilt)} rejected by the judge" in result.stderr
    assert exported(out) == 24 - len(spoilt)
    card = (tmp_path / "set-card.md").read_text()
    assert f"| pairs rejected | {len(spoilt)} |" in card
    assert "| bad ones among those judged the same | " in card

    words = ("--input-jsonl", done.input_jsonl, "--prompt-file", done.prompt_file, "--no-progress")
    again = asyncgen("verify", done.output_dir, *words, "--regenerate", "--base-url", done.server.base_url)
    assert f"{len(spoilt)} of them rejected by the judge" in again.stdout
    assert len(bad(done)) < len(spoilt)
    stale = asyncgen("export", done.output_dir, "--format", "openai", "--only", "judged", code=65)
    assert "the judge's verdicts belong to other files" in stale.stderr
    calls = done.server.counts["requests"]
    judge(done)
    assert done.server.counts["requests"] - calls <= 2 * len(spoilt)
    asyncgen("export", done.output_dir, "--format", "openai", "--only", "judged", "-o", tmp_path / "more.jsonl")
    assert exported(tmp_path / "more.jsonl") == 24 - len(bad(done))


def test_a_judge_that_is_killed_pays_for_no_answer_twice(job: Callable[..., Job], serve: Serve) -> None:
    """The same command finishes what it has begun."""
    server = serve(latency=Latency(median_s=0.15), paraphrase=Paraphrase(error=0.25), judge=Judge(error=0.2))
    job_ = job(server, flags=[])
    assert job_.run().returncode == 0
    calls = server.counts["requests"]
    words = [
        "verify",
        str(job_.output_dir),
        "--input-jsonl",
        str(job_.input_jsonl),
        "--judge",
        "--concurrency",
        "4",
    ]
    command = [sys.executable, "-m", "asyncgen", *words, "--base-url", server.base_url, "--no-progress"]
    process = asyncgen_process.Process(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_env(None)
    )
    wait_until(lambda: server.counts["requests"] >= calls + 30, 60)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    judge(job_, "--concurrency", 4)
    rounds = job_.state_dir / "judge"
    assert [path.name for path in rounds.iterdir() if path.name.isdecimal()] == ["1"]
    cases = (rounds / "1" / "cases.jsonl").read_text().splitlines()
    assert 2 * len(cases) <= server.counts["requests"] - calls <= 2 * len(cases) + 4  # what was in flight


def test_what_the_judge_did_not_answer_is_counted_and_asked_again(done: Job, serve: Serve) -> None:
    """As of any run of which some rows failed: exit 3, until the same command has them all."""
    assert done.server is not None
    filtering = serve(faults=Faults(fail_matching="Gait is", fail_kind="filter"))

    said = judge(done, "--calibration", "0", "--base-url", filtering.base_url, code=3).stdout
    assert "not answered: the same command asks only these again" in said
    judge(done, "--calibration", "0", "--json", "--base-url", filtering.base_url, code=3)

    calls = done.server.counts["requests"]
    assert "not answered" not in judge(done, "--calibration", "0").stdout
    assert 0 < done.server.counts["requests"] - calls < 2 * len(bad(done))


def test_a_configuration_for_the_run_names_no_judge(done: Job, tmp_path: Path) -> None:
    """Its model is the run's: only one that is typed is refused."""
    (tmp_path / "run.toml").write_text('model = "gpt-6-luna"\n')
    judge(done, "--dry-run", "--config", tmp_path / "run.toml")


def test_a_judge_that_asks_in_batches_says_the_same_for_half_the_price(
    job: Callable[..., Job], serve: Serve
) -> None:
    """It may be left to the server; the same command takes its answers, and nobody pays twice."""
    short = Batch(validating_s=0.01, working_s=0.05, finalizing_s=0.01)
    server = serve(paraphrase=Paraphrase(error=0.25), judge=Judge(error=0.2), batch=short)
    live, batched = (job(server, flags=[]) for _ in range(2))
    for one in (live, batched):
        assert one.run().returncode == 0
    judge(live)
    planned = [judge(batched, "--dry-run", *flags).stdout for flags in ([], ["--batch"])]
    costs = [float(text.partition("\ncost")[2].split()[0]) for text in planned]
    assert costs[1] == pytest.approx(costs[0] / 2, rel=0.1)
    before = server.counts["answers"]
    words = [str(batched.output_dir), "--input-jsonl", str(batched.input_jsonl), "--judge", "--batch"]
    command = [sys.executable, "-m", "tests.end_to_end.short_batches", "verify", *words, "--batch-detach"]

    codes = []
    while not codes or (codes[-1] == 75 and len(codes) < 9):
        ended = asyncgen_process.run(
            [*command, "--base-url", server.base_url, "--no-progress"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_env(None),
        )
        codes.append(ended.returncode)

    assert codes[0] == 75, ended
    assert codes[-1] == 0, ended
    assert verdicts(batched) == verdicts(live)
    cases = (batched.state_dir / "judge" / "1" / "cases.jsonl").read_text().splitlines()
    assert server.counts["answers"] - before == 2 * len(cases)


def test_the_reason_is_told_where_the_prompts_want_it(
    done: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To each row that is asked again; the run knows its prompts all the same."""
    judge(done)
    prompts = json.loads(done.prompt_file.read_text())
    prompts["retry_with_reason"] = "An earlier answer was not taken: {reason}"
    told = tmp_path / "told.json"
    told.write_text(json.dumps(prompts))
    asked: list[str] = []

    def remember(chat: Any, key: int, _: Profile) -> Any:
        asked.append(chat.user)
        return complete(chat, key, Profile())

    monkeypatch.setattr(respond, "complete", remember)
    assert done.server is not None
    words = ("--input-jsonl", done.input_jsonl, "--prompt-file", told, "--no-progress")
    spoilt = bad(done)
    asyncgen("verify", done.output_dir, *words, "--regenerate", "--base-url", done.server.base_url)
    assert len(asked) == len(spoilt)
    told_why = "An earlier answer was not taken: the meaning is not that of the original (other)"
    assert all(told_why in user for user in asked)


def test_a_judge_that_gives_no_usable_answer_is_to_be_another_one(done: Job, serve: Serve) -> None:
    """Its prompts are not the user's, and another judge judges all anew by itself."""
    silent = serve(faults=Faults(bad_answer_json=1.0))
    words = ("--input-jsonl", done.input_jsonl, "--judge", "--base-url", silent.base_url, "--no-progress")
    said = asyncgen("verify", done.output_dir, *words, code=65).stderr
    assert "another --judge-model may do better; it judges all anew" in said
    assert "prompt" not in said
    assert "--restart" not in said


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--judge"], 2, "--judge needs --input-jsonl"),
        (["--dry-run", "--input-jsonl", str(SAMPLES)], 2, "--dry-run says what --judge would cost"),
        (["--judge", "--calibration", "90%"], 2, "not a share from 0% to 50%"),
        (["--judge", "--calibration", "10"], 2, "'10' is not a share from 0% to 50%, such as 10% or 0.1"),
        (["--recipe", "mails"], 2, "the recipe mails writes mails.jsonl, and this directory holds sft_"),
        (["--judge-model", "m"], 2, "--judge-model says who judges: give --judge too"),
        (["--batch"], 2, "--batch is how --judge and --regenerate ask"),
        (
            ["--judge", "--input-jsonl", str(SAMPLES), "--model", "m"],
            2,
            "--judge-model says who judges, not --model",
        ),
        (["--judge", "--input-jsonl", str(SAMPLES), "--judge-model="], 2, "--judge-model is empty"),
        (["--judge", "--continue-with-model=m"], 2, "--judge-model says who judges, not --continue"),
    ],
)
def test_what_cannot_be_judged_is_said(done: Job, flags: list[str], code: int, message: str) -> None:
    """In one line, before anything is asked."""
    result = asyncgen("verify", done.output_dir, *flags, code=code)
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_another_input_is_the_first_and_only_message(done: Job, tmp_path: Path) -> None:
    """Nothing is said of files that were held against the wrong one."""
    lines = SAMPLES.read_text().splitlines(keepends=True)
    for name, text in (("fewer", "".join(lines[:-1])), ("other", "".join(reversed(lines)))):
        other = tmp_path / f"{name}.jsonl"
        other.write_text(text)
        result = asyncgen("verify", done.output_dir, "--input-jsonl", other, code=65)
        assert result.stdout == ""
        assert "is not the input that this run was made from" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_where_all_is_flagged_the_export_says_what_to_do(job: Callable[..., Job], serve: Serve) -> None:
    """Nothing is written, and nothing is wrong with the run: the choice is the user's, who is told of it."""
    made = job(serve(paraphrase=Paraphrase(error=1.0)), flags=["--num-pairs", "3"])
    assert made.run().returncode == 0
    assert len(bad(made)) == 3

    refused = asyncgen("export", made.output_dir, "--format", "openai", code=2)
    assert "--only not-flagged leaves nothing to export: 3 flagged by the rules; asyncgen verify" in refused.stderr

    asyncgen("export", made.output_dir, "--format", "openai", "--only", "all")
