"""Recipes, one a file, and the one place that makes the recipe of a run."""

from collections.abc import Callable

from asyncgen.config import RunConfig
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Recipe
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile


def build(config: RunConfig, warn: Callable[[str], None] | None = None) -> Recipe[Pair]:
    """The recipe that a configuration asks for.

    Args:
        config: names the prompt file.
        warn: told what the user should know about it.

    Raises:
        UsageError: a file cannot be read.
        BadDataError: it lacks what a step needs.
    """
    prompts = PromptFile.load(config.prompt_file, config.params, more=not config.three_fields)
    recipe = MedecSafe(prompts, add_reasoning=config.add_reasoning)
    if prompts.unknown and warn is not None:
        warn(f"not placeholders, and sent as they stand: {', '.join(prompts.unknown)}")
    if prompts.ignored and warn is not None:
        warn(f"not sent, for they are no fields of the API: {', '.join(prompts.ignored)}")
    return recipe
