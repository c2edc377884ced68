"""Every way in which output files can be broken is found, and named, against the input."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import orjson
import pytest

from asyncgen.config.shipped import shipped
from asyncgen.medec.pair import parse_pair
from asyncgen.quality.structure import Made, Structure
from asyncgen.recipes.medec_contents import COMBINED_FILE, CONTENTS, CORRECT_FILE, INCORRECT_FILE
from asyncgen.rows import Row
from asyncgen.storage.checkpoint import FileMeter, RunState, encode_statistics, save_checkpoint
from asyncgen.storage.disk import Disk
from asyncgen.storage.input_file import rows_of
from asyncgen.storage.layout import CHECKPOINT, FAILED, STATISTICS, RunDirectory

PAIRS = 8
GIVEN_UP = 3
Files = dict[str, list[bytes]]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The first sample pairs."""
    return [row for row in rows_of(shipped("samples", "pairs.jsonl"), parse_pair) if row.index < PAIRS]


@pytest.fixture
def input_jsonl(tmp_path: Path, rows: list[Row]) -> Path:
    """The input: two more pairs than were processed."""
    path = tmp_path / "pairs.jsonl"
    lines = shipped("samples", "pairs.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: PAIRS + 2]))
    return path


def made_of(rows: list[Row]) -> Files:
    """What a run writes of these rows; one pair was given up."""
    files: Files = {CORRECT_FILE: [], INCORRECT_FILE: [], COMBINED_FILE: [], FAILED: []}
    for row in rows:
        pair = row.pair
        if row.index == GIVEN_UP:
            files[FAILED].append(line({"index": row.index, "note_id": pair.note_id, "step": "paraphrase"}))
            continue
        correct = line(
            {
                "note": pair.correct_note + "!",
                "label": "CORRECT",
                "original_note_id": pair.note_id,
                "reasoning": {"a": "b"},
            }
        )
        incorrect = line(
            {
                "note": pair.incorrect_note,
                "label": "INCORRECT",
                "original_note_id": pair.note_id,
                "error_type": pair.error_type,
                "error_location": pair.error_sentence,
                "correction": pair.corrected_sentence,
                "reasoning": None,
            }
        )
        files[CORRECT_FILE].append(correct)
        files[INCORRECT_FILE].append(incorrect)
        files[COMBINED_FILE] += [correct, incorrect]
    return files


def line(record: object) -> bytes:
    """A line of JSON."""
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def state_of(files: Files, row: Row) -> RunState:
    """The state that speaks of these files, up to a row."""
    meters = {name: FileMeter() for name in files}
    for name, lines in files.items():
        meters[name].advance(b"".join(lines))
    made = len(files[CORRECT_FILE])
    return RunState(
        last_completed_idx=row.index,
        input_end=row.end,
        input_chain=row.chain,
        files={name: meter.mark() for name, meter in meters.items()},
        stats={
            "total_pairs": row.index + 1,
            "correct_generated": made,
            "incorrect_used": made,
            "correct_reasoning_added": made,
            "incorrect_reasoning_added": 0,
            "total_tokens_used": 1,
        },
        failed_pairs=len(files[FAILED]),
    )


def write(directory: Path, files: Files) -> None:
    """Write the output files; those without lines are not there."""
    directory.mkdir(exist_ok=True)
    for name, lines in files.items():
        if lines:
            (directory / name).write_bytes(b"".join(lines))
        else:
            (directory / name).unlink(missing_ok=True)


def look(disk: Disk, directory: Path, input_jsonl: Path | None) -> tuple[list[Made], dict[str, int]]:
    """The pairs, and the problems by kind."""
    structure = Structure(RunDirectory(disk, directory), input_jsonl, CONTENTS)
    made = list(structure.made())
    return made, dict(structure.problems.counts)


# Defects: they change the lines, or return the input to be used instead.


def place(files: Files, name: str, draw: Random) -> int:
    """A place in a file, with a line behind it."""
    return draw.randrange(len(files[name]) - 1)


def edit(name: str, change: Callable[[dict, Random], None]) -> Callable[[Files, Random], None]:
    """Change a record."""

    def plant(files: Files, draw: Random) -> None:
        at = place(files, name, draw)
        record = json.loads(files[name][at])
        change(record, draw)
        files[name][at] = line(record)

    return plant


def drop(name: str) -> Callable[[Files, Random], None]:
    """Take a line out."""

    def plant(files: Files, draw: Random) -> None:
        del files[name][draw.randrange(len(files[name]))]

    return plant


def double(name: str) -> Callable[[Files, Random], None]:
    """Put a line in twice."""

    def plant(files: Files, draw: Random) -> None:
        at = place(files, name, draw)
        files[name].insert(at, files[name][at])

    return plant


def exchange(name: str) -> Callable[[Files, Random], None]:
    """Two lines change places."""

    def plant(files: Files, draw: Random) -> None:
        lines = files[name]
        one, other = draw.sample(range(len(lines)), 2)
        lines[one], lines[other] = lines[other], lines[one]

    return plant


def tear(name: str) -> Callable[[Files, Random], None]:
    """The last line is cut."""

    def plant(files: Files, draw: Random) -> None:
        last = files[name][-1]
        files[name][-1] = last[: draw.randrange(1, len(last))]

    return plant


def damage(name: str) -> Callable[[Files, Random], None]:
    """A line is not JSON any more."""

    def plant(files: Files, draw: Random) -> None:
        at = place(files, name, draw)
        files[name][at] = files[name][at][draw.randrange(1, 20) :]

    return plant


def one_character(record: dict, draw: Random) -> None:
    """The least change of a note."""
    at = draw.randrange(len(record["note"]))
    record["note"] = record["note"][:at] + "\u00b7" + record["note"][at + 1 :]


def drop_everywhere(files: Files, draw: Random) -> None:
    """A pair is in none of the files."""
    at = draw.randrange(len(files[CORRECT_FILE]))
    del files[CORRECT_FILE][at], files[INCORRECT_FILE][at], files[COMBINED_FILE][2 * at : 2 * at + 2]


def double_everywhere(files: Files, draw: Random) -> None:
    """A pair is in all the files twice."""
    at = draw.randrange(len(files[CORRECT_FILE]))
    for name, size in ((CORRECT_FILE, 1), (INCORRECT_FILE, 1), (COMBINED_FILE, 2)):
        files[name][at * size : at * size] = files[name][at * size : at * size + size]


def remove(name: str) -> Callable[[Files, Random], None]:
    """A file is gone."""
    return lambda files, _: files[name].clear()


def flip_byte(name: str) -> Callable[[Files, Random], None]:
    """Something in the metadata changed that no other check reads."""
    return edit(name, lambda record, draw: record.update(metadata=draw.random()))


DEFECTS: dict[str, tuple[Callable[[Files, Random], None], str]] = {
    "CORRECT line missing": (drop(CORRECT_FILE), "missing"),
    "INCORRECT line missing": (drop(INCORRECT_FILE), "missing"),
    "combined line missing": (drop(COMBINED_FILE), "missing"),
    "pair missing everywhere": (drop_everywhere, "missing"),
    "CORRECT line twice": (double(CORRECT_FILE), "duplicate"),
    "INCORRECT line twice": (double(INCORRECT_FILE), "duplicate"),
    "combined line twice": (double(COMBINED_FILE), "duplicate"),
    "pair twice everywhere": (double_everywhere, "duplicate"),
    "CORRECT out of order": (exchange(CORRECT_FILE), "order"),
    "INCORRECT out of order": (exchange(INCORRECT_FILE), "order"),
    "combined out of order": (exchange(COMBINED_FILE), "order"),
    "INCORRECT note changed": (edit(INCORRECT_FILE, one_character), "incorrect_changed"),
    "CORRECT differs from combined": (edit(COMBINED_FILE, one_character), "combined"),
    "error type changed": (edit(INCORRECT_FILE, lambda record, _: record.update(error_type="x")), "field"),
    "correction lost": (edit(INCORRECT_FILE, lambda record, _: record.update(correction=None)), "field"),
    "note is not text": (edit(CORRECT_FILE, lambda record, _: record.update(note=None)), "field"),
    "label exchanged": (edit(CORRECT_FILE, lambda record, _: record.update(label="INCORRECT")), "missing"),
    "note id changed": (edit(CORRECT_FILE, lambda record, _: record.update(original_note_id="x")), "missing"),
    "last line cut": (tear(CORRECT_FILE), "torn"),
    "last combined line cut": (tear(COMBINED_FILE), "torn"),
    "no JSON": (damage(INCORRECT_FILE), "not_json"),
    "CORRECT file gone": (remove(CORRECT_FILE), "no_file"),
    "combined file gone": (remove(COMBINED_FILE), "no_file"),
    "list of failed pairs gone": (remove(FAILED), "size"),
    "reasoning taken out": (edit(CORRECT_FILE, lambda record, _: record.update(reasoning=None)), "counts"),
    "bytes changed that nothing reads": (flip_byte(CORRECT_FILE), "size"),
    "list of failed pairs damaged": (lambda files, _: files.update({FAILED: [b"{}\n"]}), "failed"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_broken_structure_is_found(
    name: str, tmp_path: Path, input_jsonl: Path, rows: list[Row], disk: Disk
) -> None:
    """By its kind, in 100 plantings of 100."""
    plant, kind = DEFECTS[name]
    whole = made_of(rows)
    directory = tmp_path / "out"
    write(directory, whole)
    (directory / STATISTICS).write_bytes(encode_statistics(state_of(whole, rows[-1])))
    for seed in range(100):
        files = {file: list(lines) for file, lines in whole.items()}
        plant(files, Random(f"{name}/{seed}"))
        write(directory, files)
        _, problems = look(disk, directory, input_jsonl)
        assert problems.get(kind), (seed, problems)


def test_a_whole_directory_has_no_problems(tmp_path: Path, input_jsonl: Path, rows: list[Row], disk: Disk) -> None:
    """With statistics, without input, and without statistics."""
    files = made_of(rows)
    directory = tmp_path / "out"
    write(directory, files)
    pairs = [row.pair for row in rows if row.index != GIVEN_UP]
    (directory / STATISTICS).write_bytes(encode_statistics(state_of(files, rows[-1])))
    for _ in range(2):
        made, problems = look(disk, directory, input_jsonl)
        assert problems == {}
        assert [one.row for one in made] == pairs
        assert [one.index for one in made] == [row.index for row in rows if row.index != GIVEN_UP]
        made, problems = look(disk, directory, None)
        assert problems == {}
        assert [one.records[CORRECT_FILE, 0]["original_note_id"] for one in made] == [
            pair.note_id for pair in pairs
        ]
        assert {one.row for one in made} == {None}
        (directory / STATISTICS).unlink(missing_ok=True)


def test_an_unfinished_run_is_checked_as_far_as_its_checkpoint_speaks(
    tmp_path: Path, input_jsonl: Path, rows: list[Row], disk: Disk
) -> None:
    """What was appended behind it, torn or not, is of no matter."""
    half = made_of(rows[:5])
    directory = tmp_path / "out"
    directory.mkdir()
    save_checkpoint(RunDirectory(disk, directory), state_of(half, rows[4]))
    for torn in range(0, 300, 50):
        files = {
            name: [*half[name], b"".join(lines[len(half[name]) :])[: torn or None]]
            for name, lines in made_of(rows).items()
        }
        write(directory, files)
        made, problems = look(disk, directory, input_jsonl)
        assert problems == {}
        assert [one.index for one in made] == [0, 1, 2, 4]
    assert (directory / CHECKPOINT).exists()


def test_another_input_is_noticed(tmp_path: Path, input_jsonl: Path, rows: list[Row], disk: Disk) -> None:
    """By the chain of its lines, though every pair that is looked at is the same; and when it is shorter."""
    files = made_of(rows)
    directory = tmp_path / "out"
    write(directory, files)
    (directory / STATISTICS).write_bytes(encode_statistics(state_of(files, rows[-1])))
    lines = input_jsonl.read_bytes().splitlines(keepends=True)
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines[0].replace(b"{", b'{"more": 1, ', 1) + b"".join(lines[1:]))
    assert look(disk, directory, other)[1] == {"input": 1}
    other.write_bytes(b"".join(lines[: PAIRS - 1]))
    assert look(disk, directory, other)[1]["input"] == 1


def test_a_pair_that_failed_and_is_there_all_the_same_is_named(
    tmp_path: Path, input_jsonl: Path, rows: list[Row], disk: Disk
) -> None:
    """It is in the files, or it is in failed.jsonl."""
    files = made_of(rows)
    directory = tmp_path / "out"
    files[FAILED] = [line({"index": 2}), *files[FAILED]]
    write(directory, files)
    _, problems = look(disk, directory, input_jsonl)
    assert problems == {"failed_present": 4}


def test_every_pair_behind_a_gap_is_still_compared(
    tmp_path: Path, input_jsonl: Path, rows: list[Row], disk: Disk
) -> None:
    """One defect is one problem, not one for each pair after it."""
    files = made_of(rows)
    directory = tmp_path / "out"
    del files[CORRECT_FILE][1]
    write(directory, files)
    made, problems = look(disk, directory, input_jsonl)
    assert problems == {"missing": 1}
    assert [one.index for one in made] == [0, 2, 4, 5, 6, 7]
