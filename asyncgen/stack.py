"""Where an error was raised, without what it says: that may quote a note."""

import traceback
from collections.abc import Iterator
from pathlib import Path


def stack_of(error: BaseException) -> Iterator[str]:
    """The types and places of an error, of all in its group, and of what led to each."""
    led_to = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if led_to is not None:
        yield from stack_of(led_to)
        yield "which led to"
    if isinstance(error, BaseExceptionGroup):
        # Many workers meet the same defect.
        for lines in dict.fromkeys(tuple(stack_of(each)) for each in error.exceptions):
            yield from lines
        return
    yield from "".join(traceback.format_tb(error.__traceback__)).splitlines()
    yield type(error).__name__


def place_of(error: BaseException) -> str:
    """The type of an error, and the file and line where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    name = type(error).__name__
    return f"{name} at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else name
