"""What surrounds a run (proxies, variables, terminals, paths, signals) ends no run, and takes no note away."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from tests import asyncgen_process

from .conftest import PROMPTS, SAMPLES, Job, Server, clean_env
from .test_interruptions import wait_until

Serve = Callable[..., Server]
NO_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


class Proxy:
    """A listening socket that nobody may connect to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        self.environment = dict.fromkeys(names, address) | {"no_proxy": "", "NO_PROXY": ""}

    def was_asked(self) -> bool:
        """Whether anybody has connected."""
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In the way of everything that is not kept off it."""
    found = Proxy()
    yield found
    found.close()


def asyncgen(job: Job, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Another command than `run`."""
    return asyncgen_process.run(
        [*job.argv[:3], *words], check=False, capture_output=True, text=True, timeout=60, env=clean_env(env)
    )


@pytest.mark.timeout(180)  # seven commands
def test_no_command_sends_what_is_meant_for_this_machine_to_a_proxy(
    serve: Serve, job: Callable[..., Job], proxy: Proxy, tmp_path: Path
) -> None:
    """Each command that sends notes, by several spellings of this machine, with every variable set."""
    server, env = serve(), proxy.environment
    url = server.base_url
    table = tmp_path / "two.toml"
    numbered = url.replace("127.0.0.1", "0x7f.1")
    table.write_text(f'[endpoint.a]\nbase-url = "{url}"\n[endpoint.b]\nbase-url = "{numbered}"\n')
    endpoints = ["--config", str(table), "--endpoint", "a", "--endpoint", "b"]
    this = job(server)
    again = ["--base-url", url, "--input-jsonl", str(SAMPLES), "--prompt-file", str(PROMPTS)]
    done = [
        this.run(env=env),
        *(job(flags=flags).run(env=env) for flags in (["--base-url", numbered], endpoints, ["--simulate"])),
        asyncgen(this, "tune", "--base-url", url, "--calls", "2", "--yes", env=env),
        asyncgen(this, "trace", str(this.output_dir), "0", "--again", *again, env=env),
        asyncgen(this, "verify", str(this.output_dir), "--regenerate", *again, env=env),
    ]
    assert not proxy.was_asked()
    assert [one.returncode for one in done[:6]] == [0] * 6, [one.stderr for one in done]
    assert done[6].returncode in {0, 3, 65}, done[6].stderr


def test_an_empty_address_is_no_default(job: Callable[..., Job], proxy: Proxy) -> None:
    """A variable that is not set must not send notes to the public API."""
    typed = job(flags=["--base-url", ""]).run(env={"OPENAI_API_KEY": "key", **proxy.environment})
    of_the_environment = job().run(env={"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": " ", **proxy.environment})

    assert (typed.returncode, of_the_environment.returncode) == (2, 2)
    assert "--base-url is empty" in typed.stderr
    assert "OPENAI_BASE_URL is empty" in of_the_environment.stderr
    assert not proxy.was_asked()


@pytest.mark.parametrize("flags", [["--model", ""], ["--model", " "], ["--model", "gpt\n"], ["--output-dir", ""]])
def test_an_empty_flag_is_refused_by_its_name(serve: Serve, job: Callable[..., Job], flags: list[str]) -> None:
    """`--model "$MODEL"`, where that is not set."""
    server = serve()
    done = job(server).run(*flags)

    assert done.returncode == 2
    assert flags[0] in done.stderr
    assert server.counts["requests"] == 0


def test_a_key_in_a_file_that_is_not_read_is_mentioned(job: Callable[..., Job], tmp_path: Path) -> None:
    """People expect it to be."""
    (tmp_path / ".env").write_text("OPENAI_API_KEY=key\n")
    this = job(flags=["--base-url", "https://api.example.test/v1"])
    done = asyncgen_process.run(
        this.argv, check=False, capture_output=True, text=True, timeout=60, env=clean_env(None), cwd=tmp_path
    )

    assert done.returncode == 77
    assert ".env here is not read unless you add --env-file .env" in done.stderr


def test_headers_for_a_gateway_are_sent_and_never_shown(
    serve: Serve, job: Callable[..., Job], tmp_path: Path
) -> None:
    """Neither on the screen nor in a file of the run."""
    this = job(serve(), flags=["--header", "X-Team=open", "--header", "X-Secret=env:SECRET", "-v"])
    done = this.run(env={"SECRET": "s3cr3t-value"})

    assert done.returncode == 0
    written = b"".join(path.read_bytes() for path in this.output_dir.rglob("*") if path.is_file())
    assert "s3cr3t-value" not in done.stdout + done.stderr
    assert b"s3cr3t-value" not in written
    lacking = job(serve(), flags=["--header", "X-Secret=env:SECRET"]).run()
    assert lacking.returncode == 77
    assert "SECRET" in lacking.stderr


@pytest.mark.parametrize(
    "kind", [NO_UTF8, {"PYTHONIOENCODING": "ascii:strict"}, {"PYTHONIOENCODING": "cp1252:strict"}]
)
def test_a_terminal_that_is_not_utf8_ends_no_run(
    serve: Serve, job: Callable[..., Job], kind: dict[str, str]
) -> None:
    """Its signs are replaced."""
    assert job(serve()).run(env=kind).returncode == 0


def test_a_recipe_is_found_again_where_names_of_files_are_read_as_ascii(tmp_path: Path) -> None:
    """By its recorded path, whose letters the locale does not have; in a locale that has them too."""
    recipe = tmp_path / "mül ti.toml"
    shutil.copy(shipped("recipes", "mails.toml"), recipe)
    words = ["--recipe", os.fsencode(recipe), "--input", str(shipped("samples", "mails.jsonl"))]

    def command(*words: str | bytes, env: dict[str, str]) -> None:
        argv = [sys.executable, "-m", "asyncgen", *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env=clean_env(env), check=False)
        assert done.returncode == 0, done.stderr

    command("run", *words, "--output-dir", str(tmp_path / "out"), "--simulate", env=NO_UTF8)
    for env in (NO_UTF8, {}):
        command("verify", str(tmp_path / "out"), env=env)
        command("view", str(tmp_path / "out"), env=env)


def test_names_that_are_no_utf8_end_no_run(serve: Serve, job: Callable[..., Job], tmp_path: Path) -> None:
    """Of files, as old systems and archives have them; resumed and reported too."""
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/p\xe9.jsonl"))
    shutil.copy(SAMPLES, source)
    this = job(serve(), input_jsonl=source)
    this.output_dir = this.output_dir.with_name(os.fsdecode(b"out-\xe9"))

    assert this.run("--num-pairs", "1").returncode == 0
    assert this.run("--num-pairs", "2").returncode == 0
    for command in ("status", "report"):
        done = asyncgen(this, command, str(this.output_dir))
        assert done.returncode == 0, done.stderr


def test_a_working_directory_that_was_removed_ends_no_run(
    serve: Serve, job: Callable[..., Job], tmp_path: Path
) -> None:
    """All paths are absolute."""
    gone = tmp_path / "gone"
    gone.mkdir()
    words = ["sh", "-c", 'rmdir "$0" && exec "$@"', str(gone), *job(serve()).argv]
    done = subprocess.run(words, check=False, capture_output=True, timeout=60, env=clean_env(None), cwd=gone)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_was_ignored_at_the_start_stays_so(
    serve: Serve, job: Callable[..., Job], number: signal.Signals
) -> None:
    """`nohup`, and a job that a script has put into the background."""
    server = serve()
    words = ["sh", "-c", f"trap '' {number.name.removeprefix('SIG')}; exec \"$@\"", "sh", *job(server).argv]
    with subprocess.Popen(
        words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=clean_env(None)
    ) as process:
        wait_until(lambda: server.counts["requests"] > 0)
        process.send_signal(number)
        assert process.wait(60) == 0


@pytest.mark.parametrize("umask", ["0177", "0277", "0777"])
def test_a_umask_does_not_keep_the_owner_out(job: Callable[..., Job], tmp_path: Path, umask: str) -> None:
    """Nobody but root could open again what was made, and the first directory in another one ended the run."""
    this = job(flags=["--simulate", "--output-dir", str(tmp_path / "a" / "b")])
    words = ["sh", "-c", f'umask {umask}; exec "$@"', "sh", *this.argv]

    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=clean_env(None), check=False)

    assert done.returncode == 0, done.stderr
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", *(tmp_path / "a").rglob("*"))}
    assert {path for path, mode in found.items() if mode != (0o700 if path.is_dir() else 0o600)} == set()
    assert len(found) > len("ab")


def test_a_device_is_named(job: Callable[..., Job]) -> None:
    """A run reads its input again when it is resumed; of standard input it keeps a copy."""
    done = job(flags=["--simulate"]).run("--input-jsonl", "/dev/zero")

    assert done.returncode == 2
    assert "a pipe or a device can be read once" in done.stderr


@pytest.mark.parametrize("flag", ["--input-jsonl", "--prompt-file", "--output-dir"])
def test_a_link_that_leads_in_a_circle_is_named(job: Callable[..., Job], tmp_path: Path, flag: str) -> None:
    """In one line."""
    (tmp_path / "loop").symlink_to("loop")
    done = job(flags=["--simulate"]).run(flag, str(tmp_path / "loop"))

    assert done.returncode == 2
    assert flag in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["report", "plan", "--help"])
def test_who_reads_no_further_sees_no_error(job: Callable[..., Job], command: str) -> None:
    """`| true`: the pipe has gone before anything is written."""
    this = job(flags=["--simulate"])
    this.run()
    words = {
        "report": ["report", str(this.output_dir)],
        "plan": ["plan", "--input-jsonl", str(SAMPLES), "--prompt-file", str(PROMPTS), "--output-dir", "x"],
    }.get(command, [command])
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*this.argv[:3], *words],
        check=False,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        env=clean_env(None),
    )
    os.close(writer)

    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
