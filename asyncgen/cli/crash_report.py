"""What is said when the program has a defect: where it was, never what the error says, which may quote a note."""

from asyncgen import __version__
from asyncgen.errors import stack_of


def report(error: BaseException) -> str:
    """The types and places of an error, of all in its group, and of what led to each; safe to show to anybody."""
    lines = [
        f"❌ this is a defect of asyncgen {__version__}; everything paid is saved, and the same command goes on",
        "Traceback, safe to report: what the errors say may quote a note and is left out",
        *stack_of(error),
    ]
    return "\n".join(lines) + "\n"
