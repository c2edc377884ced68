"""`asyncgen plan` on the pairs of a corpus, against the simulator, whose tokens are not the planner's formula."""

import importlib.util
import json
import re
import shlex
import sys
from dataclasses import replace

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.humanize import duration
from asyncgen.shard import Shard
from asyncgen.simulator import Faults
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from tests import asyncgen_process

from .conftest import SAMPLES, clean_env


def test_a_plan_makes_no_call_needs_no_key_and_writes_nothing(serve, job, first_pairs):
    """Pairs, calls, tokens, cost as a range, time and what binds."""
    server = serve()
    this = job(server, input_jsonl=first_pairs(200))

    done = this.run("--dry-run", "--model", "gpt-4o", "--tier", "openai:tier-1", env={"OPENAI_API_KEY": ""})

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pairs       200, 600 calls\ntokens in   ")
    assert "USD (" in done.stdout
    assert "tokens bind (openai:tier-1: 500 requests/min, 30,000 tokens/min)" in done.stdout
    assert server.counts["requests"] == 0
    assert not this.output_dir.exists()


def test_what_an_earlier_start_has_done_is_not_planned_again(serve, job):
    """Nor is it once all is done; a start from the beginning asks everything, and stays one in what comes next."""
    this = job(serve(), flags=[])
    plan = ["--dry-run", "--rpm", "600"]
    assert this.run("--num-pairs", "20").returncode == 0

    assert this.run(*plan).stdout.startswith("pairs       4, 4 calls; 20 of 24 are done\ntokens in ")
    assert this.run(*plan, "--num-pairs", "20").stdout == "pairs       all 20 are done: no call is left\n"
    anew = this.run(*plan, "--restart").stdout
    assert anew.startswith("pairs       24, 24 calls\n")
    assert anew.endswith(" --rpm 600 --restart\n")

    for other in (["--param", "temperature=0.1"], ["--model", "gpt-4o"]):  # which this directory refuses
        assert this.run(*plan, *other).stdout.startswith("pairs       24, 24 calls\n")

    part = this.run(*plan, "--shard", "1/2")
    assert part.returncode == 65
    assert "this directory holds the whole run, and shard 1/2 was asked for" in part.stderr


def test_what_shards_of_ray_have_done_is_not_planned_again(serve, job, tmp_path):
    """While they are not merged, each has a directory of its own, in which the run goes on."""
    this = job(serve(), flags=[])
    shards = [RunDirectory(Disk(), tmp_path / "whole").shard(Shard(number, 3)).path for number in (1, 2, 3)]
    for number in (1, 2):
        part = replace(this, output_dir=shards[number - 1])
        assert part.run("--shard", f"{number}/3").returncode == 0
    plan = replace(this, output_dir=tmp_path / "whole").run

    assert plan("--dry-run", "--rpm", "600").stdout.startswith("pairs       8, 8 calls; 16 of 24 are done\n")
    assert plan("--dry-run").stdout.endswith(" --engine ray\n"), "the run goes on only so"
    if importlib.util.find_spec("ray") is not None:
        assert plan("--dry-run", "--engine", "ray").stdout.count("--engine ray") == 1
    anew = plan("--dry-run", "--restart").stdout
    assert anew.startswith("pairs       24, 24 calls\n")
    assert anew.endswith(" --restart\n")
    assert plan("--dry-run", "--model", "gpt-4o").stdout.startswith("pairs       24, 24 calls\n")


def test_rows_that_failed_are_planned_again(serve, job):
    """As the same command asks for them."""
    this = job(serve(faults=Faults(bad_request=1.0)), flags=["--num-pairs", "3"])
    assert this.run().returncode == 3

    assert this.run("--dry-run").stdout.startswith("pairs       3, 3 calls\n")


def test_bad_lines_are_named_as_a_run_names_them(serve, job, tmp_path):
    """And are left out, where they may be."""
    source = tmp_path / "bad.jsonl"
    source.write_bytes(job().input_jsonl.read_bytes().splitlines(keepends=True)[0] + b"{'note_id': 'a'}\n")
    this = job(serve(), input_jsonl=source)

    refused = [this.run(*dry, env={"PYTHONUTF8": "1"}) for dry in ([], ["--dry-run"])]

    assert [done.returncode for done in refused] == [65, 65]
    run, plan = (done.stderr.partition("❌ ")[2] for done in refused)
    assert run == plan
    assert "\n  line 2: not JSON: expecting property name enclosed in double quotes\n" in plan
    assert this.run("--dry-run", "--skip-bad").stdout.startswith("pairs       1, ")


def test_a_tier_without_limits_of_the_model_is_not_asked_for_again(serve, job):
    """The default model has none in the list: the plan says that, and not to give the flag that was given."""
    done = job(serve()).run("--dry-run", "--tier", "openai:tier-2", env={"OPENAI_API_KEY": ""})

    assert done.returncode == 0, done.stderr
    assert "unknown (openai.toml has none of gpt-6-luna: the server's headers tell them)" in done.stdout


def test_a_calibrated_plan_is_within_a_tenth_of_what_the_run_then_takes(serve, job, first_pairs):
    """Its calls are those of the run: they are not made again."""
    server = serve()
    this = job(server, input_jsonl=first_pairs(200), command=["-m", "asyncgen", "plan"])

    done = this.run("--calibrate", "20", "--json")
    assert done.returncode == 0, done.stderr
    planned = json.loads(done.stdout)
    calibrated = server.counts["requests"]
    ran = replace(this, command=["-m", "asyncgen", "run"]).run()

    assert ran.returncode == 0, ran.stderr
    assert calibrated == 21
    assert server.counts["requests"] == 600
    for name in ("prompt_tokens", "completion_tokens"):
        low, likely, high = planned[name]
        assert low <= server.counts[name] <= high
        assert abs(likely - server.counts[name]) <= 0.1 * server.counts[name]
    assert "tokens planned" in ran.stdout


def test_a_model_without_a_price_is_planned_without_a_cost(serve, job):
    """And said so; a cost cannot be bounded for it."""
    this = job(serve())
    assert "guessed from the characters; asyncgen plan --calibrate 20 measures" in this.run("--dry-run").stdout
    assert "no price for this model" in this.run("--dry-run", "--model", "my-own").stdout
    refused = this.run("--model", "my-own", "--max-cost", "1")
    assert refused.returncode == 2
    assert "--max-cost needs a price of my-own" in refused.stderr


def test_a_run_is_held_against_the_time_that_was_planned(serve, job):
    """Where limits are named: at its end, and in the report."""
    this = job(serve())
    plan = replace(this, command=["-m", "asyncgen", "plan"])
    planned = json.loads(plan.run("--rpm", "6000", "--json").stdout)
    assert planned["binds"] == "requests"

    ran = this.run("--rpm", "6000")

    assert f"; {duration(planned['seconds'])} planned, " in ran.stdout
    report = [sys.executable, "-m", "asyncgen", "report", str(this.output_dir)]
    asyncgen_process.run(report, check=True, capture_output=True, timeout=60, env=clean_env(None))
    page = (this.output_dir / "report.html").read_text()
    assert f'<th scope="row">time</th><td class="n">{duration(planned["seconds"])}</td>' in page
    assert '<th scope="row">what binds</th><td class="n">requests</td>' in page


def test_a_plan_says_that_the_recipe_raises(tmp_path):
    """It was called free of charge; the batches' plan too."""
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "text": "Miller"}\n{"id": "b", "text": "Smith"}\n')
    (tmp_path / "mine.py").write_text(
        "from asyncgen.recipes import OutputFile\n"
        "class Parse:\n"
        "    outputs, counters, failure_counters = (OutputFile('a.jsonl', 1),), (), {}\n"
        "    fingerprint, recognise = {'recipe': 'mine'}, None\n"
        "    def parse(self, fields):\n"
        "        return fields[fields['text']]\n"
        "    async def run(self, pair, generate):\n"
        "        raise ValueError(pair.text)\n"
        "class Run(Parse):\n"
        "    def parse(self, fields):\n"
        "        self.note_id = self.text = fields['text']\n"
        "        return self\n"
    )

    for name, said in (("Parse", "KeyError at mine.py:6"), ("Run", "ValueError at mine.py:8")):
        for more in ([], ["--json"], ["--batch", "--model", "gpt-4o-mini"]):
            words = [sys.executable, "-m", "asyncgen", "plan", "--input", "rows.jsonl", "--recipe", f"mine:{name}"]
            done = asyncgen_process.run(
                [*words, *more], capture_output=True, text=True, timeout=60, cwd=tmp_path, env=clean_env(None)
            )
            assert done.returncode == 0, done.stderr
            assert f"the recipe raised for 2 of the first 2 rows, with made-up answers: {said};" in done.stderr
            assert not {"Miller", "Smith"} & {*done.stdout.split(), *done.stderr.split()}
        tune = [words[0], "-m", "asyncgen", "tune", "--plan-only", "--rpm", "9", *words[4:]]
        done = asyncgen_process.run(
            tune, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=clean_env(None)
        )
        assert (done.returncode, done.stdout) == (65, "")
        assert f"the recipe asks nothing for the first rows: it raised {said}\n" in done.stderr


def test_without_an_output_directory_a_new_one_is_named(tmp_path):
    """In the command that comes next; calls of a calibration are kept, so that needs one."""
    (tmp_path / "out").mkdir()
    words = [
        sys.executable,
        "-m",
        "asyncgen",
        "plan",
        "--input-jsonl",
        str(SAMPLES),
        "--prompt-file",
        "medec_safe",
    ]

    def plan(*more):
        return asyncgen_process.run(
            [*words, *more], capture_output=True, text=True, timeout=60, cwd=tmp_path, env=clean_env(None)
        )

    planned, refused = plan(), plan("--calibrate", "1")

    assert planned.returncode == 0, planned.stderr
    samples = shlex.quote(str(SAMPLES))
    assert planned.stdout.endswith(f"run --input-jsonl {samples} --prompt-file medec_safe --output-dir out1\n")
    assert refused.returncode == 2
    assert "--calibrate keeps the answers to its calls: give --output-dir" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


QUESTION = "Why is the sky blue during the day and red in the evening?"
ASKED = """[[step]]
name = "answer"
user = "{question}"
params = { max_tokens = 8000 }
[[output]]
file = "answers.jsonl"
line = { thinking = "THINKING", answer = "{answer}" }
"""


def planned(tmp_path, *words):
    """Tokens in and out, as (likely, low, high) each."""
    words = [sys.executable, "-m", "asyncgen", *words, "--model", "nobody-knows-it"]
    done = asyncgen_process.run(
        words, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=clean_env(None)
    )
    assert done.returncode == 0, done.stderr
    assert ("--calibrate" in done.stdout) == (words[3] == "plan")
    lines = [line for line in done.stdout.splitlines() if line.startswith("tokens")]
    return [[int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", line)[:3]] for line in lines]


def test_the_length_of_a_question_is_not_taken_for_that_of_its_answer(tmp_path):
    """Nor is that of a model's thinking nothing, where the recipe uses it and nobody knows the model."""
    (tmp_path / "rows.jsonl").write_text(json.dumps({"question": QUESTION}) + "\n")
    found = []
    for thinking in ("", "{answer.thinking}"):
        (tmp_path / "asked.toml").write_text(ASKED.replace("THINKING", thinking))
        found.append(planned(tmp_path, "plan", "--recipe", "asked.toml", "--input", "rows.jsonl")[1])

    assert found[0] == [50, 10, 500]
    assert found[1][0] > 500


def test_examples_are_planned_as_what_is_the_same_in_all_prompts(tmp_path):
    """A server's cache finds them again, as it finds a system prompt."""
    rows = "".join(json.dumps({"question": f"{number} {QUESTION}"}) + "\n" for number in range(300))
    (tmp_path / "rows.jsonl").write_text(rows)
    output = '[[output]]\nfile = "a.jsonl"\nline = { answer = "{answer}" }\n'
    long = "Beware of the dog. " * 400
    found = []
    for asked in (
        f'system = "{long}"\nuser = "{{question}}"',
        f'messages = [{{ role = "user", content = "{long}" }}, {{ role = "assistant", content = "Why?" }}, '
        '{ role = "user", content = "{question}" }]',
    ):
        params = "params = { max_tokens = 10 }"
        (tmp_path / "asked.toml").write_text(f'[[step]]\nname = "answer"\n{asked}\n{params}\n{output}')
        words = ["-m", "asyncgen", "plan", "--recipe", "asked.toml", "--input", "rows.jsonl", "--model", "gpt-4o"]
        done = asyncgen_process.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=60, cwd=tmp_path, env=clean_env(None)
        )
        (cost,) = (line for line in done.stdout.splitlines() if line.startswith("cost"))
        found.append([float(number) for number in re.findall(r"\d+\.\d+", cost)[:3]])

    assert found[1] == pytest.approx(found[0], rel=0.03)


def test_the_tools_of_a_request_are_part_of_its_prompt(tmp_path):
    """Servers write them into it, and charge for them."""
    request = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": QUESTION}]}
    tools = [{"type": "function", "function": {"name": "look", "description": "Looks it up. " * 100}}]
    found = []
    for more in ({}, {"tools": tools}):
        (tmp_path / "requests.jsonl").write_text(json.dumps(request | more) + "\n")
        found.append(planned(tmp_path, "requests", "requests.jsonl", "-o", "answers.jsonl", "--dry-run")[0][0])

    assert found[1] - found[0] > 250


def test_the_price_of_the_judge_holds_what_its_dry_run_says_after_the_run(serve, job):
    """Without a call; the command that comes next is that of the run."""
    server = serve()
    this = job(server, flags=[])
    plan = replace(this, command=["-m", "asyncgen", "plan"])
    planned = json.loads(plan.run("--judge", "--json").stdout)["judge"]
    said = plan.run("--judge", "--judge-model", "gpt-6-sol")
    assert "\njudge " in said.stdout
    assert "gpt-6-sol; 63 to " in said.stdout
    assert "--judge" not in said.stdout.partition("\nnext: ")[2]
    assert server.counts["requests"] == 0
    assert "give --judge too" in plan.run("--judge-model", "gpt-6-sol").stderr
    assert this.run().returncode == 0

    words = [sys.executable, "-m", "asyncgen", "verify", str(this.output_dir), "--input-jsonl", str(SAMPLES)]
    known = asyncgen_process.run(
        [*words, "--judge", "--dry-run"], capture_output=True, text=True, timeout=60, env=clean_env(None)
    )

    cost = float(known.stdout.partition("\ncost")[2].split()[0])
    assert planned["cost"][0] < cost < planned["cost"][2]


def test_batches_are_not_planned_for_a_provider_that_has_none_of_this_kind(job):
    """As a run would not send them."""
    refused = job(flags=["--batch", "--base-url", "https://api.mistral.ai/v1", "--dry-run"]).run()

    assert refused.returncode == 2
    assert "mistral has no Batch API like that of OpenAI: leave --batch out" in refused.stderr


def test_a_judge_is_not_planned_for_a_recipe_without_paraphrases(tmp_path):
    """It would have nothing to compare."""
    words = [sys.executable, "-m", "asyncgen", "plan", "--input", str(shipped("samples", "mails.jsonl"))]
    ended = asyncgen_process.run(
        [*words, "--recipe", "mails", "--judge"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=clean_env(None),
    )

    assert ended.returncode == 2
    assert "this recipe makes none" in ended.stderr
