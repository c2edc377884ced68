"""Find keys of a prompt file that are probably misspelt.

Users' files hold many keys of their own, so only near misses of known keys count: an error if the known key is
missing, as it was then probably meant.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError
from asyncgen.recipes.prompt_template import nearest


def misspelt(
    content: Mapping[str, Any], path: Path, keys: Iterable[str], steps: Mapping[str, Iterable[str]]
) -> list[str]:
    """Near misses of known keys that are present too, as `key: did you mean known?`.

    Args:
        content: the prompt file.
        path: its path.
        keys: the known keys.
        steps: the known keys in the objects under some of its keys.

    Raises:
        BadDataError: the key that was probably meant is missing.
    """
    found = []
    for name, known in ((None, keys), *steps.items()):
        under = content if name is None else content.get(name)
        if not isinstance(under, Mapping):
            continue
        for key in under:
            near = None if key in {*known} else nearest(key, {*known})
            if near is None:
                continue
            shown, meant = (one if name is None else f"{name}.{one}" for one in (key, near))
            if near not in under:
                hint = f"did you mean {meant}? If not, give it another name"
                raise BadDataError(f"the prompt file {path}: unknown key {shown}; {hint}")
            found.append(f"{shown}: did you mean {meant}?")
    return found
