"""The files that ship with the program, in `configs/`: prompts, samples, profiles, and the list of models."""

import os.path
from functools import cache
from importlib.resources import files
from pathlib import Path

from asyncgen.models import Model, ModelList, load_models


def shipped(*parts: str) -> Path:
    """A file of `configs/`: inside the installed package, or beside it in a checkout."""
    inside = Path(str(files("asyncgen"))) / "configs"
    root = inside if inside.is_dir() else inside.parent.parent / "configs"
    return root.joinpath(*parts)


def prompt_file_named(path: Path) -> Path:
    """The prompt file that ships under a bare name, else the path itself; an existing file takes precedence."""
    if len(path.parts) > 1 or path.suffix or os.path.exists(path):  # noqa: PTH110 - False for a name that is too long
        return path
    named = shipped("prompts", f"{path}.json")
    return named if os.path.exists(named) else path  # noqa: PTH110 - as above


@cache
def listed_models() -> ModelList:
    """The models in `configs/models.toml`, read once."""
    return load_models(shipped("models.toml"))


def listed_model(name: str) -> Model | None:
    """The entry of a model in `configs/models.toml`; None if it is not listed."""
    return listed_models().find(name)
