"""What can end a run, a pair or a call, the exit code that tells a shell about it, and the message for a person.

Messages are one or two lines: what happened and what to do next.
They never hold a key, a note or a server's prose (servers quote notes in their error messages).

A message is made of parts. Its text is for a caller from Python; the command line, which calls the same settings
by their flags, words the parts that are no text itself, and has no need to search in the text.
"""

import difflib
import traceback
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, ClassVar, Self

_STANDARD_LIBRARY = traceback.__file__.removesuffix("traceback.py")
_PACKAGES = "site-packages"


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


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that a message names, by the name of the keyword argument; `value` None: no value goes with it.

    `of_endpoint` where a named endpoint has it, and not the run.
    """

    name: str
    value: Any = None
    of_endpoint: bool = False

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value!r}"


class Phrase(Enum):
    """What a caller from Python does in another way than a user of the command line."""

    AGAIN = "make the same call again"
    SAME = "the same call"
    VERIFY = "asyncgen verify"
    REGENERATION = "a regeneration by asyncgen verify"
    USE_RAY = "finish it with asyncgen run on Ray"

    def __str__(self) -> str:
        return self.value


class Message:
    """A text made of parts; `str` is what a caller from Python reads."""

    def __init__(self, *parts: "str | Setting | Phrase | Message") -> None:
        self.parts: tuple[str | Setting | Phrase, ...] = tuple(
            inner for part in parts for inner in (part.parts if isinstance(part, Message) else (part,))
        )

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings that it names."""
        return tuple(part for part in self.parts if isinstance(part, Setting))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    def __repr__(self) -> str:
        return repr(str(self))


NEAR = 0.8  # of what two names have in common, when one may have been meant by the other
MOST_NAMED = 12  # fields of a row in a message


def missing_field(
    column: str, name: str, fields: Mapping[str, Any], others: Collection[str] = ()
) -> str | Message:
    """What is said of a row that lacks a field, by the fields that it has.

    Args:
        column: what the input should call it.
        name: what the recipe calls it.
        fields: of the row.
        others: names that mean another field.
    """
    if column in fields or not fields:
        return f"no {column}"
    near = difflib.get_close_matches(column, fields.keys() - {*others}, n=1, cutoff=NEAR)
    if near:
        return Message(f"no {column}; did you mean {near[0]}? ", Setting("fields", {name: near[0]}))
    there = ", ".join(list(fields)[:MOST_NAMED]) + (", …" if len(fields) > MOST_NAMED else "")
    chosen = Setting("fields", {name: "FIELD"})
    return Message(f"no {column}; the fields here are {there}: ", chosen, " says which it is")


class AsyncgenError(Exception):
    """Base of every error that ends a run with a message instead of a traceback."""

    exit_code: ClassVar[Exit] = Exit.BUG

    def __init__(self, *parts: str | Setting | Phrase | Message) -> None:
        super().__init__(Message(*parts))

    @property
    def message(self) -> Message:
        """What happened and what to do next."""
        message: Message = self.args[0]
        return message

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the settings that the message speaks of."""
        return tuple(setting.name for setting in self.message.settings)

    def prefixed(self, text: str) -> Self:
        """The same error, its message with a text in front."""
        error = copy(self)
        error.args = (Message(text, self.message),)
        return error


class UsageError(AsyncgenError):
    """What was asked for cannot be carried out."""

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

    def __init__(self, message: str | Message, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class TryLaterError(AsyncgenError):
    """Another process holds the directory, or the server refuses everything: later it may work."""

    exit_code = Exit.TRY_LATER


class BudgetError(AsyncgenError):
    """The user's own budget covers no further call."""

    exit_code = Exit.BUDGET

    @property
    def needed(self) -> dict[str, float]:
        """What the next call needs at least, by the setting: `max_cost` in USD, `max_total_tokens`."""
        return {setting.name: setting.value for setting in self.message.settings}


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


def stack_of(error: BaseException) -> Iterator[str]:
    """The types and places of an error, of all in its group, and of what led to each; not what it says.

    That may quote a note.
    """
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
    """The type of an error, and the file and line that raised it, or called the library that did."""
    frames = traceback.extract_tb(error.__traceback__)
    name = type(error).__name__
    if not frames:
        return name
    own = [
        frame
        for frame in frames
        if not frame.filename.startswith(_STANDARD_LIBRARY) and _PACKAGES not in frame.filename
    ]
    place = (own or frames)[-1]
    return f"{name} at {place.filename.rpartition('/')[2]}:{place.lineno}"
