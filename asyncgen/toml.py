"""Files of settings as people write them."""

import tomllib
from pathlib import Path
from typing import Any

from asyncgen.errors import AsyncgenError, UsageError


def read_toml(path: Path, name: str, malformed: type[AsyncgenError] = UsageError) -> dict[str, Any]:
    """The document in a file.

    Args:
        path: the file.
        name: what it is to the user, for the messages ("the prices").
        malformed: what it is when this is no TOML.

    Raises:
        UsageError: it cannot be read.
        malformed: it is not TOML in UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot read {name} {path}: {error.strerror}") from error
    except ValueError as error:
        raise malformed(f"{name} {path}: not TOML in UTF-8: {error}") from error
