"""The endpoints of a configuration file: `[endpoint.NAME]` for each, of which `--endpoint NAME` chooses.

```toml
[endpoint.a]
base-url = "https://a.example.org/v1"
api-key-env = "KEY_OF_A"  # the variable that holds the key; none is needed on this machine
rpm = 600                 # and tpm, concurrency: what is wanted at most, of this endpoint
headers = { X-Team = "a", X-Secret = "env:SECRET_OF_A" }  # what a gateway wants besides
```
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asyncgen.address import is_loopback
from asyncgen.cli.headers import is_name_of_variable, resolve_headers
from asyncgen.config import EndpointConfig, check_base_url
from asyncgen.errors import KeyOrQuotaError, UsageError
from asyncgen.small_files import read_toml

_NAME = re.compile(r"[\w.-]{1,40}", re.ASCII)
_NUMBERS = ("rpm", "tpm", "concurrency")
_KEYS = {"base-url", "api-key-env", "headers", *_NUMBERS}


def endpoint_tables(path: Path | None) -> Mapping[str, Any]:
    """The tables of a configuration file, by name, chosen or not; their keys are known.

    Raises:
        UsageError: the file cannot be read, or a table has an unknown key.
    """
    if path is None:
        return {}
    known = read_toml(path, "the configuration").get("endpoint", {})
    if not isinstance(known, dict):
        raise UsageError(f"{path}: endpoint must be tables such as [endpoint.a]; --endpoint chooses among them")
    for name, table in known.items():
        where = f"{path}: [endpoint.{name}]"
        if not isinstance(table, dict):
            raise UsageError(f"{where} must be a table")
        unknown = next((key for key in map(_dashed, table) if key not in _KEYS), None)
        if unknown is not None:
            raise UsageError(f"{where}: unknown key {unknown}; there may be {', '.join(sorted(_KEYS))}")
    return known


def refuse_unchosen(path: Path | None, known: Mapping[str, Any]) -> None:
    """Refuse tables of which none is chosen where nothing else names a server: the public API is no default then.

    Raises:
        UsageError: there are such tables.
    """
    if known:
        flags = " or ".join(f"--endpoint {name}" for name in known)
        raise UsageError(f"{path} has endpoints and none is chosen: add {flags}, or --base-url for another server")


def load_endpoints(
    path: Path | None, known: Mapping[str, Any], names: Sequence[str]
) -> tuple[EndpointConfig, ...]:
    """The endpoints of these names, in their order.

    Args:
        path: of the configuration file.
        known: its tables.
        names: the chosen ones.

    Raises:
        UsageError: there is no such endpoint, or its table is invalid.
        KeyOrQuotaError: the variable of its key is not set.
    """
    if path is None:
        raise UsageError("--endpoint chooses an [endpoint.NAME] of a configuration: name the file with --config")
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise UsageError(f"--endpoint {double} is named twice")
    return tuple(_endpoint(name, known, path) for name in names)


def _endpoint(name: str, known: Mapping[str, Any], path: Path) -> EndpointConfig:
    if name not in known:
        there = ", ".join(known) or "none"
        raise UsageError(f"--endpoint {name}: {path} has no [endpoint.{name}]; there: {there}")
    where = f"{path}: [endpoint.{name}]"
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: a name is made of up to 40 letters, digits, dots, dashes and underscores")
    table = known[name]
    said = {_dashed(key): value for key, value in table.items()}
    address, variable = said.get("base-url"), said.get("api-key-env")
    if not isinstance(address, str):
        raise UsageError(f"{where} needs a base-url")
    if variable is not None and not (isinstance(variable, str) and is_name_of_variable(variable)):
        raise UsageError(f"{where}: api-key-env must be the name of an environment variable, not the key")
    numbers = {key: _number(said.get(key), f"{where}: {key}", whole=key == "concurrency") for key in _NUMBERS}
    key = os.environ.get(variable, "") if variable else ""
    headers = _headers(said.get("headers", {}), f"{where}: headers")
    endpoint = EndpointConfig(
        name=name, base_url=address, api_key=key, key_name=variable or "api-key-env", headers=headers, **numbers
    )
    try:
        check_base_url(endpoint)
    except UsageError as error:
        raise error.prefixed(f"{where}: ") from None
    if variable and not key:
        raise KeyOrQuotaError(f"{where}: its key is missing: set the environment variable {variable}")
    if not endpoint.has_key and not is_loopback(address):
        raise KeyOrQuotaError(f"{where}: no key: name the environment variable that holds it with api-key-env")
    return endpoint


def _dashed(key: str) -> str:
    return key.replace("_", "-")


def _headers(table: Any, where: str) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise UsageError(f"{where} must be a table of texts")
    return resolve_headers(table.items(), where)


def _number(value: Any, where: str, *, whole: bool) -> Any:
    """A number from 1 on; None if there is none."""
    kinds = int if whole else (int, float)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, kinds) or not 1 <= value < float("inf"):
        raise UsageError(f"{where} must be a {'whole ' * whole}number from 1 on")
    return value
