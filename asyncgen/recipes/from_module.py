"""A recipe that is a class in a user's module: `module:Class`."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from asyncgen.errors import AsyncgenError, UsageError, place_of
from asyncgen.recipe import Recipe
from asyncgen.recipes.own_class import OwnClass
from asyncgen.recipes.prompts import PromptFile


def recipe_from_module(name: str, prompts: PromptFile | None) -> Recipe[Any]:
    """Make a recipe from a class, which receives the prompt file if there is one.

    Args:
        name: `module:Class`; the working directory is searched too.
        prompts: the prompt file.

    Raises:
        UsageError: there is no such class, it cannot be instantiated, or it is not a recipe.
    """
    module_name, _, class_name = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        said = f"recipe {name}: there is no module {error.name}"
        if module_name.endswith(".py"):
            as_module = f"{Path(module_name).stem}:{class_name}"
            said += f"; a module is named without .py, {as_module}, and is in this directory or in PYTHONPATH"
        raise UsageError(said) from error
    except (Exception, SystemExit) as error:  # a script ends itself
        raise UsageError(f"recipe {name}: importing {module_name} raised {place_of(error)}") from error
    make = getattr(module, class_name, None)
    if not callable(make):
        raise UsageError(f"recipe {name}: {module_name} has no class {class_name}")
    try:
        recipe: Recipe[Any] = make() if prompts is None else make(prompts)
    except AsyncgenError:
        raise
    except (Exception, SystemExit) as error:
        needs = "" if prompts is not None else " (it is called without arguments, for there is no prompt file)"
        raise UsageError(f"recipe {name}: making it raised {place_of(error)}{needs}") from error
    return OwnClass(recipe, name)
