"""The report of an unexpected error: a full disk, a shortage of the machine, or the place of a bug in the program.

It never contains the error's message, which may quote a note.
"""

import errno
import os
from collections.abc import Iterator

from asyncgen.config.version import __version__
from asyncgen.errors import stack_of


def report(error: BaseException) -> str:
    """The types and places of an error, of the errors in its group, and of their causes; safe to show."""
    lines = [
        f"❌ this is a bug in asyncgen {__version__}; everything paid is saved, and the same command resumes",
        "Traceback, safe to share: the texts of the errors may quote a note and are left out",
        *stack_of(error),
    ]
    return "\n".join(lines) + "\n"


def refusal(error: BaseException) -> str | None:
    """What the disk does not take, such as the lines of a command; None: nothing of the kind."""
    for each in _all(error):
        if isinstance(each, OSError) and each.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}:
            return f"cannot write {each.filename or 'the output'}: {each.strerror}"
    return None


def unusable_variable(error: BaseException) -> str | None:
    """What is wrong with a variable that Python itself reads when TLS is set up; None: nothing."""
    keys = os.environ.get("SSLKEYLOGFILE")
    for each in _all(error):
        if keys and isinstance(each, OSError) and each.filename == keys:
            return f"SSLKEYLOGFILE names {keys}, which cannot be written ({each.strerror}): unset it"
    return None


def shortage(error: BaseException) -> str | None:
    """What the machine lacks; None: nothing, so the program has a bug."""
    for each in _all(error):
        if isinstance(each, MemoryError) or (isinstance(each, OSError) and each.errno == errno.ENOMEM):
            return "out of memory: lower --concurrency; everything paid is saved, and the same command resumes"
        if isinstance(each, RuntimeError) and str(each) == "can't start new thread":
            return (
                "no thread can be started: raise the limit of processes (ulimit -u, pids.max), or that of memory "
                "(ulimit -v), and run it again"
            )
        if isinstance(each, OSError) and each.errno in {errno.EMFILE, errno.ENFILE}:
            return "no file can be opened any more: raise `ulimit -n`, or lower --concurrency, and run it again"
    return None


def _all(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _all(each)
    led_to = error.__cause__ or error.__context__
    if led_to is not None:
        yield from _all(led_to)
