"""What can end a run, a row or a call, with its exit code and its message for a person.

Messages are one or two lines: what happened and what to do next. They never hold a key, a note or a server's prose
(servers quote notes in their error messages).

A message is made of parts. As text it addresses a caller from Python; the command line renders the parts that are
settings as its flags, so it need not search the text.
"""

import difflib
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    """A setting named in a message, by its keyword argument; `value` None: named without a value.

    `of_endpoint` is set if a named endpoint has it rather than the run.
    """

    name: str
    value: Any = None
    of_endpoint: bool = False

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value!r}"


class Phrase(Enum):
    """A step that a caller from Python and a user of the command line take differently."""

    AGAIN = "make the same call again"
    SAME = "the same call"
    VERIFY = "asyncgen verify"
    REGENERATION = "a regeneration by asyncgen verify"
    JUDGEMENT = "a judgement by asyncgen verify"
    USE_RAY = "finish it with asyncgen run on Ray"
    CHECK = "check the prompts and model"
    # A directory refuses other prompts, checks, fields or models than it was begun with.
    START_OVER = (
        "what is changed starts over, with restart=True or in another directory; with nothing changed, " + AGAIN
    )

    def __str__(self) -> str:
        return self.value


class Message:
    """A text made of parts; `str` gives the text for a caller from Python."""

    def __init__(self, *parts: "str | Setting | Phrase | Message") -> None:
        self.parts: tuple[str | Setting | Phrase, ...] = tuple(
            inner for part in parts for inner in (part.parts if isinstance(part, Message) else (part,))
        )

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings that the message names."""
        return tuple(part for part in self.parts if isinstance(part, Setting))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    def __repr__(self) -> str:
        return repr(str(self))


NEAR = 0.8  # similarity of two names from which one may be a typo of the other; lower suggests unrelated fields
MOST_NAMED = 12  # fields of a row in a message: what fits into about two lines


def either(names: Sequence[str]) -> str:
    """Two or more names of which one is meant: `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}"


def missing_field(
    column: str, name: str, fields: Mapping[str, Any], others: Collection[str] = (), otherwise: str = ""
) -> str | Message:
    """The message about a row that lacks a field, from the fields that it has.

    Args:
        column: the field's name in the input.
        name: the field's name in the recipe.
        fields: the fields of the row.
        others: names that stand for another field, so are not suggested.
        otherwise: what to do if no field is meant.
    """
    if column in fields or not fields:
        return f"no {column}"
    known = fields.keys() - {*others}
    alike = sorted(one for one in known if one.casefold() == column.casefold())
    near = alike or difflib.get_close_matches(column, known, n=1, cutoff=NEAR)
    if near:
        return Message(f"no {column}; did you mean {near[0]}? ", Setting("fields", {name: near[0]}))
    there = ", ".join(list(fields)[:MOST_NAMED]) + (", …" if len(fields) > MOST_NAMED else "")
    chosen = Setting("fields", {name: "FIELD"})
    return Message(f"no {column}; the fields here are {there}: ", chosen, " says which it is", otherwise)


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
        """The names of the settings that the message names."""
        return tuple(setting.name for setting in self.message.settings)

    def prefixed(self, text: str) -> Self:
        """The same error, with text put before its message."""
        error = copy(self)
        error.args = (Message(text, self.message),)
        return error


class UsageError(AsyncgenError):
    """The request cannot be carried out as configured."""

    exit_code = Exit.USAGE


class BadDataError(AsyncgenError):
    """The input, the prompt file or the output directory does not fit the run."""

    exit_code = Exit.BAD_DATA


class DirectoryError(BadDataError):
    """The output directory cannot be resumed: it is damaged, or belongs to another run.

    The message says what is wrong; code that offers a restart or another directory adds how.
    """


class DiskError(AsyncgenError):
    """The disk refused a call (`errno` is the operating system's, or None)."""

    exit_code = Exit.DISK

    def __init__(self, message: str | Message, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class TryLaterError(AsyncgenError):
    """Another process holds the directory, or the server refuses everything: it may work later."""

    exit_code = Exit.TRY_LATER


class BudgetError(AsyncgenError):
    """The user's own budget does not cover a further call."""

    exit_code = Exit.BUDGET

    @property
    def needed(self) -> dict[str, float]:
        """What the next call needs at least, by setting: `max_cost` in USD, `max_total_tokens`."""
        return {setting.name: setting.value for setting in self.message.settings}


class KeyOrQuotaError(AsyncgenError):
    """The account cannot pay, the key is not accepted, or the model does not exist: waiting does not help."""

    exit_code = Exit.KEY_OR_QUOTA


class Interrupted(AsyncgenError):  # noqa: N818 - the user's wish, not an error
    """The user asked to stop."""

    exit_code = Exit.INTERRUPTED


class Stopping(Exception):  # noqa: N818 - control flow, never shown
    """Raised from a call that is not sent because the run is stopping."""


class CallFailed(Exception):  # noqa: N818 - the outcome of one call, not exceptional
    """A call was given up: its row fails, the run goes on.

    `kind` is the error class written to `failed.jsonl`; `attempts` counts the attempts sent; `status`, `code` and
    `param` come from the server's last refusal. `earlier`: an earlier start made these attempts.
    """

    def __init__(
        self,
        step: str,
        kind: str,
        attempts: int,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
        *,
        earlier: bool = False,
    ) -> None:
        super().__init__(f"{step}: {kind} after {attempts} attempt{'s' * (attempts != 1)}")
        self.step = step
        self.kind = kind
        self.attempts = attempts
        self.status = status
        self.code = code
        self.param = param
        self.earlier = earlier

    def after(self, attempts: int) -> "CallFailed":
        """The same failure, after so many more attempts."""
        attempts += self.attempts
        return CallFailed(self.step, self.kind, attempts, self.status, self.code, self.param, earlier=self.earlier)


class WrongResultError(Exception):
    """A recipe returned something that is no result of a row: its message says what, without text of the row."""


def stack_of(error: BaseException) -> Iterator[str]:
    """The types and places of an error, of the errors in its group, and of their causes, without their messages.

    Messages may quote a note.
    """
    led_to = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if led_to is not None:
        yield from stack_of(led_to)
        yield "which led to"
    if isinstance(error, BaseExceptionGroup):
        # Many workers fail from the same bug: show each stack once.
        for lines in dict.fromkeys(tuple(stack_of(each)) for each in error.exceptions):
            yield from lines
        return
    yield from "".join(traceback.format_tb(error.__traceback__)).splitlines()
    yield type(error).__name__


def place_of(error: BaseException) -> str:
    """The type of an error, with the file and line of our or the user's code that raised it.

    For a wrong result, which no line has raised, what is wrong with it.
    """
    if isinstance(error, WrongResultError):
        return f"{type(error).__name__}: {error}"
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
