"""`asyncgen requests` as a process: a batch file goes in, its answers come out, however the run went."""

import gzip
import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

import asyncgen
from asyncgen.simulator import Batch, Faults, Latency
from tests import asyncgen_process

from .conftest import SAMPLES, Server, clean_env
from .test_interruptions import wait_until

CONCURRENCY = 8


def convert(pairs: Path, target: Path) -> int:
    """Make a batch file of pairs, one request each; how many there are."""
    rows = [json.loads(line) for line in pairs.read_bytes().splitlines()]
    with target.open("w") as file:
        for number, row in enumerate(rows):
            messages = [
                {"role": "system", "content": "Rewrite the note in other words."},
                {"role": "user", "content": row["correct_note"]},
            ]
            body = {"model": "gpt-4o", "messages": messages, "max_tokens": 2048, "user": f"note {number}"}
            file.write(
                json.dumps(
                    {"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
                )
                + "\n"
            )
    return len(rows)


def words(server: Server, source: Path, output: Path, *more: str) -> list[str]:
    """The command."""
    paths = [str(source), "-o", str(output), "--base-url", server.base_url]
    return [sys.executable, "-m", "asyncgen", "requests", *paths, *more]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    return asyncgen_process.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=clean_env(None)
    )


def records(output: Path) -> list[dict[str, Any]]:
    """What was written."""
    return [json.loads(line) for line in output.read_bytes().splitlines()]


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """The sample pairs as a batch file."""
    path = tmp_path / "batch.jsonl"
    convert(SAMPLES, path)
    return path


@pytest.mark.timeout(240)
def test_a_batch_is_killed_twice_and_comes_to_the_same_bytes(serve, tmp_path, medec_pairs):
    """Only calls that were in flight are sent again, and what has come stands under the name of the output."""
    source, whole, killed = tmp_path / "batch.jsonl", tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    number = convert(medec_pairs, source)
    quiet = serve()
    assert run(words(quiet, source, whole)).returncode == 0
    server = serve(latency=Latency(median_s=0.01))
    for turn in (1, 2):
        wanted = turn * number // 3
        with asyncgen_process.Process(
            words(server, source, killed, "--concurrency", str(CONCURRENCY), "-q"), env=clean_env(None)
        ) as process:
            wait_until(lambda wanted=wanted: server.counts["requests"] >= wanted, 60)
            process.send_signal(signal.SIGKILL)
        assert whole.read_bytes().startswith(killed.read_bytes())

    last = run(words(server, source, killed, "--concurrency", str(CONCURRENCY)))

    assert last.returncode == 0, last.stderr
    assert killed.read_bytes() == whole.read_bytes()
    assert quiet.counts["requests"] == number
    assert server.counts["requests"] <= number + 2 * CONCURRENCY
    answers = records(killed)
    assert [one["custom_id"] for one in answers] == [f"r{place}" for place in range(number)]
    for one in answers:
        assert ChatCompletion.model_validate(one["response"]["body"]).choices[0].message.content
    assert len({one["id"] for one in answers}) == number


def test_failed_requests_have_lines_and_the_same_command_asks_only_them(serve, tmp_path, batch):
    """The exit code says so; what was answered keeps its bytes."""
    faulty, output = serve(faults=Faults(bad_request=0.3)), tmp_path / "out.jsonl"
    first = run(words(faulty, batch, output))
    assert first.returncode == 3, first.stderr
    before = records(output)
    failed = [one["custom_id"] for one in before if one["error"]]
    assert failed
    assert len(before) == len(batch.read_text().splitlines())
    assert "generation_params" not in first.stderr

    healthy = serve()
    last = run(words(healthy, batch, output))

    assert last.returncode == 0, last.stderr
    assert healthy.counts["requests"] == len(failed)
    after = records(output)
    assert [one for one in after if one["custom_id"] not in failed] == [one for one in before if not one["error"]]
    assert all(one["error"] is None for one in after)
    assert run(words(healthy, batch, output)).returncode == 0
    assert healthy.counts["requests"] == len(failed)


def test_a_run_with_failed_requests_is_whole(serve, tmp_path, batch):
    """They have lines like the others, and the model is that of the run."""
    output = tmp_path / "out.jsonl"
    assert run(words(serve(faults=Faults(bad_request=0.3)), batch, output)).returncode == 3
    verified = run([sys.executable, "-m", "asyncgen", "verify", f"{output}.asyncgen", "--input", str(batch)])
    assert verified.returncode == 0, verified
    assert "✓ whole, in order, in step" in verified.stdout
    assert verified.stdout.endswith(f"the lines are for you to use: {shlex.quote(str(output))}\n")
    output.unlink()
    again = run([sys.executable, "-m", "asyncgen", "verify", f"{output}.asyncgen"])
    assert again.stdout.endswith(
        f"the lines are for you to use: responses.jsonl in {shlex.quote(f'{output}.asyncgen')}\n"
    )


def test_a_restart_is_seen_under_the_name_of_the_output(serve, tmp_path, batch):
    """The former answers are moved aside with their run."""
    server, output = serve(), tmp_path / "out.jsonl"
    assert run(words(server, batch, output)).returncode == 0
    before = output.read_bytes()
    changed = batch.read_text().replace("in other words", "in plain words")
    batch.write_text(changed)

    refused = run(words(server, batch, output))
    assert refused.returncode == 65
    assert "choose another -o, or --restart" in refused.stderr
    assert run(words(server, batch, output, "--restart")).returncode == 0

    assert output.read_bytes() != before
    [aside] = (tmp_path / "out.jsonl.asyncgen").glob("superseded-*/responses.jsonl")
    assert aside.read_bytes() == before


def test_the_words_of_vllm_are_taken(serve, tmp_path, batch):
    """`-i IN -o OUT --model M`, and the model is the one that is named."""
    server, output = serve(), tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "asyncgen", "requests", "-i", str(batch), "-o", str(output)]

    assert run([*command, "--model", "mine", "--base-url", server.base_url]).returncode == 0

    assert {one["response"]["body"]["model"] for one in records(output)} == {"mine"}


def test_the_model_of_the_requests_is_asked(serve, tmp_path, batch):
    """Without `--model` it is the one that they name, and it is printed."""
    ended = run(words(serve(), batch, tmp_path / "out.jsonl"))

    assert ended.returncode == 0, ended.stderr
    assert "Model:   gpt-4o\n" in ended.stdout


@pytest.mark.parametrize("kind", ["gzip", "standard-input"])
def test_compressed_and_piped_requests_are_those_of_the_file(serve, tmp_path, batch, kind):
    """The same bytes, from the same model; and the same command again asks nothing."""
    server, plain, output = serve(), tmp_path / "plain.jsonl", tmp_path / "out.jsonl"
    assert run(words(server, batch, plain)).returncode == 0
    packed = tmp_path / "batch.jsonl.gz"
    packed.write_bytes(gzip.compress(batch.read_bytes()))
    piped = kind == "standard-input"
    command = words(server, Path("-") if piped else packed, output)
    data = batch.read_text() if piped else None

    for _ in range(2):
        ended = asyncgen_process.run(
            command, input=data, capture_output=True, text=True, timeout=120, env=clean_env(None)
        )
        assert ended.returncode == 0, ended.stderr

    assert output.read_bytes() == plain.read_bytes()
    assert server.counts["requests"] == 2 * len(records(plain))


def test_shards_are_asked_apart_and_merged_to_the_whole(serve, tmp_path, batch):
    """The directory of the whole takes the name of the output, which the command then puts beside it."""
    server, whole, merged = serve(), tmp_path / "whole.jsonl", tmp_path / "merged.jsonl"
    assert run(words(server, batch, whole)).returncode == 0
    parts = [tmp_path / f"part-{number}.jsonl" for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        assert run(words(server, batch, part, "--shard", f"{number}/2")).returncode == 0
    asked = server.counts["requests"]
    directories = [f"{path}.asyncgen" for path in (*parts, merged)]

    joined = run([sys.executable, "-m", "asyncgen", "merge", *directories[:2], "--output-dir", directories[2]])
    assert joined.returncode == 0, joined.stderr
    assert run(words(server, batch, merged)).returncode == 0

    assert b"".join(part.read_bytes() for part in parts) == whole.read_bytes()
    assert merged.read_bytes() == whole.read_bytes()
    assert server.counts["requests"] == asked == 2 * len(records(whole))


def test_a_merge_of_failed_requests_names_the_command_that_asks_again(serve, tmp_path, batch):
    """It said one that `asyncgen requests` does not take; and a trace called every answer another one."""
    server, merged = serve(faults=Faults(fail_matching="diabetes", fail_kind="filter")), tmp_path / "merged.jsonl"
    parts = [tmp_path / f"part-{number}.jsonl" for number in (1, 2)]
    codes = {
        run(words(server, batch, part, "--shard", f"{number}/2")).returncode
        for number, part in enumerate(parts, 1)
    }
    assert 3 in codes
    directories = [f"{path}.asyncgen" for path in (*parts, merged)]
    merge = [sys.executable, "-m", "asyncgen", "merge", *directories[:2], "--output-dir"]

    joined = run([*merge, directories[2]])
    elsewhere = run([*merge, str(tmp_path / "elsewhere")])

    assert (joined.returncode, elsewhere.returncode) == (3, 3)
    assert f"the command of the run with -o {merged}, without --shard, asks for them again" in joined.stdout
    assert "asyncgen run --recipe requests, with the input and this --output-dir, asks" in elsewhere.stdout
    asked = server.counts["requests"]
    assert run(words(server, batch, merged)).returncode == 3
    assert server.counts["requests"] > asked

    trace = [sys.executable, "-m", "asyncgen", "trace", directories[2], "r0", "--again", "--input-jsonl"]
    again = run([*trace, str(batch), "--base-url", server.base_url])
    assert again.returncode == 0, again.stderr
    assert "the records do not hold the old answer by itself" in again.stdout
    assert "same answer" not in again.stdout


def test_a_table_is_no_file_of_requests(tmp_path):
    """It says so in one line, and nothing is written."""
    table = tmp_path / "rows.csv"
    table.write_text("custom_id,prompt\na,Say hello.\n")

    ended = run(
        [sys.executable, "-m", "asyncgen", "requests", str(table), "-o", str(tmp_path / "x.jsonl"), "--simulate"]
    )

    assert ended.returncode == 65
    assert len(ended.stderr.splitlines()) == 1
    assert "rows.csv is a table" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == [table.name]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (lambda batch: [str(batch), "-o", str(batch)], "names the file with the requests"),
        (lambda batch: [str(batch), "-o", str(batch.parent)], "not a regular file"),
        (lambda batch: [str(batch), "-o", "-"], "not a regular file"),
        (lambda batch: [str(batch), "-o", "/dev/stdout"], "not a regular file"),
        (lambda batch: [str(batch), "-o", "x.jsonl.gz"], "not written compressed"),
        (lambda batch: [str(batch), "-i", str(batch), "-o", "x.jsonl"], "name the file with the requests, once"),
        (lambda _: ["-o", "x.jsonl"], "name the file with the requests, once"),
        (lambda batch: [str(batch)], "-o/--output-file"),
        (lambda batch: [str(batch), "-o", "x.jsonl", "--param", "seed=1"], "unrecognized arguments: --param"),
    ],
    ids=["input", "directory", "dash", "pipe", "packed", "twice", "no-input", "no-output", "param"],
)
def test_a_command_that_cannot_be_carried_out_says_why(
    tmp_path, batch, arguments: Callable[[Path], list[str]], why: str
):
    """With exit code 2, and nothing is written."""
    command = [sys.executable, "-m", "asyncgen", "requests", *arguments(batch), "--simulate"]
    ended = asyncgen_process.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path, env=clean_env(None)
    )

    assert ended.returncode == 2
    assert why in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == [batch.name]


def test_what_it_would_cost_is_said_without_asking(tmp_path, batch):
    """And the command that follows is this one."""
    words = [
        sys.executable,
        "-m",
        "asyncgen",
        "requests",
        str(batch),
        "-o",
        str(tmp_path / "out.jsonl"),
        "--dry-run",
    ]
    ended = run(words)

    assert ended.returncode == 0, ended.stderr
    assert "USD" in ended.stdout
    command = map(str, ("asyncgen", "requests", batch, "-o", tmp_path / "out.jsonl"))
    assert f"next: {shlex.join(command)}\n" in ended.stdout
    assert [path.name for path in tmp_path.iterdir()] == [batch.name]


def test_status_and_trace_know_the_directory_beside_the_output(serve, tmp_path, batch):
    """A failed request is found by its custom_id too, and the lines behind it are its own."""
    output = tmp_path / "out.jsonl"
    run(words(serve(faults=Faults(bad_request=0.3)), batch, output))
    directory = tmp_path / "out.jsonl.asyncgen"

    status = run([sys.executable, "-m", "asyncgen", "status", str(directory)])
    assert status.returncode == 0
    assert "of them failed" in status.stdout
    for place, one in enumerate(records(output)):
        trace = run([sys.executable, "-m", "asyncgen", "trace", str(directory), one["custom_id"], "--json"])
        assert trace.returncode == 0, trace.stderr
        found = json.loads(trace.stdout)
        assert (found["index"], found["note_id"]) == (place, one["custom_id"])
        assert (found["failure"] is None) == (one["error"] is None)
        assert found["records"][0]["calls"][0]["attempts"]
        if place == 2:
            break


@pytest.mark.parametrize("command", ["status", "report", "view", "verify", "trace", "export", "merge"])
def test_whoever_names_the_output_is_told_of_its_directory(tmp_path, command: str):
    """The directory stands beside it; nothing is read or written."""
    output, directory = tmp_path / "out.jsonl", tmp_path / "out.jsonl.asyncgen"
    output.touch()
    directory.mkdir()
    more = {"trace": ["1"], "export": ["--format", "openai"], "merge": ["--output-dir", str(tmp_path / "all")]}
    ended = run([sys.executable, "-m", "asyncgen", command, str(output), *more.get(command, [])])

    assert ended.returncode == 2
    assert f"{output} is not a directory: give {directory}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (list(directory.iterdir()), (tmp_path / "all").exists()) == ([], False)


def test_from_python_it_is_a_recipe(serve, tmp_path, batch):
    """Its lines are those of the command."""
    server, output = serve(), tmp_path / "out.jsonl"
    assert run(words(server, batch, output)).returncode == 0

    summary = asyncgen.run(
        input_jsonl=batch, output_dir=tmp_path / "out", recipe="requests", base_url=server.base_url
    )

    assert summary.stats["completed"] == len(records(output))
    assert (tmp_path / "out" / "responses.jsonl").read_bytes() == output.read_bytes()


@pytest.mark.timeout(60)
def test_through_the_batch_api_the_answers_are_the_same(serve, tmp_path, batch):
    """With --batch all but the first request are in a batch, and without it none is."""
    live, batched = tmp_path / "live.jsonl", tmp_path / "batched.jsonl"
    server = serve(batch=Batch(validating_s=0.01, working_s=0.05, finalizing_s=0.01))
    assert run(words(server, batch, live)).returncode == 0
    assert server.counts["batch_requests"] == 0
    program = str(Path(__file__).with_name("short_batches.py"))
    command = [sys.executable, program, *words(server, batch, batched, "--batch")[3:]]

    done = run(command)

    assert done.returncode == 0, done.stderr
    number = len(batch.read_text().splitlines())
    assert server.counts["batch_requests"] == number - 1
    texts = [[one["response"]["body"]["choices"] for one in records(path)] for path in (live, batched)]
    assert texts[0] == texts[1]
