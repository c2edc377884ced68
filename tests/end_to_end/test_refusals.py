"""What is wrong with a command or its files is said in a line or two, before anything is paid or written."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from tests import asyncgen_process

from .conftest import SAMPLES, Job, clean_env


def refused(this: Job, *more: str, key: str = "some-key") -> tuple[int, str]:
    """Exit code and message; nothing may have been written."""
    done = this.run(*more, env={"OPENAI_API_KEY": key})
    assert "Traceback" not in done.stderr
    assert not this.output_dir.exists()
    return done.returncode, done.stderr


def test_every_bad_line_is_listed_by_number_and_kind(serve, job, tmp_path):
    """Exit 65 before any call; nothing is written."""
    good = job().input_jsonl.read_bytes().splitlines(keepends=True)
    fields = json.loads(good[0])
    source = tmp_path / "bad.jsonl"
    source.write_bytes(
        good[0]
        + b"not json\n"
        + b"[1]\n"
        + json.dumps({**fields, "correct_note": None}).encode()
        + b"\n"
        + b'{"note_id": "\xff"}\n'
        + json.dumps({**fields, "incorrect_note": "a\x00b"}).encode()
        + b"\n"
        + good[1]
    )
    server = serve()
    this = job(server, input_jsonl=source)

    code, message = refused(this)

    assert code == 65
    for number, kind in (
        (2, "not JSON"),
        (3, "not a JSON object"),
        (4, "no correct_note"),
        (5, "not UTF-8"),
        (6, "NUL character in incorrect_note"),
    ):
        assert f"line {number}: {kind}" in message
    assert "5 lines are not pairs" in message
    assert server.counts["requests"] == 0
    done = this.run("--skip-bad")
    assert done.returncode == 0
    assert "line 2: not JSON" in done.stderr
    assert [r["original_note_id"] for r in this.records("sft_correct.jsonl")] == ["sample-0", "sample-1"]


def test_a_mistyped_flag_is_answered_with_the_one_that_was_meant(job):
    """And with the help of the command, not of all of them."""
    code, message = refused(job(flags=["--simulate"]), "--add-resoning")

    assert code == 2
    assert message == (
        "asyncgen run: unrecognized arguments: --add-resoning; did you mean --add-reasoning?\n"
        "see asyncgen run --help\n"
    )
    assert refused(job(flags=["--simulate"]), "--xyzzy", "x")[1] == (
        "asyncgen run: unrecognized arguments: --xyzzy x\nsee asyncgen run --help\n"
    )


def test_a_pattern_that_the_shell_replaced_by_several_files_is_told_to_be_joined(job):
    """All but the first stand there as words that belong to no flag."""
    code, message = refused(job(flags=["--simulate", "fast"]), str(SAMPLES))

    assert code == 2
    assert f"{SAMPLES}; --input takes one file: join several first (cat FILES > rows.jsonl)\n" in message


def test_a_misspelt_flag_is_named_rather_than_the_one_that_lacks_for_it(job):
    """The user thinks that it is there."""
    this = job(flags=["--simulate"])
    words = [
        f"--output-dr={word}" if last == "--output-dir" else word
        for last, word in zip(["", *this.argv], this.argv, strict=False)
        if word != "--output-dir"
    ]
    done = asyncgen_process.run(words, capture_output=True, text=True, timeout=60, env=clean_env(None))

    assert done.returncode == 2
    assert done.stderr == (
        "asyncgen run: unrecognized arguments: --output-dr; did you mean --output-dir?\nsee asyncgen run --help\n"
    )


def test_a_missing_key_is_not_asked_for_before_what_else_is_wrong_is_said(job, tmp_path):
    """A user without one would get it, only to be told of a misspelt recipe."""
    assert refused(job(flags=["--recipe", "medec_saf"]), key="")[0] == 2
    assert "did you mean medec_safe?" in refused(job(flags=["--recipe", "medec_saf"]), key="")[1]
    assert refused(job(), key="")[0] == 77


def test_bad_lines_that_an_earlier_start_skipped_are_listed_in_the_words_of_flags(job, tmp_path):
    """Though the file need not be read again."""
    source = tmp_path / "bad.jsonl"
    good = job().input_jsonl.read_bytes().splitlines(keepends=True)[0]
    fields = {name: value for name, value in json.loads(good).items() if name != "correct_note"}
    source.write_bytes(good + json.dumps(fields).encode() + b"\n")
    this = job(input_jsonl=source, flags=["--simulate"])
    assert this.run("--skip-bad").returncode == 0

    done = this.run()

    assert done.returncode == 65
    assert "line 2: no correct_note; the fields here are note_id, " in done.stderr
    assert ": --field correct_note=FIELD says which it is" in done.stderr


def test_a_table_is_told_from_pairs_and_not_listed_line_by_line(job, tmp_path):
    """Exit 65 with one line for all that lack the same, and the command that makes pairs of it."""
    source = tmp_path / "the set.csv"
    source.write_text("Text ID,Text,Sentences\n" + "ms-1,some text,0 some\n" * 5000)

    code, message = refused(job(input_jsonl=source))

    assert code == 65
    assert f"5,000 lines are not pairs in {source}:\n  line 2: no note_id" in message
    assert "\n  lines 3-5001: no note_id" in message
    assert "asyncgen prepare medec" in message
    assert " more\n" not in message


def test_bad_lines_are_listed_though_they_may_be_skipped_where_none_is_left(job, tmp_path):
    """`--skip-bad` cannot help, and the reasons tell what the file is."""
    source = tmp_path / "bad.jsonl"
    source.write_text('{"note_id": "a", "correct_note": "b"}\n' * 2 + "x\n")

    code, message = refused(job(input_jsonl=source), "--skip-bad")

    assert code == 65
    assert "3 lines are not pairs" in message
    assert re.search(
        r"\n  line 1: no incorrect_note.*\n  line 2: no incorrect_note.*\n  line 3: not JSON: .*\nthe input",
        message,
    )
    assert message.endswith("the input holds no pair\n")


def test_bad_lines_between_good_ones_are_all_listed(job, tmp_path):
    """However many they are, by number; nothing is said of tables."""
    source = tmp_path / "mixed.jsonl"
    good = b"".join(job().input_jsonl.read_bytes().splitlines(keepends=True)[:2])
    source.write_bytes(good + b"a, b\n" * 1500 + good + b"a, b\n[]\n")

    _, message = refused(job(input_jsonl=source))

    assert "1,502 lines are not pairs" in message
    assert (
        "\n  line 3: not JSON: expecting value\n  lines 4-1502: not JSON: expecting value\n"
        "  line 1505: not JSON: expecting value\n  line 1506: not a JSON object\n" in message
    )
    assert "--skip-bad" in message
    assert "CSV" not in message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "not valid JSON"),
        ("[]", "JSON object"),
        ('{"correct_paraphrase_system": "x"}', "correct_paraphrase_user"),
        ('{"correct_paraphrase_system": "x", "correct_paraphrase_user": "no place"}', "{note}"),
        (
            '{"correct_paraphrase_system": "x", "correct_paraphrase_user": "{note}", "generation_params": '
            '{"correct_paraphrase": {"temperature": "hot"}}}',
            "temperature",
        ),
    ],
)
def test_a_prompt_file_that_cannot_work_is_refused(job, tmp_path, content, word):
    """Exit 65 and what is missing."""
    path = tmp_path / "prompts.json"
    path.write_text(content)

    code, message = refused(job(prompt_file=path, flags=["--simulate", "fast"]))

    assert code == 65
    assert word in message


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--concurrency", "0"], "--concurrency"),
        (["--concurrency", "many"], "--concurrency"),
        (["--timeout", "-1"], "--timeout"),
        (["--num-pairs", "0"], "--num-pairs"),
        (["--rpm", "nan"], "--rpm"),
        (["--base-url", "ftp://host"], "--base-url"),
        (["--base-url", "https://me:secret@host/v1"], "--base-url"),
        (["--no-such-flag"], "--no-such-flag"),
        (["--input-jsonl", "/no/such/file"], "/no/such/file"),
        (["--input-jsonl", "/"], "/"),
        (["--output-dir", __file__], "test_refusals.py is a file: name a directory"),
        (["--output-dir", f"{__file__}/a/b"], "b is below " + __file__ + ", which is a file: name a directory"),
        (["--prompt-file", "/no/such/file"], "/no/such/file"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(job, more, word):
    """Exit 2, one or two lines, no secret in them."""
    code, message = refused(job(flags=[]), *more)

    assert code == 2
    assert word in message
    assert "secret" not in message
    assert len(message.splitlines()) <= 2


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/v1", "127.0.0.1:9: the connection was refused"),
        ("http://no-such-host.invalid/v1", "no-such-host.invalid:80: the name was not found"),
    ],
)
def test_an_address_that_nothing_can_be_sent_to_ends_the_run_before_pairs_fail(job, address, said):
    """Exit 75 and one line that names the address; the pairs are not given up, the same command asks them."""
    this = job()

    done = this.run(
        "--base-url", address, "--allow-http", "--max-attempts", "2", env={"OPENAI_API_KEY": "some-key"}
    )

    assert done.returncode == 75
    assert f"❌ no connection to {said}, and no call was answered; check --base-url" in done.stderr
    assert "Error processing pair" not in done.stderr
    assert "some-key" not in done.stderr
    assert not (this.output_dir / "failed.jsonl").exists()


def test_an_empty_input_is_refused(job, tmp_path):
    """No pair at all is bad data, not a finished run."""
    (tmp_path / "empty.jsonl").write_bytes(b"\n  \n")

    code, message = refused(job(input_jsonl=tmp_path / "empty.jsonl", flags=["--simulate", "fast"]))

    assert code == 65
    assert "no pair" in message


def test_without_a_key_a_hosted_endpoint_is_refused(job):
    """Exit 77 and where the key goes."""
    code, message = refused(job(), key="")

    assert code == 77
    assert "OPENAI_API_KEY" in message
    assert "--simulate" in message
    assert "--local" in message


def test_an_unknown_simulator_profile_names_the_known_ones(job):
    """Exit 2, with the names."""
    code, message = refused(job(flags=["--simulate", "nope"]))

    assert code == 2
    assert "faulty" in message


def test_a_read_only_place_is_a_disk_error(job, tmp_path):
    """Exit 74 names the directory."""
    this = job(flags=["--simulate", "fast"])
    this.output_dir = Path("/proc/asyncgen-output")

    done = this.run()

    assert done.returncode == 74
    assert "/proc/asyncgen-output" in done.stderr


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--concurrency", "200"), 2)])
def test_a_process_that_may_open_few_sockets_says_so(job, flags, code):
    """Left to itself it stays below; a number that cannot be had is refused."""
    words = ["bash", "-c", 'ulimit -n 200; exec "$@"', "bash", *job().argv, "--simulate", "fast", *flags]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60, env=clean_env(None))
    assert done.returncode == code, done.stderr
    if code:
        assert "lets a process open 136: lower it, or raise `ulimit -n`" in done.stderr
    else:
        assert "at most 136 calls are in flight" in done.stdout


def test_what_a_directory_was_begun_with_is_named_where_it_was_forgotten(job, tmp_path):
    """Else the recipe that is meant by default asks for its prompts, and nobody knows what for."""
    this = job(flags=["--simulate", "fast"])
    assert this.run("--num-pairs", "1").returncode == 0
    bare = ["run", "--input", str(this.input_jsonl), "--output-dir", str(this.output_dir), "--simulate", "fast"]

    def said(*words: str) -> str:
        argv = [sys.executable, "-m", "asyncgen", *words]
        done = asyncgen_process.run(argv, capture_output=True, text=True, timeout=60, env=clean_env(None))
        assert done.returncode == 2
        return done.stderr

    assert "out-0 was begun with --prompt-file medec_safe: give that again" in said(*bare)
    mails = str(tmp_path / "mails")
    sample = shipped("samples", "mails.jsonl")
    asyncgen_process.run(
        [
            sys.executable,
            "-m",
            "asyncgen",
            *bare[:1],
            "--input",
            str(sample),
            "--output-dir",
            mails,
            "--recipe",
            "mails",
            *bare[5:],
        ],
        check=True,
        capture_output=True,
        timeout=60,
        env=clean_env(None),
    )
    assert "mails was begun with --recipe mails: give that again" in said(
        "run", "--input", str(sample), "--output-dir", mails
    )


def test_a_file_that_was_edited_by_hand_can_be_put_back(job):
    """Starting over, which would be paid again, is not the only way."""
    this = job(flags=["--simulate", "fast"])
    assert this.run("--num-pairs", "2").returncode == 0
    edited = this.output_dir / "sft_correct.jsonl"
    written = edited.read_bytes()
    for content in (written.replace(b"e", b"a"), written[:-9]):
        edited.write_bytes(content)
        done = this.run()
        assert done.returncode == 65
        assert ": put it back as it was if you can; choose another --output-dir, or --restart" in done.stderr
    edited.write_bytes(written)
    assert this.run().returncode == 0
