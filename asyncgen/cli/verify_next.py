"""What fits a directory as `asyncgen verify` has found it: the command that comes next, and another one."""

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.command_line import command
from asyncgen.cli.shell_words import quote
from asyncgen.config import from_here
from asyncgen.humanize import one_of, plural
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.trust import Trust
from asyncgen.recipes.contents import trains_as

if TYPE_CHECKING:
    from asyncgen.cli.judge_session import JudgeReport
    from asyncgen.cli.verify_view import VerifyReport
    from asyncgen.quality.structure import Structure


def next_lines(
    args: argparse.Namespace, structure: "Structure", report: "VerifyReport", found: "JudgeReport | None"
) -> Iterator[str]:
    """One line that begins with "next:", and perhaps one that begins with "or:"."""
    yield f"next: {_next(args, structure, report, found)}"
    row = one_of(structure.contents.rows)
    finished = structure.finished and structure.contents.paraphrase is not None and args.input_jsonl is not None
    if not finished or (found is not None and found.dry):
        return
    if found is None and report.states[State.OPEN]:
        opened = plural(report.states[State.OPEN], f"open {row}")
        again = _again(args, structure, "--judge", "--dry-run")
        yield f"or:   {again} says what it costs to have the {opened} judged"
    elif found is not None:
        counts = Counter(one.trust for one in found.rows)
        if bad := counts[Trust.FLAGGED] + counts[Trust.REJECTED]:
            yield f"or:   {_again(args, structure, '--regenerate')} asks the {plural(bad, f'bad {row}')} again"


def _next(
    args: argparse.Namespace, structure: "Structure", report: "VerifyReport", found: "JudgeReport | None"
) -> str:
    place = quote(str(args.directory))
    if structure.state is not None and not structure.finished:
        return f"go on with the run by its own command, which asyncgen status {place} shows"
    if not structure.pairs:
        return f"there are no examples; see why in {quote(str(args.directory / 'failed.jsonl'))}"
    if found is not None and found.dry:
        words = [word for word in shlex.split(command("", *sys.argv[1:])) if word != "--dry-run"]
        return shlex.join(["asyncgen", *words])
    if 0 < report.judged == report.states[State.FLAGGED] and found is None:
        row = one_of(structure.contents.rows)
        return f"every {row} is flagged: look at the worst, mend prompt or model, or ask again with --regenerate"
    form = trains_as(structure.contents)
    if form is None:
        return f"the lines are for you to use: {', '.join(structure.contents.files)} in {place}"
    only = "" if found is None else " --only judged"
    return f"asyncgen export {place} --format {form}{only}"


def _again(args: argparse.Namespace, structure: "Structure", *flags: str) -> str:
    """The same for another purpose; asking again needs the prompts, which the run knows if nobody names them."""
    record = None if structure.state is None else structure.state.recipe
    prompts = args.prompt_file
    if prompts is None and "--regenerate" in flags and record is not None and record.prompts:
        prompts = Path(record.prompts)
    words = ["asyncgen", "verify", str(args.directory), "--input-jsonl", str(from_here(args.input_jsonl))]
    named = [] if prompts is None else ["--prompt-file", str(from_here(prompts))]
    return shlex.join([*words, *named, *flags])
