"""Conditions on the values of a line: what they compare, and what they cannot."""

import json
import operator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.cli.main import main
from asyncgen.export.line_conditions import LineCondition

LINE = {
    "mark": 4,
    "share": 0.5,
    "text": "4",
    "ok": True,
    "none": None,
    "more": {"kind": "a b"},
    "marks": [1, 5],
    "2024": 7,
}
SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("mark >= 4", True),
        ("mark>4", False),
        (" mark == 4.0 ", True),
        ('mark == "4"', None),
        ("share<1", True),
        ("text == 4", True),
        ("text != 5", True),
        ("text >= 3", None),
        ("text >= '35'", True),
        ("text == '4'", True),
        ("ok == true", True),
        ("ok == 1", None),
        ("mark != true", None),
        ("mark != 'four'", None),
        ("marks != 4", None),
        ("none == null", True),
        ("none != 3", True),
        ("mark != null", True),
        ("text != null", True),
        ("2024 == 7", True),
        ("more.kind == a b", True),
        ("more.kind == 'a b'", True),
        ('more.kind == "a b"', True),
        ("mark == {marks.1}", False),
        ("mark < {marks.1}", True),
        ("mark != {marks.1}", True),
        ("text == {mark}", True),
        ("mark == {text}", None),
        ("text >= {mark}", None),
        ("mark == {nothing}", None),
        ("more.kind != {text}", True),
        ("text == '{mark}'", False),
        ("more.kind != ''", True),
        ("marks.1 == 5", True),
        ("marks == [1, 5]", True),
        ("mark < x", None),
        ("ok > false", None),
        ("none > 3", None),
        ("marks > 1", None),
        ("marks.2 == 5", None),
        ("more.other != 5", None),
        ("text.x == 5", None),
    ],
)
def test_a_condition_compares_values_of_one_kind(text: str, holds: bool | None) -> None:
    """None: there is nothing to compare, and the line is not taken either."""
    assert LineCondition.parse(text).holds(LINE) is holds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mark",
        "mark = 4",
        "mark >=",
        ">= 4",
        "my mark >= 4",
        "mark is 4",
        "mark !== 4",
        "mark === 4",
        "mark <> 4",
    ],
)
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    """A shell that was given no quotes leaves the key alone."""
    with pytest.raises(ValueError, match="'mark >= 4' is one"):
        LineCondition.parse(text)


@pytest.mark.parametrize("text", ["mark != 4 and kind == a", "mark > 4 OR mark < 2", "a == b && c == d"])
def test_several_conditions_in_one_are_refused(text: str) -> None:
    """They would be one long text, which no line has."""
    with pytest.raises(ValueError, match="holds several conditions"):
        LineCondition.parse(text)
    assert LineCondition.parse("title == salt and pepper").value == "salt and pepper"


@given(
    found=st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    wanted=st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    sign=st.sampled_from(sorted(SIGNS)),
)
def test_numbers_compare_as_numbers(found: float, wanted: float, sign: str) -> None:
    """Whole or not."""
    condition = LineCondition.parse(f"n {sign} {json.dumps(wanted)}")
    assert condition.holds({"n": found}) is SIGNS[sign](found, wanted)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two lines a row, of which the second has a mark that is not always a number."""
    place = tmp_path_factory.mktemp("marked")
    rows = [{"id": str(n), "text": f"text {n}", "mark": n if n % 5 else "none"} for n in range(40)]
    (place / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "two.toml").write_text(
        """
[[step]]
name = "answer"
user = "{text}"
[[output]]
file = "two.jsonl"
[[output.line]]
prompt = "first {text}"
completion = "{answer}"
mark = 100
[[output.line]]
prompt = "second {text}"
completion = "{answer}"
mark = "{mark}"
"""
    )
    words = [
        "run",
        "--recipe",
        str(place / "two.toml"),
        "--input",
        str(place / "rows.jsonl"),
        "-q",
        "--no-progress",
    ]
    assert main([*words, "--output-dir", str(place / "out"), "--simulate", "fast"]) == 0
    return place / "out"


def export(directory: Path, target: Path, *words: str) -> dict[str, list[dict[str, Any]]]:
    """The records of each file that an export writes."""
    flags = ["--format", "trl-prompt-completion", "-o", str(target / "x.jsonl"), *words]
    assert main(["export", str(directory), *flags]) == 0
    return {
        path.name: list(map(json.loads, path.read_text().splitlines())) for path in sorted(target.glob("x*.jsonl"))
    }


def test_lines_that_do_not_meet_a_condition_are_left_out_alone(
    marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other lines of their row are not."""
    [records] = export(marked, tmp_path, "--where", "mark >= 30").values()
    shown = [record["prompt"] for record in records]
    meant = [["first", "second"] if n >= 30 and n % 5 else ["first"] for n in range(40)]
    assert shown == [f"{which} text {n}" for n, both in enumerate(meant) for which in both]
    said = capsys.readouterr().err
    assert (
        "--where 'mark >= 30' leaves 32 lines of 80 out, 8 of them with nothing to compare in 'mark >= 30'" in said
    )
    assert "| lines left out for that | 32 |" in (tmp_path / "x-card.md").read_text()


def test_a_split_and_a_shuffle_have_the_lines_that_meet_all_conditions(marked: Path, tmp_path: Path) -> None:
    """The same as without, in another order."""
    conditions = ("--where", "mark >= 20", "--where", "mark != 100")
    for place in ("plain", "other"):
        (tmp_path / place).mkdir()
    [plain] = export(marked, tmp_path / "plain", *conditions).values()
    sides = export(marked, tmp_path / "other", *conditions, "--split", "50/50", "--shuffle")
    assert len(plain) == 16
    assert [len(side) > 0 for side in sides.values()] == [True, True]
    assert sorted(map(str, plain)) == sorted(str(record) for side in sides.values() for record in side)


@pytest.mark.parametrize(
    ("condition", "code", "said"),
    [
        ("mark > 1000", 65, "--where 'mark > 1000' leaves 80 lines of 80 out, 8 of them with nothing to compare"),
        ("mark", 2, "--where 'mark' is not a condition"),
    ],
)
def test_an_export_without_a_line_writes_nothing(
    marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], condition: str, code: int, said: str
) -> None:
    """And says what was asked for."""
    words = ["export", str(marked), "--format", "trl-prompt-completion", "--where", condition]
    assert main([*words, "-o", str(tmp_path / "x.jsonl")]) == code
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
