"""`--header NAME=VALUE` and `headers` of an endpoint: what a gateway needs besides the key.

A secret stays in the environment, out of the process list and of files: `NAME=env:VARIABLE`.
"""

import argparse
import os
import re
from collections.abc import Iterable, Mapping

from asyncgen.config import HEADER_NAME, check_header
from asyncgen.errors import KeyOrQuotaError, UsageError

_FROM_ENVIRONMENT = "env:"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*|[A-Za-z_]+|[A-Za-z_][A-Za-z0-9_]{0,15}")


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


def is_name_of_variable(text: str) -> bool:
    """Whether a text is the name of an environment variable, set or as people write them, and can be shown.

    Else it may be the secret itself, pasted where its name belongs.
    """
    return text in os.environ or _VARIABLE.fullmatch(text) is not None


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
            if not value and not is_name_of_variable(variable):
                raise UsageError(f"{where} {name}: after env: stands the name of an environment variable")
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
