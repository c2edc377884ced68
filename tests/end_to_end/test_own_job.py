"""A job of one's own, from nothing to a file: init, preview, run; and what helps to type it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.recipes import shipped_names
from tests import asyncgen_process

RECIPES = [name for name in shipped_names() if name != "medec_safe"]


def asyncgen(directory: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command, run in a directory, without a key."""
    env = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"} | variables
    command = [sys.executable, "-m", "asyncgen", *words]
    return asyncgen_process.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)


def test_a_new_job_runs_as_it_is(tmp_path: Path) -> None:
    """What is written can be looked at and run at once; the files say where one's own rows go."""
    begun = asyncgen(tmp_path, "init", "letters")
    assert begun.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letters.rows.jsonl", "letters.toml", "run.toml"]
    assert begun.stdout.splitlines()[-1] == "next: asyncgen preview --config run.toml --simulate"
    shown = asyncgen(tmp_path, "preview", "--config", "run.toml", "--simulate", "--rows", "1")
    assert shown.stdout.splitlines()[-1] == "next: asyncgen run --config run.toml --simulate"
    ran = asyncgen(tmp_path, "run", "--config", "run.toml", "--simulate", "--no-progress")
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in (tmp_path / "out" / "letters.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["1", "2", "3"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_shipped_recipe_is_begun_with_rows_that_fit(tmp_path: Path, name: str) -> None:
    """Each recipe of the gallery is copied with samples that it takes, and its prompts can be shown."""
    assert asyncgen(tmp_path, "init", name).returncode == 0
    assert (tmp_path / f"{name}.toml").read_text() == shipped("recipes", f"{name}.toml").read_text()
    shown = asyncgen(tmp_path, "preview", "--config", "run.toml", "--prompts-only", "--rows", "1")
    assert shown.returncode == 0, shown.stderr
    assert "  user:" in shown.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """One file that is there is enough: nothing is written, and it is named."""
    (tmp_path / "run.toml").write_text("mine")
    begun = asyncgen(tmp_path, "init")
    assert begun.returncode == 2
    assert "already has run.toml: choose another --directory" in begun.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run.toml"]


@pytest.mark.parametrize("name", ["../up", "a b", "", "1st", "x" * 65, "a\nb", "run", "Run"])
def test_a_name_is_a_name(tmp_path: Path, name: str) -> None:
    """It becomes the name of files, none of which is another's; what is said of it is one line."""
    begun = asyncgen(tmp_path, "init", name)
    assert begun.returncode == 2
    assert len(begun.stderr.splitlines()) == 1
    assert "Traceback" not in begun.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_preview_shows_prompts_answers_and_lines_and_keeps_nothing(tmp_path: Path) -> None:
    """All of the chosen rows, in order; the temporary directory goes."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    words = ["--input", str(shipped("samples", "mails.jsonl")), "--recipe", "mails", "--rows", "2", "--simulate"]
    shown = asyncgen(tmp_path, "preview", *words, TMPDIR=str(temporary))
    assert shown.returncode == 0, shown.stderr
    assert [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("── ")] == [
        "mail-1",
        "mail-2",
    ]
    assert shown.stdout.count("Subject: Invoice 2231") == 1
    assert shown.stdout.count("mails.jsonl:") == 2
    assert "4 calls" in shown.stdout.splitlines()[-2]
    assert shown.stdout.startswith("Address: http://127.0.0.1:")
    assert list(temporary.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]


def test_a_preview_shows_all_messages_of_a_conversation(tmp_path: Path) -> None:
    """In the order in which they are sent, each under its role."""
    samples = shipped("samples", "conversations.jsonl")
    words = ["--recipe", "conversation", "--input", str(samples), "--rows", "1", "--prompts-only"]

    lines = asyncgen(tmp_path, "preview", *words).stdout.splitlines()

    said = [line.strip() for line in lines if line in {f"  {role}:" for role in ("system", "user", "assistant")}]
    assert said == ["system:", *["user:", "assistant:"] * 3, "user:"]
    assert lines.index("    Can I bring a dog?") < lines.index("    I have lost my card.")


def test_a_preview_shows_the_answers_that_are_not_accepted(tmp_path: Path) -> None:
    """Each with the reason: nobody sees otherwise why a row fails."""
    (tmp_path / "tr.toml").write_text(TRANSLATION.replace("[[output]]", "check = { max-words = 1 }\n[[output]]"))
    (tmp_path / "rows.jsonl").write_text('{"text":"one two three"}\n')
    shown = asyncgen(tmp_path, "preview", "--recipe", "tr.toml", "--input", "rows.jsonl", "--simulate")
    assert shown.stdout.count("  answer, which is not accepted (max_words):\n") == 3, shown
    assert shown.stdout.count(": Translate: one two three\n") == 3
    assert "  failed:\n    check_max_words\n" in shown.stdout


def test_a_preview_shows_arabic_and_hebrew_as_they_are(tmp_path: Path) -> None:
    """Signs for the direction of writing are part of such texts; those that control a terminal are not shown."""
    text = "\u202b\u05e9\u05dc\u05d5\u05dd \u2066asyncgen\u2069\u202c\x1b[2J"
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": 1, "subject": "s", "body": text}) + "\n")
    shown = asyncgen(tmp_path, "preview", "--recipe", "mails", "--input", "rows.jsonl", "--prompts-only")
    assert text.replace("\x1b", "\ufffd") in shown.stdout


def test_a_preview_names_the_keys_of_the_recipe_file(tmp_path: Path) -> None:
    """As the run does: it has no prompt file."""
    (tmp_path / "broken.toml").write_text("[faults]\nbad_answer_json = 1.0\n")
    words = ["--recipe", "mails", "--input", str(shipped("samples", "mails.jsonl")), "--rows", "1"]
    shown = asyncgen(tmp_path, "preview", *words, "--simulate", "broken.toml")
    assert "invalid_json" in shown.stderr
    assert "schema of the step" in shown.stderr


def test_a_preview_says_that_the_cache_keeps_its_answers(tmp_path: Path) -> None:
    """The file stays, and so does the text in it."""
    words = ["--input", str(shipped("samples", "mails.jsonl")), "--recipe", "mails", "--rows", "1", "--simulate"]
    shown = asyncgen(tmp_path, "preview", *words, "--cache", "answers.db")
    said = shown.stdout.splitlines()[-2]
    assert said.endswith(f"nothing was kept, but the answers in {tmp_path}/answers.db")


def test_a_preview_of_prompts_needs_no_key(tmp_path: Path) -> None:
    """Nothing is asked."""
    words = ["--input", str(shipped("samples", "pairs.jsonl")), "--prompt-file", "medec_safe", "--rows", "1"]
    shown = asyncgen(tmp_path, "preview", *words, "--prompts-only")
    assert shown.returncode == 0, shown.stderr
    assert "[paraphrase]" in shown.stdout
    assert "answer" not in {line.split("(")[0].strip() for line in shown.stdout.splitlines()}
    assert asyncgen(tmp_path, "preview", *words).returncode == 77


TRANSLATION = (
    'name = "tr"\nrows = "entries"\n[[step]]\nname = "tr"\nuser = "Translate: {text}"\n'
    '[[output]]\nfile = "tr.jsonl"\nline = { tr = "{tr}" }\n'
)


@pytest.mark.parametrize("flag", ["--prompts-only", "--simulate"])
def test_a_line_that_is_no_row_ends_a_preview_as_it_ends_the_run(tmp_path: Path, flag: str) -> None:
    """With the reason, and no advice to run; left out if that is wished, which is said."""
    (tmp_path / "tr.toml").write_text(TRANSLATION)
    (tmp_path / "rows.jsonl").write_text('{"text":"x"}\n{"id":"b"}\n{"text":"z"}\n')
    words = ["preview", "--recipe", "tr.toml", "--input", "rows.jsonl", flag]

    refused, skipped = asyncgen(tmp_path, *words), asyncgen(tmp_path, *words, "--skip-bad")

    assert (refused.returncode, "next:" in refused.stdout) == (65, False), refused
    assert "  line 2: no text; the fields here are id: --field text=FIELD says which it is" in refused.stderr
    assert skipped.returncode == 0, skipped
    assert "line 2: no text" in skipped.stderr
    assert "Translate: z" in skipped.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["preview", "--prompts-only"],
        ["preview", "--simulate"],
        ["plan"],
        ["run", "--simulate", "--output-dir", "out"],
    ],
    ids=" ".join,
)
def test_a_prompt_that_holds_nothing_of_the_row_is_said_before_it_is_paid_for(
    tmp_path: Path, words: list[str]
) -> None:
    """Once, and as a warning: it may be meant."""
    (tmp_path / "tr.toml").write_text(TRANSLATION.replace("{text}", "{{ text }}"))
    (tmp_path / "rows.jsonl").write_text('{"text":"x"}\n{"text":"z"}\n')

    done = asyncgen(tmp_path, *words, "--recipe", "tr.toml", "--input", "rows.jsonl")

    assert done.returncode == 0, done
    assert done.stderr == (
        "⚠ step tr asks the same of every row: no field and no other step is in it; sent as it stands, for it is "
        "no placeholder: {{ text }}; a field is written {text}\n"
    )


def test_a_preview_of_the_prompts_of_no_row_recommends_no_run(tmp_path: Path) -> None:
    """An empty input is refused."""
    (tmp_path / "tr.toml").write_text(TRANSLATION)
    (tmp_path / "rows.jsonl").write_text("")
    shown = asyncgen(tmp_path, "preview", "--recipe", "tr.toml", "--input", "rows.jsonl", "--prompts-only")
    assert (shown.returncode, shown.stdout) == (65, "")
    assert "holds no entry" in shown.stderr


def test_a_row_at_which_the_recipe_raises_is_shown_without_prompts(tmp_path: Path) -> None:
    """A bug of a recipe is none of the program; the other rows are shown."""
    (tmp_path / "mine.py").write_text(
        "from asyncgen.recipes import SingleTurn\n\n\nclass Mine(SingleTurn):\n"
        "    def parse(self, fields):\n        1 / fields['n']\n        return super().parse(fields)\n"
    )
    (tmp_path / "rows.jsonl").write_text('{"id":"a","n":0,"prompt":"x"}\n{"id":"b","n":1,"prompt":"y"}\n')
    (tmp_path / "prompts.json").write_text('{"single_turn_system":"s","single_turn_user":"{prompt}"}')
    words = ["preview", "--recipe", "mine:Mine", "--input", "rows.jsonl", "--prompt-file", "prompts.json"]

    shown = asyncgen(
        tmp_path, *words, "--prompts-only", PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    )

    assert shown.returncode == 3, shown
    assert "the recipe raised ZeroDivisionError at mine.py:6" in shown.stdout
    assert "── b " in shown.stdout


def test_a_row_that_fails_is_shown_with_its_reason(tmp_path: Path) -> None:
    """And the exit code is that of a run with failed rows."""
    (tmp_path / "strict.toml").write_text(
        'name = "strict"\n[[step]]\nname = "word"\nuser = "{text}"\ncheck = { matches = "^never$" }\n'
        '[[output]]\nfile = "o.jsonl"\nline = { word = "{word}" }\n'
    )
    (tmp_path / "rows.jsonl").write_text('{"id": "one", "text": "some text to ask about"}\n')
    shown = asyncgen(
        tmp_path,
        "preview",
        "--recipe",
        "strict.toml",
        "--input",
        "rows.jsonl",
        "--simulate",
        "--max-failures",
        "9",
    )
    assert shown.returncode == 3
    assert "check_matches" in shown.stdout
    assert "nothing is written for this row" in shown.stdout


def test_a_shipped_prompt_file_goes_by_its_name(tmp_path: Path) -> None:
    """In every command that takes one; a file of that name goes first."""
    words = ["--input-jsonl", str(shipped("samples", "pairs.jsonl")), "--output-dir", "out", "--num-pairs", "2"]
    planned = asyncgen(tmp_path, "plan", *words, "--prompt-file", "medec_safe")
    assert planned.returncode == 0, planned.stderr
    (tmp_path / "medec_safe").write_text("no prompts")
    assert asyncgen(tmp_path, "plan", *words, "--prompt-file", "medec_safe").returncode == 65


@pytest.mark.parametrize(
    ("shell", "sign"), [("bash", "complete"), ("zsh", "compdef"), ("fish", "complete --command")]
)
def test_a_shell_gets_what_it_completes_with(tmp_path: Path, shell: str, sign: str) -> None:
    """The script is for that shell."""
    printed = asyncgen(tmp_path, "completion", shell)
    assert printed.returncode == 0
    assert sign in printed.stdout


def test_bash_completes_commands_and_flags(tmp_path: Path) -> None:
    """As bash asks for it, with the function that `completion` prints."""
    (tmp_path / "asyncgen").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m asyncgen "$@"\n')
    (tmp_path / "asyncgen").chmod(0o755)
    script = (
        f'export PATH={shlex.quote(str(tmp_path))}:$PATH; eval "$(asyncgen completion bash)"; '
        "complete_words() { COMP_LINE=$1; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); "
        '_python_argcomplete asyncgen; echo "${COMPREPLY[@]}"; }; '
        "complete_words 'asyncgen prev'; complete_words 'asyncgen run --max-co'"
    )
    done = asyncgen_process.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert [line.split() for line in done.stdout.splitlines()] == [["preview"], ["--max-cost"]]


def test_a_run_with_another_recipe_moves_all_files_of_the_former_one_aside(tmp_path: Path) -> None:
    """Not only those that have the names of its own outputs."""
    asyncgen(tmp_path, "init", "letters")
    asyncgen(tmp_path, "init", "notes", "--directory", "other")
    words = ["--simulate", "fast", "--no-progress", "--output-dir", "out"]
    first = asyncgen(tmp_path, "run", "--recipe", "letters.toml", "--input", "letters.rows.jsonl", *words)
    assert first.returncode == 0, first.stderr
    other = ["--recipe", "other/notes.toml", "--input", "other/notes.rows.jsonl"]
    second = asyncgen(tmp_path, "run", *other, *words, "--restart")
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "out" / "notes.jsonl").exists()
    assert not (tmp_path / "out" / "letters.jsonl").exists()
    assert len(list(tmp_path.glob("out/superseded-*/letters.jsonl"))) == 1


def test_an_input_that_would_be_moved_aside_is_refused(tmp_path: Path) -> None:
    """It lies where the run would write its output; nothing is moved."""
    asyncgen(tmp_path, "init", "letters")
    (tmp_path / "out").mkdir()
    source = tmp_path / "out" / "letters.jsonl"
    source.write_bytes((tmp_path / "letters.rows.jsonl").read_bytes())
    words = ["--input", str(source), "--output-dir", "out", "--simulate", "fast", "--no-progress"]
    refused = asyncgen(tmp_path, "run", "--recipe", "letters.toml", *words)
    assert refused.returncode == 2
    assert "would be moved aside: copy it first" in refused.stderr
    assert source.read_bytes() == (tmp_path / "letters.rows.jsonl").read_bytes()


def test_a_path_with_a_nul_character_is_refused(tmp_path: Path) -> None:
    """Only a file can hold one."""
    asyncgen(tmp_path, "init", "letters")
    (tmp_path / "bad.toml").write_text('output-dir = "a\\u0000b"\n')
    refused = asyncgen(tmp_path, "run", "--config", "bad.toml", "--recipe", "letters.toml", "--simulate")
    assert refused.returncode == 2
    assert "NUL" in refused.stderr
