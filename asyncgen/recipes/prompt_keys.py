"""Find keys of a prompt file that are probably misspelt, or have no effect.

Users' files hold many keys of their own, so only near misses of known keys count: an error if the known key is
missing, as it was then probably meant. In the objects by step each key should be a step, but for notes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError
from asyncgen.recipes.prompt_template import nearest
from asyncgen.recipes.request_fields import NAMES


def misspelt(
    content: Mapping[str, Any],
    path: Path,
    keys: Iterable[str],
    steps: Mapping[str, Iterable[str]],
    optional: Iterable[str] = (),
) -> list[str]:
    """Near misses of known keys that are present too, as `key: did you mean known?`.

    Args:
        content: the prompt file.
        path: its path.
        keys: the known keys.
        steps: the known keys in the objects under some of its keys.
        optional: known keys that a file may lack, so that a near miss is no error.

    Raises:
        BadDataError: the key that was probably meant is missing.
    """
    found = []
    for name, known in ((None, (*keys, *optional)), *steps.items()):
        under = content if name is None else content.get(name)
        if not isinstance(under, Mapping):
            continue
        for key in under:
            near = None if key in {*known} else nearest(key, {*known})
            if near is None:
                continue
            shown, meant = (one if name is None else f"{name}.{one}" for one in (key, near))
            if near not in under and near not in optional:
                hint = f"did you mean {meant}? If not, give it another name"
                raise BadDataError(f"the prompt file {path}: unknown key {shown}; {hint}")
            found.append(f"{shown}: did you mean {meant}?")
    return found


def unused(content: Mapping[str, Any], keys: Iterable[str], steps: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """A phrase for each key in the objects by step that names no step, unless it is misspelt.

    Texts are notes, and an object may belong to prompts for another program, which have the same name.

    Args:
        content: the prompt file.
        keys: its known keys.
        steps: the steps, by the keys under which those objects are.
    """
    others = {key.removesuffix("_user") for key in content if key.endswith("_user") and key not in {*keys}}
    for name, known in steps.items():
        under = content.get(name) or {}
        there = f"the steps are {', '.join(known)}"
        if not isinstance(under, Mapping):
            yield f"{name} is not used: it is not an object"
            continue
        for key, value in under.items():
            if key in {*known, *others} or nearest(key, {*known}):
                continue
            if isinstance(value, dict | list):
                yield f"{name}.{key} is not used ({there})"
            elif key in NAMES:
                yield f"{name}.{key} is not used: it belongs to a step ({there})"


def repeated(data: bytes) -> list[str]:
    """The keys that stand more than once in an object of a JSON file, of which the last one counts."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen and key not in found:
                found.append(key)
            seen.add(key)

    with suppress(ValueError, RecursionError):  # of numbers and depths that the decoder of the file takes
        json.loads(data, object_pairs_hook=look)
    return found
