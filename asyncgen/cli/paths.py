"""Paths from flags: an empty one is an error, and no path crashes."""

import argparse
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from asyncgen.config.shipped import prompt_file_named
from asyncgen.errors import UsageError
from asyncgen.recipes.text_file import READ_ONCE, is_read_once
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.standard_input import STANDARD_INPUT, settle_standard_input

STATE_SUFFIX = ".asyncgen"
"""Behind the name of the answers of `asyncgen requests`: the name of its directory."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def a_path(text: str) -> Path:
    """The type of flags that are paths.

    Raises:
        argparse.ArgumentTypeError: it is empty, as from an unset variable; it would mean the current directory. Or
            it is an address.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    if "\0" in text:
        raise argparse.ArgumentTypeError("the path holds a NUL character")
    if _ADDRESS.match(text) and not os.path.exists(text):  # noqa: PTH110 - as below
        raise argparse.ArgumentTypeError(f"{text} is an address, and not a path on this machine")
    return with_home(text)


def a_run(text: str) -> Path:
    """The type of arguments that are the output directory of a run.

    Raises:
        argparse.ArgumentTypeError: it is the file of answers beside the one of `asyncgen requests`, or no path.
    """
    path = a_path(text)
    beside = f"{path}{STATE_SUFFIX}"
    if not os.path.isdir(path) and os.path.isdir(beside):  # noqa: PTH112 - False for any name, without raising
        raise argparse.ArgumentTypeError(f"{text} is not a directory: give {beside}, that of the run beside it")
    return path


def with_home(text: str) -> Path:
    """A path in which a leading `~` is the home directory: a shell leaves it in `--flag=~/x`, as does a file.

    What exists by the very name that was typed is meant: older versions made directories called `~`.
    """
    path = Path(text)
    if not text.startswith("~") or os.path.lexists(path):
        return path
    try:
        return path.expanduser()
    except RuntimeError:  # there is no such user: a shell leaves the name too
        return path


def a_new_file(text: str) -> Path:
    """The type of -o: a path, and not what other programs take for their standard output.

    Raises:
        argparse.ArgumentTypeError: it is "-", or no path.
    """
    if text == "-":
        raise argparse.ArgumentTypeError("this command writes a file: give its name (./- for one called -)")
    return a_path(text)


def a_prompt_file(text: str) -> Path:
    """The type of --prompt-file: a path, or the name of a file that ships.

    Raises:
        argparse.ArgumentTypeError: it is empty, or a pipe.
    """
    return prompt_file_named(a_file_of_prompts(text))


def a_file_of_prompts(text: str) -> Path:
    """A path that can be read again, if there is a file.

    Raises:
        argparse.ArgumentTypeError: it is empty, or a pipe or a device.
    """
    path = a_path(text)
    with suppress(OSError):  # reported when it is read
        if is_read_once(path):
            raise argparse.ArgumentTypeError(f"{text}: {READ_ONCE}")
    return path


def prompt_file_here(path: Path) -> str:
    """A prompt file as it would be typed here: one that is shipped by its name."""
    name = Path(path.stem)
    return str(name) if prompt_file_named(name) == path else str(from_here(path))


def absolute(path: Path, flag: str) -> Path:
    """The absolute path, without links.

    Raises:
        UsageError: there is none: links form a cycle or the working directory has gone.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # of 3.11 and 3.12, for a cycle
        why = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise UsageError(f"{flag} {path}: {why}") from error


def absolute_input(
    path: Path, flag: str = "--input-jsonl", directory: Path | None = None, *, restart: bool = False
) -> Path:
    """The same for a file that is read more than once; `-` is standard input.

    Args:
        path: as typed.
        flag: the flag it came from.
        directory: of its run, which may have kept standard input.
        restart: ignore what is in the directory.

    Raises:
        UsageError: as `absolute`; or it is a pipe, or standard input is a terminal.
        DirectoryError: standard input is not that of the run.
    """
    if path in {Path("-"), STANDARD_INPUT}:
        disk = Disk()
        try:
            of_run = None if directory is None else RunDirectory(disk, absolute_output(directory))
            return settle_standard_input(of_run, restart=restart)
        finally:
            disk.close()
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        is_pipe = kind not in {stat.S_IFREG, stat.S_IFDIR}
    except (OSError, RuntimeError):
        is_pipe = False  # reported when it is read
    if is_pipe:
        raise UsageError(
            f"{flag} {path}: a pipe or a device can be read once, and a run reads its input again when it is "
            f"resumed: write it to a regular file, or give {flag} - and pipe the rows into the command"
        )
    return absolute(path, flag)


def absolute_output(path: Path, flag: str = "--output-dir") -> Path:
    """The same for a directory, which need not exist yet.

    Raises:
        UsageError: as `absolute`; or it is a file, or below one.
    """
    found = absolute(path, flag)
    for place in (found, *found.parents):
        if os.path.isfile(place):  # noqa: PTH113 - False for a name that is too long, without raising
            below = "" if place == found else f" is below {place}, which"
            raise UsageError(f"{flag} {path}{below} is a file: name a directory")
    return found


def from_here(path: Path) -> Path:
    """A path as one would type it here: relative if it is below the working directory."""
    try:
        here = Path.cwd()
    except OSError:  # the working directory was removed
        return path
    return path.relative_to(here) if path.is_relative_to(here) else path
