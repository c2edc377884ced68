"""Prices: what a model's tokens cost, read from TOML. They are a table to override, and carry their date."""

import re
from pathlib import Path
from typing import Any

from asyncgen.config import shipped
from asyncgen.cost import Price
from asyncgen.errors import UsageError
from asyncgen.toml import read_toml

_FIELDS = ("prompt", "cached", "completion")
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def load_price(model: str, path: Path | None = None) -> Price | None:
    """The price of a model in `configs/prices.toml` or another file; None when it is not listed.

    Raises:
        UsageError: the file cannot be read, or its entry is no price.
    """
    file = shipped("prices.toml") if path is None else path
    document = read_toml(file, "the prices")
    models = document.get("models")
    if not isinstance(models, dict):
        raise UsageError(f"the prices {file} lack the table [models]")
    entry = models.get(model, models.get(_DATE.sub("", model)))
    if entry is None:
        return None
    numbers = _numbers(entry, f"{file}: {model}")
    dated, source = (str(document.get(key, "")) for key in ("dated", "source"))
    return Price(model=model, dated=dated, source=source, **numbers)


def _numbers(entry: Any, where: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or not {"prompt", "completion"} <= entry.keys() <= set(_FIELDS):
        raise UsageError(f"{where} must have prompt and completion, and may have cached: USD for a million tokens")
    numbers = {"cached": entry["prompt"], **entry}
    for name in _FIELDS:
        value = numbers[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise UsageError(f"{where}: {name} must be a number of USD for a million tokens, not {value!r}")
    return {name: float(value) for name, value in numbers.items()}
