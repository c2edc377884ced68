"""`asyncgen tune` and `--tier`: the answer from numbers, from real calls, and the word before they are sent."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from asyncgen.chat import Usage
from asyncgen.cli.main import main
from asyncgen.cli.rehearsal import Rehearsal
from asyncgen.errors import DiskError
from asyncgen.events import CallEnded
from asyncgen.simulator import Latency, Limits
from tests import asyncgen_process

from .conftest import Job, clean_env

MakeJob = Callable[..., Job]


def tune(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal."""
    return asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", "tune", "--model", "gpt-4o", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env=clean_env(None),
    )


def answer(text: str, name: str) -> str:
    """What a line of the answer says."""
    found = re.search(rf"^{name} +(.*)$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


def test_a_plan_is_made_from_numbers_alone() -> None:
    """At 2,048 tokens a call, 450,000 a minute bind; 4 s a call then need some 15 in flight."""
    done = tune("--plan-only", "--tier", "openai:tier-2", "--num-pairs", "1000")

    assert done.returncode == 0, done.stderr
    assert answer(done.stdout, "limits") == "5,000 requests/min, 450,000 tokens/min"
    assert answer(done.stdout, "a pair") == "1 call of 2,048 tokens charged"
    assert answer(done.stdout, "binds").startswith("tokens (calls/s: tokens 3.66, requests 83.3,")
    assert answer(done.stdout, "concurrency").startswith("20 (by Little's law 14.6 in flight")
    assert re.fullmatch(
        r"\d min \d\d s, \d+\.\d+ USD \(.* to .*: see asyncgen plan\)", answer(done.stdout, "1,000 pairs")
    )
    assert answer(done.stdout, "flags") == "--tier openai:tier-2 --concurrency 20"


def test_flags_override_the_tier() -> None:
    """Then requests bind."""
    done = tune("--plan-only", "--tier", "openai:tier-2", "--rpm", "60", "--latency", "2")

    assert answer(done.stdout, "binds").startswith("requests (calls/s: requests 1.00,")
    assert answer(done.stdout, "flags") == "--rpm 60 --tpm 450000 --concurrency 4"


def test_without_any_limit_the_run_is_left_to_find_it() -> None:
    """A local server says nothing of limits."""
    done = tune("--plan-only", "--tier", "vllm:local")

    assert done.returncode == 0
    assert "No limit is known. Leave --concurrency out" in done.stdout


def test_a_rehearsal_that_cannot_be_held_says_so() -> None:
    """With what it lacks."""
    done = tune("--plan-only", "--tier", "vllm:local", "--rehearse")

    assert done.returncode == 0
    assert done.stderr.startswith("⚠ not rehearsed: ")
    assert "give --rpm or --tpm" in done.stderr


def test_a_rehearsal_without_an_answer_says_why(monkeypatch, capsys) -> None:
    """It has nothing to compare."""
    ended = Rehearsal((), None, DiskError("cannot write here: no space left"))

    async def rehearse(*_words: object) -> Rehearsal:
        return ended

    monkeypatch.setattr("asyncgen.cli.rehearsal.rehearse", rehearse)
    assert (
        main(["tune", "--plan-only", "--model", "gpt-4o", "--rpm", "600", "--tpm", "1000000", "--rehearse"]) == 0
    )
    said = capsys.readouterr()
    assert re.search(r"⚠ not rehearsed: no call was answered in \d+ s: cannot write here: no space left", said.err)
    assert "rehearsed  " not in said.out


@pytest.mark.parametrize(("asked", "latency", "seconds"), [("3", "4", 20), ("20", "4", 20), ("3", "60", 90)])
def test_a_rehearsal_lasts_as_long_as_there_is_something_to_compare(
    monkeypatch, capsys, asked, latency, seconds
) -> None:
    """One answer has no rate."""
    lasted = []
    answer = CallEnded(0, "", "ask", "", 1, "ok", 200, None, 0.0, 0.0, 0.0, Usage())

    async def rehearse(_: object, for_so_long: float) -> Rehearsal:
        lasted.append(for_so_long)
        return Rehearsal((answer,), None, None)

    monkeypatch.setattr("asyncgen.cli.rehearsal.rehearse", rehearse)
    words = ["--model", "gpt-4o", "--rpm", "600", "--tpm", "1000000", "--latency", latency, "--rehearse", asked]
    assert main(["tune", "--plan-only", *words]) == 0
    said = capsys.readouterr()
    assert lasted == [seconds]
    assert f"⚠ not rehearsed: too few calls were answered in {seconds} s" in said.err
    assert "rehearsed  " not in said.out


def test_real_calls_are_not_sent_without_a_word(serve) -> None:
    """Nobody is there to ask: 2, with the reason, after saying how many they would be."""
    server = serve()

    done = tune("--base-url", server.base_url)

    assert done.returncode == 2
    assert re.search(
        r"^This sends 12 calls to http://127\.0\.0\.1:\d+/v1, at most about [\d,]+ tokens "
        r"\(0\.\d{4} USD for gpt-4o\)\.$",
        done.stdout,
        re.MULTILINE,
    )
    assert "add --yes, or --plan-only" in done.stderr
    assert server.counts["requests"] == 0


@pytest.mark.parametrize("only_plans", [False, True])
def test_more_calls_in_flight_than_sockets_are_planned_and_not_made(monkeypatch, capsys, only_plans) -> None:
    """As a run refuses them; a plan may be for another machine."""
    monkeypatch.setattr("asyncgen.engine.sockets.sockets", lambda: 236)
    flags = ["--plan-only"] if only_plans else ["--base-url", "http://127.0.0.1:1/v1"]

    code = main(["tune", "--model", "gpt-4o", "--rpm", "600", "--concurrency", "5000", *flags])

    assert code == (0 if only_plans else 2)
    assert ("5000 needs as many sockets" in capsys.readouterr().err) is not only_plans


@pytest.mark.parametrize(
    ("limits", "binds", "calls_a_second"),
    [
        (Limits(rpm=500, tpm=30_000), "tokens", 30_000 / 60 / 2048),
        (Limits(rpm=120, tpm=2_000_000, burst_s=1), "requests", 2),
    ],
)
def test_real_calls_find_the_limit_that_binds(serve, limits, binds, calls_a_second) -> None:
    """From the headers, within a tenth; the latency from the calls."""
    server = serve(limits=limits, latency=Latency(median_s=0.2, sigma=0.1))

    done = tune("--base-url", server.base_url, "--yes", "--calls", "8", "--num-pairs", "1000")

    assert done.returncode == 0, done.stderr
    assert answer(done.stdout, "binds").startswith(binds)
    throughput = float(answer(done.stdout, "throughput").split()[0])
    assert throughput == pytest.approx(calls_a_second, rel=0.1)
    median = float(answer(done.stdout, "latency").split()[0])
    assert 0.15 < median < 0.5
    assert f"rpm = {limits.rpm}, tpm = {limits.tpm}" in done.stdout
    assert server.counts["answers"] == 8


def test_a_recipe_that_raises_for_a_row_is_measured_by_the_others(serve, tmp_path) -> None:
    """The answer says so, as it does of calls that failed."""
    source = tmp_path / "rows.jsonl"
    source.write_text('{"text": "a"}\n{"text": "run"}\n{"text": "b"}\n{"text": "c"}\n')
    own = "tests.recipes.test_python_recipe:Own"
    words = ("--recipe", own, "--input", str(source), "--rpm", "600", "--yes", "--calls", "4")

    done = tune("--base-url", serve().base_url, *words)

    assert done.returncode == 0, done.stderr
    said = answer(done.stdout, "latency")
    assert "(4 calls answered); failed: the recipe raised ValueError at test_python_recipe.py:" in said


def test_a_rehearsal_comes_near_the_prediction() -> None:
    """The same numbers, against the simulator: never more, and less only as far as the machine is busy."""
    words = ("--plan-only", "--rpm", "1200", "--tpm", "10000000", "--latency", "0.3", "--rehearse", "6")
    done = tune(*words)

    share = re.search(r"predicted 20\.0 \((\d+)%", done.stdout)
    assert share is not None, done.stdout + done.stderr
    assert 30 <= int(share[1]) <= 110


def test_a_run_begins_with_the_limits_of_a_tier_and_the_headers_correct_them(
    serve, job: MakeJob, tmp_path
) -> None:
    """A preset of one request a second would take 24 s; the server grants a hundred."""
    tiers = tmp_path / "my.toml"
    tiers.write_text('source = "a guess"\n[models."*"]\nslow = { rpm = 60 }\n')
    server = serve(limits=Limits(rpm=6000))
    this = job(server, flags=["--tier", f"{tiers}:slow"])

    done = this.run()

    assert done.returncode == 0, done.stderr
    assert f"Tier:    {tiers}:slow: 60 requests/min (a guess)" in done.stdout
    took = re.search(r"24 pairs in (\d+\.\d) s", done.stdout)
    assert took is not None
    assert float(took[1]) < 12


def test_an_unknown_tier_ends_a_run_before_it_begins(serve, job: MakeJob) -> None:
    """With the names there are."""
    done = job(serve(), flags=["--model", "gpt-4o", "--tier", "openai:tier-7"]).run()

    assert done.returncode == 2
    assert "it has tier-1, tier-2" in done.stderr
