"""The job itself: what goes in, what comes out, by the letter of the data's description."""

import json
from collections.abc import Callable
from pathlib import Path

from asyncgen.config.shipped import shipped
from asyncgen.simulator import Faults

from .conftest import OUTPUTS, PROMPTS, SAMPLES, Job

MakeJob = Callable[..., Job]


def lines(path: Path) -> list[str]:
    """Lines of a file, split on LF alone."""
    return path.read_text().split("\n")[:-1]


def test_pairs_become_three_files_that_agree_with_the_input_field_by_field(serve, job, first_pairs):
    """Every record is what the data's description says, in input order."""
    source = first_pairs(150)
    this = job(serve(), input_jsonl=source)

    assert this.run().returncode == 0

    pairs = [json.loads(line) for line in lines(source)]
    correct, incorrect, combined = (this.records(name) for name in OUTPUTS)
    assert len(pairs) == len(correct) == len(incorrect) == 150
    for pair, good, bad in zip(pairs, correct, incorrect, strict=True):
        assert list(good) == ["note", "label", "original_note_id", "source", "metadata", "reasoning"]
        assert good["note"] != pair["correct_note"]
        assert good["note"] == good["note"].strip()
        assert good["label"] == "CORRECT"
        assert good["original_note_id"] == bad["original_note_id"] == pair.get("note_id", pair.get("text_id"))
        assert good["source"] == "medec_correct_paraphrased"
        assert good["metadata"]["generation_type"] == "correct_paraphrase"
        assert good["metadata"]["gpt4o_tokens"] > 0
        assert list(good["reasoning"])[:2] == ["clinical_summary", "key_findings"]
        assert list(bad) == [
            "note",
            "label",
            "original_note_id",
            "error_type",
            "error_location",
            "correction",
            "source",
            "metadata",
            "reasoning",
        ]
        assert bad["note"] == pair["incorrect_note"]
        assert bad["label"] == "INCORRECT"
        assert bad["error_type"] == pair.get("error_type", "unknown")
        assert bad["error_location"] == pair["error_sentence"]
        assert bad["correction"] == pair["corrected_sentence"]
        assert bad["source"] == "medec_incorrect_verified"
        assert bad["metadata"]["generation_type"] == "medec_verified_error"
        assert bad["reasoning"]["why_wrong"]
    good_lines, bad_lines, both = (lines(this.output_dir / name) for name in OUTPUTS)
    assert both == [line for pair in zip(good_lines, bad_lines, strict=True) for line in pair]
    assert len(combined) == 300


def test_the_statistics_count_what_was_made_and_what_it_cost(serve, job):
    """The statistics have the counters that users know, and the tokens that the server counted."""
    server = serve()
    this = job(server)

    this.run()

    stats = json.loads((this.output_dir / "generation_stats_safe.json").read_text())
    expected = {
        "total_pairs": 24,
        "correct_generated": 24,
        "incorrect_used": 24,
        "correct_failed": 0,
        "correct_reasoning_added": 24,
        "correct_reasoning_failed": 0,
        "incorrect_reasoning_added": 24,
        "incorrect_reasoning_failed": 0,
        "total_tokens_used": server.counts["total_tokens"],
    }
    assert {name: stats[name] for name in expected} == expected
    assert not (this.output_dir / "checkpoint.json").exists()


def test_without_reasoning_there_is_one_call_a_pair_and_reasoning_is_null(serve, job):
    """The plain job asks for the paraphrase alone."""
    server = serve()
    this = job(server, flags=[])

    this.run()

    assert server.counts["requests"] == 24
    assert {record["reasoning"] for name in OUTPUTS for record in this.records(name)} == {None}


def test_an_older_prompt_file_without_correct_reasoning_is_valid(serve, job, tmp_path):
    """CORRECT examples then carry null, INCORRECT ones their reasoning; braces and extra keys are no matter."""
    content = json.loads(PROMPTS.read_text())
    for name in ("correct_reasoning_system", "correct_reasoning_user"):
        del content[name]
    content["correct_paraphrase_system"] += ' Like {"this": {}} or {note}.'
    content["metadata"] = {"version": 3, "checks": ["{x}"]}
    content["generation_params"]["notes"] = "tuned by hand"
    older = tmp_path / "older.json"
    older.write_text(json.dumps(content))
    server = serve()
    this = job(server, prompt_file=older)

    assert this.run().returncode == 0

    assert server.counts["requests"] == 48
    assert {record["reasoning"] for record in this.records(OUTPUTS[0])} == {None}
    assert all(record["reasoning"] for record in this.records(OUTPUTS[1]))


def test_notes_with_braces_and_odd_line_breaks_come_through_as_text(serve, job, tmp_path):
    """Nothing in a note is read as a template, and no character of an incorrect note changes."""
    odd = (
        'He said "{note}" and {note.__class__} {0} {{}} {correct_note}\u2028next\u2029line\x85 38 °C\r\n'
        "\ttab \\ back / é 漢 \U0001f600 trailing  "
    )
    source = tmp_path / "odd.jsonl"
    rows = [
        {
            "note_id": f"odd-{n}",
            "correct_note": f"A {n}-year-old man comes to the clinic. {odd}",
            "incorrect_note": f"A {n}-year-old man. {odd}",
            "error_type": "diagnosis",
        }
        for n in range(40, 45)
    ]
    source.write_text("".join(json.dumps(row, ensure_ascii=n % 2 == 0) + "\n" for n, row in enumerate(rows)))
    this = job(serve(), input_jsonl=source)

    assert this.run().returncode == 0

    assert [record["note"] for record in this.records(OUTPUTS[1])] == [row["incorrect_note"] for row in rows]
    for record in this.records(OUTPUTS[0]):
        assert '"{note}" and {note.__class__} {0} {{}} {correct_note}\u2028next\u2029line\x85' in record["note"]
    assert this.records(OUTPUTS[1])[0]["error_location"] is None
    assert "漢" in (this.output_dir / OUTPUTS[1]).read_text()


def test_the_users_script_takes_the_same_flags_from_any_directory(job, tmp_path, monkeypatch):
    """The old script's name goes on working, with paths relative to where the user stands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.jsonl").write_bytes(SAMPLES.read_bytes())
    this = job(
        command=[str(shipped().parent / "scripts" / "generate_sft_data_safe.py")],
        input_jsonl=Path("pairs.jsonl"),
        flags=["--num-pairs", "10", "--batch-size", "3", "--save-every", "2", "--simulate", "fast"],
    )
    this.output_dir = Path("out")

    done = this.run()

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == [
        f"Input:   {tmp_path / 'pairs.jsonl'}",
        f"Output:  {tmp_path / 'out'}",
        f"Prompts: {PROMPTS}",
    ]
    assert f"Loaded 10 MEDEC pairs from {tmp_path / 'pairs.jsonl'}" in done.stdout
    assert len(this.records(OUTPUTS[0])) == 10


def test_faults_change_nothing_in_the_outputs_and_cost_exactly_their_own_attempts(serve, job, samples_golden):
    """Refusals, errors, drops and hangs are asked again, each once, and leave no trace."""
    for faults in (
        Faults(rate_limit=0.1),
        Faults(server_error=0.1),
        Faults(drop=0.1),
        Faults(hang=0.1),
        Faults(rate_limit=0.03, server_error=0.03, drop=0.03, hang=0.03),
    ):
        server = serve(faults=faults)
        this = job(server)

        assert this.run("--timeout", "2").returncode == 0

        counts = server.counts
        assert this.outputs() == samples_golden
        assert sum(counts["faults"].values()) > 0
        assert counts["requests"] == 72 + sum(counts["faults"].values())
        assert counts["answered_again"] == 0


def test_no_note_text_is_in_anything_but_outputs_and_journal(serve, job, tmp_path):
    """Servers quote notes in their errors; the screen, the log, the checkpoint and the call list do not."""
    canary = "Zanzibar tungsten"
    source = tmp_path / "pairs.jsonl"
    rows = [json.loads(line) for line in lines(SAMPLES)]
    rows = [{**row, "correct_note": f"{row['correct_note']} {canary}."} for row in rows]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    server = serve(faults=Faults(bad_request=0.2, bad_json=0.1, empty=0.1, server_error=0.2))
    this = job(server, input_jsonl=source)
    log = tmp_path / "log.jsonl"

    done = this.run("-v", "--log-file", str(log), env={"OPENAI_LOG": "debug"})

    assert done.returncode == 3
    assert canary in this.journal().decode()
    assert '"status":400' in log.read_text()
    for name, text in {
        "stdout": done.stdout,
        "stderr": done.stderr,
        "log": log.read_text(),
        **{
            path.name: path.read_text()
            for path in this.output_dir.rglob("*")
            if path.is_file() and path.name not in OUTPUTS and not path.name.startswith("journal-")
        },
    }.items():
        assert canary not in text, name


def test_directories_and_files_are_for_the_user_alone(serve, job):
    """0700 and 0600 whatever the umask; a link in the place of a file is refused, not followed."""
    this = job(serve())
    this.run("--num-pairs", "3")

    for path in [this.output_dir, *this.output_dir.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    linked = job(serve())
    linked.output_dir.mkdir()
    (linked.output_dir / OUTPUTS[0]).symlink_to(linked.output_dir.parent / "elsewhere")
    done = linked.run()
    assert done.returncode == 74
    assert OUTPUTS[0] in done.stderr
    assert not (linked.output_dir.parent / "elsewhere").exists()
