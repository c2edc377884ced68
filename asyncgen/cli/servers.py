"""Servers for the length of a run: the model of `--local`, and the simulated API of `--simulate`."""

import argparse
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncgen.cli.commands.simulate import profile_path
from asyncgen.cli.paths import with_home
from asyncgen.config import DEFAULT_MODEL, RunConfig
from asyncgen.errors import UsageError

if TYPE_CHECKING:
    from asyncgen.local.model import LocalModel, LocalServer


def add_local_argument(group: argparse._ArgumentGroup) -> None:
    """Add the flag."""
    group.add_argument(
        "--local",
        nargs="?",
        const="",
        metavar="MODEL.gguf",
        help="use a real model on this machine, served by llama.cpp: no key, no network (default: a very small "
        "one that ships in a package); --concurrency is the number of its slots",
    )


def local_model(args: argparse.Namespace) -> "LocalModel | None":
    """The model of --local; None without the flag.

    Raises:
        UsageError: another server is requested too, or the file or a package is missing.
    """
    if args.local is None:
        return None
    from asyncgen.local.model import SHORT_ANSWERS, SLOTS, LocalModel, find_model  # noqa: PLC0415 - not for --help

    if args.simulate is not None or args.base_url:
        other = "--base-url" if args.simulate is None else "--simulate"
        raise UsageError(f"--local brings its own server: leave {other} out")
    if args.concurrency is not None and args.concurrency < 1:
        raise UsageError(f"--concurrency must be at least 1, not {args.concurrency}")
    return LocalModel(
        find_model(with_home(args.local) if args.local else None),
        slots=args.concurrency or SLOTS,
        grammar="" if args.local else SHORT_ANSWERS,
    )


def default_model(local: "LocalModel | None") -> str:
    """The model of a new directory if none is named."""
    return DEFAULT_MODEL if local is None else local.path.name


async def serve(
    config: RunConfig, stack: AsyncExitStack, *, profile: str | None, local: "LocalModel | None"
) -> "tuple[RunConfig, LocalServer | None]":
    """Start the server that the flags ask for, if any; it ends with the stack.

    Args:
        config: of the work.
        stack: ends the server.
        profile: that of --simulate.
        local: the model of --local.

    Returns:
        The configuration to use it, and the server of --local.

    Raises:
        UsageError: the profile does not exist, or is invalid.
    """
    if profile is not None:
        config = await _serve_simulator(profile, config, stack)
    if local is None:
        return config, None
    return await _serve_local(local, config, stack)


async def _serve_local(
    model: "LocalModel", config: RunConfig, stack: AsyncExitStack
) -> "tuple[RunConfig, LocalServer]":
    from asyncgen.local.model import LocalServer  # noqa: PLC0415

    server = await stack.enter_async_context(LocalServer(model))
    return config.with_endpoints(base_url=server.base_url, api_key=server.api_key), server


async def _serve_simulator(profile: str, config: RunConfig, stack: AsyncExitStack) -> RunConfig:
    from asyncgen.simulator import ProfileError, Simulator, load_profile  # noqa: PLC0415

    try:
        simulator = Simulator(load_profile(profile_path(profile)))
    except ProfileError as error:
        raise UsageError(str(error)) from error
    await stack.enter_async_context(simulator)
    return replace(config.with_endpoints(base_url=simulator.base_url), simulated=True)
