"""`--env-file FILE`: variables for this process, such as the key. The environment takes precedence."""

import argparse
import os
from collections.abc import MutableMapping
from io import StringIO
from pathlib import Path

from asyncgen.cli.paths import a_path
from asyncgen.errors import UsageError
from asyncgen.small_files import read_small_text

FLAG = "--env-file"


def add_env_file_argument(group: argparse._ArgumentGroup) -> None:
    """Add the flag."""
    group.add_argument(
        FLAG,
        type=a_path,
        metavar="FILE",
        help="read environment variables, such as OPENAI_API_KEY, from a file like .env; what is set already wins",
    )


def load_env_file(path: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Set the variables in a file that are not set yet.

    Raises:
        UsageError: the file, or a line of it, cannot be read; the message shows nothing of its content.
    """
    from dotenv import dotenv_values  # noqa: PLC0415 - few need it
    from dotenv.parser import parse_stream  # noqa: PLC0415 - as above

    try:
        text = read_small_text(path)
    except OSError as error:
        raise UsageError(f"{FLAG} {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{FLAG} {path} is not UTF-8 text") from error
    # Bytes of zero cannot be in the environment, and PowerShell begins its assignments with `$env:`.
    bad = next(
        (
            line.original.line
            for line in parse_stream(StringIO(text))
            if line.error or "\0" in f"{line.key}{line.value}" or (line.key or "").lower().startswith("$env:")
        ),
        None,
    )
    if bad is not None:
        raise UsageError(f"{FLAG} {path}: line {bad} is not NAME=VALUE")
    for name, value in dotenv_values(stream=StringIO(text)).items():
        if value is not None:
            environment.setdefault(name, value)
