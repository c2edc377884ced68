"""The recipe that made a directory, stored so that other commands need not be told."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asyncgen.config import RunConfig
from asyncgen.recipe import Recipe, rows_of_recipe
from asyncgen.rows import ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRecord:
    """The recipe's settings in a run, and what the recipe says of itself.

    `name` is a name, the path of a recipe file, or `module:Class`; `prompts` is the path of the prompt file
    (empty: none); `fields` and `params` are those of `RunConfig`; `rows` is its word for rows in messages;
    `outputs` says how many lines a row has in each file.
    """

    name: str = ""
    prompts: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    rows: str = ROWS
    outputs: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, config: RunConfig, recipe: Recipe[Any]) -> "RecipeRecord":
        """The record of a run."""
        return cls(
            name=_in_utf8(config.recipe),
            prompts="" if config.prompt_file is None else _in_utf8(str(config.prompt_file)),
            fields=dict(config.fields),
            params=dict(config.params),
            rows=rows_of_recipe(recipe),
            outputs={output.name: output.lines for output in recipe.outputs},
        )

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "RecipeRecord":
        """Decode the result of `dataclasses.asdict`.

        Raises:
            KeyError, TypeError, ValueError: it is not a record.
        """
        return cls(
            name=_as_here(str(content["name"])),
            prompts=_as_here(str(content["prompts"])),
            fields={str(name): str(column) for name, column in content["fields"].items()},
            params=dict(content["params"]),
            rows=str(content["rows"]),
            outputs={str(name): int(lines) for name, lines in content["outputs"].items()},
        )


def _in_utf8(path: str) -> str:
    """A path as text, though this process may read the names of files in another encoding."""
    return path.encode(errors="surrogateescape").decode(errors="replace")


def _as_here(path: str) -> str:
    """A stored path as this process spells the names of files."""
    return os.fsdecode(path.encode(errors="surrogateescape"))
