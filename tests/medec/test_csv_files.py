"""MEDEC's CSV: which rows are pairs, what is odd, and that no byte of a note changes."""

import csv
import io
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.errors import BadDataError, UsageError
from asyncgen.medec.corpus import Collection
from asyncgen.medec.csv_files import COLUMNS, ERROR_TYPE, Found, Reading, encode_pair, read_csv, read_row
from asyncgen.medec.pair import Pair, parse_pair

ROW = {
    "Text ID": "ms-train-7",
    "Text": "He has a cold. He is given warfarin. ",
    "Sentences": "0 He has a cold.\n1 He is given warfarin.",
    "Error Flag": "1",
    "Error Type": "causalOrganism",
    "Error Sentence ID": "1",
    "Error Sentence": "He is given warfarin.",
    "Corrected Sentence": "He is given tea.",
    "Corrected Text": "He has a cold. He is given tea. ",
}
GARBLED = "letters garbled in the published file (UTF-8 read as Windows-1252)"
NOTES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


def write(
    path: Path,
    rows: list[dict[str, str]],
    *,
    columns: list[str] | None = None,
    end: str = "\r\n",
    quoting: int = 0,
) -> Path:
    """A CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(ROW), extrasaction="ignore", lineterminator=end, quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())
    return path


def test_a_row_with_an_error_is_a_pair() -> None:
    """Text as it stands, the type in lower case."""
    assert read_row(ROW) == Reading(
        Pair(
            note_id="ms-train-7",
            correct_note="He has a cold. He is given tea. ",
            incorrect_note="He has a cold. He is given warfarin. ",
            error_type="causalorganism",
            error_sentence="He is given warfarin.",
            corrected_sentence="He is given tea.",
        )
    )


@pytest.mark.parametrize("flag", ["0", "0.0", " 0 "])
@pytest.mark.parametrize("corrected", ["NA", "", ROW["Text"]])
def test_a_note_without_an_error_is_nothing_odd(flag: str, corrected: str) -> None:
    """It gives no pair."""
    assert read_row(ROW | {"Error Flag": flag, "Corrected Text": corrected}) == Reading(None)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"Error Flag": ""}, "Error Flag is empty"),
        ({"Error Flag": " "}, "Error Flag is empty"),
        ({"Error Flag": "2"}, "Error Flag is neither 0 nor 1"),
        ({"Error Flag": "0"}, "Error Flag is 0, but Corrected Text differs"),
        ({"Text ID": ""}, "Text ID is empty"),
        ({"Text": " \n"}, "Text is empty"),
        ({"Corrected Text": "NA"}, "Corrected Text is empty"),
        ({"Corrected Text": ROW["Text"]}, "Text and Corrected Text are the same"),
        ({"Text": "He\x00"}, "NUL character in incorrect_note"),
    ],
)
def test_a_row_that_gives_no_usable_pair_says_why(change: dict[str, str], kind: str) -> None:
    """One reason, the first that applies."""
    assert read_row(ROW | change) == Reading(None, (kind,))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"Error Type": "NA"}, "no Error Type"),
        ({"Error Type": "typo"}, "an Error Type that MEDEC does not document"),
        ({"Error Sentence": "NA"}, "no Error Sentence"),
        ({"Error Sentence": "He flies."}, "Error Sentence does not occur in Text"),
        ({"Text": f"{ROW['Text']} 5 Î¼g"}, GARBLED),
        ({"Text": f"{ROW['Text']} the patientâ€™s â€œcoldâ€\x9d"}, GARBLED),
        ({"Corrected Sentence": ""}, "no Corrected Sentence"),
        ({"Corrected Sentence": "He flies."}, "Corrected Sentence does not occur in Corrected Text"),
    ],
)
def test_a_doubtful_pair_is_kept_and_named(change: dict[str, str], kind: str) -> None:
    """What it lacks is null, or `unknown` for the type."""
    reading = read_row(ROW | change)
    assert reading.odd == (kind,)
    assert reading.pair is not None


@pytest.mark.parametrize("text", ["38.5 °C", "5 μg of “tea”, naïve", "½ ± ²", "Größe"])
def test_letters_beyond_ascii_are_nothing_odd(text: str) -> None:
    """Only what becomes a letter when the wrong decoding is undone."""
    assert read_row(ROW | {"Text": f"{ROW['Text']} {text}"}).odd == ()


def test_a_file_without_error_types_is_nothing_odd(tmp_path: Path) -> None:
    """The training file of MEDIQA-CORR has no such column; columns may stand in any order, others are ignored."""
    (found,) = read_csv(write(tmp_path / "a.csv", [ROW], columns=["Split", *reversed(COLUMNS)]))
    assert found.reading.odd == ()
    assert found.reading.pair is not None
    assert found.reading.pair.error_type == "unknown"


@given(NOTES, NOTES, st.sampled_from(["\n", "\r\n"]), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_text_is_taken_byte_for_byte(tmp_path_factory, incorrect, correct, end, mark) -> None:
    """Quotes, CR LF, lone CR, U+2028, blanks at the ends: as they are, down to the line that is written."""
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    row = ROW | {"Text": f"x{incorrect}", "Corrected Text": f"y{correct}"}
    write(path, [row], end=end, quoting=csv.QUOTE_ALL)
    path.write_bytes(mark + path.read_bytes())
    (found,) = read_csv(path)
    pair = found.reading.pair
    assert pair is not None
    assert (pair.incorrect_note, pair.correct_note) == (f"x{incorrect}", f"y{correct}")
    line = encode_pair(pair, None)
    assert line.count(b"\n") == 1
    assert parse_pair(orjson.loads(line)) == pair


def test_a_pair_is_written_with_the_fields_of_the_input_format() -> None:
    """In the order in which they are documented, non-ASCII as itself."""
    pair = read_row(ROW | {"Text": "38 °C. He is given warfarin."}).pair
    assert pair is not None
    line = encode_pair(pair, "train")
    names = "note_id correct_note incorrect_note error_type error_sentence corrected_sentence split"
    assert list(orjson.loads(line)) == names.split()
    assert "38 °C".encode() in line
    assert orjson.loads(line)["split"] == "train"
    assert orjson.loads(encode_pair(pair, None))["split"] is None


def test_rows_are_numbered_as_people_count_them(tmp_path: Path) -> None:
    """From 1 behind the header; blank lines do not count, line breaks in fields neither."""
    path = write(tmp_path / "a.csv", [ROW | {"Text": "a\r\nb\n"}, ROW | {"Error Flag": ""}])
    path.write_bytes(path.read_bytes() + b"\r\n\r\n")
    assert [(found.number, found.text_id) for found in read_csv(path)] == [(1, "ms-train-7"), (2, "ms-train-7")]


def test_a_row_of_another_length_is_named(tmp_path: Path) -> None:
    """Not taken for what it is not."""
    path = write(tmp_path / "a.csv", [ROW])
    path.write_bytes(path.read_bytes() + b"ms-train-8,too short\r\n")
    assert list(read_csv(path))[1] == Found(2, "ms-train-8", Reading(None, ("not as many fields as the header",)))


def test_a_field_may_be_longer_than_the_default_limit(tmp_path: Path) -> None:
    """Python's csv refuses 128 KiB unless told otherwise."""
    (found,) = read_csv(write(tmp_path / "a.csv", [ROW | {"Text": "long " * 50_000}]))
    assert found.reading.pair is not None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has none"),
        (b"Text ID,Text\r\n1,2\r\n", "lacks the columns Error Flag, Error Sentence"),
        (b"\x1b[2J,b\r\n", r"it has '\\x1b\[2J', 'b'"),
        (",".join([*COLUMNS, "Text"]).encode(), "has the column Text more than once"),
        (",".join([*COLUMNS, ERROR_TYPE, ERROR_TYPE]).encode(), "has the column Error Type more than once"),
        (",".join(COLUMNS).encode() + b'\r\n1,"never closed\r\n', "is not CSV: .* begins in line 2$"),
        (b'{"note_id": "n", "correct_note": "a"}\n', "looks like JSON lines: .* need no prepare"),
        (",".join(COLUMNS).encode() + b'\r\n1,"a"b,,,,\r\n', "is not CSV"),
        (",".join(COLUMNS).encode() + b"\r\n1,caf\xe9,,,,\r\n", "not UTF-8"),
        ("Text ID,Text".encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_such_file_is_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    """Nothing is guessed."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(BadDataError, match=message):
        list(read_csv(path))


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """As an error of usage."""
    with pytest.raises(UsageError, match="No such file"):
        list(read_csv(tmp_path / "none.csv"))


def collect(*rows: dict[str, str]) -> Collection:
    """Rows of two files, by turns."""
    collection = Collection()
    for number, row in enumerate(rows):
        collection.add("ab"[number % 2], Found(number // 2 + 1, row["Text ID"], read_row(row)))
    return collection


def test_the_same_pair_again_is_left_out_and_named() -> None:
    """Under whatever id: it would be paid for twice."""
    collection = collect(ROW, ROW | {"Text ID": "other"}, ROW)
    assert len(collection.pairs) == 1
    assert collection.left_out == 2
    assert [(odd.kind, odd.place, odd.left_out, odd.like) for odd in collection.oddities] == [
        ("both notes were there already", ("b", 1, "other"), True, ("a", 1, "ms-train-7")),
        ("both notes were there already", ("a", 2, "ms-train-7"), True, ("a", 1, "ms-train-7")),
    ]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"Text": "He has a cold. He is given rum."}, "Corrected Text of another pair"),
        ({"Corrected Text": "He has a cold. He is given milk."}, "Text of another pair"),
    ],
)
def test_a_pair_that_repeats_one_note_is_kept_and_named(change: dict[str, str], kind: str) -> None:
    """It teaches something else."""
    other = ROW | {"Text ID": "other", "Error Sentence": "He has a cold.", "Corrected Sentence": "He has a cold."}
    collection = collect(ROW, other | change)
    assert len(collection.pairs) == 2
    assert [(odd.kind, odd.left_out) for odd in collection.oddities] == [(kind, False)]


def test_every_row_is_a_pair_or_clean_or_left_out() -> None:
    """None is lost from the count."""
    rows = [ROW, ROW | {"Error Flag": "0", "Corrected Text": "NA"}, ROW | {"Error Flag": ""}, ROW]
    collection = collect(*rows)
    assert (collection.rows, len(collection.pairs), collection.clean, collection.left_out) == (4, 1, 1, 2)
    assert [odd.kind for odd in collection.oddities] == ["Error Flag is empty", "both notes were there already"]


def test_the_same_id_for_other_notes_is_kept_and_named() -> None:
    """Ids are not always unique."""
    other = {name: ROW[name].replace("cold", "flu") for name in ROW}
    assert [odd.kind for odd in collect(ROW, other).oddities] == ["Text ID of other notes"]
