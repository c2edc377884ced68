"""Read profiles from TOML: every key is known and of its type, or the error says what it should be."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from asyncgen.simulator.profile import Profile
from asyncgen.simulator.profile_checks import ProfileError

_TYPE_NAMES = {str: "a string", bool: "true or false", int: "an integer", float: "a number"}
_T = TypeVar("_T")


def load_profile(path: Path | None) -> Profile:
    """Read a profile from a TOML file; None gives the default profile.

    Raises:
        ProfileError: the file cannot be read, is not TOML, or has an unknown key or an invalid value.
    """
    if path is None:
        return Profile()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {error.strerror}") from error
    except ValueError as error:
        raise ProfileError(f"the profile {path} is not TOML in UTF-8: {error}") from error
    try:
        return _build(Profile, {"name": path.stem, **table}, "")
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from None


def _build(kind: type[_T], table: Mapping[str, Any], where: str) -> _T:
    hints = get_type_hints(kind)
    return kind(**{key: _checked(key, value, hints, where) for key, value in table.items()})


def _checked(key: str, value: Any, hints: Mapping[str, Any], where: str) -> Any:
    expected = hints.get(key)
    if expected is None:
        near = difflib.get_close_matches(key, hints, n=1, cutoff=0.5)
        hint = f"did you mean {where}{near[0]}?" if near else f"known here: {', '.join(hints)}"
        raise ProfileError(f"unknown key {where}{key}; {hint}")
    if isinstance(expected, type) and is_dataclass(expected):
        if not isinstance(value, dict):
            raise ProfileError(f"{key} must be a table, written as [{key}], not {value!r}")
        return _build(expected, value, f"{key}.")
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise ProfileError(f"{where}{key} must be {_TYPE_NAMES[expected]}, not {value!r}")
    return value
