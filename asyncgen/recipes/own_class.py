"""A recipe that is a class of the user's own: what it declares and what it returns are checked.

A wrong result fails its row, as an exception does: in a file it would shift or break the lines of other rows.
"""

import asyncio
import inspect
from collections.abc import Mapping, Sized
from numbers import Integral
from typing import Any, Generic

from asyncgen.chat import ROLES, ChatMessage, ChatRequest, Completion, Sampling
from asyncgen.errors import UsageError, WrongResultError, either, place_of
from asyncgen.recipe import Examples, Generate, OutputFile, Recipe, pass_on, rows_of_recipe
from asyncgen.recipes.output_names import problem_of_outputs
from asyncgen.rows import I
from asyncgen.text import dumps, loads

_NEEDED = ("outputs", "counters", "failure_counters", "fingerprint", "parse", "run", "recognise")


def _problem_of(recipe: Recipe[Any]) -> str:
    """What is wrong with what a recipe declares; empty if nothing is."""
    for declared in ("failure_counters", "fingerprint"):
        if not isinstance(getattr(recipe, declared), Mapping):
            return f"{declared} must be a mapping"
    for declared in ("outputs", "counters"):
        if not isinstance(getattr(recipe, declared), tuple | list):
            return f"{declared} must be a tuple"
    if not all(isinstance(output, OutputFile) for output in recipe.outputs):
        return "outputs must be OutputFile objects"
    problem = _problem_of_values(recipe) or problem_of_outputs([output.name for output in recipe.outputs])
    unknown = sorted({*recipe.failure_counters.values()} - {*recipe.counters})
    if unknown:
        problem = problem or f"failure_counters has {', '.join(unknown)}, which counters does not name"
    return problem


def _problem_of_values(recipe: Any) -> str:
    """What is wrong inside of what it declares, of which the kinds are right."""
    if not all(isinstance(output.lines, Integral) for output in recipe.outputs):
        return "the lines of each of outputs must be an integer"
    if not all(isinstance(counter, str) for counter in recipe.counters):
        return "counters must be names"
    if not rows_of_recipe(recipe).strip():
        return "rows must not be empty"
    if inspect.iscoroutinefunction(recipe.parse):
        return "parse must be an ordinary function, not an async one"
    try:
        dumps(dict(recipe.fingerprint))
    except TypeError:
        return "fingerprint must hold what JSON can: texts, numbers, True, False, None, lists, and dicts by texts"
    return ""


def _problem_of_request(request: object) -> str:
    """What is wrong with what a recipe asks; empty if nothing is."""
    if not isinstance(request, ChatRequest):
        return f"run asks with {type(request).__name__}, not with ChatRequest"
    # A list of parts is no text, and is sent as it is.
    for name, kind, said in (
        ("sampling", Sampling, "Sampling"),
        ("system", Sized, "a text"),
        ("user", Sized, "a text"),
    ):
        value = getattr(request, name)
        if not isinstance(value, kind):
            return f"{name} of a request is {type(value).__name__}, not {said}"
    return _problem_of_conversation(request.before)


def _problem_of_conversation(before: object) -> str:
    """What is wrong with what was said before the user's text; empty if nothing is."""
    if not (isinstance(before, tuple) and all(isinstance(one, ChatMessage) for one in before)):
        return "before of a request is not a tuple of ChatMessage"
    for one in before:
        if one.role not in ROLES:
            return f"role of a ChatMessage is {one.role!r}, not {either(ROLES)}"
        if not isinstance(one.content, str):
            return f"content of a ChatMessage is {type(one.content).__name__}, not a text"
    return ""


class OwnClass(Generic[I]):
    """Passes everything on to the user's recipe, and checks what it returns.

    Args:
        recipe: the user's.
        name: of the recipe, for messages.

    Raises:
        UsageError: it is not a recipe, or declares something invalid.
    """

    def __init__(self, recipe: Recipe[I], name: str) -> None:
        missing = [needed for needed in _NEEDED if not hasattr(recipe, needed)]
        if missing:
            raise UsageError(f"recipe {name} is not a recipe: it lacks {', '.join(missing)}")
        problem = _problem_of(recipe)
        if problem:
            raise UsageError(f"recipe {name}: {problem}")
        self._recipe = recipe
        self.outputs = recipe.outputs
        self.counters = recipe.counters
        self.failure_counters = recipe.failure_counters
        self.fingerprint = recipe.fingerprint
        pass_on(recipe, self)

    def parse(self, fields: Mapping[str, Any]) -> I:
        """Parse the row with the recipe.

        Raises:
            BadFieldError: a field is missing, or of the wrong type.
            WrongResultError: the recipe returns something that is no item, or wants to end the program.
        """
        try:
            item = self._recipe.parse(fields)
        except SystemExit as error:
            raise WrongResultError(f"parse raised {place_of(error)}") from error
        if not hasattr(item, "note_id"):
            raise WrongResultError(f"parse returned {type(item).__name__}, which has no note_id")
        return item

    async def run(self, pair: I, generate: Generate) -> Examples:
        """Run the recipe.

        Raises:
            WrongResultError: it asks with something that is no request, returns something that is no result of a
                row, or wants to end the program.
        """

        async def ask(step: str, request: ChatRequest) -> Completion:
            if problem := _problem_of_request(request):
                raise WrongResultError(problem)
            return await generate(step, request)

        try:
            examples = await self._recipe.run(pair, ask)
        except SystemExit as error:
            raise WrongResultError(f"run raised {place_of(error)}") from error
        except (asyncio.CancelledError, GeneratorExit) as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not the task was cancelled: the recipe has awaited something that it had cancelled itself.
            raise WrongResultError(f"run raised {place_of(error)}") from error
        if not isinstance(examples, Examples):
            raise WrongResultError(f"run returned {type(examples).__name__}, not Examples")
        self._check_blobs(examples.blobs)
        if not isinstance(examples.counts, Mapping) or {*map(type, examples.counts.values())} - {int}:
            raise WrongResultError("run returned counts that are no mapping to integers")
        undeclared = [str(name) for name in examples.counts if name not in self.counters]
        if undeclared:
            raise WrongResultError(f"run counts {', '.join(undeclared)}, which counters does not name")
        return examples

    def recognise(self, pair: I, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """Recognise examples with the recipe."""
        return self._recipe.recognise(pair, blobs)

    def _check_blobs(self, blobs: Any) -> None:
        """Check that the blobs are the declared lines of each file, and JSON; what they say is not told.

        Raises:
            WrongResultError: they are not.
        """
        if not isinstance(blobs, tuple | list) or len(blobs) != len(self.outputs):
            raise WrongResultError(f"run returned blobs that are not one for each of {len(self.outputs)} outputs")
        for output, blob in zip(self.outputs, blobs, strict=True):
            if not isinstance(blob, bytes):
                raise WrongResultError(f"run returned {type(blob).__name__} for {output.name}, not bytes")
            *lines, rest = blob.split(b"\n")
            if rest:
                raise WrongResultError(f"run returned a last line for {output.name} that has no line break")
            if len(lines) != output.lines:
                raise WrongResultError(f"run returned {len(lines)} lines for {output.name}, not {output.lines}")
            for line in lines:
                try:
                    loads(line)
                except ValueError:
                    raise WrongResultError(f"run returned a line for {output.name} that is not JSON") from None
