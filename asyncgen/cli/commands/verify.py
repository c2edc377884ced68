"""`asyncgen verify`: check the data of an output directory."""

import argparse
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from asyncgen.cli import run_job as _job
from asyncgen.cli.api_flags import add_api_arguments, add_batch_arguments
from asyncgen.cli.command_line import is_typed
from asyncgen.cli.execution import carry_out
from asyncgen.cli.flag_types import a_number, a_whole_number
from asyncgen.cli.flags import add_screen_arguments
from asyncgen.cli.input_flags import add_recipe_arguments, add_source_arguments
from asyncgen.cli.paths import a_path, absolute_input
from asyncgen.config import DEFAULT_MODEL
from asyncgen.errors import BadDataError, Exit, Setting, UsageError
from asyncgen.humanize import many_of, one_of

if TYPE_CHECKING:
    from asyncgen.cli.judge_session import JudgeReport, JudgeSession
    from asyncgen.cli.verify_view import VerifyReport
    from asyncgen.quality.structure import Structure
    from asyncgen.recipes.contents import Contents
    from asyncgen.storage.layout import RunDirectory

EXAMPLE = "asyncgen verify out --input-jsonl pairs.jsonl --max-flagged 2"
MOST_REGENERATED = 1000  # rows a round: bounds what one command may cost without a budget
SHARE_KNOWN = 0.1  # of the judge's calls: more would mostly add cost
LEAST_KNOWN = 60  # known cases: with 30 of each side, no error observed bounds the rate by 11 %
MOST_KNOWN = 0.5  # of the judge's calls: the set itself should be the larger part


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the directory, its sources, and what to show."""
    add_source_arguments(
        parser,
        rows="the rows that it was made from; without them, the files are only compared with each other",
        prompts="says the keys of a reasoning (default: those that most reasonings have), and under "
        "allowed_changes what a paraphrase may do (default: a synonym, a conversion, another order, an added "
        "indication)",
    )
    parser.add_argument(
        "--show", type=a_whole_number, default=10, metavar="N", help="show the N worst rows (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument(
        "--review",
        type=a_path,
        metavar="FILE",
        help="marks made on the page of asyncgen view: show how well the rules agree with them",
    )
    parser.add_argument(
        "--regenerate",
        type=a_whole_number,
        nargs="?",
        const=MOST_REGENERATED,
        metavar="N",
        help="first ask the flagged rows of a finished run again, the N worst at most (%(const)s), with the "
        "model, prompts and endpoint of the run, and replace in place those that come out better",
    )
    parser.add_argument(
        "--max-flagged",
        type=a_number,
        metavar="PCT",
        help="exit 65, as for broken structure, when more than PCT %% of the rows are flagged (default: flags "
        "are shown and exit is 0)",
    )
    _add_judge_arguments(parser)
    add_recipe_arguments(parser, "what the files hold (default: the recipe of the run): ")
    add_api_arguments(parser, " of --judge and --regenerate")
    add_batch_arguments(parser, " of --judge and --regenerate")
    add_screen_arguments(parser, " of --judge and --regenerate")


def _add_judge_arguments(parser: argparse.ArgumentParser) -> None:
    judge = parser.add_argument_group("the judge")
    judge.add_argument(
        "--judge",
        action="store_true",
        help="have a model judge what the rules leave open or flag, in both orders; asks each comparison once, "
        "however often the command is given",
    )
    judge.add_argument("--judge-model", metavar="M", help=f"who judges ({DEFAULT_MODEL}; with --local its file)")
    judge.add_argument(
        "--calibration",
        type=_share,
        default=SHARE_KNOWN,
        metavar="P%",
        help="of all comparisons, those with a known answer that are mixed in to measure the judge "
        f"({SHARE_KNOWN:.0%}%; {LEAST_KNOWN} at least, 0 for none)",
    )
    judge.add_argument(
        "--dry-run", action="store_true", help="with --judge: only say how many calls, and what they cost"
    )


def _share(text: str) -> float:
    """A percentage below 50.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1
    if not 0 <= share <= MOST_KNOWN:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a share from 0% to {MOST_KNOWN:.0%}, such as 10% or 0.1"
        )
    return share


def execute(args: argparse.Namespace) -> int:
    """Regenerate if asked to, then verify, judge and print."""
    # Not for `asyncgen --help`, which must stay fast.
    from asyncgen.cli.verify_view import is_judged  # noqa: PLC0415
    from asyncgen.quality.structure import check_input, holds_run, state_in  # noqa: PLC0415
    from asyncgen.recipes.made_by import contents_of  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415
    from asyncgen.storage.resume import refuse_shards  # noqa: PLC0415

    _check_flags(args)
    with_input = args.input_jsonl is not None
    if with_input:
        args.input_jsonl = absolute_input(args.input_jsonl, directory=args.directory)
    disk = Disk()
    try:
        directory = RunDirectory(disk, args.directory.absolute())
        state, _ = state_in(directory)
        if state is None:
            refuse_shards(directory)
        contents = contents_of(state, args.recipe, args.prompt_file, dict(args.field))
        if not holds_run(directory, contents):
            raise BadDataError(f"{directory} holds no run: give the ", Setting("output_dir"), " of one")
        if args.max_flagged is not None and not is_judged(contents, with_input=with_input):
            row = one_of(contents.rows)
            how = f"--max-flagged needs --input-jsonl: without it no {row} is judged"
            raise UsageError(how if contents.paraphrase else "--max-flagged: this recipe has nothing to judge by")
        if with_input and state is not None:
            check_input(state, args.input_jsonl, contents)
        if args.regenerate is not None:
            named = args.recipe, args.field
            code = _regenerate(args, contents)
            # To ask it took those of the run, which the commands to go on with need not name.
            args.recipe, args.field = named
            if code != Exit.DONE:
                return code
        return _verify(args, directory, contents, with_input=with_input)
    finally:
        disk.close()


def _verify(args: argparse.Namespace, directory: "RunDirectory", contents: "Contents", *, with_input: bool) -> int:
    """Verify, have a model judge open rows if requested, and show everything."""
    from asyncgen.cli.verify_view import VerifyReport, print_json, print_judge, print_tables  # noqa: PLC0415
    from asyncgen.quality.removed_text import removed_text  # noqa: PLC0415
    from asyncgen.quality.review_agreement import review_of  # noqa: PLC0415
    from asyncgen.quality.verification import Verification  # noqa: PLC0415

    removed = removed_text(directory)
    verification = Verification(directory, args.input_jsonl, contents, args.prompt_file)
    report = VerifyReport(args.show, full=args.json)
    report.review = review_of(directory, args.review)
    found: JudgeReport | None = None
    with ExitStack() as stack:
        session = stack.enter_context(_session(args, directory, contents)) if args.judge else None
        for judged in verification.judged():
            report.add(judged)
            if session is not None:
                session.add(judged)
        if not args.json:
            print_tables(verification.structure, report, removed, with_input=with_input)
        if session is not None and not verification.structure.problems.counts:
            outcome = session.finish(verification, least_known=LEAST_KNOWN)
            if isinstance(outcome, int):
                return outcome
            found = outcome
    if args.json:
        print_json(verification.structure, report, removed, with_input=with_input, judge=found)
    elif found is not None:
        print_judge(found, many_of(contents.rows))
    return _end(args, verification.structure, report, found)


def _session(args: argparse.Namespace, directory: "RunDirectory", contents: "Contents") -> "JudgeSession":
    from asyncgen.cli.judge_session import JudgeSession  # noqa: PLC0415 - it brings the engine

    return JudgeSession(args, directory, contents)


def _end(
    args: argparse.Namespace, structure: "Structure", report: "VerifyReport", found: "JudgeReport | None"
) -> int:
    """The exit code, after printing why it is not 0, a person's review, and what to do next."""
    from asyncgen.cli.verify_next import next_lines  # noqa: PLC0415
    from asyncgen.cli.verify_view import print_review  # noqa: PLC0415 - it brings the checks
    from asyncgen.quality.checks.judgement import State  # noqa: PLC0415

    percent = report.percent(State.FLAGGED)
    too_many = args.max_flagged is not None and percent > args.max_flagged
    if too_many:
        sys.stderr.write(f"❌ {percent:.2f} % flagged, more than --max-flagged {args.max_flagged:g}\n")
    if structure.problems.counts or too_many:
        return Exit.BAD_DATA
    if not args.json:
        print_review(report, many_of(structure.contents.rows))
        sys.stdout.writelines(f"{line}\n" for line in next_lines(args, structure, report, found))
    return Exit.SOME_FAILED if found is not None and found.unanswered else Exit.DONE


def _check_flags(args: argparse.Namespace) -> None:
    if not args.directory.is_dir():
        raise UsageError(f"{args.directory} is not a directory")
    if args.show < 0:
        raise UsageError(f"--show is a number of rows, not {args.show}")
    if not 0 <= (args.max_flagged or 0) <= 100:  # noqa: PLR2004
        raise UsageError(f"--max-flagged is a percentage from 0 to 100, not {args.max_flagged:g}")
    # The configuration of a run may hold these two for the run.
    if args.dry_run and not args.judge and is_typed("--dry-run", sys.argv):
        raise UsageError("--dry-run says what --judge would cost: give both")
    if args.judge_model is not None and not args.judge:
        raise UsageError("--judge-model says who judges: give --judge too")
    if args.judge and args.regenerate is None:
        of_run = next((flag for flag in ("--model", "--continue-with-model") if is_typed(flag, sys.argv)), None)
        if of_run is not None:
            raise UsageError(f"--judge-model says who judges, not {of_run}")
    if args.batch and not args.judge and args.regenerate is None and is_typed("--batch", sys.argv):
        raise UsageError("--batch is how --judge and --regenerate ask: give one of them")


def _regenerate(args: argparse.Namespace, contents: "Contents") -> int:
    """Regenerate flagged rows with the settings of the directory's run."""
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
                f"the run in {directory} is not finished: give its command again first, "
                "and --regenerate afterwards"
            )
    finally:
        disk.close()
    args.quiet = args.quiet or args.json
    job = _job.prepare_as_in(state, args)
    flaws = DirectoryFlaws(job.config.input_jsonl, contents, job.config.prompt_file, args.regenerate)
    return carry_out(job, args, flaws)
