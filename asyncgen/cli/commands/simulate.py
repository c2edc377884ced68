"""`asyncgen simulate`: a server on this machine that behaves like the API."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from asyncgen.cli.flag_types import a_whole_number
from asyncgen.cli.paths import with_home
from asyncgen.config.shipped import shipped
from asyncgen.engine.event_loop import run_loop
from asyncgen.errors import Exit, UsageError

MOST_PORT = 65_535
EXAMPLE = "asyncgen simulate tier-1 --port 8089"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: profile and port."""
    parser.add_argument(
        "profile",
        nargs="?",
        default="default",
        metavar="PROFILE",
        help="a name in configs/profiles or a TOML file (%(default)s)",
    )
    parser.add_argument(
        "--port", type=a_whole_number, default=8089, metavar="N", help="0: any free one (%(default)s)"
    )


def execute(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    if not 0 <= args.port <= MOST_PORT:
        raise UsageError(f"--port must be from 0 to {MOST_PORT}, not {args.port}")
    return run_loop(_serve(profile_path(args.profile), args.port))


def profile_path(name: str) -> Path:
    """The path of a profile, by the name of a shipped one or by the path of a TOML file.

    Raises:
        UsageError: it does not exist.
    """
    path = with_home(name) if name.endswith(".toml") else shipped("profiles", f"{name}.toml")
    if not path.is_file():
        names = ", ".join(sorted(file.stem for file in shipped("profiles").glob("*.toml")))
        raise UsageError(f"no profile {name!r}: give the path of a TOML file, or one of {names}")
    return path


async def _serve(path: Path, port: int) -> int:
    from asyncgen.simulator import ProfileError, Simulator, load_profile  # noqa: PLC0415 - aiohttp is slow

    try:
        profile = load_profile(path)
    except ProfileError as error:
        raise UsageError(str(error)) from error
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        async with Simulator(profile, port=port) as simulator:
            sys.stdout.write(f"serving {path.stem} at {simulator.base_url} (Ctrl-C ends it)\n")
            sys.stdout.flush()
            await ended.wait()
    except OSError as error:
        raise UsageError(f"cannot serve on port {port}: {error.strerror}") from error
    return Exit.DONE
