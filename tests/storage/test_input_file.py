"""The input: cut into rows whatever the chunks, carried on from any row, every bad line by number and kind."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.recipes.declared import Fields
from asyncgen.rows import Parse, Row
from asyncgen.storage.input_file import BadLine, RowCutter

from .input_lines import BOM, behind, cut, ids, line, rows

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
    assert cut(line() + b"\n" + BOM + line())[1:] == [
        BadLine(2, "not JSON: a byte order mark stands before it, as where files were joined")
    ]


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
    assert items[0] == BadLine(1, "not JSON: invalid control character")
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
        (b"{", "not JSON: expecting property name enclosed in double quotes"),
        (b"note", "not JSON: expecting value"),
        (line() + line(), "not JSON: extra data"),
        (line()[:-1] + b', "extra": NaN}', "not JSON: NaN is not a JSON number, null is for what is missing"),
        (line()[:-5], "not JSON: unterminated string"),
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
        (b"[" * 100_000 + rb'"\ud800"', "not JSON: nested too deeply"),
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
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # Hypothesis may have raised it
    try:
        first, second = RowCutter(parse).feed(lines.encode())
    finally:
        sys.setrecursionlimit(usual)
    assert isinstance(first, Row)
    assert first.pair.values == {"n": str(10**30), "body": "b\ufffd"}
    assert second == BadLine(2, "not JSON: nested too deeply")


def test_a_bad_line_leaves_no_trace_in_the_chain() -> None:
    """With --skip-bad, a file and its mended copy without those lines are the same input."""
    with_bad = rows(cut(line("a") + b"\n{\n\n[]\n" + line("b")))
    without = rows(cut(line("a") + b"\n" + line("b")))
    assert [row.chain for row in with_bad] == [row.chain for row in without]


def test_lone_surrogates_become_the_replacement_character() -> None:
    """They are legal JSON, so the line is good."""
    data = line("a").replace(b"He is well.", rb"He \ud83d is well.")
    assert rows(cut(data))[0].pair.correct_note == "He \ufffd is well."
