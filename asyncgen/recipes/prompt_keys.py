"""Keys of a prompt file that are probably misspelt.

Users' files hold much that is not ours, so that only what is near to a known key is looked at: an error where that
key is missing, for then it was meant.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError
from asyncgen.recipes.prompt_template import nearest


def misspelt(
    content: Mapping[str, Any], path: Path, keys: Iterable[str], steps: Mapping[str, Iterable[str]]
) -> list[str]:
    """What is near to a known key that is there as well, as `key: did you mean known?`.

    Args:
        content: the prompt file.
        path: where it is from.
        keys: what may stand in it.
        steps: what may stand in the objects under some of its keys.

    Raises:
        BadDataError: what a key is near to is missing.
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
