"""The Batch APIs of known servers: which are like OpenAI's, and their limits, from `configs/batch.toml`.

A server that is not listed is assumed to be like OpenAI's.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from asyncgen.address import is_azure
from asyncgen.config.shipped import shipped
from asyncgen.errors import Setting, UsageError
from asyncgen.small_files import read_toml

_LIKE_OPENAI = "openai"


@dataclass(frozen=True, slots=True)
class BatchProvider:
    """One server's Batch API: the endpoint that a batch names, and how much a batch may hold.

    `usable` is False if its batches have another form than OpenAI's; `name` is the record's.
    """

    name: str
    usable: bool = True
    endpoint: str = "/v1/chat/completions"
    most_requests: int = 50_000
    most_bytes: int = 200_000_000


def batch_provider(base_url: str) -> BatchProvider:
    """The Batch API of the server at an address."""
    host = urlsplit(base_url).hostname or ""
    found = "azure" if is_azure(base_url) else _by_host().get(host, _LIKE_OPENAI)
    record = _providers()[found]
    limits = {
        name: record[key]
        for name, key in (("most_requests", "max-requests"), ("most_bytes", "max-bytes"), ("endpoint", "endpoint"))
        if key in record
    }
    return BatchProvider(found, usable=record["api"] == "openai", **limits)


def check_usable(provider: BatchProvider) -> None:
    """Refuse a provider whose batches have another form.

    Raises:
        UsageError: they have.
    """
    if not provider.usable:
        raise UsageError(f"{provider.name} has no Batch API like that of OpenAI: leave ", Setting("batch"), " out")


@cache
def _providers() -> dict[str, dict[str, Any]]:
    providers: dict[str, dict[str, Any]] = read_toml(shipped("batch.toml"), "the Batch APIs")["providers"]
    return providers


def _by_host() -> dict[str, str]:
    """Names of records by the hosts of their addresses."""
    return {
        urlsplit(record["base-url"]).hostname or "": name
        for name, record in _providers().items()
        if "base-url" in record
    }
