"""A recipe whose input calls its fields by other names (the setting `fields`)."""

from collections.abc import Mapping
from typing import Any, Generic

from asyncgen.errors import missing_field
from asyncgen.recipe import Examples, Generate, OutputFile, Recipe, rows_of_recipe
from asyncgen.rows import BadFieldError, I


def renamed(fields: Mapping[str, Any], columns: Mapping[str, str]) -> Mapping[str, Any]:
    """A row whose fields also have the recipe's names; one that it lacks is left to whoever needs it."""
    return {**fields, **{name: fields[column] for name, column in columns.items() if column in fields}}


class Renamed(Generic[I]):
    """Gives each field of a row to a recipe under the name that the recipe has for it.

    Args:
        recipe: what is asked for a row.
        columns: what the input calls fields, by the recipe's names.
    """

    def __init__(self, recipe: Recipe[I], columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._recipe = recipe
        self.outputs: tuple[OutputFile, ...] = recipe.outputs
        self.counters = recipe.counters
        self.failure_counters = recipe.failure_counters
        self.rows = rows_of_recipe(recipe)
        self.fingerprint: Mapping[str, Any] = {**recipe.fingerprint, "fields": dict(columns)}

    def parse(self, fields: Mapping[str, Any]) -> I:
        """What the recipe makes of the row.

        Raises:
            BadFieldError: a field is missing, or of the wrong type.
        """
        for name, column in self._columns.items():
            if column not in fields:
                raise BadFieldError(missing_field(column, name, fields))
        return self._recipe.parse(renamed(fields, self._columns))

    async def run(self, pair: I, generate: Generate) -> Examples:
        """What the recipe asks."""
        return await self._recipe.run(pair, generate)

    def recognise(self, pair: I, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """What the recipe recognises."""
        return self._recipe.recognise(pair, blobs)
