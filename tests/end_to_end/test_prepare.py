"""`asyncgen prepare medec`: the command on the published file, and on files that are odd."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from asyncgen.medec.csv_files import COLUMNS
from tests import asyncgen_process

from .conftest import clean_env

FIELDS = {"note_id": "Text ID", "incorrect_note": "Text", "correct_note": "Corrected Text"}


def prepare(directory: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a directory."""
    return asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", "prepare", "medec", *map(str, words)],
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_env(None),
    )


def records(path: Path) -> list[dict[str, str]]:
    """The decoded lines of a file."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def raw_rows(data: bytes) -> Iterator[list[bytes]]:
    """The fields of CSV, byte by byte: RFC 4180 by hand, so that the proof does not lean on Python's csv."""
    row, field, quoted, place = [], bytearray(), False, 0
    while place < len(data):
        byte = data[place : place + 1]
        if quoted and byte == b'"' and data[place + 1 : place + 2] == b'"':
            field += b'"'
            place += 1
        elif byte == b'"':
            quoted = not quoted
        elif quoted or byte not in b",\r\n":
            field += byte
        elif byte == b",":
            row.append(bytes(field))
            field.clear()
        elif byte == b"\n":
            yield [*row, bytes(field)]
            row = []
            field.clear()
        place += 1
    if row or field:
        yield [*row, bytes(field)]


def usable(rows: list[dict[str, bytes]]) -> list[dict[str, bytes]]:
    """The rows that are pairs, each once: with an error, and with two notes that differ."""
    pairs = {}
    for row in rows:
        both = row["Text"], row["Corrected Text"]
        if row["Error Flag"] == b"1" and all(both) and both[0] != both[1]:
            pairs.setdefault(both, row)
    return list(pairs.values())


def test_a_published_file_gives_its_pairs_byte_for_byte(tmp_path: Path, each_medec_csv: Path) -> None:
    """Every text of every pair is the very bytes of the file; the rest are counted."""
    done = prepare(tmp_path, each_medec_csv, "-o", "pairs.jsonl")

    assert done.returncode == 0, done.stderr
    header, *rows = filter(any, raw_rows(each_medec_csv.read_bytes()))
    columns = [name.decode() for name in header]
    raw = [dict(zip(columns, row, strict=True)) for row in rows if len(row) == len(columns)]
    wanted = usable(raw)
    clean = sum(row["Error Flag"] == b"0" and row["Corrected Text"] == b"NA" for row in raw)
    left_out = len(rows) - len(wanted) - clean
    counted = f"{len(rows)} rows, {len(wanted)} pairs, {clean} notes without an error, {left_out} left out"
    assert counted in done.stdout
    assert re.search(r"^⚠ \d\d rows kept: letters garbled in the published file", done.stderr, re.MULTILINE)
    assert done.stderr.count(" left out: ") == 0 if not left_out else left_out >= 10
    pairs = records(tmp_path / "pairs.jsonl")
    assert len(pairs) == len(wanted) > 300
    for pair, row in zip(pairs, wanted, strict=True):
        assert {name: pair[name].encode() for name in FIELDS} == {name: row[FIELDS[name]] for name in FIELDS}
        assert (pair["error_sentence"] or "NA").encode() == row["Error Sentence"]
        assert (pair["corrected_sentence"] or "NA").encode() == row["Corrected Sentence"]
        assert pair["error_type"].replace("unknown", "na") == row["Error Type"].decode().lower()
        assert pair["split"] is None
    written = (tmp_path / "pairs.jsonl").read_bytes()
    assert not written.isascii()
    assert sum(pair["incorrect_note"].endswith(" ") for pair in pairs) > 50


def test_a_split_is_the_same_each_time_and_whole(tmp_path: Path, each_medec_csv: Path) -> None:
    """Every pair is on one side; a second file moves none; another seed gives another choice."""
    sides = ("train", "validation", "test")
    assert prepare(tmp_path, each_medec_csv, "-o", "whole.jsonl").returncode == 0
    whole = sorted(pair["correct_note"] for pair in records(tmp_path / "whole.jsonl"))
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        done = prepare(tmp_path, each_medec_csv, "-o", f"{name}.jsonl", "--split", "80/10/10", "--seed", seed)
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "a.jsonl").exists()
    for side in sides:
        found = records(tmp_path / f"a-{side}.jsonl")
        assert {pair["split"] for pair in found} == {side}
        assert (tmp_path / f"b-{side}.jsonl").read_bytes() == (tmp_path / f"a-{side}.jsonl").read_bytes()
    notes = {side: [pair["correct_note"] for pair in records(tmp_path / f"a-{side}.jsonl")] for side in sides}
    assert sorted(chain.from_iterable(notes.values())) == whole
    assert 0.7 < len(notes["train"]) / len(whole) < 0.9
    assert notes["test"] != [pair["correct_note"] for pair in records(tmp_path / "c-test.jsonl")]


def test_a_second_file_moves_no_note_to_another_side(tmp_path: Path, each_medec_csv: Path) -> None:
    """And pairs that it repeats are left out, by name."""
    more = tmp_path / "more.csv"
    changed = each_medec_csv.read_bytes().replace(b"-val-", b"-more-").replace(b"A 24-year-old", b"A tall")
    more.write_bytes(changed)
    assert prepare(tmp_path, each_medec_csv, "-o", "a.jsonl", "--split", "80/20").returncode == 0

    done = prepare(tmp_path, each_medec_csv, more, "-o", "b.jsonl", "--split", "80/20")

    assert done.returncode == 0
    added: list[str] = []
    for side in ("train", "validation"):
        before, after = ([pair["note_id"] for pair in records(tmp_path / f"{n}-{side}.jsonl")] for n in "ab")
        assert after[: len(before)] == before
        added += after[len(before) :]
    assert added
    assert all("-more-" in note_id for note_id in added)
    assert "rows left out: both notes were there already" in done.stderr
    assert re.search(r"more\.csv row \d+ \('\w+-more-\d+'\), as in MEDEC-MS-ValidationSet", done.stderr)
    assert "more: -v names them" in done.stderr
    assert "-v names them" not in prepare(tmp_path, each_medec_csv, more, "-o", "c.jsonl", "-v").stderr


def test_odd_rows_are_counted_and_named(tmp_path: Path) -> None:
    """On stderr, even when quiet; what a file holds does not steer the terminal."""
    good = ["\x1b[2Jid", "It is wrong.", "1", "It is wrong.", "It is right.", "It is right."]
    with (tmp_path / "odd.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, ["no-flag", "x", "", "", "", "y"], good, [*good[:3], "", *good[4:]]])

    done = prepare(tmp_path, "odd.csv", "-o", "pairs.jsonl", "-q")

    assert done.returncode == 0
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "⚠ 1 row left out: Error Flag is empty",
        "⚠   odd.csv row 1 ('no-flag')",
        "⚠ 1 row left out: both notes were there already",
        "⚠   odd.csv row 3 ('\\x1b[2Jid'), as in odd.csv row 2 ('\\x1b[2Jid')",
    ]
    assert len(records(tmp_path / "pairs.jsonl")) == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["good.csv", "-o", "there.jsonl"], 2, "there.jsonl exists"),
        (["good.csv", "-o", "good.csv", "--force"], 2, "is one of the input files"),
        (["none.csv", "-o", "new.jsonl"], 2, "cannot read none.csv: No such file"),
        (["good.csv", "-o", "new.jsonl", "--split", "80/30"], 2, "add up to 100"),
        (["good.csv", "-o", "new.jsonl", "--split", "50/50"], 2, "would leave nothing for"),
        (["good.csv", "there.jsonl", "-o", "new.jsonl"], 65, "there.jsonl is not a MEDEC file"),
        (["clean.csv", "-o", "new.jsonl"], 65, "no pair was found"),
        (["semicolons.csv", "-o", "new.jsonl"], 65, "semicolons.csv: its columns are separated by ';'"),
        (["16.csv", "-o", "new.jsonl"], 65, "16.csv: this is text in UTF-16: write it as UTF-8 first"),
    ],
)
def test_what_cannot_be_done_leaves_nothing_behind(
    tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    """One clear line, and the directory as it was."""
    header = ",".join(COLUMNS)
    (tmp_path / "good.csv").write_text(f"{header}\nid,It is wrong.,1,NA,NA,It is right.\n")
    (tmp_path / "clean.csv").write_text(f"{header}\nid,It is right.,0,NA,NA,NA\n")
    (tmp_path / "semicolons.csv").write_text(f"\ufeff{header.replace(',', ';')}\nid;It is right.;0;NA;NA;NA\n")
    (tmp_path / "16.csv").write_text(f"{header}\n", encoding="utf-16")
    (tmp_path / "there.jsonl").write_text("mine\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    done = prepare(tmp_path, *words)

    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_notes_about_the_same_case_are_on_one_side(tmp_path: Path) -> None:
    """Also when the error is in the opening, so that only the correct notes are alike."""
    opening = "{} " * 10 + "man with a cough comes in"
    rows = []
    for number in range(30):
        right = opening.format(*[f"word{number}"] * 10)
        wrong = right.replace("man", "dog")
        rows += [[f"a{number}", f"{right}. No.", "1", "NA", "NA", f"{right}. Yes."]]
        rows += [[f"b{number}", f"{wrong}. Yes.", "1", "NA", "NA", f"{right}. Yes."]]
    with (tmp_path / "cases.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])

    done = prepare(tmp_path, "cases.csv", "-o", "pairs.jsonl", "--split", "50/50")

    assert done.returncode == 0, done.stderr
    assert "30 rows kept: Corrected Text of another pair" in done.stderr
    for side in ("train", "validation"):
        found = [pair["note_id"] for pair in records(tmp_path / f"pairs-{side}.jsonl")]
        assert found
        assert {name[1:] for name in found if name[0] == "a"} == {name[1:] for name in found if name[0] == "b"}


def test_force_replaces(tmp_path: Path) -> None:
    """What is there, when asked."""
    (tmp_path / "good.csv").write_text(f"{','.join(COLUMNS)}\nid,It is wrong.,1,NA,NA,It is right.\n")
    (tmp_path / "pairs.jsonl").write_text("mine\n")
    assert prepare(tmp_path, "good.csv", "-o", "pairs.jsonl", "--force").returncode == 0
    assert records(tmp_path / "pairs.jsonl")[0]["note_id"] == "id"
