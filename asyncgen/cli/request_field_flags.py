"""`--param NAME=JSON`, its short flags and `[param]` of the configuration file: fields of all requests."""

import argparse
import json
from pathlib import Path
from typing import Any

from asyncgen.errors import UsageError
from asyncgen.recipes.request_fields import EFFORTS, RESERVED, problem_of
from asyncgen.small_files import read_toml

TABLE = "param"


def add_param_arguments(group: argparse._ArgumentGroup) -> None:
    """Add the flags."""
    group.add_argument(
        "--param",
        action="append",
        default=[],
        type=_param,
        metavar="NAME=JSON",
        help="a field of all requests, overriding the prompt file, such as temperature=0.2, seed=7 or "
        "extra_body='{\"top_k\": 20}'; null leaves a field out (repeated; also [param] in the --config file)",
    )
    group.add_argument(
        "--reasoning-effort",
        choices=EFFORTS,
        metavar="E",
        help=f"the same as --param reasoning_effort=E: {', '.join(EFFORTS)}",
    )
    group.add_argument(
        "--service-tier", metavar="T", help="the same as --param service_tier=T: flex costs half and may wait"
    )
    group.add_argument(
        "--strict-params",
        action="store_true",
        help="end the run when the server refuses a field, instead of leaving it out or renaming it",
    )
    group.add_argument(
        "--keep-thinking",
        action="store_true",
        help="write what the model thought before an answer into the records",
    )


def params_of(args: argparse.Namespace) -> dict[str, Any]:
    """The fields that the flags set: --param takes precedence over its short flags, and these over the file.

    Raises:
        UsageError: a value does not fit its field, or the file cannot be read.
    """
    params = _of_file(args.config)
    for name in ("reasoning_effort", "service_tier"):
        if getattr(args, name, None) is not None:
            params[name] = getattr(args, name)
    params |= dict(args.param)
    for name, value in params.items():
        problem = "" if value is None else problem_of(name, value)
        if name in RESERVED:
            raise UsageError(f"--param {name}: it is set by the recipe and by --model")
        if problem:
            raise UsageError(f"--param {name} must be {problem}, not {json.dumps(value)}")
    return params


def _of_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    table = read_toml(path, "the configuration").get(TABLE, {})
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {TABLE} must be a table, such as [param] with temperature = 0.2")
    return dict(table)


def _param(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found or not name.strip():
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=JSON, such as temperature=0.2 or service_tier=flex"
        )
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        # An unquoted word is a text; text that begins like JSON is a mistake in it.
        if value[:1] in {"{", "[", '"'} or not value:
            raise argparse.ArgumentTypeError(f"{name}: {value!r} is not JSON") from None
        return name.strip(), value
