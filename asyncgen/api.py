"""What `asyncgen run` does, from Python."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, Unpack

from asyncgen.budget import Price
from asyncgen.config import DEFAULT_BASE_URL, RunConfig, is_loopback, resolve_api_key
from asyncgen.disk import Disk
from asyncgen.errors import KeyOrQuotaError, UsageError
from asyncgen.loop import run_loop
from asyncgen.pipeline import Run, Summary
from asyncgen.prices import load_price
from asyncgen.prompts import PromptFile
from asyncgen.recipe import Recipe
from asyncgen.recipes.medec_safe import MedecSafe


class Settings(TypedDict, total=False):
    """What the flags of these names say; rates a minute, times in seconds, cost in USD.

    Without them `api_key` is OPENAI_API_KEY and `base_url` OPENAI_BASE_URL.
    """

    add_reasoning: bool
    num_pairs: int
    batch_size: int
    save_every: int
    api_key: str
    model: str
    base_url: str
    max_tokens_field: str
    rpm: float
    tpm: float
    concurrency: int
    max_cost: float
    max_total_tokens: int
    max_attempts: int
    timeout: float
    pair_timeout: float
    patience: float
    restart: bool
    skip_bad: bool


def run(
    *,
    input_jsonl: str | Path,
    output_dir: str | Path,
    prompt_file: str | Path,
    recipe: Callable[[PromptFile], Recipe[Any]] | None = None,
    **settings: Unpack[Settings],
) -> Summary:
    """Do the job to its end, or go on with it: the same call always finishes what is missing.

    Args:
        input_jsonl: one JSON object a line.
        output_dir: where the recipe's files go.
        prompt_file: what the recipe is made from.
        recipe: makes it; None: that of `asyncgen run`.
        settings: see `Settings`.

    Raises:
        AsyncgenError: why it ended early; everything paid is saved.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise UsageError("asyncgen.run was called in a running event loop: call it with asyncio.to_thread")
    settings["api_key"] = resolve_api_key(settings.get("api_key"))
    settings["base_url"] = settings.get("base_url") or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL
    config = RunConfig(
        input_jsonl=Path(input_jsonl).resolve(),
        output_dir=Path(output_dir).resolve(),
        prompt_file=Path(prompt_file).resolve(),
        **settings,
    )
    if not config.api_key and not is_loopback(config.base_url):
        raise KeyOrQuotaError("no API key: set the environment variable OPENAI_API_KEY, or api_key")
    prompts = PromptFile.load(config.prompt_file)
    made = MedecSafe(prompts, add_reasoning=config.add_reasoning) if recipe is None else recipe(prompts)
    price = load_price(config.model, None)
    if price is None and config.max_cost is not None:
        raise UsageError(f"max_cost needs a price of {config.model} in configs/prices.toml")
    return run_loop(_execute(config, made, price))


async def _execute(config: RunConfig, recipe: Recipe[Any], price: Price | None) -> Summary:
    disk = Disk()
    try:
        return await Run(config, recipe, [], disk, price=price).execute()
    finally:
        disk.close()
