"""Lines for the user: text on stdout, warnings and errors on stderr.

Colour is for terminals, and only repeats what a sign or a word already says; `NO_COLOR` switches it off.
"""

import os
import sys
from collections.abc import Callable
from typing import IO

from asyncgen.text import printable_within

_COLOURS = {"✓": 32, "⚠": 33, "❌": 31}


class Lines:
    """Prints lines.

    Args:
        quiet: only warnings, errors and what to do about them.
        write: puts a line on a stream, for example above a progress bar.
    """

    def __init__(self, *, quiet: bool, write: Callable[[str, IO[str]], None] | None = None) -> None:
        self._quiet = quiet
        self._write = write or _write

    def say(self, text: str) -> None:
        """Print a line for the user."""
        if not self._quiet:
            self._print(text, sys.stdout)

    def warn(self, text: str) -> None:
        """Print a line, even if quiet."""
        self._print(f"⚠ {text}", sys.stderr)

    def error(self, text: str) -> None:
        """Print why the run ended, or a row failed."""
        self._print(f"❌ {text}", sys.stderr)

    def advise(self, text: str) -> None:
        """Print what to do about it; even if quiet."""
        self._print(text, sys.stderr)

    def _print(self, text: str, stream: IO[str]) -> None:
        text = printable_within(text)
        colour = _COLOURS.get(text[:1])
        if colour is not None and coloured(stream):
            text = f"\x1b[{colour}m{text[:1]}\x1b[0m{text[1:]}"
        try:
            self._write(text, stream)
            stream.flush()
        except OSError:
            silence(stream)


def say(text: str) -> None:
    """Print a line of a command that takes its time, at once; if nobody reads on, the command ends.

    Raises:
        OSError: it cannot be written.
    """
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def coloured(stream: IO[str]) -> bool:
    """Whether a stream is a terminal with colours, and the user wants them."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(text: str, stream: IO[str]) -> None:
    stream.write(f"{text}\n")


def silence(stream: IO[str]) -> None:
    """Discard what is printed from now on: the stream's reader has gone, or the disk behind it is full.

    The run is the work and its lines only describe it: it goes on, and its exit code reports the work.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
