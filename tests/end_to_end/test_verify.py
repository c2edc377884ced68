"""`asyncgen verify` as a process: on what a real run wrote, whole, unfinished and broken."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.simulator import Faults
from tests import asyncgen_process
from tests.end_to_end.conftest import SAMPLES, Job, Server, clean_env


def verify(directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "asyncgen", "verify", str(directory), *flags]
    return asyncgen_process.run(
        command, check=False, capture_output=True, text=True, timeout=60, env=clean_env(None)
    )


@pytest.fixture
def done(job: Callable[..., Job], serve: Callable[..., Server]) -> Job:
    """A finished run of the samples, with reasoning."""
    job_ = job(serve())
    assert job_.run().returncode == 0
    return job_


def change_note(path: Path, at: int, old: str, new: str) -> None:
    """Change the note of a line."""
    lines = path.read_text().split("\n")
    record = json.loads(lines[at])
    assert old in record["note"]
    record["note"] = record["note"].replace(old, new, 1)
    lines[at] = json.dumps(record, ensure_ascii=False)
    path.write_text("\n".join(lines))


def test_what_a_run_wrote_is_whole_and_clean(done: Job) -> None:
    """With the input and the prompts, and without them."""
    result = verify(done.output_dir, "--input-jsonl", str(SAMPLES), "--prompt-file", str(done.prompt_file))
    assert result.returncode == 0, result
    assert "✓ whole, in order, in step" in result.stdout
    assert "flagged        0 of 24 pairs" in result.stdout
    assert "open           1 of 24 pairs" in result.stdout  # the simulator puts words in front of one note
    result = verify(done.output_dir)
    assert result.returncode == 0, result
    assert "not checked" in result.stdout


def test_a_run_that_gave_up_pairs_is_whole(job: Callable[..., Job], serve: Callable[..., Server]) -> None:
    """They are counted, and missing from the files."""
    job_ = job(serve(faults=Faults(fail_matching="diabetes", fail_kind="bad_request")))
    assert job_.run().returncode == 3
    assert (failed := len((job_.output_dir / "failed.jsonl").read_text().splitlines()))
    result = verify(job_.output_dir, "--input-jsonl", str(SAMPLES), "--json")
    found = json.loads(result.stdout)
    assert result.returncode == 0, found
    assert (found["failed_pairs"], found["pairs"]) == (failed, 24 - failed)


def test_what_is_said_to_do_next_fits_the_run(job: Callable[..., Job], serve: Callable[..., Server]) -> None:
    """Export only what is there to be exported: not of a run without examples, nor of an unfinished one."""
    none = job(serve(faults=Faults(fail_matching="a", fail_kind="bad_request")), flags=["--max-failures", "100"])
    assert none.run().returncode == 3
    assert "there are no examples; see why in" in verify(none.output_dir).stdout
    some = job(serve(), flags=["--max-total-tokens", "20000", "--save-every", "1", "--concurrency", "2"])
    assert some.run().returncode == 4
    assert f"next: asyncgen status {shlex.quote(str(some.output_dir))}\n" in verify(some.output_dir).stdout


def test_behind_a_regeneration_the_commands_to_go_on_with_name_no_recipe(done: Job) -> None:
    """To ask again it took that of the run."""
    assert done.server is not None
    sources = ("--input-jsonl", str(SAMPLES), "--prompt-file", str(done.prompt_file))
    said = verify(
        done.output_dir, *sources, "--regenerate", "--base-url", done.server.base_url, "--no-progress"
    ).stdout
    assert "--judge --dry-run\n" in said
    assert "--recipe" not in said


def test_a_note_that_was_given_twice_is_named_by_its_row(done: Job) -> None:
    """The finding is of its text, which has no id."""
    path = done.output_dir / "sft_correct.jsonl"
    first, second = (json.loads(line)["note"] for line in path.read_text().split("\n")[:2])
    change_note(path, 1, second, first)
    said = verify(done.output_dir, "--input-jsonl", str(SAMPLES)).stdout
    assert "\npair 1\n  duplicate " in said
    assert "()" not in said


def test_a_changed_dose_is_shown_with_its_words(done: Job) -> None:
    """Changed words, the kind, the pair; control characters are not printed; exit 65 since checksums differ."""
    correct = done.output_dir / "sft_correct.jsonl"
    change_note(correct, 0, "amlodipine", "amlodipine 5 mg\x1b[31m")
    result = verify(done.output_dir, "--input-jsonl", str(SAMPLES))
    assert result.returncode == 65
    assert "∅ → 5 mg" in result.stdout
    assert "pair 0 (sample-0)" in result.stdout
    assert "\x1b" not in result.stdout
    assert "checksum" in result.stdout or "bytes, where" in result.stdout
    assert "incorrect_changed" not in result.stdout


def test_flags_alone_fail_only_when_asked_to(done: Job) -> None:
    """Without statistics there are no checksums: the structure is whole, and a pair is flagged."""
    for name in ("sft_correct.jsonl", "sft_combined_safe.jsonl"):
        change_note(done.output_dir / name, 0, "woman", "man")
    (done.output_dir / "generation_stats_safe.json").unlink()
    flags = ["--input-jsonl", str(SAMPLES), "--json"]
    found = json.loads(verify(done.output_dir, *flags).stdout)
    assert found["structure"]["ok"]
    assert found["quality"]["pairs"][0]["index"] == 0
    assert "person" in found["quality"]["pairs"][0]["kinds"]
    assert found["quality"]["counts"]["person"] == 1
    assert verify(done.output_dir, *flags).returncode == 0
    assert verify(done.output_dir, *flags, "--max-flagged", "5").returncode == 0
    assert verify(done.output_dir, *flags, "--max-flagged", "4").returncode == 65


def test_every_finding_is_in_the_json_with_its_pair_and_state(done: Job) -> None:
    """Flagged pairs with their words, open ones with the passages that no rule knows; proven ones are counted."""
    for name in ("sft_correct.jsonl", "sft_combined_safe.jsonl"):
        change_note(done.output_dir / name, 0, "woman", "man")
    change_note(done.output_dir / "sft_correct.jsonl", 1, ".", " in the spring.")
    (done.output_dir / "generation_stats_safe.json").unlink()
    quality = json.loads(verify(done.output_dir, "--input-jsonl", str(SAMPLES), "--json").stdout)["quality"]
    assert (quality["judged"], quality["proven"], quality["flagged"], quality["open"]) == (24, 21, 1, 2)
    (flagged,), (unknown, _) = quality["pairs"], quality["open_pairs"]
    assert (flagged["note_id"], flagged["state"]) == ("sample-0", "flagged")
    (person,) = [finding for finding in flagged["findings"] if finding["kind"] == "person"]
    assert person["was"].startswith("woman")
    assert person["became"].startswith("man")
    assert (unknown["index"], unknown["state"], unknown["findings"]) == (1, "open", [])
    assert "in the spring" in unknown["unproven"][0]["became"]


def test_a_changed_incorrect_note_is_broken_structure(done: Job) -> None:
    """It must be the input's, byte for byte."""
    change_note(done.output_dir / "sft_incorrect.jsonl", 2, "a", "á")
    result = verify(done.output_dir, "--input-jsonl", str(SAMPLES))
    assert result.returncode == 65
    assert "sft_incorrect.jsonl, pair 2: the note is not that of the input" in result.stdout


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--input-jsonl", "nowhere.jsonl"], "nowhere.jsonl: No such file"),
        (["--max-flagged", "1"], "--max-flagged needs --input-jsonl"),
        (
            ["--input-jsonl", str(SAMPLES), "--max-flagged", "101"],
            "❌ --max-flagged is a percentage from 0 to 100, not 101\n",
        ),
        (["--show", "-1"], "❌ --show is a number of rows, not -1\n"),
    ],
)
def test_what_cannot_be_carried_out_is_said(done: Job, flags: list[str], message: str) -> None:
    """In one line, exit 2."""
    result = verify(done.output_dir, *flags)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_directory_that_is_not_there_or_empty(tmp_path: Path) -> None:
    """Nothing to verify is not verified."""
    assert verify(tmp_path / "none").returncode == 2
    (tmp_path / "pairs.jsonl").write_bytes(SAMPLES.read_bytes())
    result = verify(tmp_path)
    assert (result.returncode, result.stdout) == (65, "")
    assert result.stderr == f"❌ {tmp_path} holds no run: give the --output-dir of one\n"


@pytest.mark.parametrize("command", ["verify", "export", "status", "report", "run"])
def test_only_the_command_that_can_begin_anew_says_how(done: Job, command: str) -> None:
    """The others have no --restart, and say what is wrong."""
    (done.output_dir / "checkpoint.json").write_text("{")
    words = [command, str(done.output_dir), *(["--format", "openai"] if command == "export" else [])]
    result = (
        done.run()
        if command == "run"
        else asyncgen_process.run(
            [sys.executable, "-m", "asyncgen", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_env(None),
        )
    )
    assert result.returncode == 65
    wrong = f"❌ {done.output_dir / 'checkpoint.json'} is damaged"
    way_out = "; choose another --output-dir, or --restart to move everything aside and start over"
    assert result.stderr.splitlines() == [wrong + (way_out if command == "run" else "")]
