"""Whatever is wrong with files and flags has one clear answer, before anything is sent or written."""

import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from asyncgen.errors import AsyncgenError, Exit
from tests.effort import PARTS_OF_EDITS

from .bad import FILES, FLAGS, KEYS, LINES, PROFILES, PROMPT_FILES, STATES, TIERS, edits
from .command import PAIRS, Command, Said, good_line
from .table import says


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command with good files; relative paths are those of a directory of its own."""
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path)


def refused(command: Command, said: Said, *codes: int, lines: int = 2) -> None:
    """Said in so many lines, with one of these codes; nothing was sent or written."""
    assert said.code in codes, said
    assert said.requests == 0
    assert 1 <= len(said.lines) <= lines
    assert "Traceback" not in said.stderr
    assert all(character.isprintable() for line in said.lines for character in line)
    assert not command.output.exists()


FINE_AT_FIRST = (b"\xef\xbb\xbf", b"\x1f\x8b")
"""A byte order mark; and what is gzip as a whole."""


def by_name(table: dict[str, object]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A test for each row."""
    return pytest.mark.parametrize("content", table.values(), ids=table.keys())


def test_there_are_enough_malformed_inputs() -> None:
    """Each is a test of its own below."""
    tables = (LINES, FILES, PROMPT_FILES, TIERS, PROFILES, FLAGS, KEYS, STATES)
    assert sum(map(len, tables)) >= 400


def test_every_exit_code_is_documented() -> None:
    """With what to do."""
    page = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text()
    codes = {error.exit_code for error in AsyncgenError.__subclasses__()} | {Exit.DONE, Exit.BUG, Exit.SOME_FAILED}
    rows = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")}
    assert {str(int(code)) for code in codes} <= rows


def test_the_good_files_are_good(command: Command) -> None:
    """Else the others would prove nothing."""
    said = command()
    assert (said.code, said.requests, said.stderr) == (0, 3 * PAIRS, "")


@pytest.mark.parametrize(
    ("place", "content"),
    [
        pytest.param(place, content, id=f"{place}-{name}")
        for place in (0, 2, PAIRS)
        for name, content in LINES.items()
        if place or not content.startswith(FINE_AT_FIRST)
    ],
)
def test_a_bad_line_is_named_by_its_number(command: Command, content: bytes, place: int) -> None:
    """The first, one in the middle, and the last one; with a reason."""
    lines = [good_line(index) for index in range(PAIRS)]
    lines.insert(place, content + b"\n")
    command.input.write_bytes(b"".join(lines))
    said = command()
    breaks = content.count(b"\n")  # UTF-16 may hold some
    refused(command, said, 65, lines=3 + breaks)
    assert f"line {place + 1}: " in said.stderr
    assert f"{1 + breaks} line" in said.stderr


@by_name(FILES)
def test_a_bad_input_file_is_refused(command: Command, content: bytes) -> None:
    """Exit 65."""
    command.input.write_bytes(content)
    refused(command, command(), 65, lines=1003)


@by_name(PROMPT_FILES)
def test_a_bad_prompt_file_is_refused(command: Command, content: bytes) -> None:
    """Exit 65, with its name."""
    command.prompts.write_bytes(content)
    said = command()
    refused(command, said, 65)
    assert str(command.prompts) in said.stderr


@by_name(TIERS)
def test_a_bad_file_of_tiers_is_refused(command: Command, content: str) -> None:
    """Exit 2."""
    (command.directory / "my.toml").write_text(content)
    refused(command, command("--tier", "my.toml:t"), 2)


@by_name(PROFILES)
def test_a_bad_profile_is_refused(command: Command, content: str) -> None:
    """Exit 2."""
    (command.directory / "my.toml").write_text(content)
    refused(command, command("--simulate", "my.toml", OPENAI_BASE_URL=""), 2)


@pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: " ".join(flags)[:40].encode("unicode_escape").decode())
def test_a_bad_flag_is_refused(command: Command, flags: list[str]) -> None:
    """Exit 2, or that of what it names; a secret in it is not repeated."""
    said = command(*flags)
    refused(command, said, 2, *([65] if "/dev/null" in flags else []), *([74] if "--output-dir" in flags else []))
    assert "secret" not in said.stderr


@by_name(KEYS)
def test_a_key_that_no_header_can_carry_is_refused(command: Command, content: str) -> None:
    """Exit 77, and the key is not repeated."""
    for said in (command(OPENAI_API_KEY=content), command("--openai-api-key", content, OPENAI_API_KEY="")):
        refused(command, said, 77)
        assert "sk-" not in said.stdout + said.stderr


def test_a_pipe_is_refused_as_input(command: Command) -> None:
    """It is read more than once: it would wait for ever, or find nothing the second time."""
    pipe = command.directory / "pipe"
    os.mkfifo(pipe)
    refused(command, command("--input-jsonl", str(pipe)), 2)


@pytest.mark.parametrize(
    ("content", "each"),
    [
        (b'[\n{"a": 1}\n]\n', ".[]"),
        (b'[\n{"whole": "row"},\n{"whole": "row"}\n]\n', ".[]"),
        (b'[{"a": 1}]', ".[]"),
        (b'{\n"a": 1\n}\n', "."),
        (b'{"a": 1}{"a": 2}\n', "."),
        (b'{"a": 1}\r{"a": 2}\r', "."),
    ],
)
def test_json_that_is_no_json_lines_is_told_how_to_become_it(command: Command, content: bytes, each: str) -> None:
    """A list of rows, or rows over several lines: what other programs call a JSON file."""
    row = command.input.read_bytes().splitlines()[0]
    command.input.write_bytes(content.replace(b'{"whole": "row"}', row))
    said = command()
    assert (said.code, said.requests) == (65, 0)
    assert (
        said.stderr.splitlines()[-1]
        == f"this is JSON, but not one object a line: make it that first (jq -c '{each}')"
    )


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b'{"data": [{"a": 1}, {"a": 2}], "next": null}\n',
         "if its rows are those in data, make each a line first (jq -c '.data[]')"),
        (b'{\n "my rows": [{"a": 1}]\n}',
         """if its rows are those in my rows, make each a line first (jq -c '."my rows"[]')"""),
        ('{"\u00e9": [{"a": 1}]}'.encode(),
         """if its rows are those in \u00e9, make each a line first (jq -c '."\u00e9"[]')"""),
        (b'{"T-1": {"a": 1}, "T-2": {"a": 2}}',
         "if its rows are the values of one object, make each a line first (jq -c '.[]')"),
        (b'{"messages": [{"role": "user", "content": "a"}, {"from": "gpt", "value": "b"}]}\n',
         "the input holds no pair"),
        (b'[[1, "s"], [2, "t"]]', "its rows are lists, which name no fields: write each as an object first"),
        (b'[1, "s"]\n[2, "t"]\n', "its rows are lists, which name no fields: write each as an object first"),
        (b'{"a": 1},\r\n{"a": 2},\r\n',
         "a comma stands behind each row: take it off first (sed 's/,[[:space:]]*$//')"),
        (b"x" * 257 + b"ustar" + bytes(90), "this is a tar archive: unpack it first (tar -xf)"),
        (b'{"a": "caf\xe9"}\n{"a": "\xe9t\xe9"}\n',
         "write it as UTF-8 first (iconv -f WINDOWS-1252 -t UTF-8, if it comes from Windows)"),
        (b'[\n{"a": "\xe9"}\n]\n',
         "write it as UTF-8 first (iconv -f WINDOWS-1252 -t UTF-8, if it comes from Windows)"),
        (b"\x04\x22\x4d\x18" + bytes(90), "this is lz4: unpack it first (unlz4)"),
        (b"a,b\n1,2\n", "this looks like CSV: give the file a name that ends in .csv"),
        (b"a\tb\n1\t2\n", "this looks like CSV: give the file a name that ends in .tsv"),
        (b"\x80\x04a,b\n", "this is a Python pickle: write its rows as JSON lines first"),
    ],
)  # fmt: skip
def test_what_another_program_wrote_is_told_how_to_become_rows(
    command: Command, content: bytes, advice: str
) -> None:
    """The last line says it; it is only said where nothing was read as a row."""
    command.input.write_bytes(content)
    said = command()
    assert (said.code, said.requests) == (65, 0)
    assert said.stderr.splitlines()[-1].removeprefix("❌ ") == advice


def archived(kind: str) -> bytes:
    """Two files with good rows, packed as they are."""
    file = io.BytesIO()
    rows = b"".join(map(good_line, range(PAIRS)))
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name in ("a.jsonl", "b.jsonl"):
                archive.writestr(name, rows)
        return file.getvalue()
    with tarfile.open(fileobj=file, mode="w:gz" if kind == "tar.gz" else "w") as packed:
        for name in ("a.jsonl", "b.jsonl"):
            member = tarfile.TarInfo(name)
            member.size = len(rows)
            packed.addfile(member, io.BytesIO(rows))
    return file.getvalue()


@pytest.mark.parametrize(("kind", "advice"), [
    ("tar", "this is a tar archive: unpack it first (tar -xf)"),
    ("tar.gz", "this is a tar archive: unpack it first (tar -xf)"),
    ("zip", "this is a zip archive, or an Excel file (.xlsx): unpack it, or save the sheet as CSV, first"),
])  # fmt: skip
def test_an_archive_is_told_from_its_rows(command: Command, kind: str, advice: str) -> None:
    """It holds them uncompressed: most of its lines are good rows, and each file in it would lose its first."""
    command.input.write_bytes(archived(kind))
    said = command()
    assert (said.code, said.requests) == (65, 0)
    assert said.stderr.splitlines()[-1] == advice
    assert "--skip-bad" not in said.stderr

    said = command("--skip-bad")
    assert said.code == 0
    assert f"skipped; {advice}" in said.stderr + said.stdout


def test_rows_in_another_encoding_are_not_only_told_to_be_skipped(command: Command) -> None:
    """Those with accents would be left out, each of them."""
    rows = [good_line(index) for index in range(PAIRS)]
    command.input.write_bytes(b"".join([*rows, b'{"note_id": "caf\xe9"}\n']))
    said = command()
    assert (said.code, said.requests) == (65, 0)
    advice = said.stderr.splitlines()[-1]
    assert advice.startswith("fix them, or, if none of the file is UTF-8, write it as UTF-8 first (iconv -f ")
    assert advice.endswith("--skip-bad to skip them")


def test_a_bad_line_is_skipped_at_the_wish_of_the_user(command: Command) -> None:
    """All of them at once: the good ones between them are done."""
    lines = [
        line for index in range(PAIRS) for line in (good_line(index), *(bad + b"\n" for bad in LINES.values()))
    ]
    command.input.write_bytes(b"".join(lines))
    said = command("--skip-bad")
    assert (said.code, said.requests) == (0, 3 * PAIRS)
    assert len(command.outputs()["sft_correct.jsonl"].splitlines()) == PAIRS


# What an earlier run left


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The outputs of a run without faults."""
    command = Command(tmp_path_factory.mktemp("golden"))
    assert command().code == 0
    return command.outputs()


@pytest.fixture
def begun(command: Command) -> Command:
    """A run that a spent quota has ended before its last pairs."""
    said = command(fault=says(429, {"code": "insufficient_quota"}), hits=lambda call, _: call[0] == PAIRS - 1)
    assert said.code == 77
    return command


@pytest.fixture
def failed(command: Command) -> Command:
    """A run that has ended with a pair that failed."""
    assert command(fault=says(400), hits=lambda call, _: call == (1, "paraphrase")).code == 3
    return command


def left(command: Command, name: str) -> Path:
    """A file that the run has left; the names of journals are by number."""
    return next(command.output.glob(name))


def check(command: Command, golden: dict[str, bytes], what: str, *, restart: bool = False) -> None:
    """The command refuses what it finds and leaves it as it is, or ends with the golden bytes."""
    before = command.everything()
    said = command()
    assert "Traceback" not in said.stderr, what
    if said.code == 65:
        assert said.requests == 0, what
        assert len(said.lines) <= 2, what
        after = command.everything()
        assert {name: after[name] for name in before} == before, what
        assert "--restart" in said.stderr, what
        if not restart:
            return
        said = command("--restart")
    assert said.code == 0, (what, said)
    assert command.outputs() == golden, what


BEGUN = ("checkpoint.json", ".asyncgen/manifest.json", ".asyncgen/intent.json", "failed.jsonl")
FAILED = ("generation_stats_safe.json", "failed.jsonl", ".asyncgen/manifest.json")


@by_name(STATES)
@pytest.mark.parametrize("name", [*BEGUN, ".asyncgen/journal-*"])
def test_a_damaged_file_of_an_unfinished_run(
    begun: Command, golden: dict[str, bytes], name: str, content: bytes
) -> None:
    """Refused, or not needed."""
    path = left(begun, name) if "*" in name else begun.output / name
    path.write_bytes(content)
    check(begun, golden, name, restart=True)


@by_name(STATES)
@pytest.mark.parametrize("name", FAILED)
def test_a_damaged_file_of_a_run_with_failed_pairs(
    failed: Command, golden: dict[str, bytes], name: str, content: bytes
) -> None:
    """Refused, or not needed."""
    (failed.output / name).write_bytes(content)
    check(failed, golden, name, restart=True)


PARTS = pytest.mark.parametrize("part", PARTS_OF_EDITS)


@PARTS
@pytest.mark.parametrize("name", ["checkpoint.json", ".asyncgen/manifest.json"])
def test_any_edit_of_a_file_of_an_unfinished_run(
    begun: Command, golden: dict[str, bytes], name: str, part: int
) -> None:
    """Each value changed to others, or gone: never a traceback, never other bytes."""
    edit_each(begun, golden, name, part)


@PARTS
@pytest.mark.parametrize("name", FAILED)
def test_any_edit_of_a_file_of_a_run_with_failed_pairs(
    failed: Command, golden: dict[str, bytes], name: str, part: int
) -> None:
    """The same."""
    edit_each(failed, golden, name, part)


def edit_each(command: Command, golden: dict[str, bytes], name: str, part: int) -> None:
    """Make each fifth edit, from that of this number on, in the directory as it was left."""
    kept = command.directory / "kept"
    command.output.rename(kept)
    content = orjson.loads((kept / name).read_bytes())
    all_edits = list(edits(content))
    assert len(all_edits) > 30
    for what, edited in all_edits[part::5]:
        shutil.copytree(kept, command.output)
        (command.output / name).write_bytes(orjson.dumps(edited) + b"\n")
        check(command, golden, f"{name}: {what}")
        shutil.rmtree(command.output)


@pytest.mark.parametrize(
    "name", ["pairs.jsonl", "link.jsonl", "prompts.json", "run.toml", "out/sft_correct.jsonl"]
)
def test_a_log_is_appended_to_no_file_of_the_run(command: Command, name: str) -> None:
    """Neither to what it reads, under another name too, nor to what it has written; but to its own log, again."""
    (command.directory / "run.toml").write_text("num-pairs = 4\n")
    (command.directory / "link.jsonl").symlink_to(command.input)
    log = command.output / "run.log"
    command.output.mkdir()
    assert [command("--num-pairs", "3", "--log-file", str(log)).code for _ in "12"] == [0, 0]
    before = (command.directory / name).read_bytes()

    said = command("--config", "run.toml", "--log-file", name)

    assert (said.code, said.requests, len(said.lines)) == (2, 0, 1), said
    assert said.stderr.startswith(f"❌ --log-file {name} is a file of ")
    assert (command.directory / name).read_bytes() == before


@pytest.mark.parametrize("name", ["failed.jsonl", "checkpoint.json"])
def test_a_log_takes_no_name_of_a_file_that_the_run_may_write(command: Command, name: str) -> None:
    """Though it is not there now: the run would take the log for its own."""
    said = command("--log-file", str(command.output / name))

    assert (said.code, said.requests, len(said.lines)) == (2, 0, 1), said
    assert f"{name} is a file of the run: name another one" in said.stderr
    assert not (command.output / name).exists()


def test_a_log_with_a_name_that_is_too_long_is_refused(command: Command) -> None:
    """In a line, with what the system says."""
    said = command("--log-file", "x" * 300)

    assert (said.code, said.requests) == (2, 0), said
    assert "cannot write the log file" in said.stderr
