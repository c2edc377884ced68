"""An input of any length for rehearsals: rows of a real one repeated, each made different."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError
from asyncgen.recipe import Recipe, guarded, nouns_of, rows_of_recipe
from asyncgen.rows import ID_FIELDS
from asyncgen.storage.input_file import rows_of

LEAST_OF_A_TEXT = 40  # characters; a shorter text may be a label or a date


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row of the input, with what the recipe reads of it."""

    note_id: str
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, recipe: Recipe[Any], fields: Mapping[str, Any]) -> "_Kept":
        """Keep the fields that the recipe accepts as a row."""
        guarded(recipe.parse)(fields)
        return cls("row", fields)


def write_rows(source: Path, recipe: Recipe[Any], number: int, target: Path) -> Path:
    """Write so many different rows, made by repeating those of `source`; returns `target`.

    Args:
        source: the input.
        recipe: parses its rows.
        number: of rows.
        target: the file.

    Raises:
        UsageError: the source cannot be read.
        BadDataError: it holds no row.
    """
    found = [row.pair.fields for row in rows_of(source, partial(_Kept.of, recipe))]
    if not found:
        raise BadDataError(f"the input {source} holds no {nouns_of(rows_of_recipe(recipe)).one}")

    def is_text(value: Any) -> bool:
        return isinstance(value, str) and len(value) >= LEAST_OF_A_TEXT

    def lines() -> Iterator[str]:
        for index, fields in enumerate(islice(cycle(found), number)):
            changed = {name: f"{text} Visit {index}." for name, text in fields.items() if is_text(text)}
            ids = {name: f"rehearsal-{index}" for name in ID_FIELDS if name in fields}
            yield json.dumps({**fields, **changed, **ids}) + "\n"

    with target.open("w", encoding="utf-8") as file:
        file.writelines(lines())
    return target
