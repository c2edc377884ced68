"""The e-mail job from each kind of input: killed and resumed, in shards, from standard input."""

import csv
import gzip
import json
import os
import pty
import subprocess
import sys

import pytest

import asyncgen
from asyncgen.config.shipped import shipped
from asyncgen.errors import DirectoryError
from asyncgen.simulator import Latency, Profile
from asyncgen.storage import standard_input
from tests import asyncgen_process

from .conftest import Server, clean_env
from .test_interruptions import wait_until

MAILS = shipped("samples", "mails.jsonl")
NUMBER = 150
COLUMNS = ("id", "subject", "body")


@pytest.fixture(scope="module")
def rows():
    """Mails with line breaks and quotation marks in them."""
    samples = [json.loads(line) for line in MAILS.read_text().splitlines()]
    return [
        {
            "id": f"m{number}",
            "subject": f'"{number}"',
            "body": f"{samples[number % 10]['body']}\n\nNo. {number}, ok",
        }
        for number in range(NUMBER)
    ]


@pytest.fixture
def write(tmp_path):
    """Write rows as the kind that the name says."""

    def writer(name, rows):
        path = tmp_path / name
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        if name.endswith(".csv"):
            with path.open("w", newline="", encoding="utf-8-sig") as file:
                table = csv.DictWriter(file, COLUMNS)
                table.writeheader()
                table.writerows(rows)
        elif name.endswith(".parquet"):
            pa = pytest.importorskip("pyarrow")
            pytest.importorskip("pyarrow.parquet").write_table(pa.Table.from_pylist(rows), path)
        else:
            path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
        return path

    return writer


def words(server, output, source, *more):
    """The command of the e-mail job."""
    job = ["run", "--recipe", "mails", "--input", source, "--output-dir", output, "--base-url", server.base_url]
    return [sys.executable, "-m", "asyncgen", *map(str, job), "--model", "unlisted", "--concurrency", "8", *more]


def run(command, stdin=b""):
    """Give a command to its end, with something on standard input."""
    return asyncgen_process.run(
        command, input=stdin, capture_output=True, check=False, timeout=60, env=clean_env(None)
    )


def kill_midway(server, command, stdin=subprocess.DEVNULL):
    """Start a command, and kill it when a third of the calls is made."""
    process = asyncgen_process.Process([*command, "-q"], env=clean_env(None), stdin=stdin)
    wait_until(lambda: server.counts["requests"] >= 2 * NUMBER // 3)
    process.kill()
    process.wait(10)


@pytest.fixture(scope="module")
def golden(tmp_path_factory, rows):
    """What comes of the plain lines in one go."""
    directory = tmp_path_factory.mktemp("golden")
    source = directory / "mails.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    server = Server(Profile(latency=Latency(median_s=0.0)))
    try:
        done = run(words(server, directory / "out", source))
    finally:
        server.close()
    assert done.returncode == 0, done.stderr
    return (directory / "out" / "mails.jsonl").read_bytes()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["mails.csv", "mails.jsonl.gz", "mails.parquet"])
def test_a_run_that_was_killed_comes_to_the_bytes_of_the_plain_lines(serve, tmp_path, write, rows, golden, name):
    """Nothing but the calls in flight is sent again, and nothing of the input is left in the directory."""
    server, output = serve(latency=Latency(median_s=0.02)), tmp_path / "out"
    command = words(server, output, write(name, rows))
    kill_midway(server, command)

    done = run(command)

    assert done.returncode == 0, done.stderr
    assert b"Resuming from mail" in done.stdout
    assert (output / "mails.jsonl").read_bytes() == golden
    assert server.counts["requests"] <= 2 * NUMBER + 8
    assert not (output / ".asyncgen" / "standard-input").exists()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["mails.jsonl", "mails.csv"])
def test_standard_input_is_kept_and_need_not_be_given_again(serve, tmp_path, write, rows, golden, name):
    """Killed in the middle; then with nothing, with the same, and with other rows on standard input."""
    server, output = serve(latency=Latency(median_s=0.02)), tmp_path / "out"
    content = write(name, rows).read_bytes()
    command = words(server, output, "-")
    with (tmp_path / name).open("rb") as file:
        kill_midway(server, command, stdin=file)
    kept = output / ".asyncgen" / "standard-input"
    assert kept.read_bytes() == content
    assert kept.stat().st_mode & 0o777 == 0o600

    other = run(command, content.replace(b"No. 0", b"No. 1"))
    done = run(command)
    again = run(command, content)

    assert (other.returncode, b"standard input is not what this run was begun with" in other.stderr) == (65, True)
    assert done.returncode == 0, done.stderr
    assert b"Resuming from mail" in done.stdout
    assert str(kept).encode() in done.stdout.splitlines()[-1]
    assert (output / "mails.jsonl").read_bytes() == golden
    assert (again.returncode, b"lready complete" in again.stdout) == (0, True), again.stdout
    assert server.counts["requests"] <= 2 * NUMBER + 8


def test_rows_of_standard_input_go_with_the_run_that_is_moved_aside(serve, tmp_path, write, rows):
    """A restart has rows of its own, which may be fewer."""
    server, output = serve(), tmp_path / "out"
    lines = write("mails.jsonl", rows[:6]).read_bytes()
    assert run(words(server, output, "-"), lines).returncode == 0

    done = run(words(server, output, "-", "--restart"), lines[: lines.index(b"\n") + 1])

    assert done.returncode == 0, done.stderr
    assert len((output / "mails.jsonl").read_bytes().splitlines()) == 1
    [moved] = output.glob("superseded-*/standard-input")
    assert moved.read_bytes() == lines


@pytest.mark.parametrize(
    ("stdin", "code", "said"),
    [
        (b"", 65, "the input /dev/stdin holds no mail"),
        (b'{"id": "a", "subject": "s", "body": "b"}\n{', 65, "line 2: not JSON"),
        (gzip.compress(MAILS.read_bytes(), mtime=0)[:-9], 65, "gzip file ends in the middle"),
    ],
    ids=["nothing", "a bad line", "a file that is cut off"],
)
def test_bad_standard_input_leaves_no_trace(serve, tmp_path, stdin, code, said):
    """Nothing is sent or written."""
    server = serve()

    done = run(words(server, tmp_path / "out", "-"), stdin)

    assert (done.returncode, said in done.stderr.decode()) == (code, True), done.stderr
    assert server.counts["requests"] == 0
    assert not (tmp_path / "out").exists()


def test_a_terminal_is_not_waited_for(serve, tmp_path):
    """It is no input, unless the run has kept one."""
    server = serve()
    ours, theirs = pty.openpty()
    try:
        fresh = asyncgen_process.run(
            words(server, tmp_path / "out", "-"),
            stdin=theirs,
            capture_output=True,
            check=False,
            timeout=60,
            env=clean_env(None),
        )
    finally:
        os.close(ours)
        os.close(theirs)

    assert (fresh.returncode, b"that is a terminal" in fresh.stderr) == (2, True), fresh.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(240)
def test_shards_of_a_table_are_merged_to_the_same_bytes(serve, tmp_path, write, rows, golden):
    """Each reads up to its first row; one in the middle is killed."""
    server, source = serve(latency=Latency(median_s=0.01)), write("mails.csv", rows)
    outputs = [tmp_path / f"shard-{number}" for number in (1, 2, 3)]
    for number, output in enumerate(outputs, 1):
        done = run(words(server, output, source, "--shard", f"{number}/3"))
        assert done.returncode == 0, done.stderr

    merge = [sys.executable, "-m", "asyncgen", "merge", *map(str, outputs), "--output-dir", str(tmp_path / "all")]
    done = run(merge)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "all" / "mails.jsonl").read_bytes() == golden


def test_a_table_that_has_grown_extends_the_run(serve, tmp_path, write, rows):
    """Only the new rows are asked; a change of an old one is refused."""
    server, output = serve(), tmp_path / "out"
    command = words(server, output, write("mails.csv", rows[:5]))
    assert run(command).returncode == 0
    write("mails.csv", rows[:8])
    grown = run(command)
    assert (grown.returncode, server.counts["requests"]) == (0, 16), grown.stderr

    write("mails.csv", [{**rows[0], "body": "another"}, *rows[1:9]])
    changed = run(command)

    assert changed.returncode == 65
    # What verify says of such an input is no more than that it is another one.
    assert b"the input changed within the 8 mails already processed; choose another --output-dir" in changed.stderr
    assert server.counts["requests"] == 16


@pytest.mark.parametrize("skip", [[], ["--skip-bad"]], ids=["", "skip-bad"])
@pytest.mark.parametrize(
    "ends", [("\n", "\r\n"), ("\r\n", "\n"), ("\n", "\n\n"), ("\n\n\n", "\n")], ids=["CRLF", "LF", "blank", "none"]
)
def test_a_file_whose_lines_end_otherwise_goes_on_behind_the_same_row(serve, tmp_path, ends, skip):
    """No row is asked twice or left out, also where the old place is the beginning of a line now."""
    server, output, source = serve(), tmp_path / "out", tmp_path / "in.jsonl"
    command = [*words(server, output, source), *skip]
    texts = [json.dumps({"id": f"{n:03}", "subject": "s", "body": "b"}) for n in range(1, 62)]
    for number, end in ((39, ends[0]), (60, ends[1]), (61, ends[1])):
        source.write_text("".join(text + end for text in texts[:number]), newline="")
        done = run(command)
        assert done.returncode == 0, done.stderr
        assert server.counts["requests"] == 2 * number
    made = [json.loads(line)["id"] for line in (output / "mails.jsonl").read_text().splitlines()]
    assert made == [f"{n:03}" for n in range(1, 62)]


def test_lines_that_end_otherwise_are_found_again_after_a_start_that_was_killed_at_once(serve, tmp_path):
    """It had accepted the file, and saved no place in it."""
    slow, output, source = serve(latency=Latency(median_s=30)), tmp_path / "out", tmp_path / "in.jsonl"
    command = words(serve(), output, source)
    texts = [json.dumps({"id": f"{n:03}", "subject": "s", "body": "b"}) for n in range(1, 101)]
    source.write_text("".join(text + "\n" for text in texts), newline="")
    assert run([*command, "--max-total-tokens", "9000", "--save-every", "1"]).returncode == 4
    assert 1 < len((output / "mails.jsonl").read_text().splitlines()) < 100
    source.write_text("".join(text + "\r\n" for text in texts), newline="")
    process = asyncgen_process.Process([*words(slow, output, source), "-q"], env=clean_env(None))
    wait_until(lambda: slow.counts["requests"] > 0)
    process.kill()
    process.wait(10)

    done = run(command)

    assert done.returncode == 0, done.stderr
    made = [json.loads(line)["id"] for line in (output / "mails.jsonl").read_text().splitlines()]
    assert made == [f"{n:03}" for n in range(1, 101)]


def test_python_reads_tables_and_standard_input(serve, tmp_path, write, rows, monkeypatch):
    """As the command does."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = {"base_url": serve().base_url, "model": "unlisted", "recipe": "mails"}
    source = write("mails.csv", rows[:4])

    def give(content):
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        os.dup2(reading, 0)
        os.close(reading)
        standard_input.spooled.cache_clear()

    before = os.dup(0)
    try:
        give(source.read_bytes())
        asyncgen.run(**settings, input_jsonl="-", output_dir=tmp_path / "a")
        asyncgen.run(**settings, input_jsonl=source, output_dir=tmp_path / "b")
        give(b"id,subject,body\n1,a,b\n")
        with pytest.raises(DirectoryError, match="standard input is not what"):
            asyncgen.run(**settings, input_jsonl="-", output_dir=tmp_path / "a")
    finally:
        os.dup2(before, 0)
        os.close(before)
        standard_input.spooled.cache_clear()

    assert (tmp_path / "a" / "mails.jsonl").read_bytes() == (tmp_path / "b" / "mails.jsonl").read_bytes()
