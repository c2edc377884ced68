"""`asyncgen trace`: from a record to its calls, and the same requests once more."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asyncgen.cli.main import main
from asyncgen.monitor.row_trace import TracedRecord
from asyncgen.rows import ID_FIELDS
from asyncgen.simulator import Faults
from tests import asyncgen_process

from .conftest import OUTPUTS, SAMPLES, Job, clean_env
from .test_endpoints import configure
from .test_regenerate import PREAMBLE, flagged, regenerate, spoil

STEPS = ["paraphrase", "correct_reasoning", "error_reasoning"]
TITLES = """
name = "titles"

[[step]]
name = "title"
user = "Title: {text}"
samples = 3
check = { not-matches = "^(In short|As is known)" }

[[step]]
name = "summary"
user = "Summary of {title.0} and {title.2}: {text}"
check = { not-matches = "^(In short|As is known)" }

[[output]]
file = "titles.jsonl"
line = { id = "{id}", titles = ["{title.0}", "{title.1}", "{title.2}"], summary = "{summary}", calls = "{calls}" }
"""


def trace(this: Job, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command, which leaves the directory as it is."""
    before = everything(this.output_dir)
    command = [sys.executable, "-m", "asyncgen", "trace", str(this.output_dir), *words]
    done = asyncgen_process.run(
        command, check=False, capture_output=True, text=True, timeout=60, env=clean_env(None)
    )
    assert done.returncode == code, done
    assert everything(this.output_dir) == before
    return done


def again(this: Job, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """The same with --again."""
    files = ["--input-jsonl", str(this.input_jsonl), "--prompt-file", str(this.prompt_file)]
    assert this.server is not None
    return trace(this, *words, "--again", *files, "--base-url", this.server.base_url, code=code)


def everything(directory: Path) -> dict[Path, tuple[bytes, int]]:
    """All files, with their times."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def done(job, serve) -> Job:
    """A run in which some attempts failed."""
    this = job(serve(faults=Faults(server_error=0.2)))
    assert this.run().returncode == 0
    return this


def test_a_record_is_found_by_all_that_names_it(done):
    """Index, note id, hash or its beginning, the server's id: the same calls and attempts."""
    record = done.records(OUTPUTS[0])[7]
    request = record["metadata"]["calls"][0]["request"]
    lines = [json.loads(line) for line in (done.state_dir / "calls.jsonl").read_bytes().splitlines()]
    server_id = next(
        line["request_id"] for line in lines if line["request"] == request and line["outcome"] == "ok"
    )
    for name in ("7", record["original_note_id"], request, request[:8], server_id):
        found = json.loads(trace(done, name, "--json").stdout)

        assert (found["index"], found["note_id"]) == (7, record["original_note_id"])
        assert [one["file"] for one in found["records"]] == list(OUTPUTS[:2])
        calls = [call for one in found["records"] for call in one["calls"]]
        assert [call["step"] for call in calls] == STEPS
        attempts = [attempt for call in calls for attempt in call["attempts"]]
        assert sorted(map(str, attempts)) == sorted(str(line) for line in lines if line["index"] == 7)
        assert [call["attempts"][-1]["outcome"] for call in calls] == ["ok"] * 3
        assert (found["other_attempts"], found["again"]) == ([], None)


def test_an_id_that_is_a_number_comes_before_an_index(job, serve, tmp_path):
    """Whoever numbers rows from 1 means those numbers; an index that is no id is one still."""
    rows = [json.loads(line) for line in SAMPLES.read_text().splitlines()[:3]]
    numbered = tmp_path / "numbered.jsonl"
    numbered.write_text("".join(json.dumps(row | {"note_id": str(n)}) + "\n" for n, row in enumerate(rows, 1)))
    this = job(serve(), input_jsonl=numbered, flags=[])
    assert this.run().returncode == 0

    found = [json.loads(trace(this, name, "--json").stdout) for name in ("1", "0")]

    assert [(one["index"], one["note_id"]) for one in found] == [(0, "1"), (0, "1")]
    assert json.loads(trace(this, "2", "--json").stdout)["note_id"] == "2"


def test_a_person_sees_each_call_and_each_attempt(done):
    """With all that the record says of it."""
    said = trace(done, "7").stdout
    for record in (done.records(name)[7] for name in OUTPUTS[:2]):
        for call in record["metadata"]["calls"]:
            assert f"{call['step']}: {call['model']}, stop, {call['usage']['prompt_tokens']:,} + " in said
            for name in ("request", "prompt", "sampling"):
                assert call[name] in said
    lines = (done.state_dir / "calls.jsonl").read_bytes().splitlines()
    assert said.count("attempt ") == sum(b'"index":7,' in line for line in lines)


def test_a_pair_that_failed_and_one_that_does_not_exist(job, serve):
    """The first has attempts and no record, and those behind it are found; the second is an error of usage."""
    this = job(serve(faults=Faults(fail_matching="diabetes", fail_kind="filter")), flags=[])
    assert this.run().returncode == 3
    failed = [json.loads(line) for line in (this.output_dir / "failed.jsonl").read_bytes().splitlines()]
    first = failed[0]
    for name in (str(first["index"]), first["note_id"]):
        found = json.loads(trace(this, name, "--json").stdout)
        assert (found["index"], found["note_id"], found["failure"]) == (first["index"], first["note_id"], first)
        assert found["records"] == []
        assert {line["outcome"] for line in found["other_attempts"]} == {first["error"]}
    assert f"failed: paraphrase: {first['error']}" in trace(this, str(first["index"])).stdout
    last = this.records(OUTPUTS[0])[-1]
    found = json.loads(trace(this, last["original_note_id"], "--json").stdout)
    assert [call["request"] for call in found["records"][0]["calls"]] == [
        call["request"] for call in last["metadata"]["calls"]
    ]
    assert found["records"][0]["calls"][0]["attempts"]
    assert json.loads(trace(this, str(found["index"]), "--json").stdout) == found
    assert "has no pair, note or request '999'" in trace(this, "999", code=2).stderr


def test_the_same_requests_are_sent_again(done):
    """Those of the pair, or the one that was named; a server that is asked the same answers the same here."""
    assert done.server is not None
    before = done.server.counts["requests"]
    found = json.loads(again(done, "7", "--json").stdout)["again"]
    assert [(one["step"], one["same"], one["changed"]) for one in found] == [(step, True, []) for step in STEPS]
    assert [one["request"] for one in found] == [
        call["request"] for name in OUTPUTS[:2] for call in done.records(name)[7]["metadata"]["calls"]
    ]
    assert done.server.counts["requests"] >= before + 3
    said = again(done, found[2]["request"][:10]).stdout
    assert said.count("again: error_reasoning, the same request") == said.count("again: ") == 1
    assert "✓ the same answer" in said


def test_another_answer_stands_beside_the_old_one(job, serve):
    """The simulator answers otherwise to another name of the limit, which makes no other request."""
    done = job(serve(), flags=["--add-reasoning", "--model", "of-nobody"])
    assert done.run().returncode == 0
    old = done.records(OUTPUTS[0])[7]["note"]
    words = ["7", "--max-tokens-field", "max_completion_tokens"]
    first = json.loads(again(done, *words, "--json").stdout)["again"][0]
    assert (first["step"], first["same"], first["old"]) == ("paraphrase", False, old)
    assert first["new"] != old
    assert first["changed"]
    said = again(done, *words).stdout
    assert "  was → became\n" in said
    for change in first["changed"]:
        was, became = (" ".join(change[name].split()) or "∅" for name in ("was", "became"))
        assert f"    {was} → {became}\n" in said


def test_pairs_that_were_regenerated_are_asked_with_their_seed(job, serve, monkeypatch):
    """It is part of the request; what had been asked before is listed without a record."""
    spoil(monkeypatch, lambda note, key: PREAMBLE + note if key % 3 == 0 else note)
    this = job(serve())
    assert this.run().returncode == 0
    bad = flagged(this)
    assert regenerate(this).returncode == 0
    index = next(index for index in bad if index not in flagged(this))

    found = json.loads(again(this, str(index), "--json").stdout)

    assert [(one["step"], one["same"]) for one in found["again"]] == [(step, True) for step in STEPS]
    assert sorted(line["step"] for line in found["other_attempts"]) == sorted(STEPS)


def test_samples_and_answers_after_rejected_ones_are_asked_with_their_numbers(serve, tmp_path):
    """A number is part of the request, as the seed; and an answer shown again is not a second sample."""
    recipe, rows = tmp_path / "titles.toml", tmp_path / "rows.jsonl"
    recipe.write_text(TITLES)
    rows.write_text("".join(f'{{"id": "{n}", "text": "note number {n} about a cough"}}\n' for n in range(12)))
    server = serve()
    files = ["--input-jsonl", str(rows), "--recipe", str(recipe), "--base-url", server.base_url]
    this = Job(tmp_path / "out")
    command = [sys.executable, "-m", "asyncgen", "run", *files, "--output-dir", str(this.output_dir)]
    for code in (3, 0):  # the second start goes on behind three answers that were rejected
        done = asyncgen_process.run(command, check=False, timeout=60, env=clean_env(None))
        assert done.returncode == code
    calls = [json.loads(line) for line in (this.state_dir / "calls.jsonl").read_bytes().splitlines()]
    rejected = [call for call in calls if call["outcome"] == "check_not_matches"]
    assert {call["step"] for call in rejected} == {"title", "title.2", "title.3", "summary"}
    for index in {call["index"] for call in rejected}:
        found = json.loads(trace(this, str(index), "--again", *files, "--json").stdout)
        assert [(one["step"], one["same"]) for one in found["again"]] == [
            ("title", True),
            ("title.2", True),
            ("title.3", True),
            ("summary", True),
        ]
        assert [one["request"] for one in found["again"]] == [
            call["request"] for call in found["records"][0]["calls"]
        ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("prompt", "correct_paraphrase_system changed"),
        ("model", "model was gpt-6-luna, now gpt-4o-mini"),
        ("input", "pair 7 of the input is not the one that was asked about"),
    ],
)
def test_what_would_be_another_request_is_not_sent(done, tmp_path, change, why):
    """And what differs is said."""
    assert done.server is not None
    before = done.server.counts["requests"]
    words = ["7", *(["--model", "gpt-4o-mini"] if change == "model" else [])]
    if change == "prompt":
        prompts = json.loads(done.prompt_file.read_text())
        prompts["correct_paraphrase_system"] += " Be brief."
        done.prompt_file = tmp_path / "prompts.json"
        done.prompt_file.write_text(json.dumps(prompts))
    if change == "input":
        lines = done.input_jsonl.read_bytes().splitlines(keepends=True)
        done.input_jsonl = tmp_path / "pairs.jsonl"
        done.input_jsonl.write_bytes(b"".join(reversed(lines)))

    said = again(done, *words, code=65).stderr

    assert "paraphrase cannot be asked again" in said
    assert why in said
    assert done.server.counts["requests"] == before


def test_in_a_shard_and_in_what_was_merged_of_shards_pairs_have_the_index_of_the_input(job, serve, tmp_path):
    """By index, note id and request; also behind a pair that failed; and they are asked again."""
    server = serve(faults=Faults(fail_matching="diabetes", fail_kind="filter"))
    shards = [job(server, flags=["--add-reasoning", "--shard", f"{number}/3"]) for number in (1, 2, 3)]
    assert {one.run().returncode for one in shards} == {0, 3}
    merged = job(server)
    words = [str(one.output_dir) for one in shards]
    command = [sys.executable, "-m", "asyncgen", "merge", *words, "--output-dir", str(merged.output_dir)]
    assert asyncgen_process.run(command, check=False, capture_output=True, timeout=60).returncode == 3
    places = [json.loads(line)["note_id"] for line in merged.input_jsonl.read_bytes().splitlines()]
    failures = [json.loads(line) for line in (merged.output_dir / "failed.jsonl").read_bytes().splitlines()]
    broken = next(one for one in shards if (one.output_dir / "failed.jsonl").exists() and one is not shards[0])
    for this in (broken, merged):
        record = this.records(OUTPUTS[0])[-1]
        index = places.index(record["original_note_id"])
        assert any(one["index"] < index for one in failures)
        request = record["metadata"]["calls"][0]["request"]
        for name in (str(index), record["original_note_id"], request):
            found = json.loads(trace(this, name, "--json").stdout)
            assert (found["index"], found["note_id"]) == (index, record["original_note_id"])
            assert found["records"][0]["calls"] == [
                {**call, "attempts": found["records"][0]["calls"][place]["attempts"]}
                for place, call in enumerate(record["metadata"]["calls"])
            ]
            assert all(call["attempts"] for call in found["records"][0]["calls"])
        asked = json.loads(again(this, str(index), "--json").stdout)["again"]
        assert [(one["step"], one["same"]) for one in asked] == [(step, True) for step in STEPS]
    assert "give an index from 8 to 15, a note id" in trace(shards[1], "7", code=2).stderr


def test_a_run_at_several_endpoints_is_asked_again_there(job, serve, tmp_path):
    """At any of those that are chosen, also when the first one does not want its key any more."""
    good, bad = serve(), serve(faults=Faults(auth_after=1))
    this = job(flags=["--add-reasoning", *configure(tmp_path / "one.toml", b={"base_url": good.base_url})])
    assert this.run().returncode == 0
    files = ["--input-jsonl", str(this.input_jsonl), "--prompt-file", str(this.prompt_file)]
    tables = {"a": {"base_url": bad.base_url}, "b": {"base_url": good.base_url}}
    flags = configure(tmp_path / "two.toml", **tables)
    found = json.loads(trace(this, "7", "--again", *files, *flags, "--share", "1/2", "--json").stdout)["again"]
    assert [(one["step"], one["same"]) for one in found] == [(step, True) for step in STEPS]


def test_the_budget_holds_for_it_too(done):
    """What the directory has spent counts."""
    assert done.server is not None
    before = done.server.counts["requests"]
    assert "the budget covers no further call" in again(done, "7", "--max-cost", "0.0001", code=4).stderr
    assert done.server.counts["requests"] == before


def test_the_files_of_the_run_are_needed_for_it(done):
    """Exit 2."""
    assert "--again needs --input-jsonl and --prompt-file" in trace(done, "7", "--again", code=2).stderr


@pytest.mark.parametrize("which", ["9" * 5000, "\udcff"])
def test_a_name_of_any_kind_is_looked_for(done: Job, which: str) -> None:
    """More digits than Python converts; bytes that are no UTF-8."""
    assert "Traceback" not in trace(done, which, code=2).stderr


@pytest.mark.parametrize("name", ID_FIELDS)
def test_a_row_is_found_by_whatever_field_of_its_lines_holds_its_id(tmp_path, monkeypatch, capsys, name):
    """The names that inputs have for it, which a recipe may keep in its lines."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "in.jsonl").write_text("".join(f'{{"{name}": "ward-{n}", "text": "{n}"}}\n' for n in range(3)))
    (tmp_path / "r.toml").write_text(
        'name = "r"\n[[step]]\nname = "summary"\nuser = "{text}"\n'
        f'[[output]]\nfile = "r.jsonl"\nline = {{ {name} = "{{id}}", s = "{{summary}}" }}\n'
    )
    run = [
        "run",
        "--recipe",
        str(tmp_path / "r.toml"),
        "--input",
        str(tmp_path / "in.jsonl"),
        "--simulate",
        "fast",
    ]
    assert main([*run, "--output-dir", str(tmp_path / "out"), "-q", "--no-progress"]) == 0
    capsys.readouterr()

    assert main(["trace", str(tmp_path / "out"), "ward-2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["index"], found["note_id"], found["records"][0]["file"]) == (2, "ward-2", "r.jsonl")


def test_the_row_of_an_answered_request_is_called_by_its_own_id_not_the_servers() -> None:
    """Which stands before it in the line."""
    assert TracedRecord("a", {"id": "batch_req_1", "custom_id": "a", "response": None}).note_id == "a"
