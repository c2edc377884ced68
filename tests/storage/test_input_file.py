"""The input: cut into rows whatever the chunks, carried on from any row, every bad line by number and kind."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.errors import BadDataError, UsageError
from asyncgen.medec.pair import parse_pair
from asyncgen.recipes.declared import Fields
from asyncgen.rows import Parse, Row
from asyncgen.storage.disk import Disk
from asyncgen.storage.input_file import BadLine, FileIdentity, RowCutter, Scan, read_rows, scan, trusted

BOM = b"\xef\xbb\xbf"
FIELDS = {"note_id": "n", "correct_note": "He is well.", "incorrect_note": "He is ill."}


def line(note_id: str = "n", **changes: Any) -> bytes:
    """An input line, without its line break."""
    return json.dumps({**FIELDS, "note_id": note_id, **changes}, ensure_ascii=False).encode()


def cut(data: bytes, chunks: list[int] | None = None, start: RowCutter | None = None) -> list[Row | BadLine]:
    """What a cutter makes of these bytes, fed in chunks of these sizes (over and over)."""
    cutter = start or RowCutter(parse_pair)
    return [*feed(cutter, data, chunks or [len(data) + 1]), *cutter.finish()]


def feed(cutter: RowCutter, data: bytes, chunks: list[int]) -> Iterator[Row | BadLine]:
    """Feed bytes in chunks of these sizes."""
    place = 0
    while data[place:]:
        for size in chunks:
            yield from cutter.feed(data[place : place + size])
            place += size


def rows(items: list[Row | BadLine]) -> list[Row]:
    """The rows among them."""
    return [item for item in items if isinstance(item, Row)]


def rows_in(path: Path) -> list[Row]:
    """The rows of a file."""
    return rows(cut(path.read_bytes()))


def behind(row: Row) -> RowCutter:
    """A cutter that starts where a row ended."""
    return RowCutter(parse_pair, index=row.index + 1, end=row.end, chain=row.chain)


def ids(items: list[Row | BadLine]) -> list[str]:
    """The note ids of the rows among them."""
    return [row.pair.note_id for row in rows(items)]


note_texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]) | st.just("\u2028")).map(
    "x".__add__
)
good_lines = st.builds(line, note_texts)
bad_lines = st.sampled_from([b"{", b"[]", b"\xff", b'{"note_id": "n"}', b'"\x00"', b"x" * 40])
blank_lines = st.sampled_from([b"", b" ", b"\t"])
breaks = st.sampled_from([b"\n", b"\r\n"])
documents = st.builds(
    lambda mark, lines, last: mark + b"".join(text + end for text, end in lines) + last,
    st.sampled_from([b"", BOM]),
    st.lists(st.tuples(good_lines | good_lines | bad_lines | blank_lines, breaks), max_size=8),
    good_lines | blank_lines,
)
chunkings = st.lists(st.integers(1, 60), min_size=1, max_size=10)


# Cutting


@given(data=documents, chunks=chunkings)
def test_the_rows_are_the_same_whatever_the_chunks(data: bytes, chunks: list[int]) -> None:
    """Down to single bytes: rows, positions, chains and bad lines."""
    assert cut(data, chunks) == cut(data) == cut(data, [1])


@given(data=documents, chunks=chunkings)
def test_reading_goes_on_behind_any_row_as_if_it_had_never_stopped(data: bytes, chunks: list[int]) -> None:
    """Index, end and chain of a row are all that the rest depends on."""
    whole = rows(cut(data))
    for place, row in enumerate(whole):
        assert rows(cut(data[row.end :], chunks, behind(row))) == whole[place + 1 :]


@given(data=documents)
def test_the_positions_of_the_rows_are_the_ends_of_their_lines(data: bytes) -> None:
    """Indexes count from 0, and the bytes before a row's end hold just the rows up to it."""
    whole = rows(cut(data))
    assert [row.index for row in whole] == list(range(len(whole)))
    for row in whole:
        assert rows(cut(data[: row.end])) == whole[: row.index + 1]
        assert row.end == len(data) or data[: row.end].endswith(b"\n")


@given(data=documents, changed=st.integers(0, 7))
def test_a_chain_depends_on_every_line_up_to_its_row(data: bytes, changed: int) -> None:
    """Another text in one row changes its chain and all behind it, and none before."""
    whole = rows(cut(data))
    lines = [line(row.pair.note_id, extra=row.index == changed) for row in whole]
    before = rows(cut(b"\n".join(line(row.pair.note_id, extra=False) for row in whole)))
    after = rows(cut(b"\n".join(lines)))
    assert [a.chain == b.chain for a, b in zip(after, before, strict=True)] == [
        row.index < changed for row in whole
    ]


@pytest.mark.parametrize(
    "data",
    [
        line("a") + b"\n" + line("b") + b"\n",
        line("a") + b"\n" + line("b"),
        line("a") + b"\r\n" + line("b") + b"\r\n",
        line("a") + b"\r\n" + line("b"),
        BOM + line("a") + b"\n" + line("b") + b"\n",
        b"\n \n" + line("a") + b"\n\r\n\n" + line("b") + b"\n\n\n",
        b"  " + line("a") + b" \n\t" + line("b"),
    ],
    ids=["plain", "no final break", "CRLF", "CRLF, no final break", "byte order mark", "blank lines", "indented"],
)
def test_the_same_pairs_come_out_of_files_as_tools_write_them(data: bytes) -> None:
    """Line ends, marks and blank lines do not matter."""
    assert [(item.pair.note_id, item.index) for item in rows(cut(data))] == [("a", 0), ("b", 1)]
    assert len(cut(data)) == 2


def test_a_byte_order_mark_is_one_at_the_start_only() -> None:
    """Anywhere else the line is not JSON."""
    assert cut(line() + b"\n" + BOM + line())[1:] == [BadLine(2, "not JSON")]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_lines_end_at_lf_alone(separator: str) -> None:
    """What some tools take for a line break is text inside a note."""
    items = cut(line("a", correct_note=f"one{separator}two") + b"\n" + line("b"))
    assert ids(items) == ["a", "b"]
    assert rows(items)[0].pair.correct_note == f"one{separator}two"


@pytest.mark.parametrize("control", [b"\r", b"\x0b", b"\x0c", b"\x1c", b"\t"])
def test_a_control_character_inside_a_note_makes_one_bad_line(control: bytes) -> None:
    """JSON wants it escaped; it ends no line."""
    items = cut(line("a").replace(b" is ", control) + b"\n" + line("b"))
    assert items[0] == BadLine(1, "not JSON")
    assert ids(items) == ["b"]


# A file that grows


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("ended", [True, False], ids=["with a final break", "without a final break"])
def test_a_grown_file_goes_on_behind_its_last_row(line_break: bytes, *, ended: bool) -> None:
    """The chain of what was there stays, and only the new rows follow."""
    short = line("a") + line_break + line("b") + line_break * ended
    grown = short + line_break * (not ended) + line("c") + line_break
    last = rows(cut(short))[-1]
    assert rows(cut(grown))[1].chain == last.chain
    assert ids(cut(grown[last.end :], start=behind(last))) == ["c"]


# Bad lines


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (b"{", "not JSON"),
        (b"note", "not JSON"),
        (line() + line(), "not JSON"),
        (line()[:-1] + b', "extra": NaN}', "not JSON"),
        (line()[:-2] + b"\xff" + line()[-2:], "not UTF-8"),
        (line()[:-2] + b"\x00" + line()[-2:], "NUL byte"),
        (b"\x00", "NUL byte"),
        (line(correct_note="a\x00"), "NUL character in correct_note"),
        (b"[]", "not a JSON object"),
        (b'"note"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "no note_id"),
        (line(correct_note=None), "no correct_note"),
        (line(incorrect_note=5), "incorrect_note is not a string"),
        (line(incorrect_note=""), "incorrect_note is empty"),
        (b"[" * 100_000 + rb'"\ud800"', "not JSON"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_bad_line_is_named_by_number_and_kind(bad: bytes, kind: str) -> None:
    """Blank lines count as lines, so that an editor shows the same number."""
    items = cut(b"\n" + line("a") + b"\r\n" + bad + b"\n" + line("b"))
    assert [item for item in items if isinstance(item, BadLine)] == [BadLine(3, kind)]
    assert ids(items) == ["a", "b"]


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", "18446744073709551616"),
        ("-12345678901234567890123", "-12345678901234567890123"),
        ("1.8e30", 1.8e30),
        ("123456789012345678901.5", 123456789012345678901.5),
    ],
)
def test_a_whole_number_that_would_be_rounded_is_taken_as_text(number: str, value: object) -> None:
    """Some databases give their numbers 38 digits."""
    parse: Parse[Fields] = lambda fields: Fields("n", None, fields)  # noqa: E731
    [found] = RowCutter(parse).feed(f'{{"key": {number}, "body": "b"}}\n'.encode())
    assert isinstance(found, Row)
    assert found.pair.values == {"key": value, "body": "b"}


def test_a_row_with_such_a_number_is_read_as_any_other() -> None:
    """A lone surrogate becomes U+FFFD, and what is nested too deeply is a bad line and no more."""
    parse: Parse[Fields] = lambda fields: Fields("n", None, fields)  # noqa: E731
    deep = "[" * 1000 + "]" * 1000
    lines = rf'{{"n": {10**30}, "body": "b\ud83d"}}' + "\n" + f'{{"n": {10**30}, "x": {deep}}}\n'
    first, second = RowCutter(parse).feed(lines.encode())
    assert isinstance(first, Row)
    assert first.pair.values == {"n": str(10**30), "body": "b\ufffd"}
    assert second == BadLine(2, "not JSON")


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


def test_a_bad_line_leaves_no_trace_in_the_chain() -> None:
    """With --skip-bad, a file and its mended copy without those lines are the same input."""
    with_bad = rows(cut(line("a") + b"\n{\n\n[]\n" + line("b")))
    without = rows(cut(line("a") + b"\n" + line("b")))
    assert [row.chain for row in with_bad] == [row.chain for row in without]


def test_lone_surrogates_become_the_replacement_character() -> None:
    """They are legal JSON, so the line is good."""
    data = line("a").replace(b"He is well.", rb"He \ud83d is well.")
    assert rows(cut(data))[0].pair.correct_note == "He \ufffd is well."


# The scan


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
    assert found.bad == (BadLine(2, "not JSON"), BadLine(7, "not a JSON object"))
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
        BadLine(1, "not JSON", 1500),
        BadLine(1502, "not JSON"),
        BadLine(1503, "not a JSON object"),
    )


def test_an_input_that_cannot_be_read_is_an_error_of_usage(tmp_path: Path) -> None:
    """A missing file and a directory."""
    with pytest.raises(UsageError, match=r"cannot read the input .*missing.jsonl: No such file"):
        scan(tmp_path / "missing.jsonl", parse_pair, limit=None, prefix_index=-1)
    with pytest.raises(UsageError, match=r"cannot read the input .*: Is a directory"):
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
