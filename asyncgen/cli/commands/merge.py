"""`asyncgen merge`: join finished shards into one run."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.invocation import asyncgen_command
from asyncgen.cli.paths import STATE_SUFFIX, a_path, a_run
from asyncgen.cli.shell_words import quote
from asyncgen.config import REQUESTS
from asyncgen.errors import BadDataError, Exit, UsageError

if TYPE_CHECKING:
    from asyncgen.storage.recipe_record import RecipeRecord

EXAMPLE = "asyncgen merge out-1 out-2 out-3 --output-dir out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: sources and target."""
    parser.add_argument(
        "shards", type=a_run, nargs="+", metavar="DIR", help="output directories of all shards, in any order"
    )
    parser.add_argument("--output-dir", type=a_path, required=True, metavar="P", help="a new directory")


def execute(args: argparse.Namespace) -> int:
    """Join."""
    from asyncgen.storage.disk import Disk  # noqa: PLC0415 - not for --help
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415
    from asyncgen.storage.shard_merge import join  # noqa: PLC0415

    missing = next((shard for shard in args.shards if not shard.is_dir()), None)
    if missing is not None:
        raise BadDataError(f"{missing} is not a directory")
    if args.output_dir.exists() and args.output_dir.samefile("."):
        # An empty directory is replaced as a whole, and the shell would go on in the old one.
        raise UsageError(f"--output-dir {args.output_dir} is the working directory: give the name of a new one")
    disk = Disk()
    try:
        shards = [RunDirectory(disk, shard.absolute()) for shard in args.shards]
        state = join(shards, RunDirectory(disk, args.output_dir.absolute()))
    finally:
        disk.close()
    parts = "1 shard" if len(args.shards) == 1 else f"{len(args.shards)} shards"
    failed = f", {state.failed_pairs:,} of them failed" if state.failed_pairs else ""
    sys.stdout.write(f"✓ {state.done:,} {state.rows} of {parts} in {args.output_dir}{failed}\n")
    if state.failed_pairs:
        sys.stdout.write(f"{_advice(state.recipe, args.output_dir)} asks for them again\n")
        return Exit.SOME_FAILED
    sys.stdout.write(f"next: {asyncgen_command('verify', str(args.output_dir))}\n")
    return Exit.DONE


def _advice(recipe: "RecipeRecord | None", directory: Path) -> str:
    """The command that repairs failed rows; `asyncgen requests` knows its directory by that of its file."""
    if recipe is None or recipe.name != REQUESTS:
        return "the command of the run with this --output-dir, without --shard,"
    if directory.suffix == STATE_SUFFIX:
        return f"the command of the run with -o {quote(str(directory.with_suffix('')))}, without --shard,"
    return "asyncgen run --recipe requests, with the input and this --output-dir,"
