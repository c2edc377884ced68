"""Models as they are now: what they refuse, what they think, what they cost; through the real command."""

import json
import re
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped

from .conftest import OUTPUTS, SAMPLES, Job

TWELVE = ["--num-pairs", "12", "--add-reasoning"]


def simulated(directory: Path, *flags: str) -> Job:
    """A job against the simulator that the command starts itself."""
    return Job(directory, input_jsonl=SAMPLES, flags=[*TWELVE, *flags])


def changed(directory: Path, profile: str, **changes: str) -> Path:
    """A copy of a profile that ships, which need not take the time of a real server."""
    text = shipped("profiles", f"{profile}.toml").read_text()
    for name, value in changes.items():
        text, times = re.subn(rf"^{name} = \S+", f"{name} = {value}", text, flags=re.MULTILINE)
        assert times == 1
    path = directory / f"{profile}.toml"
    path.write_text(text)
    return path


def calls(job: Job) -> list[dict]:
    """The attempts of a run."""
    return [json.loads(line) for line in (job.state_dir / "calls.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("flags", "said"), [([], True), (["--reasoning-effort", "low"], False)])
def test_an_effort_that_is_set_is_not_said_to_be_unset(tmp_path: Path, flags: list[str], said: bool) -> None:
    """Only what is sent of itself is said."""
    done = simulated(tmp_path / "out", "--simulate", *flags).run()

    assert done.returncode == 0, done.stderr
    assert "max_tokens is sent as max_completion_tokens" in done.stdout
    assert ('reasoning_effort "none" is sent' in done.stdout) == said


@pytest.mark.parametrize("model", ["gpt-6-luna", "gpt-4o"])
def test_a_listed_model_refuses_nothing(tmp_path: Path, model: str) -> None:
    """Whether it takes max_tokens or not, reasons or not: it is asked in its way from the first call on."""
    profile = changed(tmp_path, "openai", median_s="0.0", rpm="60_000", tpm="20_000_000")
    job = simulated(tmp_path / "out", "--simulate", str(profile), "--model", model)
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert {call["outcome"] for call in calls(job)} == {"ok"}


def test_an_unlisted_model_is_learned_once_and_not_asked_again_after_a_resume(tmp_path: Path) -> None:
    """At most eight refusals for each parameter and shape; none in the next start."""
    job = simulated(
        tmp_path / "out", "--simulate", "fast", "--model", "gpt-5.9-nobody-lists-it", "--num-pairs", "6"
    )
    done = job.run()
    assert done.returncode == 0, done.stderr
    refused = [call for call in calls(job) if call["status"] == 400]
    assert refused
    shapes = {(call["step"], call["param"]) for call in refused}
    assert all(sum((call["step"], call["param"]) == shape for call in refused) <= 8 for shape in shapes)
    assert done.stdout.count("takes max_completion_tokens for max_tokens") == 1
    assert "bad_request" not in done.stderr  # it was no error, and there is nothing to do about it
    state = json.loads((job.output_dir / "generation_stats_safe.json").read_text())
    assert {one["name"] for one in state["adaptations"]} >= {"max_tokens"}

    job.flags += ["--num-pairs", "12"]
    assert job.run().returncode == 0
    assert len([call for call in calls(job) if call["status"] == 400]) == len(refused)


def test_a_model_without_a_system_message_gets_all_in_the_users(tmp_path: Path) -> None:
    """Its template refuses it; each step learns that once, and the next start knows it."""
    profile = changed(tmp_path, "vllm", median_s="0.0")
    job = simulated(
        tmp_path / "out", "--simulate", str(profile), "--model", "google/gemma-2-9b-it", "--num-pairs", "6"
    )
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("takes no system message: the user's begins with its text") == 1
    refused = [call for call in calls(job) if call["status"] == 400]
    assert 3 <= len(refused) <= 24

    job.flags += ["--num-pairs", "12"]
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert [call for call in calls(job) if call["status"] == 400] == refused
    assert len(job.records("sft_correct.jsonl")) == 12


def test_with_strict_params_a_refused_field_ends_the_run(tmp_path: Path) -> None:
    """The user wants to know before anything is generated in another way."""
    job = simulated(
        tmp_path / "out", "--simulate", "fast", "--model", "gpt-5.9-nobody-lists-it", "--strict-params"
    )
    done = job.run()
    assert done.returncode == 65
    assert "does not take max_tokens" in done.stderr


def test_a_flex_storm_is_waited_out(tmp_path: Path) -> None:
    """Refusals for want of room cost no pair an attempt."""
    profile = str(changed(tmp_path, "flex-storm", start_s="0.3", duration_s="1.0"))
    job = simulated(tmp_path / "out", "--simulate", profile, "--service-tier", "flex", "--concurrency", "1")
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert any(call["status"] == 429 for call in calls(job))


@pytest.mark.parametrize("profile", ["thinking-tags", "thinking-field"])
def test_thinking_is_in_no_example_unless_it_is_kept(tmp_path: Path, profile: str) -> None:
    """In front of the text and before JSON; with --keep-thinking it is in the metadata."""
    job = simulated(tmp_path / "out", "--simulate", profile)
    assert job.run().returncode == 0
    assert not any("think" in (job.output_dir / name).read_text() for name in OUTPUTS)

    kept = simulated(tmp_path / "kept", "--simulate", profile, "--keep-thinking")
    assert kept.run().returncode == 0
    records = [json.loads(line) for line in (kept.output_dir / OUTPUTS[0]).read_text().splitlines()]
    assert all("<think" not in record["note"] and record["metadata"]["thinking"] for record in records)


def test_a_directory_keeps_the_model_it_was_begun_with(tmp_path: Path) -> None:
    """Without --model; another one finishes it only where that is said, and each record names its own."""
    job = simulated(tmp_path / "out", "--simulate", "fast", "--model", "gpt-4o", "--num-pairs", "4")
    assert job.run().returncode == 0
    job.flags = [*TWELVE, "--simulate", "fast", "--num-pairs", "8"]
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert "Model:   gpt-4o" in done.stdout
    assert "Address: http://127.0.0.1:" in done.stdout
    job.flags = [*TWELVE, "--simulate", "fast", "--model", "gpt-6-luna"]
    refused = job.run()
    assert refused.returncode == 65
    assert "--continue-with-model gpt-6-luna in place of --model finishes the run; choose" in refused.stderr
    job.flags = [*TWELVE, "--simulate", "fast", "--continue-with-model", "gpt-6-luna"]
    assert job.run().returncode == 0
    records = [json.loads(line) for line in (job.output_dir / OUTPUTS[0]).read_text().splitlines()]
    models = [record["metadata"]["calls"][0]["model"] for record in records]
    assert [model.startswith("gpt-4o") for model in models] == [True] * 8 + [False] * 4
    state = json.loads((job.output_dir / "generation_stats_safe.json").read_text())
    assert state["finished_with"] == "gpt-6-luna"
