"""What can end a run, a pair or a call, and the exit code that tells a shell about it.

Messages are one or two lines for a person: what happened and what to do next.
They never hold a key, a note or a server's prose (servers quote notes in their error messages).
"""

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line (a contract: scripts branch on them)."""

    DONE = 0
    BUG = 1
    USAGE = 2
    SOME_FAILED = 3
    BUDGET = 4
    BAD_DATA = 65
    DISK = 74
    TRY_LATER = 75
    KEY_OR_QUOTA = 77
    INTERRUPTED = 130


class AsyncgenError(Exception):
    """Base of every error that ends a run with a message instead of a traceback."""

    exit_code: ClassVar[Exit] = Exit.BUG


class UsageError(AsyncgenError):
    """The command line cannot be carried out as typed."""

    exit_code = Exit.USAGE


class BadDataError(AsyncgenError):
    """The input, the prompt file or the output directory does not fit the run."""

    exit_code = Exit.BAD_DATA


class DirectoryError(BadDataError):
    """What the output directory holds cannot be gone on with: it is damaged, or of another run.

    Says what is wrong; whoever can begin anew or elsewhere adds how.
    """


class DiskError(AsyncgenError):
    """The disk refused a call (`errno` is that of the operating system, or None)."""

    exit_code = Exit.DISK

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class TryLaterError(AsyncgenError):
    """Another process holds the directory, or the server refuses everything: later it may work."""

    exit_code = Exit.TRY_LATER


class BudgetError(AsyncgenError):
    """The user's own budget covers no further call."""

    exit_code = Exit.BUDGET


class KeyOrQuotaError(AsyncgenError):
    """The account cannot pay, the key is not accepted, or the model is not there: waiting is useless."""

    exit_code = Exit.KEY_OR_QUOTA


class Interrupted(AsyncgenError):  # noqa: N818 - it is a wish of the user, not an error
    """The user asked to stop."""

    exit_code = Exit.INTERRUPTED


class Stopping(Exception):  # noqa: N818 - control flow, never shown
    """Raised out of a call that is not sent any more because the run is stopping."""


class CallFailed(Exception):  # noqa: N818 - the outcome of one call, an everyday thing
    """A call was given up: its pair fails, the run goes on.

    `kind` is the error class written to `failed.jsonl`; `attempts` counts what was sent for the call; `status`,
    `code` and `param` are those of the server's last refusal.
    """

    def __init__(
        self,
        step: str,
        kind: str,
        attempts: int,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(f"{step}: {kind} after {attempts} attempt{'s' * (attempts != 1)}")
        self.step = step
        self.kind = kind
        self.attempts = attempts
        self.status = status
        self.code = code
        self.param = param
