"""The call that began a run, as text: shown by `asyncgen status` for resuming it."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from asyncgen.address import without_secrets
from asyncgen.api.settings import Settings

NEEDED = ("input_jsonl", "output_dir")
PATHS = (*NEEDED, "prompt_file", "prices", "cache", "recipe")  # prompts and recipe may be names too
NOT_SHOWN = ("api_key", "headers", "endpoints")  # they hold keys
LEFT_OUT = ("restart", "progress")  # not for resuming


def call_text(function: str, settings: Settings) -> str:
    """The call, without defaults: paths absolute, and `…` for values that may hold a key."""
    said = []
    for each in fields(settings):
        value = getattr(settings, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if each.name not in LEFT_OUT and value != default:
            said.append(f"{each.name}={_shown(each.name, value)}")
    needed = sorted(said, key=lambda one: not one.startswith(NEEDED))
    return f"in Python: asyncgen.{function}({', '.join(needed)})"


def _shown(name: str, value: Any) -> str:
    if name in NOT_SHOWN:
        return "…"
    if name == "base_url":
        return repr(without_secrets(value))
    if callable(value):
        return _name_of(value)
    if name in PATHS and str(value) != "-":
        path = Path(value)
        # A path that does not exist yet is the output directory, or else the name of a file that ships.
        return repr(str(path.absolute() if name in NEEDED or path.exists() else path))
    return repr(str(value)) if isinstance(value, Path) else repr(value)


def _name_of(value: Callable[..., Any]) -> str:
    return str(getattr(value, "__qualname__", "…"))
