"""The log file: a line of JSON for each event."""

import argparse
import errno
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO

import orjson

from asyncgen.cli.paths import absolute
from asyncgen.cli.setting_names import in_flags
from asyncgen.errors import UsageError
from asyncgen.events import Event, PairDone, Sample
from asyncgen.storage.checkpoint import timestamp
from asyncgen.storage.layout import CHECKPOINT, FAILED, STATISTICS
from asyncgen.text import dumps

_BEGINNING = re.compile(rb'\{"time":"[^"]*","event":"')  # of every log file
_OF_RUN = {CHECKPOINT, STATISTICS, FAILED}  # which need not be there yet
_SOURCES = ("input_jsonl", "prompt_file", "recipe", "config", "env_file", "prices", "cache", "output_file")


def log_file_of(args: argparse.Namespace) -> Path | None:
    """The log file in the flags, which names no file that the command reads and none of the run.

    Raises:
        UsageError: it does, and lines of the log would be appended to that file.
    """
    path: Path | None = args.log_file
    if path is None:
        return None
    directory = args.output_dir if hasattr(args, "output_dir") else args.directory
    place = absolute(path, "--log-file")
    inside = place.is_relative_to(absolute(directory, "the directory"))
    there = os.path.isfile(path)  # noqa: PTH113 - False for a name that is too long, without raising
    if inside and (place.name in _OF_RUN or (there and not _is_log(path))):
        raise UsageError(f"--log-file {path} is a file of the run: name another one")
    given = (getattr(args, name, None) for name in _SOURCES)
    if there and any(source and Path(source).exists() and path.samefile(source) for source in given):
        raise UsageError(f"--log-file {path} is a file of another flag: name another one")
    return path


def _is_log(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(100)
    return not start or _BEGINNING.match(start) is not None


class EventLogFile:
    """Appends events to a file; samples and successful rows are left out, as they are many and say little.

    Args:
        path: of the file.
        warn: called when it can no longer be written.

    Raises:
        UsageError: it cannot be opened.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        try:
            self._file: IO[bytes] | None = os.fdopen(_opened(path.absolute()), "ab", buffering=0)
        except OSError as error:
            unread = error.errno == errno.ENXIO and path.is_fifo()
            why = "it is a pipe from which nothing reads: name a regular file" if unread else error.strerror
            raise UsageError(f"cannot write the log file {path}: {why}") from error

    def add(self, event: Event) -> None:
        """Append an event, or close the file: a failing log must not end a run."""
        if self._file is None or isinstance(event, PairDone | Sample):
            return
        fields = {"time": timestamp(), "event": type(event).__name__, **asdict(event)}
        try:
            self._file.write(dumps(fields, default=in_flags, option=orjson.OPT_APPEND_NEWLINE))
        except OSError as error:
            self.close()
            self._warn(
                f"cannot write the log file {self._path}: {error.strerror}; it ends here, and the run continues"
            )

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> int:
    """A descriptor for appending to a file; nobody waits until a pipe is read, but for a reader that is slow."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    os.set_blocking(fd, True)
    return fd
