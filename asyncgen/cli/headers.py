"""`--header NAME=VALUE` and `headers` of an endpoint: what a gateway needs besides the key.

A secret stays in the environment, out of the process list and of files: `NAME=env:VARIABLE`.
"""

import argparse
import os
from collections.abc import Iterable, Mapping

from asyncgen.config import HEADER_NAME, check_header
from asyncgen.errors import KeyOrQuotaError

_FROM_ENVIRONMENT = "env:"


def add_header_argument(group: argparse._ArgumentGroup) -> None:
    """Add the flag."""
    group.add_argument(
        "--header",
        action="append",
        default=[],
        type=_header,
        metavar="NAME=VALUE",
        help="a header of all requests, for a gateway; a secret as NAME=env:VARIABLE, read from the "
        "environment; never shown (repeated; also headers = {…} in [endpoint.NAME])",
    )


def resolve_headers(
    said: Iterable[tuple[str, str]], where: str = "--header", environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Headers as they are sent.

    Args:
        said: names and values, as the user has written them.
        where: the user's name for them.
        environment: holds those that are `env:VARIABLE`.

    Raises:
        UsageError: a header is invalid; the message does not show the value.
        KeyOrQuotaError: a variable is not set.
    """
    headers: dict[str, str] = {}
    for name, text in said:
        value, variable = text, None
        if text.startswith(_FROM_ENVIRONMENT):
            variable = text.removeprefix(_FROM_ENVIRONMENT)
            value = environment.get(variable, "")
            if not value:
                raise KeyOrQuotaError(f"{where} {name}: set the environment variable {variable}")
        check_header(name, value, where)
        headers[name] = value
    return headers


def _header(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not HEADER_NAME.fullmatch(name):
        # Without the text: it may be a secret.
        raise argparse.ArgumentTypeError("must be NAME=VALUE or NAME=env:VARIABLE")
    return name, value
