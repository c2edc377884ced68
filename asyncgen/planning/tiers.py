"""Tiers: what a provider grants, as published or as the user knows it, read from TOML.

They are the limits at the start of a run; the server's headers correct them. A file holds `dated`, `source` and
`note`, and a table `models` with the limits by model and tier; the model "*" matches any. A model may have its own
`dated`, `source` and `note`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncgen.config.shipped import shipped
from asyncgen.errors import Setting, UsageError
from asyncgen.models import spellings
from asyncgen.small_files import read_toml

ANY_MODEL = "*"
LIMITS = ("rpm", "tpm", "rpd", "tpd")
_ORIGIN = ("dated", "source", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Requests and tokens a minute (`rpm`, `tpm`) and a day (`rpd`, `tpd`); None: no limit, or unknown.

    `name` is what the user typed; `dated` and `source` say when and where the figures were found.
    """

    name: str
    rpm: float | None = None
    tpm: float | None = None
    rpd: float | None = None
    tpd: float | None = None
    dated: str = ""
    source: str = ""
    note: str = ""

    def __str__(self) -> str:
        origin = ", ".join(filter(None, [self.source, self.dated]))
        return f"{self.name}: {format_limits(self)}" + (f" ({origin})" if origin else "")


def format_limits(tier: Tier) -> str:
    """The limits of a tier in words."""
    units = zip(LIMITS, ("request", "token", "request", "token"), ("min", "min", "day", "day"), strict=True)
    values = ((getattr(tier, field), unit, time) for field, unit, time in units)
    said = [f"{value:,.0f} {unit}{'s' * (value != 1)}/{time}" for value, unit, time in values if value is not None]
    return ", ".join(said) or "no limits"


def load_tier(name: str, model: str, *, by_default: bool = False) -> Tier:
    """A tier of a model by `PROVIDER:TIER` (a file in configs/tiers) or `FILE.toml:TIER`.

    Args:
        name: as typed.
        model: its name.
        by_default: the user named no model: if the file has no limits for it, rely on the server's headers.

    Raises:
        UsageError: there is no such file, model or tier, or the file is invalid.
    """
    provider, _, tier = name.rpartition(":")
    path = Path(provider) if provider.endswith(".toml") else shipped("tiers", f"{provider}.toml")
    if not provider or not path.is_file():
        raise UsageError(
            f"no tier {name!r}: give PROVIDER:TIER or FILE.toml:TIER; known here: {', '.join(known_tiers())}"
        )
    document = _read(path)
    models = document["models"]
    tiers = next((models[each] for each in (*spellings(model), ANY_MODEL) if each in models), None)
    of_any = dict.fromkeys(each for one in models.values() for each in _names(one))
    if tiers is None and by_default and not provider.endswith(".toml") and tier in of_any:
        return Tier(name=name, source=f"{path.name} has none of {model}: the server's headers tell them")
    if tiers is None and tier not in of_any:
        raise UsageError(f"no tier {tier!r} in {path.name}; it has {', '.join(of_any)}")
    if tiers is None:
        raise UsageError(
            Setting("tier", name),
            f": the model {model!r} is not in {path.name}; it has {', '.join(models)}. Give ",
            Setting("rpm"),
            " and ",
            Setting("tpm"),
            " as your account's limits page says",
        )
    if tier in _ORIGIN or tier not in tiers:
        raise UsageError(f"no tier {tier!r} of {model} in {path.name}; it has {', '.join(_names(tiers))}")
    origin = {key: str(table[key]) for table in (document, tiers) for key in _ORIGIN if key in table}
    fields: dict[str, Any] = origin | _limits(tiers[tier], f"{path}: {tier} of {model}")
    return Tier(name=name, **fields)


def known_tiers() -> list[str]:
    """The names of the tiers that ship, of any model."""
    names: list[str] = []
    for path in sorted(shipped("tiers").glob("*.toml")):
        tiers = dict.fromkeys(tier for tiers in _read(path)["models"].values() for tier in _names(tiers))
        names.extend(f"{path.stem}:{tier}" for tier in tiers)
    return names


def _names(tiers: dict[str, Any]) -> list[str]:
    return [tier for tier in tiers if tier not in _ORIGIN]


def _read(path: Path) -> dict[str, Any]:
    document = read_toml(path, "the tiers")
    models = document.get("models")
    if not isinstance(models, dict) or not all(isinstance(tiers, dict) for tiers in models.values()):
        raise UsageError(f'the tiers {path} lack tables such as [models."gpt-4o"]')
    return document


def _limits(table: Any, where: str) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise UsageError(f"{where} must be a table with {', '.join(LIMITS)}")
    for key, value in table.items():
        if key not in LIMITS:
            raise UsageError(f"{where}: unknown key {key}; known here: {', '.join(LIMITS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value < float("inf"):
            raise UsageError(f"{where}: {key} must be a number of at least 1, not {value!r}")
    return dict(table)
