"""By which recipe a directory was made, kept so that other commands know it without being told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asyncgen.config import RunConfig
from asyncgen.recipe import Recipe, rows_of_recipe
from asyncgen.rows import ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRecord:
    """What a run was told about its recipe, and what that said of itself.

    `name` is a name, the path of a recipe file, or `module:Class`; `prompts` the path of the prompt file (empty:
    there was none); `fields` and `params` are those of `RunConfig`; `rows` is what messages call its rows;
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
            name=config.recipe,
            prompts="" if config.prompt_file is None else str(config.prompt_file),
            fields=dict(config.fields),
            params=dict(config.params),
            rows=rows_of_recipe(recipe),
            outputs={output.name: output.lines for output in recipe.outputs},
        )

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "RecipeRecord":
        """Of what `dataclasses.asdict` gave.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        return cls(
            name=str(content["name"]),
            prompts=str(content["prompts"]),
            fields={str(name): str(column) for name, column in content["fields"].items()},
            params=dict(content["params"]),
            rows=str(content["rows"]),
            outputs={str(name): int(lines) for name, lines in content["outputs"].items()},
        )
