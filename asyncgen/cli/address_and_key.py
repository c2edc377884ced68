"""The server's address and key, from flags and environment: an empty one is an error, not a default."""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.address import is_loopback
from asyncgen.cli.headers import resolve_headers
from asyncgen.config import DEFAULT_BASE_URL, EndpointConfig, resolve_api_key
from asyncgen.errors import KeyOrQuotaError, UsageError

if TYPE_CHECKING:
    from asyncgen.local.model import LocalModel

BASE_URL_VARIABLE = "OPENAI_BASE_URL"
OLD_BASE_URL_VARIABLE = "OPENAI_API_BASE"
"""Read by OpenAI's libraries until 2023; scripts still set it."""
KEY_VARIABLE = "OPENAI_API_KEY"


def endpoint_of(args: argparse.Namespace, local: "LocalModel | None", *, sends: bool) -> EndpointConfig:
    """The server that flags and environment name, or one that the command will start itself.

    Args:
        args: the flags.
        local: a model that the command will serve.
        sends: whether anything will be sent.

    Raises:
        UsageError: the address is set but empty, or a header is invalid.
        KeyOrQuotaError: a header names a variable that is not set.
    """
    concurrency = args.concurrency if local is None else local.slots
    endpoint = EndpointConfig(rpm=args.rpm, tpm=args.tpm, concurrency=concurrency)
    if args.simulate is not None or local is not None:
        return replace(endpoint, base_url=DEFAULT_BASE_URL, api_key="none")
    return replace(
        endpoint,
        base_url=base_url_of(args, sends=sends),
        api_key=key_of(args),
        headers=resolve_headers(args.header),
    )


def base_url_of(args: argparse.Namespace, *, sends: bool) -> str:
    """The address of the server.

    Args:
        args: the flags.
        sends: whether anything will be sent there.

    Raises:
        UsageError: it is set but empty: an unset variable must not send notes to the public API.
    """
    if args.base_url is not None:
        if not args.base_url.strip():
            raise UsageError(f"--base-url is empty: name the server, or leave it out for {DEFAULT_BASE_URL}")
        return str(args.base_url)
    address = os.environ.get(BASE_URL_VARIABLE)
    # Without a key, that is the error to report; and a forecast sends nothing.
    if address is not None and not address.strip() and sends and key_of(args).strip():
        raise UsageError(f"{BASE_URL_VARIABLE} is empty: set it to the server, or unset it for {DEFAULT_BASE_URL}")
    return address or DEFAULT_BASE_URL


def key_of(args: argparse.Namespace) -> str:
    """The key; empty if there is none."""
    return resolve_api_key(getattr(args, "openai_api_key", None))


def check_has_key(endpoint: EndpointConfig, otherwise: str) -> None:
    """Refuse an address on another machine without a key.

    Args:
        endpoint: the server.
        otherwise: the alternative to a key, for the message.

    Raises:
        KeyOrQuotaError: there is no key.
    """
    if endpoint.has_key or is_loopback(endpoint.base_url):
        return
    beside = ""
    if Path(".env").is_file():
        beside = " (the file .env here is not read unless you add --env-file .env)"
    raise KeyOrQuotaError(f"no API key: set the environment variable {KEY_VARIABLE}{beside}; {otherwise}")
