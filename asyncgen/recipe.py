"""What a recipe is: straight-line code that says what is asked for a pair and what comes out.

A recipe knows its prompts and its examples. It knows nothing of limits, retries, files or order; the engine
knows nothing of what it asks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from asyncgen.chat import ChatRequest, Completion
from asyncgen.errors import AsyncgenError, CallFailed
from asyncgen.humanize import many_of, one_of
from asyncgen.rows import ID_FIELDS, ROWS, BadFieldError, I, Parse

A = TypeVar("A")

Generate = Callable[[str, ChatRequest], Awaitable[Completion]]
"""`await generate(step, request)`: the answer, durable when it returns. Asked again after a crash with the
same step and request, it gives the same answer without a call."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that a recipe fills: its name, and how many lines one pair has in it."""

    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class Examples:
    """What a pair came to: the bytes for each output file in their order, and what to count."""

    blobs: tuple[bytes, ...]
    counts: Mapping[str, int]


class Recipe(Protocol[I]):
    """One way to turn a pair into examples.

    `counters` are the statistics it keeps; `failure_counters` names the one for a step that failed;
    `fingerprint` holds everything that decides the bytes of its examples. It may say in `rows` what messages call
    its rows ("mails"), in `unique` what the input calls an id that no two rows may share ("custom_id"), in
    `sends_whole` that its requests are sent as they stand, and in `lines_of_failed(pair, failure)` what its files
    hold for a row that failed, as blobs like those of examples.
    """

    @property
    def outputs(self) -> tuple[OutputFile, ...]: ...  # noqa: D102
    @property
    def counters(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def failure_counters(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def fingerprint(self) -> Mapping[str, Any]: ...  # noqa: D102

    def parse(self, fields: Mapping[str, Any]) -> I:
        """Take what it works on out of a decoded input line.

        Raises:
            BadFieldError: a field is missing or of the wrong type.
        """

    async def run(self, pair: I, generate: Generate) -> Examples:
        """Ask what there is to ask for a pair.

        Raises:
            CallFailed: a step was given up (it comes out of `generate`).
        """

    def recognise(self, pair: I, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """What to count when `blobs`, one for each output file, are examples of this pair; else None.

        They may be formatted by another tool.
        """


@dataclass(frozen=True, slots=True)
class Nouns:
    """What messages call rows: many of them, and one."""

    many: str
    one: str


def nouns_of(rows: str) -> Nouns:
    """The nouns of what a recipe calls its rows in full ("new mails": mails, mail)."""
    return Nouns(many_of(rows), one_of(rows))


def rows_of_recipe(recipe: Recipe[Any]) -> str:
    """What messages call the rows of a recipe, in the plural."""
    return str(getattr(recipe, "rows", ROWS))


def unique_id(recipe: Recipe[Any]) -> str:
    """What the input calls an id that no two rows of a recipe may share; empty: they may."""
    return str(getattr(recipe, "unique", ""))


def sends_whole(recipe: Recipe[Any]) -> bool:
    """Whether the requests of a recipe are sent as they stand, whatever is known of the model."""
    return bool(getattr(recipe, "sends_whole", False))


def writes_failed(recipe: Recipe[Any]) -> bool:
    """Whether the files of a recipe have lines for rows that failed too."""
    return hasattr(recipe, "lines_of_failed")


def examples_of_failed(recipe: Recipe[Any], pair: Any, failure: CallFailed) -> Examples | None:
    """What stands in the files of a recipe for a row that failed; None: nothing does."""
    write = getattr(recipe, "lines_of_failed", None)
    return None if write is None else Examples(write(pair, failure), {})


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A row for which the recipe has raised in `parse`: it fails, and the run goes on."""

    note_id: str
    error: Exception


def guarded(parse: Parse[I]) -> Parse[I | Unparsed]:
    """Parse, where an error of the recipe concerns its row alone.

    A line that is no row is refused by a `BadFieldError`, the whole input by an `AsyncgenError`; anything else
    that is raised is a defect of the recipe.
    """

    def parse_guarded(fields: Mapping[str, Any]) -> I | Unparsed:
        try:
            return parse(fields)
        except (BadFieldError, AsyncgenError):
            raise
        except Exception as error:  # noqa: BLE001 - it is the user's code
            names = (fields.get(name) for name in ID_FIELDS)
            return Unparsed(next((str(name) for name in names if isinstance(name, str | int)), ""), error)

    return parse_guarded


async def together(*steps: Awaitable[A]) -> list[A]:
    """Run steps side by side; all settle before the error of one is raised.

    A paid answer is never cancelled because its sibling failed.
    """
    results = await asyncio.gather(*steps, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        # A call given up concerns the row alone: what concerns the run (a disk that refuses) goes before it.
        raise min(errors, key=lambda error: isinstance(error, CallFailed))
    return [result for result in results if not isinstance(result, BaseException)]
