"""The table of Batch APIs that ships: dated and sourced, and the simulator's providers behave so."""

import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from asyncgen.simulator import Batch, load_profile
from asyncgen.simulator.profile import PROVIDER_NAMES
from asyncgen.simulator.providers import PROVIDERS

CONFIGS = Path(__file__).parents[2] / "configs"
TABLE = tomllib.loads((CONFIGS / "batch.toml").read_text(encoding="utf-8"))["providers"]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_record_says_where_it_comes_from(name: str) -> None:
    """With a day, a source, and which kind of batches there are."""
    record = TABLE[name]
    assert isinstance(record["dated"], date)
    assert record["source"]
    assert record["api"] in ("openai", "own", "none")


@pytest.mark.parametrize("name", sorted({*PROVIDER_NAMES} - {"gateway"}))  # which is anybody's
def test_the_simulator_behaves_as_the_table_says(name: str) -> None:
    """Addresses, windows and limits of a provider are those of its record."""
    record, rules = TABLE[name], PROVIDERS[name].batch_rules
    profile = load_profile(CONFIGS / "profiles" / f"{name}.toml")
    assert (record["api"] == "openai") == bool(rules and rules.batches)
    if record["api"] != "openai" or rules is None:
        return
    assert record["base-url"].endswith(PROVIDERS[name].base)
    assert (record["files"], record["batches"]) == ("/files", "/batches")
    assert record["endpoint"] in rules.endpoints
    assert set(record["windows"]) <= set(rules.windows)
    assert record["expires"] == rules.expires
    assert record["max-requests"] == profile.batch.max_requests
    assert record["max-bytes"] == profile.batch.max_bytes


@pytest.mark.parametrize("key", [field.name for field in fields(Batch)])
def test_every_key_of_the_profile_is_described(key: str) -> None:
    """In the reference, and in the value itself."""
    page = (CONFIGS.parent / "docs" / "simulated-batches.md").read_text(encoding="utf-8")
    keys = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sum(f"`{key}`" in names for names in keys) == 1
    assert key in ("max_requests", "max_bytes") or f"`{key}`" in (Batch.__doc__ or "")
