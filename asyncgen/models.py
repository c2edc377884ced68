"""Models: what each accepts, costs and how long it is available, read from TOML.

`configs/models.toml` is the table that ships; `shipped("models.toml")` finds it. Its header explains the fields. A
field that the table leaves out is None here: unknown, which is never the same as "no".
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from asyncgen.chat import ModelWays
from asyncgen.cost import Price
from asyncgen.errors import UsageError
from asyncgen.small_files import read_toml

Sampling = Literal["always", "without-reasoning", "never"]
MaxTokensField = Literal["max_tokens", "max_completion_tokens"]

NO_REASONING = "none"  # the reasoning effort that switches reasoning off
EFFORTS = (NO_REASONING, "minimal", "low", "medium", "high", "xhigh", "max")
RATES = ("prompt", "cached", "cache-write", "completion")
SERVICE_TIERS = ("ordinary", "flex", "batch")

_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_CHOICES = {
    "max-tokens-field": ("max_tokens", "max_completion_tokens"),
    "sampling": ("always", "without-reasoning", "never"),
    "default-effort": EFFORTS,
}
_KINDS: Mapping[str, type[Any]] = {
    "dated": date,
    "source": str,
    "aliases": list,
    "context": int,
    "max-output": int,
    "max-tokens-field": str,
    "sampling": str,
    "reasons-by-default": bool,
    "reasoning-efforts": list,
    "default-effort": str,
    "shutdown": date,
    "replacement": str,
    "price": dict,
}
_WORDS = {date: "a date such as 2026-11-26", int: "a number of tokens", bool: "true or false", dict: "a table"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of the table.

    `context` and `max_output` are in tokens; `sampling` says when `temperature` and `top_p` are accepted; an empty
    `reasoning_efforts` means that it accepts no `reasoning_effort`. `ordinary`, `flex` and `batch` are the prices
    of the service tiers; None if the provider does not offer the tier or publishes no price for it.
    """

    name: str
    dated: date
    source: str
    ordinary: Price
    flex: Price | None = None
    batch: Price | None = None
    aliases: tuple[str, ...] = ()
    context: int | None = None
    max_output: int | None = None
    max_tokens_field: MaxTokensField | None = None
    sampling: Sampling | None = None
    reasons_by_default: bool | None = None
    reasoning_efforts: tuple[str, ...] | None = None
    default_effort: str | None = None
    shutdown: date | None = None
    replacement: str | None = None

    @property
    def ways(self) -> ModelWays:
        """What its requests look like; fields about which nothing is known are sent as configured."""
        efforts = self.reasoning_efforts or ()
        return ModelWays(
            max_tokens_field=self.max_tokens_field,
            sampling=self.sampling or "always",
            # If the default is unknown, reasoning is switched off too: that costs nothing.
            reasons=bool(efforts) and self.reasons_by_default is not False,
            can_be_switched_off=NO_REASONING in efforts,
        )

    def price(self, service_tier: str | None) -> Price | None:
        """The price in a service tier (None: that of an ordinary call); None if it is unknown."""
        return {None: self.ordinary, "ordinary": self.ordinary, "flex": self.flex, "batch": self.batch}.get(
            service_tier
        )


class ModelList:
    """Models by their names."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = tuple(models)
        self._by_name = {name: model for model in self._models for name in (model.name, *model.aliases)}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models)

    def find(self, name: str) -> Model | None:
        """The entry of a model, of a dated snapshot, or of either with a provider's prefix; None: not listed."""
        return next((self._by_name[each] for each in spellings(name) if each in self._by_name), None)


def spellings(name: str) -> list[str]:
    """The names under which a model may be listed, the closest first.

    "openai/gpt-4o-2024-08-06" may be listed as that, "openai/gpt-4o", "gpt-4o-2024-08-06" or "gpt-4o".
    """
    parts = name.split("/")
    tails = ["/".join(parts[first:]) for first in range(len(parts))]
    return list(dict.fromkeys(each for tail in tails for each in (tail, _DATE.sub("", tail))))


def load_models(path: Path) -> ModelList:
    """The models in a file.

    Raises:
        UsageError: it cannot be read, or an entry is invalid.
    """
    return parse_models(read_toml(path, "the models"), path)


def parse_models(document: Mapping[str, Any], path: Path) -> ModelList:
    """The models in a parsed document.

    Raises:
        UsageError: an entry is invalid.
    """
    tables = document.get("models")
    if not isinstance(tables, dict):
        raise UsageError(f'the models {path} lack tables such as [models."gpt-6-luna"]')
    return ModelList([_model(name, table, f"{path}: {name}") for name, table in tables.items()])


def read_rates(table: Any, where: str) -> dict[str, Any]:
    """USD for a million tokens, by the fields of a Price; `cached` is by default that of the prompt.

    Raises:
        UsageError: the table is invalid.
    """
    if not isinstance(table, dict) or not {"prompt", "completion"} <= table.keys() <= set(RATES):
        raise UsageError(
            f"{where} must have prompt and completion, and may have cached and cache-write: "
            "USD for a million tokens"
        )
    rates = {"cached": table["prompt"], **table}
    for name in filter(rates.__contains__, RATES):
        rate = rates[name]
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < float("inf"):
            raise UsageError(f"{where}: {name} must be a number of USD for a million tokens, not {rate!r}")
    return {name.replace("-", "_"): float(rate) for name, rate in rates.items()}


def _model(name: str, table: Any, where: str) -> Model:
    if not isinstance(table, dict):
        raise UsageError(f"{where} must be a table with dated, source and price.ordinary")
    for key, value in table.items():
        _check(key, value, where)
    if not {"dated", "source", "price"} <= table.keys():
        raise UsageError(f"{where} must have dated, source and price.ordinary")
    prices = _prices(name, table, where)
    fields = {key.replace("-", "_"): value for key, value in table.items() if key != "price"}
    lists = {key: tuple(fields[key]) for key in ("aliases", "reasoning_efforts") if key in fields}
    return Model(name=name, **(fields | lists | prices))


def _prices(name: str, table: Mapping[str, Any], where: str) -> dict[str, Price]:
    tiers = table["price"]
    if not {"ordinary"} <= tiers.keys() <= set(SERVICE_TIERS):
        raise UsageError(f"{where}: price must have ordinary, and may have flex and batch")
    origin: dict[str, Any] = {"model": name, "dated": str(table["dated"]), "source": table["source"]}
    return {tier: Price(**origin, **read_rates(tiers[tier], f"{where}: price.{tier}")) for tier in tiers}


def _check(key: str, value: Any, where: str) -> None:
    kind = _KINDS.get(key)
    if kind is None:
        nearest = difflib.get_close_matches(key, _KINDS, 1)
        raise UsageError(f"{where}: unknown key {key}" + (f"; did you mean {nearest[0]}?" if nearest else ""))
    if type(value) is not kind or (kind is int and value < 1):
        raise UsageError(f"{where}: {key} must be {_WORDS.get(kind, 'text')}, not {value!r}")
    if kind is list and not all(isinstance(each, str) for each in value):
        raise UsageError(f"{where}: {key} must be a list of names")
    if key == "reasoning-efforts" and not set(value) <= set(EFFORTS):
        raise UsageError(f"{where}: {key} may hold {', '.join(EFFORTS)}")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise UsageError(f"{where}: {key} must be one of {', '.join(_CHOICES[key])}, not {value!r}")
