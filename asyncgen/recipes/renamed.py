"""A recipe whose input has other field names (the setting `fields`)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic

from asyncgen.errors import missing_field
from asyncgen.recipe import Examples, Generate, OutputFile, Recipe, pass_on
from asyncgen.recipes.contents import contents_of_recipe
from asyncgen.rows import BadFieldError, I, Parse


class Renamed(Generic[I]):
    """Passes each field of a row to a recipe under the recipe's name for it.

    Args:
        recipe: the recipe.
        columns: the input's names for fields, by the recipe's names.
    """

    def __init__(self, recipe: Recipe[I], columns: Mapping[str, str]) -> None:
        self._recipe = recipe
        self._parse = renamed(recipe.parse, columns)
        self.outputs: tuple[OutputFile, ...] = recipe.outputs
        self.counters = recipe.counters
        self.failure_counters = recipe.failure_counters
        pass_on(recipe, self)
        self.contents = replace(contents_of_recipe(recipe), parse=self.parse)
        self.fingerprint: Mapping[str, Any] = {**recipe.fingerprint, "fields": dict(columns)}

    def parse(self, fields: Mapping[str, Any]) -> I:
        """Parse the row with the recipe.

        Raises:
            BadFieldError: a field is missing, or of the wrong type.
        """
        return self._parse(fields)

    async def run(self, pair: I, generate: Generate) -> Examples:
        """Run the recipe."""
        return await self._recipe.run(pair, generate)

    def recognise(self, pair: I, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """Recognise examples with the recipe."""
        return self._recipe.recognise(pair, blobs)


def renamed(parse: Parse[I], columns: Mapping[str, str]) -> Parse[I]:
    """Parse rows with other field names: `columns` maps the names that `parse` knows to these.

    The result raises `BadFieldError` like `parse`.
    """

    def parse_renamed(fields: Mapping[str, Any]) -> I:
        for name, column in columns.items():
            if column not in fields:
                raise BadFieldError(missing_field(column, name, fields))
        return parse({**fields, **{name: fields[column] for name, column in columns.items()}})

    return parse_renamed
