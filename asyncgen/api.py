"""What `asyncgen run` does, from Python: `run`, `run_async` inside an event loop, and `stream`."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, Unpack

import orjson

from asyncgen.config import (
    DEFAULT_BASE_URL,
    DEFAULT_RECIPE,
    EndpointConfig,
    RunConfig,
    is_loopback,
    resolve_api_key,
)
from asyncgen.cost import Price
from asyncgen.engine.event_loop import run_loop
from asyncgen.engine.loop_thread import Aside
from asyncgen.engine.run import Run
from asyncgen.engine.session import Summary
from asyncgen.engine.stream import Tap
from asyncgen.errors import DirectoryError, Interrupted, KeyOrQuotaError, UsageError
from asyncgen.planning.prices import load_price
from asyncgen.recipe import Recipe
from asyncgen.recipes import build
from asyncgen.recipes.prompts import PromptFile
from asyncgen.shard import Shard
from asyncgen.storage.disk import Disk

OF_THE_ENDPOINT = ("api_key", "base_url", "rpm", "tpm", "concurrency")
MakeRecipe = Callable[[PromptFile], Recipe[Any]]


class Settings(TypedDict, total=False):
    """What the flags of these names say; rates a minute, times in seconds, cost in USD.

    Without them `api_key` is OPENAI_API_KEY and `base_url` OPENAI_BASE_URL. `endpoints`, each with a name, an
    address, a key and limits of its own, stand in the place of both and of `rpm`, `tpm` and `concurrency`.
    `shard` is a text such as "3/8", `share` above 0 up to 1.
    """

    fields: Mapping[str, str]
    add_reasoning: bool
    num_pairs: int
    batch_size: int
    save_every: int
    api_key: str
    model: str
    base_url: str
    endpoints: Sequence[EndpointConfig]
    max_tokens_field: str
    rpm: float
    tpm: float
    share: float
    concurrency: int
    max_cost: float
    max_total_tokens: int
    max_attempts: int
    timeout: float
    pair_timeout: float
    patience: float
    restart: bool
    skip_bad: bool
    shard: str


def run(
    *,
    input_jsonl: str | Path,
    output_dir: str | Path,
    prompt_file: str | Path | None = None,
    recipe: str | Path | MakeRecipe | None = None,
    **settings: Unpack[Settings],
) -> Summary:
    """Do the job to its end, or go on with it: the same call always finishes what is missing.

    Args:
        input_jsonl: one JSON object a line.
        output_dir: where the recipe's files go.
        prompt_file: what the recipe is made from, where it needs one.
        recipe: what --recipe takes, or what makes it of the prompt file; None: that of `asyncgen run`.
        settings: see `Settings`.

    Raises:
        AsyncgenError: why it ended early; everything paid is saved.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise UsageError("asyncgen.run was called in a running event loop: await asyncgen.run_async there")
    job = _prepare(input_jsonl, output_dir, prompt_file, recipe, settings)
    return run_loop(job.work())


async def run_async(
    *,
    input_jsonl: str | Path,
    output_dir: str | Path,
    prompt_file: str | Path | None = None,
    recipe: str | Path | MakeRecipe | None = None,
    **settings: Unpack[Settings],
) -> Summary:
    """The same as `run`, awaited inside an event loop.

    The work has a thread and a loop of its own. When it is cancelled, the calls in flight are finished and saved
    before that is heard.

    Raises:
        AsyncgenError: why it ended early; everything paid is saved.
    """
    job = _prepare(input_jsonl, output_dir, prompt_file, recipe, settings)
    async with Aside(job.work, job.stop) as aside:
        return await aside.result()


def stream(
    *,
    input_jsonl: str | Path,
    output_dir: str | Path,
    prompt_file: str | Path | None = None,
    recipe: str | Path | MakeRecipe | None = None,
    output: str | None = None,
    **settings: Unpack[Settings],
) -> AsyncGenerator[dict[str, Any], None]:
    """Do the job as `run` does, and give its examples, for `async for`, as they are written.

    They come in input order, those of earlier starts first: all of the file, however often the run was
    interrupted. A pair that failed in an earlier start and is repaired comes in its place, or last where that
    start had not reached its end. Pairs that fail are left out, as in the file.

    Whoever takes no example holds the run, which is then ahead by its window: 1,024 pairs, or 8 for each call
    that may be in flight. Whoever leaves early stops it in order: the calls in flight are finished and saved, and
    the same call goes on. `contextlib.aclosing` around it makes leaving wait for that.

    Args:
        input_jsonl: one JSON object a line.
        output_dir: where the recipe's files go.
        prompt_file: what the recipe is made from, where it needs one.
        recipe: what --recipe takes, or what makes it of the prompt file; None: that of `asyncgen run`.
        output: the name of the recipe's file that is wanted; None: its last one.
        settings: see `Settings`.

    Raises:
        AsyncgenError: what cannot be carried out, at once; from the iteration why the run ended early, when
            everything before was given.
    """
    job = _prepare(input_jsonl, output_dir, prompt_file, recipe, settings)
    names = [file.name for file in job.recipe.outputs]
    if output is not None and output not in names:
        raise UsageError(f"the recipe makes no {output}, but {', '.join(names)}")
    tap = job.tap = Tap(names.index(names[-1] if output is None else output))
    return _examples(job, tap)


async def _examples(job: "_Job", tap: Tap) -> AsyncGenerator[dict[str, Any], None]:
    async with Aside(job.work, job.stop) as aside:
        while lines := await aside.call(tap.take):
            for line in lines:
                yield orjson.loads(line)
        await aside.result()


@dataclass(slots=True)
class _Job:
    """A run, prepared."""

    config: RunConfig
    recipe: Recipe[Any]
    price: Price | None
    tap: Tap | None = None
    _run: Run | None = field(default=None, init=False)

    async def work(self) -> Summary:
        """Carry it out."""
        disk = Disk()
        try:
            self._run = Run(self.config, self.recipe, [], disk, price=self.price, tap=self.tap)
            with _way_out():
                return await self._run.execute()
        finally:
            if self.tap is not None:
                await self.tap.end()
            disk.close()

    async def stop(self) -> None:
        """Ask it to stop."""
        if self._run is not None:
            self._run.stop(Interrupted("stopped by the program; everything paid is saved"))
        if self.tap is not None:
            await self.tap.leave()


@contextmanager
def _way_out() -> Iterator[None]:
    """Say how to begin anew, for whoever reads the traceback."""
    try:
        yield
    except DirectoryError as error:
        error.add_note("choose another output_dir, or restart=True to move everything aside and begin anew")
        raise


def _prepare(
    input_jsonl: str | Path,
    output_dir: str | Path,
    prompt_file: str | Path | None,
    recipe: str | Path | MakeRecipe | None,
    settings: Settings,
) -> _Job:
    endpoints = tuple(settings.get("endpoints", ()))
    _check_endpoints(endpoints, settings)
    said: dict[str, Any] = {name: value for name, value in settings.items() if name not in OF_THE_ENDPOINT}
    said["fields"] = tuple(settings.get("fields", {}).items())
    if not endpoints:
        own: dict[str, Any] = {name: value for name, value in settings.items() if name in OF_THE_ENDPOINT}
        own["api_key"] = resolve_api_key(settings.get("api_key"))
        own["base_url"] = settings.get("base_url") or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL
        endpoints = (EndpointConfig(**own),)
        if not own["api_key"] and not is_loopback(own["base_url"]):
            raise KeyOrQuotaError("no API key: set the environment variable OPENAI_API_KEY, or api_key")
    said["endpoints"] = endpoints
    if "shard" in settings:
        said["shard"] = _shard(settings["shard"])
    config = RunConfig(
        input_jsonl=Path(input_jsonl).resolve(),
        output_dir=Path(output_dir).resolve(),
        prompt_file=None if prompt_file is None else Path(prompt_file).resolve(),
        recipe=_recipe_name(recipe),
        **said,
    )
    made = build(config, make=recipe if callable(recipe) else None)
    price = load_price(config.model, None)
    if price is None and config.max_cost is not None:
        raise UsageError(f"max_cost needs a price of {config.model} in configs/models.toml")
    return _Job(config, made, price)


def _recipe_name(recipe: str | Path | MakeRecipe | None) -> str:
    """What a recipe is called; a file by its absolute path."""
    if recipe is None:
        return DEFAULT_RECIPE
    if callable(recipe):
        return f"{recipe.__module__}:{getattr(recipe, '__qualname__', '')}"
    name = str(recipe)
    return str(Path(name).resolve()) if name.endswith(".toml") else name


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _check_endpoints(endpoints: Sequence[EndpointConfig], settings: Settings) -> None:
    names = [endpoint.name for endpoint in endpoints]
    if not all(names) or len({*names}) < len(names):
        raise UsageError("each of the endpoints needs a name of its own")
    keyless = [one.name for one in endpoints if not one.api_key and not is_loopback(one.base_url)]
    if keyless:
        raise KeyOrQuotaError(f"no api_key for endpoint {keyless[0]}")
    given = next((name for name in OF_THE_ENDPOINT if name in settings), None)
    if endpoints and given is not None:
        raise UsageError(f"endpoints and {given} do not go together: each endpoint has a {given} of its own")
