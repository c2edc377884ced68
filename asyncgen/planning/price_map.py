"""Prices from a price map: litellm's `model_prices_and_context_window.json`, or a file in its format.

It is an object of models by name, most of them with a provider's prefix ("groq/llama-3.3-70b-versatile"). Prices
are USD for one token: `input_cost_per_token`, `cache_read_input_token_cost`, `cache_creation_input_token_cost`,
`output_cost_per_token`, and the same with the suffix `_flex`, `_batches` or `_priority`. Different prices of long
prompts (`…_above_272k_tokens`) are not read.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from asyncgen.cost import MILLION, Price
from asyncgen.errors import UsageError
from asyncgen.models import spellings
from asyncgen.small_files import read_small_file

_SUFFIXES = {None: "", "flex": "_flex", "batch": "_batches", "priority": "_priority"}
_EXAMPLES = 3  # names in a message: enough to show the form
_DIGITS = 9  # of a price for a million tokens: beyond them is only noise of the conversion


def read_price_map(path: Path, model: str, service_tier: str | None) -> Price | None:
    """The price of a model in a service tier; None: the map does not have it.

    Raises:
        UsageError: the map cannot be read, an entry is not a price, or the model is listed only with prefixes of
            providers whose prices differ.
    """
    entries = _read(path)
    if service_tier not in _SUFFIXES:
        return None
    suffix = _SUFFIXES[service_tier]
    name = next((each for each in spellings(model) if each in entries), None)
    if name is not None:
        return _price(model, entries[name], suffix, f"{path}: {name}", path.name)
    elsewhere = sorted(each for each in entries if each.endswith(f"/{model}"))
    prices = [_price(model, entries[each], suffix, f"{path}: {each}", path.name) for each in elsewhere]
    if any(price != prices[0] for price in prices):
        names = ", ".join(elsewhere[:_EXAMPLES]) + (", …" if len(elsewhere) > _EXAMPLES else "")
        raise UsageError(f"{path} has {model} of several providers ({names}): copy the right entry to {model!r}")
    return prices[0] if prices else None


def _read(path: Path) -> dict[str, Any]:
    try:
        document = orjson.loads(read_small_file(path).removeprefix(BOM_UTF8))
    except OSError as error:
        raise UsageError(f"cannot read the prices {path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise UsageError(f"the prices {path}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"the prices {path} must be a JSON object of models by name")
    return document


def _price(model: str, entry: Any, suffix: str, where: str, source: str) -> Price | None:
    if not isinstance(entry, dict):
        raise UsageError(f"{where} must be an object with input_cost_per_token and output_cost_per_token")
    prompt, completion = (_rate(entry, f"{side}_cost_per_token{suffix}", where) for side in ("input", "output"))
    if prompt is None or completion is None:
        return None
    cached = _rate(entry, f"cache_read_input_token_cost{suffix}", where)
    return Price(
        model=model,
        prompt=prompt,
        cached=prompt if cached is None else cached,
        completion=completion,
        cache_write=_rate(entry, f"cache_creation_input_token_cost{suffix}", where),
        source=source,
    )


def _rate(entry: Mapping[str, Any], key: str, where: str) -> float | None:
    """USD for a million tokens."""
    rate = entry.get(key)
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < float("inf"):
        raise UsageError(f"{where}: {key} must be a number of USD for one token, not {rate!r}")
    return round(rate * MILLION, _DIGITS)
