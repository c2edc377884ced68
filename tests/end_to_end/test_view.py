"""`asyncgen view` as a process, and what export and verify do with the marks that are saved on its page."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asyncgen.simulator import Faults
from tests import asyncgen_process
from tests.end_to_end.conftest import SAMPLES, Job, Server, clean_env
from tests.quality.view.sample_run import SampleRun, make_sample_run, texts_of_corpus


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    argv = [sys.executable, "-m", "asyncgen", *map(str, words)]
    return asyncgen_process.run(argv, check=False, capture_output=True, text=True, timeout=60, env=clean_env(None))


def records_on(page: Path) -> list[dict[str, Any]]:
    """The records that a page shows."""
    found = re.search(r'id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])["records"]


def save_marks(page: Path, mark: Callable[[dict[str, Any]], str]) -> Path:
    """A file as the page saves it."""
    path = page.with_name("review.jsonl")
    lines = [
        {"index": one["index"], "note_id": one["id"], "mark": mark(one), "record": one["hash"]}
        for one in records_on(page)
        if mark(one)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def sample(tmp_path: Path) -> SampleRun:
    """Twelve pairs of the corpus: proven, flagged and open ones."""
    return make_sample_run(tmp_path, texts_of_corpus(12))


@pytest.mark.timeout(60)
def test_a_real_run_needs_no_other_word_than_its_directory(
    job: Callable[..., Job], serve: Callable[..., Server]
) -> None:
    """Input and prompts are found where they were; failed pairs are not there; the file is for its owner alone."""
    job_ = job(serve(faults=Faults(fail_matching="diabetes", fail_kind="bad_request")))
    assert job_.run().returncode == 3
    result = command("view", job_.output_dir)
    assert result.returncode == 0, result
    page = job_.output_dir / "view.html"
    assert result.stdout.splitlines()[-1] == str(page)
    assert page.stat().st_mode & 0o777 == 0o600
    assert "0600" in result.stderr
    failed = len((job_.output_dir / "failed.jsonl").read_text().splitlines())
    records = records_on(page)
    assert len(records) == 24 - failed
    assert all(one["sides"] and one["calls"][0]["cost"] for one in records)
    assert command("verify", job_.output_dir, "--input", job_.input_jsonl).returncode == 0


@pytest.mark.timeout(60)
def test_the_marks_decide_what_is_exported(sample: SampleRun) -> None:
    """Rejected ones are out, accepted ones are in though they are flagged; both are counted, on the card too."""
    page = sample.directory.parent / "view.html"
    assert command("view", sample.directory, "--input", sample.input_jsonl, "-o", page).returncode == 0
    states = {one["index"]: one["state"] for one in records_on(page)}
    flagged = [index for index, state in states.items() if state == "flagged"]
    proven = [index for index, state in states.items() if state == "proven"]
    review = save_marks(page, lambda one: {flagged[0]: "accepted", proven[0]: "rejected"}.get(one["index"], ""))
    output = sample.directory.parent / "sft.jsonl"
    export = ("export", sample.directory, "--input", sample.input_jsonl, "--format", "trl-messages", "-o", output)

    result = command(*export, "--review", review)

    assert result.returncode == 0, result
    assert "review: 1 accepted, 1 rejected" in result.stdout
    assert "  1 rejected pair left out; 1 accepted pair kept that would be left out" in result.stdout
    assert len(output.read_text().splitlines()) == 2 * (12 - len(flagged))
    assert "1 accepted, 1 rejected" in output.with_name("sft-card.md").read_text()


@pytest.mark.timeout(60)
def test_verify_measures_the_rules_by_the_marks(sample: SampleRun) -> None:
    """In a table, and for programs; marks of records that have changed do not count."""
    page = sample.directory.parent / "view.html"
    assert command("view", sample.directory, "--input", sample.input_jsonl, "-o", page).returncode == 0
    review = save_marks(page, lambda one: "rejected" if one["id"].startswith("bad") else "accepted")
    review.write_text(re.sub(r'"record": "\w+"', '"record": "old"', review.read_text(), count=1))
    verify = ("verify", sample.directory, "--input", sample.input_jsonl, "--review", review)

    result = command(*verify)

    assert result.returncode == 0, result
    assert "1 stale and ignored" in result.stdout
    assert re.search(r"flagged +\d+ +\d+  \d+ % \(\d+ to \d+ %\)", result.stdout)
    found = json.loads(command(*verify, "--json").stdout)["review"]
    assert found["stale"] == 1
    assert found["accepted"] + found["rejected"] == 11
    assert found["by_state"]["proven"]["accepted"] > 0


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--input", "other.jsonl"], 65, "is not the input that this run was made from"),
        (["--rows", "0"], 2, "--rows is a number of records above 0"),
        (["--only", "open"], 2, "--only needs --input"),
        (["-o", "."], 2, "give the name of a file with -o"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_line(sample: SampleRun, flags: list[str], code: int, said: str) -> None:
    """And nothing is written."""
    other = sample.input_jsonl.with_name("other.jsonl")
    other.write_bytes(sample.input_jsonl.read_bytes().replace(b"woman", b"man"))
    words = [str(other) if word == "other.jsonl" else word for word in flags]
    result = command("view", sample.directory, *words)
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr
    assert not (sample.directory / "view.html").exists()


def test_of_a_state_that_no_record_is_in_none_is_shown(tmp_path: Path) -> None:
    """And it is said which states there are."""
    place = tmp_path / "out"
    words = [
        "--input",
        str(SAMPLES),
        "--output-dir",
        str(place),
        "--prompt-file",
        "medec_safe",
        "--num-pairs",
        "1",
    ]
    assert command("run", *words, "--simulate").returncode == 0

    result = command("view", place, "--only", "open")

    assert (result.returncode, result.stderr) == (65, "❌ no open pair to look at. The run has 1: 1 proven.\n")


def test_a_page_replaces_a_page_and_nothing_else(sample: SampleRun) -> None:
    """Not the input, not a file of the run, not a new one among them; a page that was written before."""
    page, new = sample.directory.parent / "view.html", sample.directory / "new.jsonl"
    words = ("view", sample.directory, "--input", sample.input_jsonl, "-o")
    before = {path: path.read_bytes() for path in sample.directory.parent.rglob("*") if path.is_file()}

    refused = [command(*words, path) for path in (sample.input_jsonl, sample.directory / "failed.jsonl", new)]

    assert [(done.returncode, done.stdout) for done in refused] == [(2, "")] * 3
    assert "exists and is not a page" in refused[0].stderr
    assert "would be among the files of the run" in refused[2].stderr
    assert {path: path.read_bytes() for path in sample.directory.parent.rglob("*") if path.is_file()} == before
    assert [command(*words, page).returncode for _ in "12"] == [0, 0]


def test_files_that_were_changed_are_not_shown(sample: SampleRun) -> None:
    """Their marks would be of nothing that the run wrote."""
    file = sample.directory / "sft_correct.jsonl"
    file.write_bytes(file.read_bytes().replace(b"fever", b"rash", 1) + b"{}\n")
    result = command("view", sample.directory, "--input", sample.input_jsonl)
    assert result.returncode == 65
    assert "broken, as asyncgen verify shows" in result.stderr


@pytest.mark.parametrize("page", ["view", "report"])
def test_nothing_of_a_page_is_left_that_the_disk_had_no_room_for(sample: SampleRun, page: str) -> None:
    """It holds texts of the rows."""
    place = sample.directory.with_name("page.html")
    words = [sys.executable, "-m", "asyncgen", page, str(sample.directory), "-o", str(place)]
    small = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1000, 1000))
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60, preexec_fn=small)
    assert (done.returncode, "page.html" in done.stderr) == (74, True), done
    assert not list(place.parent.glob("page.html*"))
