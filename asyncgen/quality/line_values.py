"""Check a line by its recipe's rule: identify it, and compare it with row and copies. Pure."""

from collections.abc import Mapping
from typing import Any

from asyncgen.quality.output_lines import OutputLine, Problems, Wanted
from asyncgen.recipes.contents import MISSING, LineRule, value_at, written


def id_at(rule: LineRule, record: Mapping[str, Any]) -> str | None:
    """The id of the row in a record."""
    value = MISSING if rule.id_way is None else value_at(record, rule.id_way)
    return str(value) if isinstance(value, str | int) else None


def wanted_line(rule: LineRule, note_id: str, row: Any) -> Wanted | None:
    """What distinguishes the line of a row from others; None if nothing does.

    Args:
        rule: of the line.
        note_id: of the row; unknown if it is empty.
        row: None if unknown.
    """
    if rule.id_way is not None and note_id:
        return lambda line: id_at(rule, line.record) == note_id and _has(line, rule.marks)
    if row is not None and rule.known:
        values = tuple((known.way, known.value(row)) for known in rule.known)
        return lambda line: _has(line, (*rule.marks, *values))
    if rule.marks:
        return lambda line: _has(line, rule.marks)
    return None


def check_copy(
    problems: Problems, place: tuple[str, int], index: int, label: str, copy: OutputLine | None, line: OutputLine
) -> None:
    """Check that a line that repeats one of another file has the same bytes."""
    if copy is not None and copy.data != line.data:
        which = f"{label} line" if label else "line"
        problems.add("combined", place[0], index, f"the {which} is not that of the other file")


def check_texts(problems: Problems, file: str, index: int, rule: LineRule, record: Mapping[str, Any]) -> bool:
    """Whether there is text where the model's text belongs."""
    lacking = next((way for way in rule.texts if not isinstance(value_at(record, way), str)), None)
    if lacking is not None:
        problems.add("field", file, index, f"{written(lacking)} is not text")
    return lacking is None


def check_values(
    problems: Problems, file: str, index: int, rule: LineRule, record: Mapping[str, Any], row: Any
) -> None:
    """Compare a record with the values of every row, and with those of its own row."""
    for way, value in rule.fixed:
        if value_at(record, way) != value:
            problems.add("field", file, index, f"{written(way)} is not what the recipe says")
    for known in rule.known if row is not None else ():
        if value_at(record, known.way) != known.value(row):
            name = written(known.way)
            which = f"the {name}" if known.kind != "field" else name
            problems.add(known.kind, file, index, f"{which} is not that of the input")


def _has(line: OutputLine, values: tuple[tuple[Any, Any], ...]) -> bool:
    return bool(line.record) and all(value_at(line.record, way) == value for way, value in values)
