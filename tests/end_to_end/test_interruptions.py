"""Whatever happens to a run: the same bytes, nothing paid twice, and a word on how to go on."""

import json
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.simulator import Faults, Latency, Storm
from tests import asyncgen_process

from .conftest import OUTPUTS, PROMPTS, Job, Server, interrupt

Serve = Callable[..., Server]


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for another process."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize("concurrency", [1, 7, 256])
def test_the_bytes_are_the_same_at_any_concurrency(serve, job, first_pairs, concurrency, golden):
    """The outputs do not depend on how many calls are in flight."""
    source, server = first_pairs(100), serve()
    this = job(server, input_jsonl=source)

    assert this.run("--concurrency", str(concurrency)).returncode == 0

    assert this.outputs() == golden(100)


def test_three_kills_change_no_byte_and_only_calls_in_flight_are_sent_again(serve, job, first_pairs, golden):
    """SIGKILL in the middle, three times; the server counts what was asked again."""
    source = first_pairs(200)
    server = serve(latency=Latency(median_s=0.05))
    this = job(server, input_jsonl=source)
    in_flight = 0
    for goal in (150, 300, 450):
        process = this.start("--concurrency", "16")
        wait_until(lambda goal=goal: server.counts["answers"] >= goal)
        process.kill()
        process.communicate()
        in_flight += 16

    last = this.run("--concurrency", "16")

    assert last.returncode == 0
    assert "Resuming from pair" in last.stdout
    assert "in flight: " in last.stderr
    assert this.outputs() == golden(200)
    assert server.counts["distinct_requests"] == 600
    assert 600 <= server.counts["requests"] <= 600 + in_flight
    # An answer that reached a killed process's socket but not the process may come again; no more than that.
    assert server.counts["answered_again"] <= in_flight


HANGUP = pytest.param(
    signal.SIGHUP,
    marks=pytest.mark.skipif(
        signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="the tests themselves run under nohup"
    ),
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, HANGUP])
def test_the_first_signal_finishes_what_is_in_flight_and_says_how_to_go_on(serve, job, first_pairs, number):
    """Exit 130, every answer that was paid is kept, and nothing is sent twice by the next start."""
    server = serve(latency=Latency(median_s=0.1))
    this = job(server, input_jsonl=first_pairs(60))
    process = this.start("--concurrency", "8")
    wait_until(lambda: server.counts["answers"] >= 20)

    code, stdout, stderr = interrupt(process, number)

    assert code == 130
    assert "to resume: " in stderr
    assert "Traceback" not in stderr
    assert "finished and saved first" in stdout
    assert server.counts["abandoned"] == 0
    assert this.run().returncode == 0
    assert server.counts["requests"] == server.counts["distinct_requests"] == 180


def test_the_second_signal_leaves_at_once(serve, job):
    """A user who asks twice does not wait for a hung server."""
    server = serve(faults=Faults(hang=1.0))
    this = job(server)
    process = this.start("--concurrency", "16")
    wait_until(lambda: server.counts["requests"] >= 8)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "Stopping" in (process.stdout.readline() if process.stdout else ""))

    wait_until(lambda: b'"StopRequested"' in (this.state_dir / "events.jsonl").read_bytes())

    def leaves():
        process.send_signal(signal.SIGINT)  # until it is not taken for the first one, sent twice
        return process.poll() is not None

    wait_until(leaves)  # for less than a call may take

    process.communicate(timeout=60)
    assert process.returncode == 130
    status = [sys.executable, "-m", "asyncgen", "status", str(this.output_dir)]
    said = asyncgen_process.run(status, capture_output=True, text=True, check=True, timeout=60).stdout
    assert f"stopped: process {process.pid} was left at once at about " in said
    assert "crashed" not in said


def test_a_key_given_as_a_flag_is_not_in_the_command_to_go_on(serve, job):
    """The resume command, the warning and the files do not hold the key."""
    server = serve(faults=Faults(auth_after=5))
    this = job(server)

    done = this.run("--openai-api-key", "sk-canary-key")

    assert done.returncode == 77
    assert "OPENAI_API_KEY instead" in done.stderr
    assert "to resume: " in done.stderr
    assert "sk-canary-key" not in done.stdout + done.stderr
    for path in this.output_dir.rglob("*"):
        assert path.is_dir() or b"sk-canary-key" not in path.read_bytes()


def test_exhausted_quota_stops_at_once_and_the_next_start_asks_only_the_rest(serve, job):
    """`insufficient_quota` never gets better by waiting: exit 77, nothing paid is lost."""
    server = serve(faults=Faults(quota_after=30), latency=Latency(median_s=0.05))
    this = job(server)

    done = this.run("--concurrency", "4")

    assert done.returncode == 77
    assert "credit" in done.stderr
    assert server.counts["requests"] <= 30 + 4
    after = serve()
    this.server = after
    assert this.run().returncode == 0
    assert after.counts["requests"] == 72 - server.counts["answers"]


def test_a_server_that_refuses_everything_ends_the_patience(serve, job):
    """A storm longer than --patience: exit 75, and the pairs are not counted as failed."""
    server = serve(storm=Storm(start_s=0, duration_s=3600, share=1.0, retry_after_s=0.1))
    this = job(server)

    done = this.run("--patience", "1")

    assert done.returncode == 75
    assert "has refused every call" in done.stderr
    assert not (this.output_dir / "failed.jsonl").exists()
    this.server = serve()
    assert this.run().returncode == 0


def rare_word(source: Path) -> tuple[str, list[int]]:
    """A word of the first note that one to four others have too, and no prompt; and the indexes of these pairs."""
    pairs = [json.loads(line) for line in source.read_bytes().splitlines()]
    notes = [pair["correct_note"] + pair["incorrect_note"] for pair in pairs]
    for word in re.findall(r"[a-z]{7,}", notes[0]):
        found = [index for index, note in enumerate(notes) if word in note]
        if 2 <= len(found) <= 5 and word not in PROMPTS.read_text():
            return word, found
    raise AssertionError("the first note has no rare word")


def test_failed_pairs_are_asked_again_by_the_same_command_and_merged_in_place(serve, job, first_pairs, golden):
    """Exit 3 and `failed.jsonl`, then byte-identical to a run that never failed, and only what was missing."""
    source = first_pairs(160)
    word, indexes = rare_word(source)
    server = serve(faults=Faults(fail_matching=word, fail_kind="bad_request"))
    this = job(server, input_jsonl=source)

    done = this.run()

    assert done.returncode == 3
    assert re.search(r"^❌ Error processing pair 0 \(\w+-train-0\): ", done.stderr, re.MULTILINE)
    failed = this.records("failed.jsonl")
    assert [record["index"] for record in failed] == indexes
    assert list(failed[0])[:6] == ["index", "note_id", "step", "error", "attempts", "tokens"]
    assert {len(this.records(name)) for name in OUTPUTS[:2]} == {160 - len(indexes)}
    paid = server.counts["answers"]
    this.server = serve()
    assert this.run().returncode == 0
    assert this.outputs() == golden(160)
    assert not (this.output_dir / "failed.jsonl").exists()
    assert this.server.counts["requests"] == 480 - paid
    assert not [path for path in this.state_dir.iterdir() if path.name.startswith(("journal", "spool"))]


def test_one_command_repairs_what_failed_and_goes_on_with_what_is_new(serve, job, first_pairs, golden):
    """A finished run with failed pairs and a larger --num-pairs: both are done, in one start."""
    source = first_pairs(60)
    word, indexes = rare_word(source)
    this = job(serve(faults=Faults(fail_matching=word, fail_kind="bad_request")), input_jsonl=source)
    assert this.run("--num-pairs", "20").returncode == 3
    this.server = serve()

    done = this.run()

    assert done.returncode == 0
    assert f"Asking again for {sum(index < 20 for index in indexes)} pair" in done.stdout
    assert this.outputs() == golden(60)
    assert this.run().stdout.count("Already complete") == 1


def test_a_finished_run_extends_by_a_larger_number_of_pairs(serve, job, samples_golden):
    """`--num-pairs` may grow, then the whole file; the bytes are those of one run."""
    this = job(serve())
    this.run("--num-pairs", "5")
    assert len(this.records(OUTPUTS[0])) == 5

    this.run("--num-pairs", "11")
    done = this.run()

    assert "Resuming from pair 11" in done.stdout
    assert this.outputs() == samples_golden
    assert this.server.counts["requests"] == 72


def test_a_finished_run_says_so_and_makes_no_call(serve, job):
    """The same command again: exit 0, no call, no byte changed."""
    server = serve()
    this = job(server)
    this.run()
    before = this.outputs()

    done = this.run()

    assert done.returncode == 0
    assert "Already complete" in done.stdout
    assert server.counts["requests"] == 72
    assert this.outputs() == before


def test_another_prompt_model_or_flag_is_refused_by_name(serve, job, tmp_path):
    """A directory is never filled by two different jobs: exit 65 names what changed and the flag that goes on."""
    server = serve()
    this = job(server)
    this.run("--num-pairs", "4")
    changed = tmp_path / "changed.json"
    changed.write_text(this.prompt_file.read_text().replace("localized", "small"))

    for more, name in (
        (["--model", "gpt-5"], "model was gpt-6-luna, now gpt-5"),
        (["--prompt-file", str(changed)], "correct_paraphrase_system changed"),
    ):
        done = this.run(*more)
        assert done.returncode == 65
        assert name in done.stderr
        assert "--restart" in done.stderr
        assert "no answer" not in done.stderr
    this.flags = []
    assert "add_reasoning was True, now False" in this.run().stderr
    assert this.run("--restart").returncode == 0
    (aside,) = this.output_dir.glob("superseded-*")
    assert (aside / OUTPUTS[0]).exists()


def test_a_mistyped_model_is_corrected_without_fear_for_answers(serve, job):
    """The directory is that of the wrong name: it is said that starting over loses none."""
    this, silent = job(serve()), serve(faults=Faults(hang=1.0))
    process = this.start("--model", "gpt-6-lunar", "--base-url", silent.base_url)
    wait_until((this.output_dir / "checkpoint.json").exists)
    process.kill()
    process.communicate()
    done = this.run("--model", "gpt-6-luna")
    assert done.returncode == 65
    assert "now gpt-6-luna; it holds no answer yet, so starting over loses none" in done.stderr
    assert this.run("--model", "gpt-6-luna", "--restart").returncode == 0


def test_an_edited_line_that_was_processed_is_refused(serve, job, tmp_path):
    """The input is known by its content up to the watermark: later lines may change, earlier ones not."""
    source = tmp_path / "pairs.jsonl"
    lines = job().input_jsonl.read_text().splitlines(keepends=True)
    source.write_text("".join(lines))
    this = job(serve(), input_jsonl=source)
    this.run("--num-pairs", "6")
    source.write_text("".join([*lines[:5], lines[5].replace("year", "years"), *lines[6:]]))
    assert this.run().returncode == 65

    source.write_text("".join([*lines[:6], lines[6].replace("sample-6", "new-6"), *lines[7:]]))

    assert this.run().returncode == 0
    assert this.records(OUTPUTS[0])[6]["original_note_id"] == "new-6"


def test_removing_the_checkpoint_starts_over_and_loses_nothing(serve, job):
    """The users' old way to begin anew: what was there is moved aside."""
    server = serve(latency=Latency(median_s=0.1))
    this = job(server)
    process = this.start("--concurrency", "4")
    wait_until(
        lambda: (this.output_dir / OUTPUTS[2]).exists() and (this.output_dir / OUTPUTS[2]).stat().st_size > 0
    )
    process.kill()
    process.communicate()
    (this.output_dir / "checkpoint.json").unlink()

    done = this.run("--num-pairs", "5")

    assert done.returncode == 0
    assert "were moved to" in done.stdout
    (aside,) = this.output_dir.glob("superseded-*")
    assert (aside / OUTPUTS[0]).stat().st_size > 0
    assert list(aside.glob("journal-*"))


def test_changed_or_shortened_outputs_are_refused(serve, job):
    """What somebody else wrote into the files is not built upon."""
    this = job(serve())
    this.run("--num-pairs", "6")
    path = this.output_dir / OUTPUTS[1]
    content = path.read_bytes()
    for bad in (content[:-10], content[:-4] + b"xxx\n", content + b"{}\n"):
        path.write_bytes(bad)
        done = this.run()
        assert done.returncode == 65
        assert str(path) in done.stderr


def test_a_second_process_on_the_same_directory_is_turned_away(serve, job):
    """Exit 75 at once, before any call."""
    server = serve(latency=Latency(median_s=0.5))
    this = job(server)
    process = this.start()
    wait_until(lambda: server.counts["requests"] > 0)

    done = this.run()

    assert done.returncode == 75
    assert f"process {process.pid}" in done.stderr
    process.kill()
    process.communicate()


def as_original(this: Job, done: int, *, surplus: int = 0) -> None:
    """Make a directory look like one of the original tool: other spacing, three keys, no state of ours."""
    for name in OUTPUTS:
        each = 2 if name == OUTPUTS[2] else 1
        records = this.records(name)[: (done + surplus) * each]
        (this.output_dir / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    stats = {"total_pairs": 24, "correct_generated": done, "incorrect_used": done, "total_tokens_used": 5}
    content = {"last_completed_idx": done - 1, "stats": stats, "timestamp": "2025-01-01T00:00:00"}
    (this.output_dir / "checkpoint.json").write_text(json.dumps(content))
    (this.output_dir / "generation_stats_safe.json").unlink()
    shutil.rmtree(this.state_dir)


@pytest.mark.parametrize("surplus", [0, 2])
def test_a_run_of_the_original_tool_is_taken_over_when_its_files_agree(serve, job, surplus):
    """What it made is kept byte for byte, also behind its checkpoint; only the rest is asked."""
    golden = job(serve())
    golden.run("--model", "gpt-4o")  # that of the tool, which its directories keep
    this = job(serve())
    this.run("--model", "gpt-4o")
    as_original(this, 10, surplus=surplus)
    kept = this.outputs()
    this.server = serve()

    done = this.run()

    assert done.returncode == 0, done.stderr
    assert f"Resuming from pair {10 + surplus} (checkpoint found)" in done.stdout
    assert this.server.counts["requests"] == (14 - surplus) * 3
    for name, before in kept.items():
        assert (this.output_dir / name).read_bytes().startswith(before)
        assert this.records(name) == golden.records(name)


def test_a_run_of_the_original_tool_is_refused_when_its_files_do_not_agree(serve, job):
    """A checkpoint that says more than the files hold: exit 65 with the numbers, nothing is touched."""
    server = serve()
    this = job(server)
    this.run()
    as_original(this, 10)
    lines = (this.output_dir / OUTPUTS[0]).read_text().splitlines(keepends=True)
    (this.output_dir / OUTPUTS[0]).write_text("".join(lines[:4] + lines[5:]))
    before = this.outputs()

    done = this.run()

    assert done.returncode == 65
    assert "of 10 examples up to pair 9" in done.stderr
    assert this.outputs() == before
    assert this.run("--restart").returncode == 0
    (aside,) = this.output_dir.glob("superseded-*")
    assert (aside / OUTPUTS[0]).read_bytes() == before[OUTPUTS[0]]


def test_a_budget_is_never_exceeded_and_the_next_command_goes_on_with_more(serve, job, first_pairs, golden):
    """Over three commands, a kill in between: what the server counted stays under the budget of each."""
    server = serve(faults=Faults(server_error=0.1, empty=0.05, once=True))
    this = job(server, input_jsonl=first_pairs(60))

    assert this.run("--max-total-tokens", "60000").returncode == 4
    assert 20_000 < server.counts["total_tokens"] <= 60_000
    process = this.start("--max-total-tokens", "120000")
    while server.counts["answers"] < 70:
        assert process.poll() is None
    process.kill()
    process.communicate()
    done = this.run("--max-total-tokens", "120000")

    assert done.returncode == 4
    said = re.search(r"the budget covers no further call: .* tokens.* spent, (\d+) pairs left", done.stderr)
    assert said is not None
    left = 60 - 1 - json.loads((this.output_dir / "checkpoint.json").read_text())["last_completed_idx"]
    assert int(said[1]) == left
    assert server.counts["total_tokens"] <= 120_000
    assert re.search(r"so give at least --max-total-tokens \d+\n", done.stderr)
    assert "--max-total-tokens LARGER" in done.stderr.splitlines()[-1]
    status = [sys.executable, "-m", "asyncgen", "status", str(this.output_dir)]
    said = asyncgen_process.run(status, capture_output=True, text=True, check=True).stdout
    assert re.search(r"so give at least --max-total-tokens \d+\n", said)
    assert re.search(r"^to resume .*--max-total-tokens LARGER", said, re.MULTILINE)
    assert this.run().returncode == 0
    assert this.outputs() == golden(60)
