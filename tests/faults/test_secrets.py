"""The key and the notes are nowhere but where they belong, whatever the server says and however the run ends."""

import html
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests import asyncgen_process
from tests.end_to_end.conftest import OUTPUTS, Job, clean_env

KEY = "sk-canary-KEYKEYKEY"
NOTE = "canary-NOTENOTENOTE"
ESCAPE = "\x1b]0;owned\x07\x1b[31m"
FLAGS = ["--add-reasoning", "-v", "--max-attempts", "2", "--timeout", "2", "--pair-timeout", "20"]


class Parrot(BaseHTTPRequestHandler):
    """Answers in turn with every kind of error, each of which says the key and the whole request."""

    protocol_version = "HTTP/1.1"
    kinds = ("400", "500", "200 error", "no JSON", "html", "length", "503", "drop", "good", "good", "hang")
    turn = 0
    hang = threading.Event()
    asked = threading.Event()

    def do_POST(self) -> None:
        """Say it all again."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        prose = f"{ESCAPE}{self.headers['Authorization']} {body}"
        kind = self.kinds[Parrot.turn % len(self.kinds)]
        Parrot.turn += 1
        error = {"message": prose, "type": f"{ESCAPE}{NOTE}", "code": f"{NOTE} said {KEY}", "param": prose}
        text = f'{{"why": "{NOTE}"}}' if "json_object" in body else f"Paraphrase of {NOTE} {ESCAPE}"
        choice = {"message": {"content": text}, "finish_reason": "length" if kind == "length" else "stop"}
        good = {"model": f"{ESCAPE}{KEY}", "choices": [choice]}
        match kind:
            case "400" | "500" | "503":
                self._say(int(kind), json.dumps({"error": error}))
            case "200 error":
                self._say(200, json.dumps({"error": error}))
            case "html":
                self._say(502, f"<html>{prose}</html>")
            case "no JSON":
                self._say(200, prose)
            case "drop":
                self.close_connection = True
            case "hang":
                Parrot.asked.set()
                self.hang.wait(30)
                self.close_connection = True
            case _:
                self._say(200, json.dumps(good))

    def _say(self, status: int, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After", "0.05")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Of the parrot."""
    Parrot.turn = 0
    Parrot.hang.clear()
    Parrot.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Parrot)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    Parrot.hang.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def job(tmp_path: Path, address: str) -> Job:
    """Thirty pairs, each of which has the canary and a sequence for the terminal in its notes and its name."""
    source = tmp_path / "pairs.jsonl"
    rows = [
        {
            "note_id": f"n{index}{ESCAPE}",
            "correct_note": f"{NOTE} {index} {ESCAPE} is well.",
            "incorrect_note": f"{NOTE} {index} is ill.",
        }
        for index in range(30)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    log = tmp_path / "log.jsonl"
    flags = [*FLAGS, "--base-url", address, "--concurrency", "4", "--log-file", str(log)]
    return Job(tmp_path / "out", input_jsonl=source, flags=flags)


def environment() -> dict[str, str]:
    """With everything that makes libraries talk."""
    return {"OPENAI_API_KEY": KEY, "OPENAI_LOG": "debug", "PYTHONASYNCIODEBUG": "1", "PYTHONFAULTHANDLER": "1"}


def look(job: Job, stdout: str, stderr: str) -> None:
    """Neither canary is where it does not belong."""
    printed = {"stdout": stdout.encode(), "stderr": stderr.encode()}
    log = job.output_dir.parent / "log.jsonl"
    files = {str(path): path.read_bytes() for path in [*job.output_dir.rglob("*"), log] if path.is_file()}
    assert any("calls.jsonl" in name for name in files)
    assert log.stat().st_size
    for name, data in (printed | files).items():
        assert KEY.encode() not in data or "journal" in name, name  # the server put it into its answer there
        holds_notes = Path(name).name in OUTPUTS or "journal-" in name
        assert holds_notes or NOTE.encode() not in data, (
            name,
            data[max(0, data.find(NOTE.encode()) - 300) :][:600],
        )
    for data in printed.values():
        assert not {byte for byte in data if byte < 0x20 or byte == 0x7F} - {0x0A, 0x09}


def test_no_error_of_a_server_brings_the_key_or_a_note_to_light(job: Job) -> None:
    """A server that says both in every error: screen, log file, events, calls, failures, checkpoint."""
    Parrot.hang.set()
    done = job.run(env=environment())
    assert done.returncode in {3, 65, 75}, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    look(job, done.stdout, done.stderr)
    lines = [json.loads(line) for line in (job.output_dir.parent / "log.jsonl").read_text().splitlines()]
    attempts = [line for line in lines if line["event"] == "CallEnded"]
    said = {"index", "note_id", "step", "attempt", "outcome", "status", "request_id", "started", "waited", "took"}
    assert len(attempts) > 30
    assert all(line.keys() >= said for line in attempts)
    again = job.run(env=environment())
    look(job, again.stdout, again.stderr)


def test_a_killed_run_leaves_them_nowhere_else(job: Job) -> None:
    """SIGKILL while calls are in flight."""
    process = asyncgen_process.Process(
        job.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_env(environment())
    )
    assert Parrot.asked.wait(60)
    deadline = time.monotonic() + 60
    while not (job.state_dir / "calls.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=60)
    look(job, stdout, stderr)


def test_a_key_on_the_command_line_is_warned_of_and_not_repeated(job: Job) -> None:
    """Others see it in the list of processes; the command to go on does not say it."""
    job.flags += ["--openai-api-key", KEY, "--max-failures", "1"]
    Parrot.hang.set()
    done = job.run(env={"OPENAI_LOG": "debug"})
    assert "--openai-api-key can be seen by others" in done.stderr
    look(job, done.stdout, done.stderr)


def test_a_key_in_a_configuration_is_not_said_to_be_in_the_process_list(job: Job, tmp_path: Path) -> None:
    """It is not there; and it is repeated as little."""
    config = tmp_path / "run.toml"
    config.write_text(f'openai-api-key = "{KEY}"\nmax-failures = 1\n')
    Parrot.hang.set()
    done = job.run("--config", str(config))
    assert "process list" not in done.stderr
    look(job, done.stdout, done.stderr)


ROW = "Jane Q. Roe, born 04/12/1961, was seen by Dr. Okafor for substernal chest pain radiating to the left arm."
CANARIES = ("janeqroe", "04121961", "okafor", "substernal", "radiatingtotheleft", "chestpain")
QUOTES: tuple[Callable[[str], str], ...] = (
    lambda body: body,
    lambda body: body.upper(),
    json.dumps,
    lambda body: json.dumps(json.dumps(body)),
    lambda body: "".join(f"\\u{ord(letter):04x}" for letter in body[:600]),
    lambda body: " / ".join(body[start : start + 25] for start in range(0, len(body), 25)),
    quote,
    html.escape,
    lambda body: "".join(body.split()),
    lambda body: body.replace(" ", "_"),
)


class Quoter(Parrot):
    """Refuses every call, and quotes the request in another way each time."""

    def do_POST(self) -> None:
        """Name the field, and say it all again."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        user = json.loads(body)["messages"][-1]["content"]
        Parrot.turn += 1
        quoted = QUOTES[Parrot.turn % len(QUOTES)](user)
        number = Parrot.turn % 40
        error = {
            "message": f"Your request is refused: {quoted} response_format must be json_schema here.",
            "type": "invalid_request_error",
            "code": f"refused_{number}",
            "param": "response_format",
        }
        self._say(400, json.dumps({"error": error}))


def test_a_server_that_quotes_the_note_in_every_way_is_shown_without_it(tmp_path: Path) -> None:
    """Whole, in pieces, in capitals, escaped: names and dates of birth are cut, what the user needs is left."""
    Parrot.turn = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quoter)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    source = tmp_path / "pairs.jsonl"
    rows = [
        {"note_id": f"n{n}", "correct_note": f"{ROW} {n}", "incorrect_note": f"{ROW} {n} is ill."}
        for n in range(40)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    job = Job(tmp_path / "out", input_jsonl=source, flags=["--add-reasoning", "-v", "--base-url", address])
    try:
        done = job.run(env={"OPENAI_API_KEY": KEY})
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert done.returncode in {3, 65}
    files = [
        path.read_text() for path in job.output_dir.rglob("*") if path.name in {"calls.jsonl", "events.jsonl"}
    ]
    failed = job.output_dir / "failed.jsonl"
    for said in (done.stdout, done.stderr, failed.read_text(), *files):
        squeezed = "".join(letter for letter in said.lower() if letter.isalnum())
        assert [canary for canary in CANARIES if canary in squeezed] == []
    assert "param response_format" in done.stderr
    assert "must be json_schema here" in done.stderr
    assert '"param":"response_format"' in failed.read_text()
