"""The files that ship with the program, in `configs/`: prompts, samples, profiles, and the list of models."""

import errno
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
    if len(path.parts) > 1 or path.suffix:
        return path
    named = shipped("prompts", f"{path}.json")
    try:
        return path if path.exists() or not named.exists() else named
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # a prompt in place of the name of its file
            raise
        return path


@cache
def listed_models() -> ModelList:
    """The models in `configs/models.toml`, read once."""
    return load_models(shipped("models.toml"))


def listed_model(name: str) -> Model | None:
    """The entry of a model in `configs/models.toml`; None if it is not listed."""
    return listed_models().find(name)
