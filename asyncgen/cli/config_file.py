"""`--config FILE.toml`: flags in a file. Flags on the command line override it."""

import argparse
import difflib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from asyncgen.cli.command_line import is_typed
from asyncgen.cli.one_file import OneFile
from asyncgen.errors import UsageError
from asyncgen.small_files import read_toml

FLAG = "--config"
TABLES = {"endpoint", "param"}


def with_settings(
    parser: argparse.ArgumentParser, argv: Sequence[str], others: Callable[[], Collection[str]]
) -> list[str]:
    """The arguments of a command, preceded by those of its configuration file, so that flags win.

    Args:
        parser: of the command.
        argv: its arguments, without its name.
        others: names what else the file may hold, which the command does not use.

    Raises:
        UsageError: the file cannot be read, or holds a key that is no such flag.
    """
    path = _path(argv)
    if path is None:
        return list(argv)
    settings = read_toml(path, "the configuration")
    flags = flags_of(parser)
    unused = others() if any(key.replace("_", "-") not in flags for key in settings) else ()
    said: list[str] = []
    for key, value in settings.items():
        name = key.replace("_", "-")
        if name in TABLES and name in flags and isinstance(value, dict):
            continue  # read elsewhere: `endpoint_tables`, `params`
        if name not in flags and name in unused:
            continue
        if name not in flags:
            near = difflib.get_close_matches(name, [*flags, *unused], n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else "the keys are the long flags, without their dashes"
            raise UsageError(f"{path}: unknown key {key}; {hint}")
        action = flags[name]
        words = _words(action, name, value, path)
        if isinstance(action, OneFile) and any(is_typed(flag, argv) for flag in action.option_strings):
            continue  # it takes no second one
        said += words
    return [*said, *argv]


def flags_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """What a file may set of a command, by the long names of its flags, without dashes."""
    return {
        option.removeprefix("--"): action
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to list them
        for option in action.option_strings
        if option.startswith("--") and option not in {FLAG, "--help"}
    }


def _path(argv: Sequence[str]) -> Path | None:
    found = None
    for place, word in enumerate(argv):
        if word == FLAG and place + 1 < len(argv):
            found = argv[place + 1]
        elif word.startswith(f"{FLAG}="):
            found = word.removeprefix(f"{FLAG}=")
    if found is None:
        return None
    from asyncgen.cli.paths import with_home  # noqa: PLC0415 - not for --help

    return with_home(found)


def _words(action: argparse.Action, name: str, value: Any, path: Path) -> list[str]:
    """A setting as it would be typed."""
    if isinstance(value, bool):
        if action.nargs not in {0, "?"}:
            raise UsageError(f"{path}: {name} needs a value, not {str(value).lower()}")
        return [f"--{name}"] if value else []
    if action.nargs == 0:
        raise UsageError(f"{path}: {name} must be true or false")
    if not isinstance(value, str | int | float):
        raise UsageError(f"{path}: {name} must be one value, not a list or a table")
    _check(action, name, str(value), path)
    return [f"--{name}={value}"]


def _check(action: argparse.Action, name: str, text: str, path: Path) -> None:
    """Refuse here what argparse would refuse as if it had been typed."""
    if action.type is None and action.choices is not None and text not in action.choices:
        raise UsageError(f"{path}: {name} must be one of {', '.join(map(str, action.choices))}, not {text!r}")
    if not callable(action.type):
        return
    try:
        action.type(text)
    except argparse.ArgumentTypeError as error:
        colon = "" if str(error).startswith("must be") else ":"
        raise UsageError(f"{path}: {name}{colon} {error}") from None
    except ValueError:  # of a seed, which may have any number of digits
        raise UsageError(f"{path}: {name} must be a whole number, not {text!r}") from None
