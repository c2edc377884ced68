"""TOML files that people write."""

import tomllib
from pathlib import Path
from typing import Any

from asyncgen.errors import AsyncgenError, UsageError


def read_toml(path: Path, name: str, malformed: type[AsyncgenError] = UsageError) -> dict[str, Any]:
    """Read the document in a file.

    Args:
        path: the file.
        name: the user's name for it in messages ("the prices").
        malformed: the error to raise if it is not TOML.

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
