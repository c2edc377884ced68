"""The page's view of a row, as JSON: texts side by side, fields, what was written, findings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from asyncgen.quality.checks.judgement import Judgement
from asyncgen.quality.structure import Made
from asyncgen.quality.view.word_diff import Marked, mark_changes
from asyncgen.recipes.contents import MISSING, Contents, LineRule, Part, value_at

_APART = ("metadata", "calls")  # shown separately, as calls


def texts_of(contents: Contents, made: Made) -> tuple[str, str] | None:
    """The row's original text and its paraphrase; None if there is none, or no input."""
    rule = contents.paraphrase
    if rule is None or made.row is None:
        return None
    text = value_at(made.records[rule.text.file, rule.text.line], rule.text.way)
    return (rule.original(made.row), text) if isinstance(text, str) else None


def show_row(contents: Contents, made: Made, judgement: Judgement | None) -> dict[str, Any]:
    """Everything except judge and calls."""
    texts = texts_of(contents, made)
    wrong = None if contents.paraphrase is None else contents.paraphrase.wrong
    sides = []
    if texts is not None:
        sides.append(_sides("Original, from the input", "Paraphrase, as written", mark_changes(*texts)))
        if wrong is not None:
            marked = mark_changes(texts[0], wrong(made.row))
            sides.append(_sides("Original, from the input", "Text with the error, from the input", marked))
    shown = {*(texts or ()), *([wrong(made.row)] if texts is not None and wrong is not None else ())}
    return {
        "index": made.index,
        "id": made.note_id,
        "state": "" if judgement is None else judgement.state,
        "findings": [[one.kind, one.was, one.became] for one in judgement.findings] if judgement else [],
        "unproven": [list(mark_changes(one.was, one.became)) for one in judgement.unproven] if judgement else [],
        "sides": sides,
        "fields": [
            [name, value]
            for name, value in _values(made.row)
            if value not in (None, "") and not _among(value, shown)
        ],
        "reasoning": list(_reasonings(contents, made)),
        "lines": list(_lines(contents, made, shown)),
    }


def _sides(left: str, right: str, marked: tuple[Marked, Marked]) -> dict[str, Any]:
    return {"left": [left, marked[0]], "right": [right, marked[1]]}


def _values(row: Any) -> Iterable[tuple[str, Any]]:
    """The fields of a row, as far as the recipe knows them."""
    values = getattr(row, "values", None)
    if isinstance(values, Mapping):
        return values.items()
    if is_dataclass(row) and not isinstance(row, type):
        return [(one.name, getattr(row, one.name)) for one in fields(row) if one.name != "note_id"]
    return ()


def _reasonings(contents: Contents, made: Made) -> Iterator[list[Any]]:
    for rule in contents.reasonings:
        said = value_at(made.records[rule.place.file, rule.place.line], rule.place.way)
        if said is not MISSING and said is not None:
            yield [rule.label, said]


def _lines(contents: Contents, made: Made, shown: Iterable[str]) -> Iterator[list[Any]]:
    """Each line by its name, without what is shown elsewhere."""
    reasonings = {(one.place.file, one.place.line): one.place.way[0] for one in contents.reasonings}
    for (file, number), record in made.records.items():
        rule = contents.files[file][number]
        apart = {*_APART, reasonings.get((file, number)), *_known_keys(rule, made)}
        values = [
            [name, value] for name, value in record.items() if name not in apart and not _among(value, shown)
        ]
        if values:
            yield [f"{file}, {rule.label}" if rule.label else file, values]


def _known_keys(rule: LineRule, made: Made) -> Iterator[Part]:
    """The keys of a line whose values are known from the row, or distinguish it from other lines."""
    yield from (way[0] for way, _ in rule.marks if len(way) == 1)
    if made.row is not None:
        yield from (known.way[0] for known in rule.known if len(known.way) == 1)
    if rule.id_way is not None and len(rule.id_way) == 1:
        yield rule.id_way[0]


def _among(value: Any, shown: Iterable[str]) -> bool:
    return isinstance(value, str) and value in shown
