"""The interface of a recipe: straight-line code that makes the calls for a row and returns its examples.

A recipe knows its prompts and its examples, but nothing of limits, retries, files or order; the engine knows
nothing of prompts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from asyncgen.chat import ChatRequest, Completion, fast_dataclass
from asyncgen.errors import AsyncgenError, CallFailed
from asyncgen.humanize import many_of, one_of, with_article
from asyncgen.rows import ID_FIELDS, ROWS, BadFieldError, I, Parse

A = TypeVar("A")

Generate = Callable[[str, ChatRequest], Awaitable[Completion]]
"""`await generate(step, request)` returns the answer, already durable. Called again after a crash with the same
step and request, it returns the same answer without a call."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that a recipe fills: its name, and how many lines a row has in it."""

    name: str
    lines: int


@fast_dataclass(frozen=True, slots=True)
class Examples:
    """The results of a row: the bytes for each output file, in order, and what to count."""

    blobs: tuple[bytes, ...]
    counts: Mapping[str, int]


class Recipe(Protocol[I]):
    """One way to turn a row into examples.

    `counters` are the statistics it keeps; `failure_counters` names the one for each failed step; `fingerprint`
    holds everything that decides the bytes of its examples. Optional attributes: `rows`, its name for rows in
    messages ("mails"); `unique`, the input's name for an id that must be unique ("custom_id"); `sends_whole`, that
    its requests are sent unchanged; and `lines_of_failed(pair, failure)`, the blobs, like those of examples, that
    its files hold for a failed row.
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
        """Build the recipe's item from a decoded input line.

        Raises:
            BadFieldError: a field is missing or of the wrong type.
        """

    async def run(self, pair: I, generate: Generate) -> Examples:
        """Make the calls for a row and return its examples.

        Raises:
            CallFailed: a step was given up (raised by `generate`).
        """

    def recognise(self, pair: I, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """What to count if `blobs`, one for each output file, are examples of this row; else None.

        They may be formatted by another tool.
        """


def pass_on(recipe: Recipe[Any], around: object) -> None:
    """Give what wraps a recipe the attributes that it may have beside those of `Recipe`."""
    for name in ("rows", "unique", "sends_whole", "lines_of_failed", "contents"):
        if hasattr(recipe, name):
            setattr(around, name, getattr(recipe, name))


@dataclass(frozen=True, slots=True)
class Nouns:
    """The words for rows in messages: plural and singular."""

    many: str
    one: str

    @property
    def with_article(self) -> str:
        """`a pair`, `an answer`."""
        return with_article(self.one)


def nouns_of(rows: str) -> Nouns:
    """The nouns of a recipe's full name for its rows ("new mails": mails, mail)."""
    return Nouns(many_of(rows), one_of(rows))


def rows_of_recipe(recipe: Recipe[Any]) -> str:
    """The recipe's word for its rows in messages, in the plural."""
    return str(getattr(recipe, "rows", ROWS))


def unique_id(recipe: Recipe[Any]) -> str:
    """The input's name for an id that must be unique among the rows; empty: none."""
    return str(getattr(recipe, "unique", ""))


def sends_whole(recipe: Recipe[Any]) -> bool:
    """Whether the recipe's requests are sent unchanged, whatever is known of the model."""
    return bool(getattr(recipe, "sends_whole", False))


def writes_failed(recipe: Recipe[Any]) -> bool:
    """Whether the recipe's files have lines for failed rows too."""
    return hasattr(recipe, "lines_of_failed")


def examples_of_failed(recipe: Recipe[Any], pair: Any, failure: CallFailed) -> Examples | None:
    """What the recipe's files hold for a failed row; None: nothing."""
    write = getattr(recipe, "lines_of_failed", None)
    return None if write is None else Examples(write(pair, failure), {})


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A row for which the recipe raised in `parse`: it fails, and the run goes on."""

    note_id: str
    error: Exception


def guarded(parse: Parse[I]) -> Parse[I | Unparsed]:
    """Wrap `parse` so that an error of the recipe fails only its row.

    A line that is not a valid row raises `BadFieldError`, an unusable input `AsyncgenError`; any other exception
    is a bug of the recipe.
    """

    def parse_guarded(fields: Mapping[str, Any]) -> "I | Unparsed":
        try:
            return parse(fields)
        except (BadFieldError, AsyncgenError):
            raise
        except Exception as error:  # noqa: BLE001 - it is the user's code
            names = (fields.get(name) for name in ID_FIELDS)
            return Unparsed(next((str(name) for name in names if isinstance(name, str | int)), ""), error)

    return parse_guarded


async def together(*steps: Awaitable[A]) -> list[A]:
    """Run steps concurrently; all settle before an error of one is raised.

    A paid answer is never cancelled because its sibling failed.
    """
    results = await asyncio.gather(*steps, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        # A failed call concerns only the row: an error of the whole run (such as the disk's) takes precedence.
        raise min(errors, key=lambda error: isinstance(error, CallFailed))
    return [result for result in results if not isinstance(result, BaseException)]
