"""`asyncgen verify`: proves the data of an output directory."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli import run_job as _job
from asyncgen.cli.execution import carry_out
from asyncgen.cli.flags import add_api_arguments, add_recipe_arguments, add_screen_arguments
from asyncgen.cli.paths import a_path, a_prompt_file, absolute_input
from asyncgen.cli.shell_words import quote
from asyncgen.errors import BadDataError, Exit, UsageError
from asyncgen.humanize import many_of, one_of

if TYPE_CHECKING:
    from asyncgen.quality.structure import Structure
    from asyncgen.recipes.contents import Contents

HELP = "prove the data: structure, checksums, and what the recipe checks of each row"
EXAMPLE = "asyncgen verify out --input-jsonl pairs.jsonl --max-flagged 2"
MOST_REGENERATED = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The directory, what to hold it against, and what to show."""
    parser.add_argument("directory", type=a_path, metavar="DIR", help="output directory, of an unfinished run too")
    parser.add_argument(
        "--input-jsonl",
        "--input",
        type=a_path,
        metavar="P",
        help="the rows that it was made from; without them, the files are only held against each other",
    )
    parser.add_argument(
        "--prompt-file",
        type=a_prompt_file,
        metavar="P",
        help="says the keys of a reasoning (default: those that most reasonings have), and under allowed_changes "
        "what a paraphrase may do (default: a synonym, a conversion, another order, an added indication)",
    )
    parser.add_argument("--show", type=int, default=10, metavar="N", help="show the N worst rows (%(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument(
        "--regenerate",
        type=int,
        nargs="?",
        const=MOST_REGENERATED,
        metavar="N",
        help="first ask the flagged rows of a finished run again, the N worst at most (%(const)s), with the "
        "model, prompts and endpoint of the run, and replace in place those that come out better",
    )
    parser.add_argument(
        "--max-flagged",
        type=float,
        metavar="PCT",
        help="exit 65, as for broken structure, when more than PCT %% of the rows are flagged (default: flags "
        "are shown and exit is 0)",
    )
    add_recipe_arguments(parser, "what the files hold (default: the recipe of the run): ")
    add_api_arguments(parser, " of --regenerate")
    add_screen_arguments(parser, " of --regenerate")


def execute(args: argparse.Namespace) -> int:
    """Verify, print, judge."""
    # `asyncgen --help` does not pay for these.
    from asyncgen.cli.verify_view import VerifyReport, is_judged, print_json, print_tables  # noqa: PLC0415
    from asyncgen.quality.checks.judgement import State  # noqa: PLC0415
    from asyncgen.quality.structure import state_in  # noqa: PLC0415
    from asyncgen.quality.verification import Verification  # noqa: PLC0415
    from asyncgen.recipes.made_by import contents_of  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415

    if not args.directory.is_dir():
        raise UsageError(f"{args.directory} is no directory")
    if args.show < 0 or not 0 <= (args.max_flagged or 0) <= 100:  # noqa: PLR2004
        raise UsageError("--show is a number of rows and --max-flagged a percentage")
    with_input = args.input_jsonl is not None
    if with_input:
        args.input_jsonl = absolute_input(args.input_jsonl, directory=args.directory)
    disk = Disk()
    try:
        directory = RunDirectory(disk, args.directory.absolute())
        contents = contents_of(state_in(directory)[0], args.recipe, args.prompt_file, dict(args.field))
        if args.max_flagged is not None and not is_judged(contents, with_input=with_input):
            row = one_of(contents.rows)
            how = f"--max-flagged needs --input-jsonl: without it no {row} is judged"
            raise UsageError(how if contents.paraphrase else "--max-flagged: this recipe has nothing to judge by")
        if args.regenerate is not None and (code := _regenerate(args, contents)) != Exit.DONE:
            return code
        verification = Verification(directory, args.input_jsonl, contents, args.prompt_file)
        report = VerifyReport(args.show, full=args.json)
        for judged in verification.judged():
            report.add(judged)
    finally:
        disk.close()
    show = print_json if args.json else print_tables
    show(verification.structure, report, with_input=with_input)
    percent = report.percent(State.FLAGGED)
    too_many = args.max_flagged is not None and percent > args.max_flagged
    if too_many:
        sys.stderr.write(f"❌ {percent:.2f} % flagged, more than --max-flagged {args.max_flagged:g}\n")
    if verification.structure.problems.counts or too_many:
        return Exit.BAD_DATA
    if not args.json:
        every = 0 < report.judged == report.states[State.FLAGGED]
        sys.stdout.write(f"next: {_next(verification.structure, args.directory, all_flagged=every)}\n")
    return Exit.DONE


def _next(structure: "Structure", directory: Path, *, all_flagged: bool) -> str:
    """What fits the run as it was found."""
    from asyncgen.recipes.contents import trains_as  # noqa: PLC0415

    place = quote(str(directory))
    if structure.state is not None and not structure.finished:
        return f"go on with the run by its own command, which asyncgen status {place} shows"
    if not structure.pairs:
        return f"there are no examples; see why in {quote(str(directory / 'failed.jsonl'))}"
    if all_flagged:
        row = one_of(structure.contents.rows)
        return f"every {row} is flagged: look at the worst, mend prompt or model, or ask again with --regenerate"
    form = trains_as(structure.contents)
    if form is None:
        return f"the lines are for you to use: {', '.join(structure.contents.files)} in {place}"
    return f"asyncgen export {place} --format {form}"


def _regenerate(args: argparse.Namespace, contents: "Contents") -> int:
    """Ask flagged rows again, as the run in the directory has asked."""
    from asyncgen.quality.flaws import DirectoryFlaws  # noqa: PLC0415
    from asyncgen.storage.checkpoint import load_statistics  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415

    if args.input_jsonl is None or args.regenerate < 1 or (args.prompt_file is None and contents.reasonings):
        prompts = ", --prompt-file" if contents.reasonings else ""
        rows = many_of(contents.rows)
        raise UsageError(f"--regenerate needs --input-jsonl{prompts} and a number of {rows} above 0")
    if args.recipe is not None or args.field:
        raise UsageError("--regenerate asks by the recipe of the run: leave --recipe and --field out")
    disk = Disk()
    try:
        directory = RunDirectory(disk, args.directory)
        state = load_statistics(directory)
        if state is None or disk.size(directory.checkpoint) is not None:
            raise BadDataError(
                f"the run in {directory} has not reached its end: give its command again first, "
                "and --regenerate afterwards"
            )
    finally:
        disk.close()
    args.quiet = args.quiet or args.json
    job = _job.prepare_as_in(state, args)
    flaws = DirectoryFlaws(job.config.input_jsonl, contents, job.config.prompt_file, args.regenerate)
    return carry_out(job, args, flaws)
