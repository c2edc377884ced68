"""How to call this program from the user's shell, so that a printed command can be pasted."""

import os
import shutil
import sys
from pathlib import Path

from asyncgen.cli.shell_words import join, quote

PROGRAM = "asyncgen"


def asyncgen_here() -> str:
    """The words that call `asyncgen` here: its name if the PATH leads to this very program, else its path."""
    typed, beside = Path(sys.argv[0]), Path(sys.executable).with_name(PROGRAM)
    if _on_path(PROGRAM) in {Path(os.path.abspath(typed)), beside}:  # noqa: PTH100 - links are not followed
        return PROGRAM
    if typed.name == PROGRAM and typed.is_file():
        return quote(os.path.abspath(typed))  # noqa: PTH100 - as above
    if beside.exists():
        return quote(str(beside))
    return f"{python_here()} -m asyncgen"


def python_here() -> str:
    """The same for the interpreter of this program."""
    python = Path(sys.executable)
    found = _on_path("python")
    return "python" if found is not None and found.parent == python.parent else quote(str(python))


def asyncgen_command(*words: str) -> str:
    """A command of this program that can be pasted here."""
    return f"{asyncgen_here()} {join(words)}"


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return None if found is None else Path(os.path.abspath(found))  # noqa: PTH100 - as above
