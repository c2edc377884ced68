"""The address and the key of the server, from flags and environment: what is empty is an error, and no default."""

import argparse
import os
from pathlib import Path

from asyncgen.address import is_loopback
from asyncgen.config import DEFAULT_BASE_URL, EndpointConfig, resolve_api_key
from asyncgen.errors import KeyOrQuotaError, UsageError

BASE_URL_VARIABLE = "OPENAI_BASE_URL"
KEY_VARIABLE = "OPENAI_API_KEY"


def base_url_of(args: argparse.Namespace, *, sends: bool) -> str:
    """The address.

    Args:
        args: the flags.
        sends: whether anything will be sent there.

    Raises:
        UsageError: it is there, and empty: a variable that was not set must not send notes to the public API.
    """
    if args.base_url is not None:
        if not args.base_url.strip():
            raise UsageError(f"--base-url is empty: name the server, or leave it out for {DEFAULT_BASE_URL}")
        return str(args.base_url)
    address = os.environ.get(BASE_URL_VARIABLE)
    # Where there is no key either, that is what to say; and a forecast sends nothing.
    if address is not None and not address.strip() and sends and key_of(args).strip():
        raise UsageError(f"{BASE_URL_VARIABLE} is empty: set it to the server, or unset it for {DEFAULT_BASE_URL}")
    return address or DEFAULT_BASE_URL


def key_of(args: argparse.Namespace) -> str:
    """The key; empty when there is none."""
    return resolve_api_key(getattr(args, "openai_api_key", None))


def check_has_key(endpoint: EndpointConfig, otherwise: str) -> None:
    """Refuse an address elsewhere without a key.

    Args:
        endpoint: the server.
        otherwise: what to do without one.

    Raises:
        KeyOrQuotaError: there is none.
    """
    if endpoint.has_key or is_loopback(endpoint.base_url):
        return
    beside = ""
    if Path(".env").is_file():
        beside = " (the file .env here is not read unless you add --env-file .env)"
    raise KeyOrQuotaError(f"no API key: set the environment variable {KEY_VARIABLE}{beside}; {otherwise}")
