"""The next command that fits a directory as `asyncgen verify` has found it, and an alternative."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.command_line import without_flags
from asyncgen.cli.invocation import asyncgen_command, asyncgen_here
from asyncgen.cli.paths import STATE_SUFFIX, from_here, prompt_file_here
from asyncgen.cli.run_sources import server_of_run
from asyncgen.cli.shell_words import quote
from asyncgen.humanize import counted, one_of
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.trust import Trust
from asyncgen.recipes.contents import trains_as
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

if TYPE_CHECKING:
    from asyncgen.cli.judge_session import JudgeReport
    from asyncgen.cli.verify_view import VerifyReport
    from asyncgen.quality.structure import Structure


def next_lines(
    args: argparse.Namespace, structure: "Structure", report: "VerifyReport", found: "JudgeReport | None"
) -> Iterator[str]:
    """What to do next: a command after "next:", and perhaps others, each after "or:" and explained below it."""
    yield _next(args, structure, report, found)
    rows = structure.contents.rows
    finished = structure.finished and structure.contents.paraphrase is not None and args.input_jsonl is not None
    if not finished or (found is not None and found.dry):
        return
    if found is None:
        bad, left = report.states[State.FLAGGED], report.states[State.OPEN]
        if left:
            again = _again(args, structure, "--judge", "--dry-run")
            yield f"or:   {again}\n      (says what it costs to have the {counted(left, rows, 'open')} judged)"
    else:
        counts = Counter(one.trust for one in found.rows)
        bad, left = counts[Trust.FLAGGED] + counts[Trust.REJECTED], counts[Trust.OPEN]
        if bad and not _has_recipe(args):
            again = _again(args, structure, "--regenerate")
            yield f"or:   {again}\n      (asks the {counted(bad, rows, 'bad')} again)"
    if bad or left:
        kinds = " or ".join(
            kind for kind, number in (("flagged" if found is None else "bad", bad), ("open", left)) if number
        )
        view = f"{asyncgen_here()} view {quote(str(args.directory))}"
        yield f"or:   {view}\n      (shows the {counted(bad + left, rows, kinds)} beside the originals)"


def _next(
    args: argparse.Namespace, structure: "Structure", report: "VerifyReport", found: "JudgeReport | None"
) -> str:
    place = quote(str(args.directory))
    if structure.state is not None and not structure.finished:
        return f"the run is not finished; see how to resume it\nnext: {asyncgen_here()} status {place}"
    if not structure.pairs:
        return f"there are no examples; see why in {quote(str(args.directory / 'failed.jsonl'))}"
    if found is not None and found.dry:
        return f"next: {asyncgen_command('verify', *without_flags(sys.argv[2:], {'--dry-run': 0}))}"
    if 0 < report.judged == report.states[State.FLAGGED] and found is None:
        row = one_of(structure.contents.rows)
        again = "" if _has_recipe(args) else ", or ask again with --regenerate"
        return f"every {row} is flagged: look at the worst, fix prompt or model{again}"
    trainable = trains_as(structure.contents)
    if trainable is None:
        return f"the lines are for you to use: {_lines_of(structure, args.directory)}"
    form, file = trainable
    named = f" --file {quote(file)}" if file else ""
    only = "" if found is None else " --only judged"
    return f"next: {asyncgen_here()} export {place} --format {form}{named}{only}"


def _has_recipe(args: argparse.Namespace) -> bool:
    """Whether the recipe is named anew: rows are only asked again by that of the run."""
    return args.recipe is not None or bool(args.field)


def _lines_of(structure: "Structure", directory: Path) -> str:
    """The place of the lines: a file named to `asyncgen requests`, else the directory."""
    files = list(structure.contents.files)
    named = directory.with_name(directory.name.removesuffix(STATE_SUFFIX))
    if named != directory and named.is_file() and named.samefile(directory / files[0]):
        return quote(str(named))
    return f"{', '.join(files)} in {quote(str(directory))}"


def _again(args: argparse.Namespace, structure: "Structure", *flags: str) -> str:
    """The same command for another purpose; asking again needs the prompts and the server of the run."""
    record = None if structure.state is None else structure.state.recipe
    prompts, server = args.prompt_file, []
    if "--regenerate" in flags:
        server = server_of_run(RunDirectory(Disk(), args.directory))
        if prompts is None and record is not None and record.prompts:
            prompts = Path(record.prompts)
    words = [str(args.directory), "--input-jsonl", str(from_here(args.input_jsonl))]
    named = [] if prompts is None else ["--prompt-file", prompt_file_here(prompts)]
    named += [] if args.recipe is None else ["--recipe", args.recipe]
    named += [word for pair in args.field for word in ("--field", "=".join(pair))]
    return asyncgen_command("verify", *words, *named, *server, *flags)
