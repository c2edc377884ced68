"""Prices: what a model's tokens cost, from a dated table that a file can override."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from asyncgen.config.shipped import listed_models
from asyncgen.cost import Price
from asyncgen.errors import UsageError
from asyncgen.models import ModelList, parse_models, read_rates, spellings
from asyncgen.planning.price_map import read_price_map
from asyncgen.small_files import read_toml

_ORDINARY = (None, "auto", "default", "ordinary")  # values that ask for no particular tier
_NOT_DEARER = ("flex", "batch")


def load_price(
    model: str, path: Path | None = None, service_tier: str | None = None, *, batch: bool = False
) -> Price | None:
    """The price of a model in a service tier; None if it is unknown.

    Args:
        model: its name, possibly a dated snapshot or with a provider's prefix.
        path: instead of `configs/models.toml`: a file in that format, in the older one with one price a model
            (`[models]` with `name = { prompt, cached, completion }`), or a price map (`.json`).
        service_tier: "flex" or "batch"; None, "auto" or "default": an ordinary call.
        batch: include the price of the Batch API, if it is known.

    Raises:
        UsageError: the file cannot be read, or its entry is not a price.
    """
    if batch:
        price = load_price(model, path, service_tier)
        return None if price is None else replace(price, batch=load_price(model, path, "batch"))
    tier = None if service_tier in _ORDINARY else service_tier
    if path is None:
        return _listed(listed_models(), model, tier)
    if path.suffix == ".json":
        return read_price_map(path, model, tier)
    document = read_toml(path, "the prices")
    models = document.get("models")
    if not isinstance(models, dict):
        raise UsageError(f"the prices {path} lack the table [models]")
    if any(isinstance(entry, dict) and "price" in entry for entry in models.values()):
        return _listed(parse_models(document, path), model, tier)
    return _single(document, model, tier, path)


def _listed(models: ModelList, name: str, tier: str | None) -> Price | None:
    found = models.find(name)
    price = None if found is None else found.price(tier)
    return None if price is None else replace(price, model=name)


def _single(document: Mapping[str, Any], name: str, tier: str | None, path: Path) -> Price | None:
    """The only price of a model; it serves for flex and batch too, which never cost more."""
    models = document["models"]
    entry = next((models[each] for each in spellings(name) if each in models), None)
    if entry is None or (tier is not None and tier not in _NOT_DEARER):
        return None
    dated, source = (str(document.get(key, "")) for key in ("dated", "source"))
    return Price(model=name, dated=dated, source=source, **read_rates(entry, f"{path}: {name}"))
