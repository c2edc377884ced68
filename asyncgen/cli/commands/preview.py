"""`asyncgen preview`: the prompts and answers of a few rows, before starting a run."""

import argparse
import sys
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from asyncgen.cli.addresses import address_lines
from asyncgen.cli.api_flags import add_api_arguments
from asyncgen.cli.command_line import without_flags
from asyncgen.cli.flag_types import a_whole_number
from asyncgen.cli.flags import JOB_DEFAULTS
from asyncgen.cli.input_flags import add_input_arguments
from asyncgen.cli.invocation import asyncgen_command
from asyncgen.cli.paths import a_path
from asyncgen.cli.run_job import Job, prepare
from asyncgen.cli.servers import serve
from asyncgen.errors import Exit, UsageError

if TYPE_CHECKING:
    from asyncgen.cli.preview_view import PreviewView

EXAMPLE = "asyncgen preview --recipe mails --input mails.jsonl --rows 2"
ROWS = 3  # a screenful or two of prompts and answers
OUTPUT = "out"  # as the other commands suggest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: run's flags that affect prompts, and how much is shown."""
    job = parser.add_argument_group("the job")
    add_input_arguments(job)
    job.add_argument(
        "--rows", type=a_whole_number, default=ROWS, metavar="N", help="rows to show, from the first (%(default)s)"
    )
    job.add_argument(
        "--prompts-only", action="store_true", help="send nothing: later steps are shown with made-up answers"
    )
    # A configuration file is written for the run: settings that a preview ignores are not errors.
    job.add_argument("--output-dir", type=a_path, help=argparse.SUPPRESS)
    for ignored in ("--num-pairs", "--save-every", "--batch-size"):
        job.add_argument(ignored, type=a_whole_number, dest="ignored", help=argparse.SUPPRESS)
    add_api_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Show the prompts and answers of a few rows."""
    if args.rows < 1:
        raise UsageError(f"--rows must be at least 1, not {args.rows}")
    # Not for `asyncgen --help`, which must stay fast.
    from asyncgen.cli.preview_view import PreviewView  # noqa: PLC0415
    from asyncgen.engine.event_loop import run_loop  # noqa: PLC0415

    with TemporaryDirectory(prefix="asyncgen-preview-") as directory:
        job = prepare(_as_run(args, Path(directory)), needs_key=not args.prompts_only)
        view = PreviewView(sys.stdout)
        code = run_loop((_show_prompts if args.prompts_only else _show_answers)(job, view))
    if code == Exit.DONE:
        flags = without_flags(sys.argv[2:], {"--rows": 1, "--prompts-only": 0})
        output = () if args.output_dir is not None else ("--output-dir", OUTPUT)
        sys.stdout.write(f"next: {asyncgen_command('run', *flags, *output)}\n")
    return code


def _as_run(args: argparse.Namespace, directory: Path) -> argparse.Namespace:
    """The flags of a run of so many rows into a temporary directory."""
    own = {"output_dir": directory, "num_pairs": args.rows}
    return argparse.Namespace(**{**JOB_DEFAULTS, **vars(args), **own})


async def _show_prompts(job: Job, view: "PreviewView") -> int:
    from asyncgen.cli.console import Console  # noqa: PLC0415 - as below
    from asyncgen.engine.reader import InputReader  # noqa: PLC0415
    from asyncgen.recipes import build  # noqa: PLC0415
    from asyncgen.recipes.walk import likely_answer, walk  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415

    console = Console(progress=False, verbose=False, quiet=True, log_file=None)
    recipe, disk = build(job.config, console.warn), Disk()
    try:
        directory = RunDirectory(disk, job.config.output_dir)
        reader = InputReader(job.config, recipe, directory, console.observe, lambda: None)
        shown = reader.wanted(await reader.check(None))
        failed = False
        for row in islice(reader.all(), shown):
            view.begin(row.pair)
            walked = await walk(recipe, row.pair, likely_answer(row.pair))
            view.prompts(walked)
            failed |= bool(walked.problem) and not walked.requests
    finally:
        disk.close()
    return Exit.SOME_FAILED if failed else Exit.DONE


async def _show_answers(job: Job, view: "PreviewView") -> int:
    from asyncgen.cli.console import Console  # noqa: PLC0415 - not for --help
    from asyncgen.cli.hints import prompts_of  # noqa: PLC0415
    from asyncgen.engine.single_run import Run  # noqa: PLC0415
    from asyncgen.recipes import build  # noqa: PLC0415
    from asyncgen.recipes.watched_recipe import WatchedRecipe  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415

    config = job.config
    console = Console(progress=False, verbose=False, quiet=True, log_file=None, prompts=prompts_of(config))
    recipe = WatchedRecipe(build(config, console.warn))
    async with AsyncExitStack() as stack:
        config, _ = await serve(config, stack, profile=job.profile, local=job.local)
        view.addresses(address_lines(config))
        disk = Disk()
        stack.callback(disk.close)
        run = Run(config, recipe, [console.observe], disk, price=job.price)
        summary = await run.execute()
    for watched in recipe.watched:
        view.row(watched, [output.name for output in recipe.outputs])
    view.end(summary, job.price, config.cache)
    return Exit.SOME_FAILED if summary.failed_pairs else Exit.DONE
