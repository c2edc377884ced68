"""What is said when the program has a defect: where it was, never what the error says, which may quote a note."""

import traceback
from collections.abc import Iterator

from asyncgen.version import __version__


def report(error: BaseException) -> str:
    """The types and places of an error, of all in its group, and of what led to each; safe to show to anybody."""
    lines = [
        f"❌ this is a defect of asyncgen {__version__}; everything paid is saved, and the same command goes on",
        "Traceback, safe to report: what the errors say may quote a note and is left out",
        *_lines(error),
    ]
    return "\n".join(lines) + "\n"


def _lines(error: BaseException) -> Iterator[str]:
    led_to = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if led_to is not None:
        yield from _lines(led_to)
        yield "which led to"
    if isinstance(error, BaseExceptionGroup):
        # Many workers meet the same defect.
        for lines in dict.fromkeys(tuple(_lines(each)) for each in error.exceptions):
            yield from lines
        return
    yield from "".join(traceback.format_tb(error.__traceback__)).splitlines()
    yield type(error).__name__
