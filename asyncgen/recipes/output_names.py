"""The names of a recipe's output files. Pure."""

import re
from collections.abc import Sequence

from asyncgen.storage.layout import FAILED

_FILE = re.compile(r"[A-Za-z0-9][\w.-]*\.jsonl", re.ASCII)


def problem_of_output(file: str) -> str:
    """Why a recipe cannot write a file of this name; empty if it can.

    The name stays in the output directory and is none of the run's own.
    """
    if not _FILE.fullmatch(file):
        return f"{file!r} is not a valid name of an output file: a plain name that ends in .jsonl"
    if file == FAILED:
        return f"an output cannot be called {file}: the run writes a file of that name"
    return ""


def problem_of_outputs(files: Sequence[str]) -> str:
    """Why a recipe cannot write files of these names; empty if it can."""
    twice = next((file for number, file in enumerate(files) if file in files[:number]), None)
    return next(filter(None, map(problem_of_output, files)), "") or (
        "" if twice is None else f"there is another output {twice}"
    )
