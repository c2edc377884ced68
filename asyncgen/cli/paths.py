"""Paths as flags give them: an empty one is an error, and no path is a crash."""

import argparse
import os
import stat
from pathlib import Path

from asyncgen.config import prompt_file_named
from asyncgen.errors import UsageError


def a_path(text: str) -> Path:
    """The type of flags that are paths.

    Raises:
        argparse.ArgumentTypeError: it is empty, as a variable that was not set; it would be the directory here.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def a_prompt_file(text: str) -> Path:
    """The type of --prompt-file: a path, or the name of one that is shipped.

    Raises:
        argparse.ArgumentTypeError: it is empty.
    """
    return prompt_file_named(a_path(text))


def absolute(path: Path, flag: str) -> Path:
    """The path from the root, without links.

    Raises:
        UsageError: there is none, for links lead in a circle or the working directory has gone.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # of 3.11 and 3.12, for a circle
        why = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise UsageError(f"{flag} {path}: {why}") from error


def absolute_input(path: Path, flag: str = "--input-jsonl") -> Path:
    """The same for a file that is read more than once.

    Raises:
        UsageError: as `absolute`; or it is a pipe.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        is_pipe = kind not in {stat.S_IFREG, stat.S_IFDIR}
    except (OSError, RuntimeError):
        is_pipe = str(path) == "-"  # else whoever reads it says what is wrong
    if is_pipe:
        raise UsageError(
            f"{flag} {path}: a pipe or a device can be read once, and a run reads its input again when it is "
            "resumed: write it to a regular file"
        )
    return absolute(path, flag)


def absolute_output(path: Path, flag: str = "--output-dir") -> Path:
    """The same for a directory, which need not be there yet.

    Raises:
        UsageError: as `absolute`; or it is a file.
    """
    found = absolute(path, flag)
    if os.path.isfile(found):  # noqa: PTH113 - that one says False where a name is too long
        raise UsageError(f"{flag} {path} is a file: name a directory")
    return found
