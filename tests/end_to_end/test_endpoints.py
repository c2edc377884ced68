"""Several endpoints, each a real server: calls go where there is room, one dies, and the run goes on."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asyncgen.simulator import Faults, Latency
from tests import asyncgen_process

from .conftest import Job, Server, clean_env
from .test_interruptions import wait_until

Serve = Callable[..., Server]
KEYS = {"KEY_OF_A": "sk-of-a", "KEY_OF_B": "sk-of-b"}


def configure(path: Path, **endpoints: dict[str, Any]) -> list[str]:
    """Write the endpoints into a configuration; the flags that choose them all."""
    lines = []
    for name, fields in endpoints.items():
        lines += [
            f"[endpoint.{name}]",
            *(f"{key.replace('_', '-')} = {json.dumps(v)}" for key, v in fields.items()),
        ]
    path.write_text("\n".join(lines) + "\n")
    return ["--config", str(path), *(word for name in endpoints for word in ("--endpoint", name))]


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Callable[[str, float], tuple[subprocess.Popen[str], str]]]:
    """Start `asyncgen simulate` with a latency; the process and its address."""
    with contextlib.ExitStack() as stack:

        def start(name: str, seconds: float) -> tuple[subprocess.Popen[str], str]:
            profile = tmp_path / f"{name}.toml"
            profile.write_text(f"[latency]\nmedian_s = {seconds}\n")
            argv = [sys.executable, "-m", "asyncgen", "simulate", str(profile), "--port", "0"]
            process = asyncgen_process.Process(argv, stdout=subprocess.PIPE, text=True, env=clean_env(None))
            stack.callback(process.communicate)
            stack.callback(process.kill)
            assert process.stdout is not None
            for line in process.stdout:
                if address := re.search(r"http://\S+/v1", line):
                    return process, address.group()
            raise AssertionError("it did not start")

        yield start


def calls_of(job: Job) -> list[dict[str, Any]]:
    """The attempts of a job."""
    return [json.loads(line) for line in (job.state_dir / "calls.jsonl").read_text().splitlines()]


def test_one_of_three_servers_is_killed_and_not_a_byte_is_missing(
    simulate, serve, job, first_pairs, tmp_path, golden
):
    """SIGKILL in the middle: all rows, no pair failed, the bytes of a run with a single endpoint."""
    source = first_pairs(150)
    servers = {name: simulate(name, seconds) for name, seconds in (("a", 0.02), ("b", 0.05), ("c", 0.1))}
    tables = {name: {"base_url": url, "concurrency": 4} for name, (_, url) in servers.items()}
    this = job(input_jsonl=source)
    process = this.start(*configure(tmp_path / "run.toml", **tables))
    calls = this.state_dir / "calls.jsonl"
    wait_until(lambda: calls.exists() and calls.read_bytes().count(b"\n") > 60)

    os.kill(servers["b"][0].pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=60)

    assert process.returncode == 0, stderr
    assert this.outputs() == golden(150)
    made = calls_of(this)
    answered = {name: sum(c["endpoint"] == name and c["outcome"] == "ok" for c in made) for name in servers}
    assert answered["a"] > answered["c"] > answered["b"] / 4 > 0
    assert sum(answered.values()) == 450


def test_a_wrong_key_puts_its_endpoint_out_and_says_so_once(serve, job, first_pairs, tmp_path):
    """The others do all the work; keys and notes are in no message."""
    source = first_pairs(40)
    good, bad = serve(), serve(faults=Faults(auth_after=1))
    flags = configure(
        tmp_path / "run.toml",
        a={"base_url": good.base_url, "api_key_env": "KEY_OF_A", "concurrency": 4},
        b={"base_url": bad.base_url, "api_key_env": "KEY_OF_B", "concurrency": 4},
    )

    done = job(input_jsonl=source).run(*flags, env=KEYS)

    assert done.returncode == 0, done.stderr
    [warning] = [line for line in done.stderr.splitlines() if line.startswith("⚠") and " is out: " in line]
    assert "endpoint b is out: the API key is not accepted; check KEY_OF_B (status 401" in warning
    assert good.counts["answers"] == 120
    assert bad.counts["requests"] <= 8
    assert "sk-of" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("faults", "code", "said"),
    [
        (Faults(auth_after=1), 77, "the API key is not accepted; check KEY_OF_"),
        (Faults(quota_after=1), 77, "out of quota"),
        (Faults(overloaded=1.0, retry_after_s=0.05), 75, "the server has refused every call for"),
        (Faults(server_error=1.0), 75, "failed, "),
        (Faults(drop=1.0), 75, "failed, "),
    ],
    ids=["keys", "quota", "overloaded", "errors", "dead"],
)
def test_when_all_are_out_the_run_stops_as_with_one(serve, job, first_pairs, tmp_path, faults, code, said):
    """With the code of a single endpoint, and a way to go on."""
    servers = [serve(faults=faults) for _ in range(2)]
    flags = configure(
        tmp_path / "run.toml",
        a={"base_url": servers[0].base_url, "api_key_env": "KEY_OF_A", "concurrency": 20},
        b={"base_url": servers[1].base_url, "api_key_env": "KEY_OF_B", "concurrency": 20},
    )

    done = job(input_jsonl=first_pairs(100)).run(*flags, "--patience", "1", "--max-attempts", "3", env=KEYS)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "to resume: " in done.stderr
    assert all(server.counts["requests"] for server in servers)


def test_a_run_goes_on_with_other_endpoints_than_it_began_with(serve, job, first_pairs, tmp_path, golden):
    """They serve the same model: one may go and another come, and nothing is asked twice."""
    source, servers = first_pairs(40), {name: serve() for name in "abc"}
    tables = {name: {"base_url": server.base_url, "concurrency": 4} for name, server in servers.items()}
    flags = configure(tmp_path / "run.toml", **tables)
    this = job(input_jsonl=source)

    first = this.run(*flags[:6], "--num-pairs", "20")
    second = this.run(*flags[:2], "--endpoint", "c")

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert this.outputs() == golden(40)
    assert servers["c"].counts["requests"] == 60
    assert servers["a"].counts["requests"] + servers["b"].counts["requests"] == 60


def test_a_run_of_another_kind_of_endpoint_is_refused(serve, job, first_pairs, tmp_path):
    """Begun with --base-url, gone on with --endpoint: nobody has said that these answer alike."""
    server = serve()
    this = job(server, input_jsonl=first_pairs(10))
    this.run("--num-pairs", "5")
    this.server = None

    said = this.run(*configure(tmp_path / "run.toml", a={"base_url": server.base_url, "concurrency": 2}))

    assert said.returncode == 65
    assert "endpoint was a server on this machine, simulated or real, now named ones" in said.stderr


def test_a_storm_at_one_endpoint_stops_nobody_else(serve, job, first_pairs, tmp_path):
    """It asks to wait for a minute, and the run is through long before."""
    good, stormy = serve(), serve(faults=Faults(rate_limit=1.0, retry_after_s=60))
    flags = configure(
        tmp_path / "run.toml",
        a={"base_url": good.base_url, "concurrency": 4},
        b={"base_url": stormy.base_url, "concurrency": 4},
    )
    this = job(input_jsonl=first_pairs(40))

    done = this.run(*flags)

    assert done.returncode == 0, done.stderr
    assert stormy.counts["requests"] <= 4
    assert "storm: " not in done.stdout
    assert "server asks to wait" not in done.stdout


def test_where_nothing_answers_the_line_of_the_configuration_is_named(job, first_pairs, tmp_path):
    """There is no --base-url to check."""
    flags = configure(tmp_path / "run.toml", a={"base_url": "http://127.0.0.1:9/v1", "concurrency": 2})

    done = job(input_jsonl=first_pairs(2)).run(*flags)

    assert done.returncode == 75
    assert "endpoint a: no connection to 127.0.0.1:9" in done.stderr
    assert "check base-url and the network, then run the same command again" in done.stderr


def test_status_tells_of_each_endpoint(serve, job, first_pairs, tmp_path):
    """A line each while the run goes on: health, calls in flight, limits in use."""
    slow, bad = serve(latency=Latency(median_s=0.3)), serve(faults=Faults(quota_after=1))
    flags = configure(
        tmp_path / "run.toml",
        a={"base_url": slow.base_url, "concurrency": 2, "rpm": 6000},
        b={"base_url": bad.base_url, "concurrency": 2},
    )
    this = job(input_jsonl=first_pairs(60))
    process = this.start(*flags)
    argv = [sys.executable, "-m", "asyncgen", "status", str(this.output_dir)]

    def status(*more: str) -> str:
        return asyncgen_process.run([*argv, *more], check=True, capture_output=True, text=True).stdout

    wait_until(lambda: this.state_dir.exists() and "b: out (quota)" in status())
    wait_until(lambda: "of 6,000 requests/min" in status())
    text, endpoints = status(), json.loads(status("--json"))["endpoints"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert re.search(r"endpoint +a: healthy, \d of 2 in flight, \d+ % of 6,000 requests/min", text), text
    assert [one["name"] for one in endpoints] == ["a", "b"]
    assert endpoints[1]["out"] == "quota"


A = "[endpoint.a]\nbase-url = 'http://127.0.0.1:9/v1'\n"


@pytest.mark.parametrize(
    ("text", "flags", "code", "said"),
    [
        (A, ["--endpoint", "b"], 2, "has no [endpoint.b]; there: a"),
        ("", ["--endpoint", "a"], 2, "has no [endpoint.a]; there: none"),
        (A, ["--endpoint", "a", "--endpoint", "a"], 2, "--endpoint a is named twice"),
        (A + "api-key-env = 'NOT_SET'", ["--endpoint", "a"], 77, "set the environment variable NOT_SET"),
        (A + "api-key-env = 'sk-secret'", ["--endpoint", "a"], 2, "name of an environment variable, not the key"),
        (A + "api-key = 'sk-secret'", ["--endpoint", "a"], 2, "unknown key api-key"),
        (A + "rpm = 0", ["--endpoint", "a"], 2, "rpm must be a number from 1 on"),
        (A + "concurrency = 1.5", ["--endpoint", "a"], 2, "concurrency must be a whole number from 1 on"),
        ("[endpoint.a]\nrpm = 1", ["--endpoint", "a"], 2, "[endpoint.a] needs a base-url"),
        ("[endpoint.a]\nbase-url = 'x'", ["--endpoint", "a"], 2, "must be an http:// or https:// address"),
        (
            "[endpoint.a]\nbase-url = 'https://h/v1'",
            ["--endpoint", "a"],
            77,
            "no key: name the environment variable",
        ),
        (
            "[endpoint.a]\nbase-url = 'http://h.example/v1'\napi-key-env = 'KEY_OF_A'",
            ["--endpoint", "a"],
            2,
            "the key would travel unencrypted",
        ),
        ("endpoint = 'a'", ["--endpoint", "a"], 2, "endpoint must be tables"),
        ("[endpoint]\na = 1", ["--endpoint", "a"], 2, "[endpoint.a] must be a table"),
        (A, ["--endpoint", "a", "--base-url", "http://127.0.0.1:9/v1"], 2, "--endpoint and --base-url do not go"),
        (A, [], 2, "has endpoints and none is chosen: add --endpoint a, or --base-url for another server"),
        (A + "nonsense = 1", ["--base-url", "http://127.0.0.1:9/v1"], 2, "[endpoint.a]: unknown key nonsense"),
        (A, ["--endpoint", "a", "--simulate"], 2, "--endpoint and --simulate do not go together"),
        (A, ["--endpoint", "a", "--rpm", "5"], 2, "--endpoint and --rpm do not go together"),
        (A, ["--endpoint", "a", "--tier", "openai:tier-1"], 2, "--endpoint and --tier do not go together"),
    ],
)
def test_what_is_wrong_with_endpoints_is_said_in_a_line(job, tmp_path, text, flags, code, said):
    """Before anything is written; a key in the file is not repeated."""
    path = tmp_path / "run.toml"
    path.write_text(text + "\n")
    this = job()

    done = this.run("--config", str(path), *flags, env=KEYS)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "sk-" not in done.stderr
    assert not this.output_dir.exists()


def test_endpoints_need_a_configuration(job):
    """And the message says where they stand."""
    done = job().run("--endpoint", "a")
    assert done.returncode == 2
    assert "name the file with --config" in done.stderr
