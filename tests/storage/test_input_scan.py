"""The input before and while it is read: scanned once, trusted while unchanged, streamed as it was scanned."""

import errno
import gzip
import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.errors import BadDataError, DiskError, UsageError
from asyncgen.medec.pair import parse_pair
from asyncgen.recipes.declared import Fields
from asyncgen.rows import Row
from asyncgen.storage.disk import Disk
from asyncgen.storage.input_file import (
    BadLine,
    EmptyRows,
    FileIdentity,
    RowCutter,
    Scan,
    field_names,
    read_rows,
    scan,
    trusted,
)
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.manifest import load_manifest, save_manifest

from .input_lines import BOM, behind, ids, line, rows, rows_in

# The scan


CUT_OFF = "not JSON: expecting property name enclosed in double quotes"  # {


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An input file of five pairs, with bad lines 2 and 7."""
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(b"\n".join([line("a"), b"{", line("b"), line("c"), b"", line("d"), b"[]", line("e"), b""]))
    return file


def test_a_scan_counts_pairs_and_bad_lines(path: Path) -> None:
    """The whole file, and the chain of the row that was asked for."""
    found = scan(path, parse_pair, limit=None, prefix_index=2)
    assert (found.pairs, found.bad_count) == (5, 2)
    assert found.bad == (BadLine(2, CUT_OFF), BadLine(7, "not a JSON object"))
    assert found.prefix_chain == rows_in(path)[2].chain


@pytest.mark.parametrize(("limit", "pairs", "bad"), [(1, 1, 0), (2, 2, 1), (4, 4, 1), (5, 5, 2), (6, 5, 2)])
def test_a_limited_scan_ends_with_its_last_pair(path: Path, limit: int, pairs: int, bad: int) -> None:
    """Lines behind it are not held against a run that does not read them."""
    found = scan(path, parse_pair, limit=limit, prefix_index=-1)
    assert (found.pairs, found.bad_count, found.limit) == (pairs, bad, limit)


def test_a_row_that_the_scan_did_not_reach_has_no_chain(path: Path) -> None:
    """Nor has the row before the first."""
    assert scan(path, parse_pair, limit=None, prefix_index=5).prefix_chain is None
    assert scan(path, parse_pair, limit=2, prefix_index=2).prefix_chain is None
    assert scan(path, parse_pair, limit=None, prefix_index=-1).prefix_chain is None


def test_an_empty_file_has_no_pair(path: Path) -> None:
    """Nor has one of blank lines."""
    for content in (b"", b"\n\r\n \n", BOM):
        path.write_bytes(content)
        found = scan(path, parse_pair, limit=None, prefix_index=-1)
        assert (found.pairs, found.bad_count) == (0, 0)


def test_thousands_of_bad_lines_are_all_counted_and_a_thousand_kept(path: Path) -> None:
    """The wrong file does not fill the memory."""
    path.write_bytes(b"{\n[]\n" * 750 + line())
    found = scan(path, parse_pair, limit=None, prefix_index=-1)
    assert (found.pairs, found.bad_count, len(found.bad)) == (1, 1500, 1000)
    assert found.bad[-1] == BadLine(1000, "not a JSON object")


def test_bad_lines_that_follow_each_other_for_the_same_reason_are_kept_as_one_range(path: Path) -> None:
    """However many they are, so that each is known by its number."""
    path.write_bytes(b"{\n" * 1500 + line() + b"\n{\n[]\n")
    found = scan(path, parse_pair, limit=None, prefix_index=-1)
    assert found.bad_count == 1502
    assert found.bad == (
        BadLine(1, CUT_OFF, 1500),
        BadLine(1502, CUT_OFF),
        BadLine(1503, "not a JSON object"),
    )


def test_an_input_that_cannot_be_read_is_an_error_of_usage(tmp_path: Path) -> None:
    """A missing file and a directory."""
    with pytest.raises(UsageError, match=r"cannot read the input .*missing.jsonl: No such file"):
        scan(tmp_path / "missing.jsonl", parse_pair, limit=None, prefix_index=-1)
    with pytest.raises(
        UsageError, match=r"cannot read the input .*: Is a directory; one file is read, so join several"
    ):
        scan(tmp_path, parse_pair, limit=None, prefix_index=-1)


# Trust in an earlier scan

limits = st.none() | st.integers(1, 7)


def wanted(found: Scan, limit: int | None) -> int:
    """How many pairs a run with this limit would take."""
    return found.pairs if limit is None else min(found.pairs, limit)


@given(asked=st.lists(limits, min_size=2, max_size=5))
def test_a_trusted_scan_says_what_a_new_scan_would(
    tmp_path_factory: pytest.TempPathFactory, asked: list[int | None]
) -> None:
    """However often it is handed on from run to run, each with another --num-pairs."""
    file = tmp_path_factory.getbasetemp() / "handed_on.jsonl"
    if not file.exists():
        file.write_bytes(b"\n".join(map(line, "abcde")))
    found = scan(file, parse_pair, limit=asked[0], prefix_index=-1)
    for limit in asked[1:]:
        fresh = scan(file, parse_pair, limit=limit, prefix_index=-1)
        found = trusted(found, FileIdentity.of(file), limit) or fresh
        assert wanted(found, limit) == wanted(fresh, limit)


def test_bad_lines_behind_the_limit_are_not_held_against_a_run(path: Path) -> None:
    """Trusted or scanned anew, the first pair has no bad line before it."""
    whole = scan(path, parse_pair, limit=None, prefix_index=-1)
    found = trusted(whole, FileIdentity.of(path), 1) or scan(path, parse_pair, limit=1, prefix_index=-1)
    assert found.bad_count == 0


@pytest.mark.parametrize(
    ("earlier", "limit", "is_enough"),
    [
        (None, None, True),
        (None, 3, True),
        (None, 99, True),
        (3, 3, True),
        (3, 2, True),
        (3, 4, False),
        (3, None, False),
        (99, None, True),
        (99, 50, True),
        (99, 200, True),
    ],
)
def test_an_earlier_scan_is_trusted_as_far_as_it_went(
    tmp_path: Path, earlier: int | None, limit: int | None, *, is_enough: bool
) -> None:
    """One that reached the end of the file serves every limit; another one only limits that it reached."""
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(b"\n".join(map(line, "abcde")))
    found = scan(file, parse_pair, limit=earlier, prefix_index=-1)
    assert (trusted(found, found.identity, limit) is not None) is is_enough


@pytest.mark.parametrize("field", ["size", "mtime_ns", "inode", "device"])
def test_a_file_that_differs_in_anything_is_not_trusted(path: Path, field: str) -> None:
    """Size, time, inode and device must all be the same."""
    found = scan(path, parse_pair, limit=None, prefix_index=-1)
    other = replace(found.identity, **{field: getattr(found.identity, field) + 1})
    assert trusted(found, other, None) is None


def test_the_identity_of_a_file_changes_with_it(path: Path) -> None:
    """An appended byte, a later time, another file under the name; none of it: the same."""
    before = FileIdentity.of(path)
    assert FileIdentity.of(path) == before
    os.utime(path, ns=(before.mtime_ns, before.mtime_ns + 1))
    later = FileIdentity.of(path)
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(before.mtime_ns, before.mtime_ns))
    copy.replace(path)
    renamed = FileIdentity.of(path)
    with path.open("ab") as file:
        file.write(b"\n")
    assert len({before, later, renamed, FileIdentity.of(path)}) == 4


# The stream


def rewrite(path: Path, data: bytes) -> None:
    """Give the input other content."""
    path.write_bytes(data)


async def read(
    disk: Disk, path: Path, start: RowCutter, stop: int, *, skip_bad: bool = True
) -> list[Row | BadLine]:
    """All rows of a stream."""
    return [row async for row in read_rows(disk, path, start, stop, skip_bad=skip_bad)]


@pytest.mark.parametrize("chunk", [1, 7, 4096])
async def test_a_stream_gives_the_rows_of_the_scan(
    disk: Disk, path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From disk, in chunks of any size, up to where it was to stop."""
    monkeypatch.setattr("asyncgen.storage.disk.READ_CHUNK", chunk)
    whole = rows_in(path)
    for stop in range(6):
        assert await read(disk, path, RowCutter(parse_pair), stop) == whole[:stop]


@pytest.mark.parametrize("chunk", [1, 7, 4096])
async def test_a_stream_goes_on_behind_any_row(
    disk: Disk, path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a resumed run reads it."""
    monkeypatch.setattr("asyncgen.storage.disk.READ_CHUNK", chunk)
    whole = rows_in(path)
    for row in whole:
        assert await read(disk, path, behind(row), 5) == whole[row.index + 1 :]


async def test_nothing_is_read_when_nothing_is_wanted(disk: Disk, tmp_path: Path) -> None:
    """Not even the file is opened."""
    assert await read(disk, tmp_path / "missing.jsonl", RowCutter(parse_pair, index=3), 3) == []


async def test_a_bad_line_that_the_scan_passed_means_the_file_has_changed(disk: Disk, path: Path) -> None:
    """It stops the run instead of shifting the indexes."""
    with pytest.raises(BadDataError, match="changed while it was read"):
        await read(disk, path, RowCutter(parse_pair), 5, skip_bad=False)
    rewrite(path, line("a") + b"\n{")
    with pytest.raises(BadDataError, match="changed while it was read"):
        await read(disk, path, RowCutter(parse_pair), 2, skip_bad=False)


async def test_a_file_that_is_gone_after_the_scan_has_changed(disk: Disk, path: Path) -> None:
    """It ends the run in a line: it is no defect."""
    disk.unlink(path)
    with pytest.raises(BadDataError, match="changed while it was read"):
        await read(disk, path, RowCutter(parse_pair), 2)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
@pytest.mark.parametrize("opened", [0, 1])
async def test_a_file_that_cannot_be_opened_has_not_changed(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, opened: int
) -> None:
    """Too many files are open, say: whether it is looked at or read."""
    path = tmp_path / name
    content = line("a") + b"\n"
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    usual, times = Path.open, itertools.count()

    def opens(self: Path, *args: Any, **kinds: Any) -> Any:
        if next(times) >= opened:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return usual(self, *args, **kinds)

    monkeypatch.setattr(Path, "open", opens)
    with pytest.raises(DiskError, match=f"cannot read .*{name}: Too many open files") as caught:
        await read(disk, path, RowCutter(parse_pair), 1)
    assert caught.value.errno == errno.EMFILE


async def test_a_file_that_has_become_shorter_has_changed(disk: Disk, path: Path) -> None:
    """Whether bad lines are skipped or not."""
    with pytest.raises(BadDataError, match="changed while it was read"):
        await read(disk, path, RowCutter(parse_pair), 6)
    rewrite(path, line("a"))
    with pytest.raises(BadDataError, match="changed while it was read"):
        await read(disk, path, RowCutter(parse_pair), 2, skip_bad=False)


async def test_bad_lines_behind_the_last_wanted_row_do_not_matter(disk: Disk, path: Path) -> None:
    """They are not read."""
    rewrite(path, line("a") + b"\n" + line("b") + b"\n{\n")
    assert ids(await read(disk, path, RowCutter(parse_pair), 2, skip_bad=False)) == ["a", "b"]


def lines_in(path: Path) -> int:
    """Lines of a file."""
    return path.read_bytes().count(b"\n")


async def test_a_corpus_streams_as_it_was_scanned(disk: Disk, each_medec_pairs: Path) -> None:
    """All rows, and from the middle to the same end."""
    number = lines_in(each_medec_pairs)
    middle = number // 2
    found = scan(each_medec_pairs, parse_pair, limit=None, prefix_index=number - 1)
    assert (found.pairs, found.bad_count) == (number, 0)
    assert number >= 400
    whole = rows(await read(disk, each_medec_pairs, RowCutter(parse_pair), found.pairs, skip_bad=False))
    assert whole[-1].chain == found.prefix_chain
    rest = await read(disk, each_medec_pairs, behind(whole[middle]), number, skip_bad=False)
    assert rest == whole[middle + 1 :]


@pytest.mark.parametrize(
    ("row", "like_id"),
    [
        ({"ID": "T-9"}, "ID"),
        ({"_id": 7}, "_id"),
        ({"Uuid": "a"}, "Uuid"),
        ({"_id": {"$oid": "5f"}}, ""),
        ({"idea": "T-9"}, ""),
        ({"id": ""}, ""),
        ({"ID": ""}, ""),
        ({"id": "T-9", "ID": "T-9"}, ""),
    ],
)
def test_a_field_that_may_be_meant_as_the_id_is_found(tmp_path: Path, row: dict[str, Any], like_id: str) -> None:
    """Of rows that have none."""
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"body": "b", **row}) + "\n")

    def parse(fields: dict[str, Any]) -> Fields:
        return Fields(str(fields.get("id", "")), fields.get("id"), fields)

    assert scan(path, parse, limit=None, prefix_index=-1).like_id == like_id


def test_a_pattern_of_names_is_told_to_be_joined(tmp_path: Path) -> None:
    """The shell has not replaced it, as no file matches or it was quoted."""
    with pytest.raises(UsageError, match=r"\*\.jsonl: No such file or directory; one file is read, so join"):
        scan(tmp_path / "*.jsonl", parse_pair, limit=None, prefix_index=-1)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ("a,b\n1,2\na,b\n3,4\na,b\n", 2),
        ("a,b\n1,2\na,a\n", 0),
        ("a,b\n1,2\n", 0),
        ("text\ntext\nfoo\n", 0),
    ],
)
def test_the_header_of_a_file_that_was_joined_is_noticed(tmp_path: Path, lines: str, number: int) -> None:
    """It is a row as ever."""
    path = tmp_path / "rows.csv"
    path.write_text(lines)
    found = scan(path, lambda fields: Fields("n", None, fields), limit=None, prefix_index=-1)
    assert (found.pairs, found.header_row) == (lines.count("\n") - 1, number)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ('id\ttext\n1\tplain\n2\t"Hello\n3\tthere\n4\tshe said"\n5\tlast\n', 2),
        ('id\ttext\n1\t"two\nlines"\n2\t"a\tb"\n', 0),
        ('id\ttext\n1\t"of\t3\ta\ttable\nof\t4\tcells\tmore"\n', 0),
    ],
)
def test_rows_that_a_quotation_mark_has_joined_are_noticed(tmp_path: Path, lines: str, number: int) -> None:
    """They are one row as ever: a table in a cell may look the same."""
    path = tmp_path / "rows.tsv"
    path.write_text(lines)
    found = scan(path, lambda fields: Fields("n", None, fields), limit=None, prefix_index=-1)
    assert found.joined_row == number


@pytest.mark.parametrize(
    ("text", "number"), [("x\x00y", 2), (["a", {"b": "\x00"}], 2), ("\\u0000", 0), ("", 0)], ids=repr
)
def test_a_row_with_a_nul_character_is_noticed(tmp_path: Path, text: Any, number: int) -> None:
    """If the recipe uses its field; it is a row as ever, for older versions took it."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"body": body, "other": "\x00"}) + "\n" for body in ("a", text, text)))
    found = scan(path, lambda fields: Fields("n", None, {"body": fields["body"]}), limit=None, prefix_index=-1)
    assert (found.pairs, found.nul_row) == (3, number)


@pytest.mark.parametrize(
    ("texts", "empty"), [(["a", "b"], None), (["a", "", "b", " \n"], EmptyRows(2, 2, "body"))]
)
def test_rows_without_a_text_to_ask_about_are_counted(
    tmp_path: Path, texts: list[str], empty: EmptyRows | None
) -> None:
    """They are rows as ever: a cell that is not filled in is seldom meant, and paid all the same."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"body": text}) + "\n" for text in texts))

    def parse(fields: Mapping[str, Any]) -> Fields:
        return Fields("n", None, fields, "" if fields["body"].strip() else "body")

    found = scan(path, parse, limit=None, prefix_index=-1)
    assert (found.pairs, found.empty) == (len(texts), empty)
    directory = RunDirectory(Disk(), tmp_path)
    directory.manifest.parent.mkdir()
    save_manifest(directory, found)
    assert load_manifest(directory) == found


def test_the_names_of_the_fields_are_those_of_the_first_rows(tmp_path: Path) -> None:
    """Of bad lines none, and of a file that cannot be read none at all."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{\n{"b": {"c": 1}}\n' + '{"a": 2}\n' * 5000 + '{"z": 1}\n')
    assert field_names(path) == {"a", "b"}
    assert field_names(tmp_path / "missing.jsonl") == set()


def test_however_many_mistakes_there_are_every_line_is_known_by_its_number(tmp_path: Path) -> None:
    """The reasons are kept of the first hundred, where they alternate; then it is said that they are not JSON."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(line() + b"\n" + b"{\nx\n" * 2500 + line() + b"\n")
    found = scan(path, parse_pair, limit=None, prefix_index=-1)
    assert (found.bad_count, sum(bad.lines for bad in found.bad)) == (5000, 5000)
    assert found.bad[0] == BadLine(2, CUT_OFF)
    assert found.bad[-1] == BadLine(101, "not JSON", 5001)
