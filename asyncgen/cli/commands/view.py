"""`asyncgen view`: one HTML file in which a person reviews the records of a run, and accepts or rejects them."""

import argparse
import sys
from functools import cache, partial
from typing import TYPE_CHECKING

from asyncgen.cli.flag_types import a_whole_number
from asyncgen.cli.input_flags import add_recipe_arguments, add_source_arguments
from asyncgen.cli.lines import Lines
from asyncgen.cli.page_place import page_place
from asyncgen.cli.paths import a_new_file, a_path, absolute
from asyncgen.cli.shell_words import quote
from asyncgen.errors import Exit, UsageError

if TYPE_CHECKING:
    from asyncgen.quality.view.gather import Gathered, ViewSource
    from asyncgen.storage.disk import Disk

EXAMPLE = "asyncgen view out --input pairs.jsonl --only flagged"

VIEW = "view.html"
STATES = ("proven", "flagged", "open")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: directory, its sources, which records, and the file."""
    add_source_arguments(
        parser,
        rows="the rows that it was made from (default: where they were when it ran)",
        prompts="what the rules go by, as for asyncgen verify (default: the same)",
    )
    parser.add_argument(
        "-o", "--output", type=a_new_file, metavar="FILE.html", help=f"where to write (default: DIR/{VIEW})"
    )
    parser.add_argument(
        "--rows", type=a_whole_number, metavar="N", help="show N records at most (default: as many as 5 MB hold)"
    )
    parser.add_argument(
        "--only", choices=STATES, metavar="STATE", help=f"only records in one state: {', '.join(STATES)}"
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="choose them at random (default: the worst first, then in input order)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of --sample (%(default)s)")
    parser.add_argument(
        "--prices", type=a_path, metavar="P", help="prices of models, as for asyncgen plan (default: list prices)"
    )
    add_recipe_arguments(parser, "what the files hold (default: the recipe of the run): ")


def execute(args: argparse.Namespace) -> int:
    """Write the file, and print what is in it."""
    # Not for `asyncgen --help`, which must stay fast.
    from asyncgen.planning.prices import load_price  # noqa: PLC0415
    from asyncgen.quality.checks.judgement import State  # noqa: PLC0415
    from asyncgen.quality.view.choice import Wanted  # noqa: PLC0415
    from asyncgen.quality.view.gather import gather  # noqa: PLC0415
    from asyncgen.quality.view.page_file import render_page  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.staging import Staging  # noqa: PLC0415

    if args.rows is not None and args.rows < 1:
        raise UsageError("--rows is a number of records above 0")
    target = page_place(args.output, args.directory, VIEW)
    disk = Disk()
    try:
        source = _source(args, disk)
        if args.only is not None and not source.is_judged:
            raise UsageError(_why_not(source))
        wanted = Wanted(None if args.only is None else State(args.only), args.seed if args.sample else None)
        tier = None if source.state.recipe is None else source.state.recipe.params.get("service_tier")
        price_of = cache(partial(load_price, path=args.prices, service_tier=tier))
        found = gather(source, wanted, args.rows, price_of)
        place = quote(str(args.directory))
        files = "--review review.jsonl"
        found.data["run"]["next"] = [
            f"asyncgen verify {place} {files}",
            f"asyncgen export {place} {files} --format …",
        ]
        with Staging(disk, force=True) as staging:  # nothing of a page is left where the disk is full
            staging.open(target).write(render_page(found.data, f"{source.directory.path.name}: asyncgen view"))
            staging.publish()
    finally:
        disk.close()
    _report(source, found, str(target))
    return Exit.DONE


def _source(args: argparse.Namespace, disk: "Disk") -> "ViewSource":
    from asyncgen.cli.run_sources import input_of_run, prompts_of_run  # noqa: PLC0415
    from asyncgen.quality.view.gather import ViewSource  # noqa: PLC0415
    from asyncgen.recipes.made_by import contents_of  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415
    from asyncgen.storage.resume import state_to_read  # noqa: PLC0415

    if not args.directory.is_dir():
        raise UsageError(f"{args.directory} is not a directory")
    directory = RunDirectory(disk, absolute(args.directory, "the directory"))
    state = state_to_read(directory)
    prompts = prompts_of_run(args.prompt_file, state)
    contents = contents_of(state, args.recipe, prompts, dict(args.field))
    input_jsonl = input_of_run(args.input_jsonl, directory)
    return ViewSource(directory, state, contents, input_jsonl, prompts)


def _why_not(source: "ViewSource") -> str:
    if source.contents.paraphrase is not None:
        return f"--only needs --input: without it no {source.contents.nouns.one} is judged"
    return "--only: this recipe has nothing to judge by"


def _report(source: "ViewSource", found: "Gathered", target: str) -> None:
    """Print what is in the file, and who may see it."""
    lines, rows = Lines(quiet=False), source.contents.nouns.many
    if source.contents.remark:
        lines.warn(source.contents.remark)
    if source.input_jsonl is None and source.contents.parse is not None:
        lines.warn(f"the input is not where it was: give --input to see what the {rows} were made of")
    lines.say(f"✓ {found.data['run']['shown']}")
    lines.warn("the file holds the text of the records; only you can read it (0600): keep it as you keep the run")
    sys.stdout.write(f"{target}\n")
