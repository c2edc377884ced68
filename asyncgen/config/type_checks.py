"""The types of settings, checked at run time: callers from Python may pass anything."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from asyncgen.errors import Setting, UsageError, either


def check_types(settings: Any) -> None:
    """Refuse a field of a dataclass that is not of its type, or a path that is empty; never shows the value.

    What does as well, such as a number of NumPy, becomes the ordinary kind, for JSON and the call that is shown.

    Raises:
        UsageError: there is one.
    """
    for name, hint in get_type_hints(type(settings)).items():
        value = getattr(settings, name)
        if isinstance(value, str) and not value and Path in get_args(hint):
            raise UsageError(Setting(name), " is empty: give a path")
        kinds = {hint, *get_args(hint)}
        if isinstance(value, float) and value.is_integer() and int in kinds and float not in kinds:
            value = int(value)  # 1e6 is how people write a million
        if not _is_of(value, hint):
            raise UsageError(Setting(name), f" must be {_words(hint)}, not {_kinds(value)}")
        object.__setattr__(settings, name, _ordinary(value))


_WIDER: Mapping[Any, Any] = {int: Integral, float: Real, Path: os.PathLike}
"""What does as well."""
_WORDS = {
    int: "an integer",
    float: "a number",
    bool: "True or False",
    str: "a text",
    Path: "a path",
    Callable: "a function",
    NoneType: "None",
}


def _is_of(value: Any, hint: Any) -> bool:
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is UnionType:
        return any(_is_of(value, one) for one in inner)
    if kind is Any:
        return True
    if isinstance(value, bool):
        return kind is bool
    if not isinstance(value, _WIDER.get(kind, kind)):
        return False
    if kind is Mapping:
        return all(_is_of(one, inner[0]) and _is_of(other, inner[1]) for one, other in value.items())
    return kind is not Sequence or all(_is_of(one, inner[0]) for one in value)


def _ordinary(value: Any) -> Any:
    if isinstance(value, bool | Path):
        return value
    return next((kind(value) for kind, wider in _WIDER.items() if isinstance(value, wider)), value)


def _words(hint: Any) -> str:
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is UnionType:
        return either([*map(_words, inner)])
    if kind is Mapping:
        return f"a dict of text to {'text' if inner[1] is str else 'anything'}"
    return f"a list of {inner[0].__name__}" if kind is Sequence else str(_WORDS[kind])


def _kinds(value: object) -> str:
    said = type(value).__name__
    if isinstance(value, Mapping):
        return f"{said} of {_each(value)} to {_each(value.values())}"
    return f"{said} of {_each(value)}" if isinstance(value, list | tuple) else said


def _each(values: Iterable[object]) -> str:
    return " and ".join(sorted({type(one).__name__ for one in values})) or "nothing"
