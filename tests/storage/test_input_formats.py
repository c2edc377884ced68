"""Each kind of input: what its lines become, and one clear line for each way in which a file cannot be read."""

import csv
import gzip
import io
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.errors import BadDataError, UsageError
from asyncgen.recipes.declared import Fields
from asyncgen.rows import Row
from asyncgen.storage.disk import Disk
from asyncgen.storage.input_file import BadLine, RowCutter, read_rows, rows_of, scan
from asyncgen.storage.input_formats import Refused, look_at, packed, pieces_of
from asyncgen.storage.input_formats.advice import advice_on

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = [
    {"id": "m1", "subject": 'so "called"', "body": "one, two\nthree"},
    {"id": "m2", "subject": "", "body": "\u2028 é\r\nx"},
    {"id": "m3", "subject": "tab\there", "body": "last"},
]
JSON_LINES = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in ROWS)


def table(rows: list[dict[str, str]], delimiter: str = ",") -> bytes:
    """Rows as a spreadsheet writes them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def parquet(rows: list[dict[str, Any]], schema: Any = None) -> bytes:
    """Rows in a Parquet file."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
    return file.getvalue()


KINDS = {
    "m.jsonl": JSON_LINES,
    "m.jsonl.gz": gzip.compress(JSON_LINES, mtime=0),
    "two-members.gz": gzip.compress(JSON_LINES[:50], mtime=0) + gzip.compress(JSON_LINES[50:], mtime=0),
    "gzip-without-its-ending": gzip.compress(JSON_LINES, mtime=0),
    "m.json.zst": zstd.compress(JSON_LINES),
    "two-frames.zst": zstd.compress(JSON_LINES[:50]) + zstd.compress(JSON_LINES[50:]),
    "skippable-frame.zst": b"\x50\x2a\x4d\x18\x02\x00\x00\x00ab" + zstd.compress(JSON_LINES),
    "not-compressed.gz": JSON_LINES,
    "json-lines.csv": JSON_LINES,
    "m.csv": table(ROWS),
    "M.CSV": b"\xef\xbb\xbf" + table(ROWS),
    "m.tsv": table(ROWS, "\t"),
    "m.csv.gz": gzip.compress(table(ROWS), mtime=0),
    "csv-without-an-ending": table(ROWS),
    "tsv-without-an-ending": table(ROWS, "\t"),
    "m.parquet": parquet(ROWS),
    "parquet-without-an-ending": parquet(ROWS),
}


def parse(fields: dict[str, Any]) -> Fields:
    """A row as it is."""
    return Fields(fields["id"], fields["id"], fields)


def values(path: Path) -> list[Any]:
    """The rows of a file."""
    return [row.pair.values for row in rows_of(path, parse)]


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Write a file."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("name", KINDS)
async def test_every_kind_gives_the_same_rows_from_every_place(written: Any, disk: Disk, name: str) -> None:
    """From the beginning, and behind each row, by its position."""
    path = written(name, KINDS[name])
    whole = list(rows_of(path, parse))

    assert [row.pair.values for row in whole] == ROWS
    for row in whole:
        behind = RowCutter(parse, row.index + 1, row.end, row.chain)
        rest = [one async for one in read_rows(disk, path, behind, len(whole), skip_bad=False)]
        assert rest == whole[row.index + 1 :]


def test_compressed_lines_are_the_same_input_as_the_plain_ones(written: Any) -> None:
    """By their chain: a run may go on with either."""
    chains = {
        tuple(row.chain for row in rows_of(written(name, KINDS[name]), parse))
        for name in ("m.jsonl", "m.jsonl.gz", "m.json.zst")
    }
    assert len(chains) == 1


@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz", "m.jsonl.gz"])
def test_a_file_that_grows_keeps_the_chain_of_what_it_had(written: Any, name: str) -> None:
    """So a finished run goes on with what was added."""
    more = [*ROWS, {"id": "m4", "subject": "s", "body": "b"}]
    grown = table(more) if "csv" in name else JSON_LINES + orjson.dumps(more[-1])
    before = [row.chain for row in rows_of(written(name, KINDS[name]), parse)]
    after = [row.chain for row in rows_of(written(name, gzip.compress(grown) if "gz" in name else grown), parse)]

    assert after[:3] == before
    assert len(after) == 4


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from(",\t"))
def test_cells_come_back_as_they_were_written(rows: list[tuple[str, str]], delimiter: str) -> None:
    """Quotation marks, separators and line breaks of every kind; empty cells are empty texts, blank rows none."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "body"), *rows])
    from asyncgen.storage.input_formats.delimited import read_delimited  # noqa: PLC0415

    pieces = list(read_delimited(io.BytesIO(text.getvalue().encode()), delimiter))

    found = [orjson.loads(piece) for piece in pieces if isinstance(piece, bytes) and piece.strip()]
    assert found == [{"id": one, "body": other} for one, other in rows if (one + other).strip()]


def test_bad_records_are_named_by_the_line_in_which_they_begin(written: Any) -> None:
    """Records of several lines and blank lines before them count as an editor counts them."""
    path = written(
        "x.csv", b'id,body\n1,"a\n\nb"\n\n2\n3,x,y\n4,"a"b\n5,ok\n6,a\rb\n7,ok\n8,"a\n9,"b"\n10,ok\n11,a\0b\n'
    )

    found = scan(path, parse, limit=None, prefix_index=-1)

    assert [(bad.number, str(bad.kind)) for bad in found.bad] == [
        (6, "1 cell in this row, and 2 columns in the header"),
        (7, "3 cells in this row, and 2 columns in the header"),
        (8, "a quotation mark or a CR stands alone in a cell: quote the cell, and double the marks within it"),
        (10, "a quotation mark or a CR stands alone in a cell: quote the cell, and double the marks within it"),
        (
            12,
            "a quotation mark or a CR stands alone in a cell: quote the cell, and double the marks within it "
            "(it goes on to line 13)",
        ),
        (15, "NUL byte"),
    ]
    assert [row["id"] for row in values(path)] == ["1", "5", "7", "10"]


def test_rows_of_blank_cells_are_blank_lines(written: Any) -> None:
    """Spreadsheets write them below the table, and above its header; nothing is asked for them."""
    path = written("x.csv", b"\xef\xbb\xbf,\r\nid,body\r\n1,x\r\n,\r\n , \r\n2,\r\n,\r\n")

    found = scan(path, parse, limit=None, prefix_index=-1)

    assert (found.pairs, found.bad_count) == (2, 0)
    assert [row["id"] for row in values(path)] == ["1", "2"]


def test_semicolons_become_commas_by_the_command_that_is_named(written: Any, tmp_path: Path) -> None:
    """Cells with commas, marks, line breaks and other letters stay what they are."""
    path = written("OLD.csv", b"\xef\xbb\xbf" + table(ROWS, ";"))
    with pytest.raises(BadDataError) as caught:
        list(pieces_of(path))
    command = str(caught.value).partition("commas (")[2].removesuffix(")")

    subprocess.run(command, shell=True, check=True, cwd=tmp_path, timeout=60)

    assert values(tmp_path / "NEW.csv") == ROWS


async def test_rows_behind_a_bad_record_are_found_by_their_position(written: Any, disk: Disk) -> None:
    """Those that are skipped take their place."""
    path = written("x.csv", b'id,body\n1,"a\nb"\n2\n3,"c\nd"\n4\n5,e\n')
    whole = list(rows_of(path, parse))

    behind = RowCutter(parse, 1, whole[0].end, whole[0].chain)
    rest = [row async for row in read_rows(disk, path, behind, 3, skip_bad=True)]

    assert rest == whole[1:]


def test_a_header_may_begin_like_another_format(written: Any) -> None:
    """ORC's files begin with these letters too."""
    assert look_at(written("x.csv", b"ORCID,body\n1,x\n")).unit == "line"


UNREADABLE = {
    "cut.jsonl.gz": (KINDS["m.jsonl.gz"][:-10], "gzip file ends in the middle"),
    "cut.csv.gz": (KINDS["m.csv.gz"][:60], "gzip file ends in the middle"),
    "cut.zst": (KINDS["m.json.zst"][:-10], "Zstandard file ends in the middle"),
    "sum.gz": (KINDS["m.jsonl.gz"][:-8] + b"12345678", "gzip file is damaged"),
    "tail.gz": (KINDS["m.jsonl.gz"] + b"tail", "gzip file is damaged"),
    "no.gz": (b"hel\0lo", "gzip file is damaged"),
    "no.zst": (b"hel\xfflo", "Zstandard file is damaged"),
    "broken.zst": (KINDS["m.json.zst"][:9] + b"\xff" * 40, "Zstandard file"),
    "latin.csv": (b"id,body\n1,a\n2,\xe9\n", "line 3 is not UTF-8"),
    "wide.csv": (table(ROWS).decode().encode("utf-16"), "text in UTF-16"),
    "archive.csv": (b"PK\x03\x04" + bytes(90), "zip archive"),
    "double.csv": (b"id,body,id\n", "the column id more than once"),
    "nameless.csv": (b",id,body\n0,1,x\n", "column 1 of its header has no name"),
    "semicolons.csv": (b"id;body\n1;x\n", "separated by ';': separate them by commas (python3 -c '"),
    "quoted.csv": (b'"id";"body"\n1;"x"\n', "separated by ';': separate them by commas (python3 -c '"),
    "quoted-tabs.csv": (b'"id"\t"body"\n1\t"x"\n', "separated by tabs: give the file a name that ends in .tsv"),
    "bars.csv": (b"id|body\n1|x\n", "separated by '|': separate them by commas (python3 -c '"),
    "semicolons.tsv": (b"id;body\n1;x\n", "separated by ';': separate them by commas (python3 -c '"),
    "excel.csv": (b"sep=;\nid;body\n1;x\n", "names the separator alone: leave that out (tail -n +2)"),
    "excel-commas.csv": (b"sep=,\nid,body\n1,x\n", "names the separator alone: leave that out (tail -n +2)"),
    "tabs.csv": (b"id\tbody\n1\tx\n", "separated by tabs: give the file a name that ends in .tsv"),
    "commas.tsv": (b"id,body\n1,x\n", "separated by commas: give the file a name that ends in .csv"),
    "cr.csv": (b"id,body\r1,x\r", "end in CR alone"),
    "open.csv": (b'id,body\n1,"a\n2,b\n3,c\n', "line 2: a quoted cell begins in this record and never ends"),
    "header.csv": (b'"id"x,body\n1,2\n', "line 1, where the columns are named"),
    "cut.parquet": (KINDS["m.parquet"][:200], "Parquet file is damaged or cut off"),
    "no.parquet": (b"hello", "this is not Parquet, though it has the name"),
    "pointer.parquet": (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    "zip.parquet": (b"PK\x03\x04" + bytes(90), "zip archive"),
    "m.parquet.gz": (gzip.compress(KINDS["m.parquet"]), "Parquet inside gzip: unpack it first"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_is_one_clear_line(written: Any, name: str) -> None:
    """With its name, and what to do."""
    content, said = UNREADABLE[name]
    path = written(name, content)

    with pytest.raises(BadDataError, match=name) as caught:
        list(pieces_of(path))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["m.csv.gz", "m.jsonl.zst", "m.tsv.gz"])
def test_what_was_unpacked_on_the_way_is_read_by_the_name_that_it_has_kept(written: Any, name: str) -> None:
    """Browsers and curl do that."""
    whole = name.partition(".")[2].rpartition(".")[0]
    assert values(written(name, KINDS[f"m.{whole}"])) == ROWS


def test_a_quotation_that_never_ends_does_not_fill_the_memory(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record has a limit."""
    monkeypatch.setattr("asyncgen.storage.input_formats.delimited.MOST", 1000)
    path = written("x.csv", b'id,body\n1,"' + b"a\n" * 5000 + b'"\n')

    with pytest.raises(BadDataError, match="line 2: the record is longer"):
        list(pieces_of(path))


@pytest.mark.parametrize("content", [b"", b"id,body\n", parquet([], pa.schema([("id", pa.string())]))])
def test_a_table_without_rows_has_none(written: Any, content: bytes) -> None:
    """Whoever needs one says so."""
    name = "x.parquet" if content.startswith(b"PAR1") else "x.csv"
    assert scan(written(name, content), parse, limit=None, prefix_index=-1).pairs == 0


def test_a_directory_and_a_missing_file_are_errors_of_usage(tmp_path: Path) -> None:
    """As with any input."""
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(UsageError, match="cannot read the input"):
            list(pieces_of(path))


def test_values_of_parquet_are_those_of_json(written: Any) -> None:
    """Times as ISO 8601 without nanoseconds, exact decimals as text, what JSON has not as null."""
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("at", pa.timestamp("ns", "UTC")),
            ("day", pa.date32()),
            ("tags", pa.list_(pa.struct([("name", pa.dictionary(pa.int8(), pa.string())), ("n", pa.float64())]))),
            ("price", pa.decimal128(9, 2)),
            ("took", pa.duration("ms")),
            ("raw", pa.binary()),
            ("bytes", pa.binary()),
            ("none", pa.null()),
        ]
    )
    row = {
        "id": "a",
        "at": 1_700_000_000_123_456_789,
        "day": date(2026, 1, 2),
        "tags": [{"name": "x", "n": 0.5}, {"name": None, "n": float("nan")}, {"name": None, "n": float("-inf")}],
        "price": Decimal("12.50"),
        "took": timedelta(milliseconds=1500),
        "raw": b"text",
        "bytes": b"\xff",
        "none": None,
    }

    assert values(written("x.parquet", parquet([row], schema))) == [
        {
            "id": "a",
            "at": datetime.fromtimestamp(1_700_000_000, UTC).replace(microsecond=123456).isoformat(),
            "day": "2026-01-02",
            "tags": [{"name": "x", "n": 0.5}, {"name": None, "n": None}, {"name": None, "n": None}],
            "price": "12.50",
            "took": 1.5,
            "raw": "text",
            "bytes": "/w==",
            "none": None,
        }
    ]


def test_what_python_cannot_hold_is_text_or_refuses_its_row_alone(written: Any) -> None:
    """Open ends of times, which lie outside the years 1 to 9999, and bytes that are no text."""
    late, texts = 253_402_300_799_000_000, pa.array([b"caf\xe9", b"ok", b"ok"]).buffers()
    table = pa.table(
        {
            "id": ["1", "2", "3"],
            "until": pa.array([0, late, 0], pa.timestamp("us", "Asia/Tokyo")),
            "day": pa.array([0, 0, 2**31 - 1], pa.date32()),
            "body": pa.Array.from_buffers(pa.string(), 3, texts),
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    first, second, third = pieces_of(written("x.parquet", file.getvalue()))
    assert first == Refused("the text in body is not UTF-8")
    assert isinstance(second, bytes)
    assert orjson.loads(second)["until"] == "10000-01-01 08:59:59.000000+0900"
    assert third == Refused("day holds a time outside the years 1 to 9999")


def test_the_open_end_of_sparks_times_stays_what_it_is(written: Any) -> None:
    """In nanoseconds it would be the year 1816."""
    file = io.BytesIO()
    table = pa.table({"id": ["1"], "body": pa.array([253_402_214_400_000_000], pa.timestamp("us"))})
    pq.write_table(table, file, use_deprecated_int96_timestamps=True)
    assert values(written("x.parquet", file.getvalue())) == [{"id": "1", "body": "9999-12-31T00:00:00"}]


def test_two_columns_of_one_name_in_parquet_are_refused(written: Any) -> None:
    """One of them would be lost."""
    file = io.BytesIO()
    pq.write_table(pa.table([["1"], ["2"]], names=["id", "id"]), file)

    with pytest.raises(BadDataError, match="the column id more than once"):
        list(pieces_of(written("x.parquet", file.getvalue())))


def test_without_pyarrow_it_is_said_how_to_install_it(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else is wrong."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(UsageError, match=r"pip install 'asyncgen\[parquet\]'"):
        list(pieces_of(written("x.parquet", KINDS["m.parquet"])))


def test_of_parquet_that_was_read_nobody_is_told_to_write_something_else(written: Any) -> None:
    """Its columns only have other names."""
    assert advice_on(written("x.parquet", KINDS["m.parquet"])) == ""
    assert advice_on(written("x.jsonl", b"PAR0" + bytes(9))) == ""


def test_places_of_parquet_are_rows() -> None:
    """And lines elsewhere; a value that JSON cannot hold is refused by its row."""
    assert Refused("x", 2).blank == b"\n\n"
    cutter = RowCutter(parse)
    assert list(cutter.feed(Refused("too large"))) == [BadLine(1, "too large")]
    [row] = [item for item in cutter.feed(b'{"id": "a"}\n') if isinstance(item, Row)]
    assert (row.index, row.end, cutter.number) == (0, 13, 2)


@pytest.mark.parametrize(("name", "unit"), [("m.parquet", "row"), ("m.csv.gz", "line")])
def test_a_file_says_what_its_places_are_called(written: Any, name: str, unit: str) -> None:
    """By which messages name them."""
    assert look_at(written(name, KINDS[name])).unit == unit


def test_only_plain_json_lines_are_sought_in(written: Any) -> None:
    """Elsewhere a position is reached by reading up to it."""
    assert {name for name in KINDS if look_at(written(name, KINDS[name])).seekable} == {
        "m.jsonl",
        "not-compressed.gz",
        "json-lines.csv",
    }


def test_a_file_that_is_left_early_is_closed(written: Any) -> None:
    """Runs of the first rows leave no descriptor behind."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for name, content in KINDS.items():
        pieces = pieces_of(written(name, content))
        next(pieces)
        pieces.close()

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_each_packing_is_told_by_its_mark() -> None:
    """Whatever it is called."""
    for packing in packed.PACKINGS:
        assert all(packed.packing_of(mark + b"x", "any") is packing for mark in packing.marks)
