"""Recipes, one per file, the builder of a run's recipe, and the parts for writing a recipe."""

import difflib
import os
from collections.abc import Callable, Collection
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.chat import ChatMessage, ChatRequest, Completion, ResponseSchema, Sampling, Usage
from asyncgen.config import DEFAULT_RECIPE, REQUESTS, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.errors import CallFailed, Setting, UsageError
from asyncgen.recipe import Examples, Generate, OutputFile, Recipe, together
from asyncgen.rows import BadFieldError, Item

if TYPE_CHECKING:
    from asyncgen.recipes.declared import Declared
    from asyncgen.recipes.medec_safe import MedecSafe
    from asyncgen.recipes.prompts import PromptFile
    from asyncgen.recipes.single_turn import SingleTurn

__all__ = [
    "BadFieldError",
    "CallFailed",
    "ChatMessage",
    "ChatRequest",
    "Completion",
    "Examples",
    "Generate",
    "Item",
    "MedecSafe",
    "OutputFile",
    "PromptFile",
    "Recipe",
    "ResponseSchema",
    "Sampling",
    "SingleTurn",
    "Usage",
    "build",
    "together",
]
MEDEC_SAFE = DEFAULT_RECIPE
MEANING_JUDGE = "meaning_judge"
_HOMES = {"MedecSafe": "medec_safe", "PromptFile": "prompts", "SingleTurn": "single_turn"}

if not TYPE_CHECKING:  # otherwise a type checker would accept any name

    def __getattr__(name: str) -> Any:
        # Only when it is asked for: flags need this package too, and --help must not pay for recipes.
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def build(
    config: RunConfig,
    warn: Callable[[str], None] | None = None,
    make: "Callable[[PromptFile], Recipe[Any]] | None" = None,
) -> Recipe[Any]:
    """Build the recipe that a configuration names.

    Args:
        config: names the recipe, and the prompt file if it needs one.
        warn: called with anything that the user should know about it.
        make: builds the recipe from the prompt file, instead of the named one.

    Raises:
        UsageError: a file cannot be read, or there is no such recipe.
        BadDataError: it lacks what a step needs.
    """
    # Here and below, not above: --help, and runs with another recipe, must not load them.
    from asyncgen.recipes.prompts import PromptFile  # noqa: PLC0415
    from asyncgen.recipes.renamed import Renamed  # noqa: PLC0415

    _warn_of_names(config.params, warn)
    name, columns = config.recipe, dict(config.fields)
    recipe: Recipe[Any]
    prompts = None
    if config.prompt_file is not None:
        prompts = PromptFile.load(config.prompt_file, config.params, more=not config.three_fields)
    if make is not None or name == MEDEC_SAFE:
        if prompts is None:
            raise UsageError(f"the recipe {name} needs ", Setting("prompt_file"), "; ", *_others())
        from asyncgen.recipes.medec_safe import MedecSafe  # noqa: PLC0415

        if make is None:
            recipe = MedecSafe(prompts, add_reasoning=config.add_reasoning)
        else:
            from asyncgen.recipes.own_class import OwnClass  # noqa: PLC0415

            recipe = OwnClass(make(prompts), name)
    elif name == REQUESTS:
        _refuse_beside_requests(config)
        from asyncgen.recipes.batch_requests import Requests  # noqa: PLC0415

        return Requests(config.model, replace_model=config.replace_model)
    elif ":" in name:
        from asyncgen.recipes.from_module import recipe_from_module  # noqa: PLC0415

        recipe = recipe_from_module(name, prompts)
    elif name == MEANING_JUDGE:
        from asyncgen.recipes.meaning_judge import MeaningJudge  # noqa: PLC0415 - as below

        return MeaningJudge(config.params)
    else:
        path = _path(name)
        if config.prompt_file is not None or config.add_reasoning:
            own = (Setting("prompt_file"), " and ", Setting("add_reasoning", True))
            raise UsageError(f"the recipe {name} has prompts of its own: leave ", *own, " out")
        return _declared(config, path, warn)
    if prompts is not None and warn is not None:
        _warn_of(prompts, warn)
    return Renamed(recipe, columns) if columns else recipe


def _declared(config: RunConfig, path: Path, warn: Callable[[str], None] | None) -> "Declared":
    from asyncgen.recipes.declared import Declared  # noqa: PLC0415 - as above
    from asyncgen.recipes.prompt_doubts import doubts_of  # noqa: PLC0415
    from asyncgen.recipes.recipe_file import RecipeFile  # noqa: PLC0415
    from asyncgen.storage.input_file import field_names  # noqa: PLC0415

    file = RecipeFile(path, dict(config.fields), config.params)
    if warn is not None:
        for doubt in doubts_of(file, field_names(config.input_jsonl)):
            warn(doubt)
        if config.keep_thinking and not (file.names_calls or file.names.thinking):
            warn("what the model thinks is kept in {calls} or {step.thinking}, and the recipe names neither")
    return Declared(file)


def _warn_of_names(params: Collection[str], warn: Callable[[str], None] | None) -> None:
    if warn is None or not params:
        return
    from asyncgen.recipes.request_fields import meant  # noqa: PLC0415 - as above

    for name in params:
        if near := meant(name):
            warn(f"{name} is sent as it stands, and is no field that asyncgen knows: did you mean {near}?")


def _warn_of(prompts: "PromptFile", warn: Callable[[str], None]) -> None:
    if prompts.unknown:
        warn(f"not placeholders, and sent as they stand: {', '.join(prompts.unknown)}")
    if prompts.in_more:
        warn(f"what is around the placeholder is sent too: {', '.join(prompts.in_more)}")
    if prompts.with_nul:
        warn(f"sent with NUL characters: {', '.join(prompts.with_nul)}")
    if prompts.doubtful:
        warn(f"unknown keys of the prompt file: {', '.join(prompts.doubtful)}")
    if prompts.doubts:
        warn(f"in the prompt file: {'; '.join(prompts.doubts)}")
    if prompts.ignored:
        warn(f"not sent: {', '.join(prompts.ignored)}")


def model_of_input(recipe: str, input_jsonl: Path) -> str:
    """The model that an input names itself, for the recipe; empty: none."""
    if recipe != REQUESTS:
        return ""
    from asyncgen.recipes.batch_line import first_model  # noqa: PLC0415

    return first_model(input_jsonl)


def _refuse_beside_requests(config: RunConfig) -> None:
    given = {
        "prompt_file": config.prompt_file,
        "add_reasoning": config.add_reasoning or None,
        "fields": config.fields or None,
        "params": config.params or None,
    }
    name = next((name for name, value in given.items() if value is not None), None)
    if name is not None:
        raise UsageError(f"the recipe {REQUESTS} sends each line as it stands: leave ", Setting(name), " out")


def shipped_names() -> list[str]:
    """The recipes that ship with the program."""
    files = {path.stem for path in shipped("recipes").glob("*.toml")}
    return [MEDEC_SAFE, *sorted(files - {MEDEC_SAFE})]


def _path(name: str) -> Path:
    """The file of a recipe: its path, or the name of one that ships."""
    path = Path(name)
    if path.suffix == ".toml":
        return path
    if name not in shipped_names():
        if os.path.isdir(name):  # noqa: PTH112 - as below
            raise UsageError(f"the recipe {name}: this is a directory")
        if os.path.exists(name):  # noqa: PTH110 - False for a name that is too long, without raising
            if path.suffix == ".py":
                raise UsageError(f"the recipe {name}: a class is named by its module, {path.stem}:Class")
            raise UsageError(f"the recipe {name}: a recipe file is TOML, and its name has to end in .toml")
        near = difflib.get_close_matches(name, [*shipped_names(), REQUESTS], n=1, cutoff=0.6)
        hint = (f"did you mean {near[0]}?",) if near else _others()
        raise UsageError(f"there is no recipe {name}; ", *hint)
    return shipped("recipes", f"{name}.toml")


def _others() -> tuple[str | Setting, ...]:
    return Setting("recipe"), f" takes {', '.join([*shipped_names(), REQUESTS])}, FILE.toml or module:Class"
