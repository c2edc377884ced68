"""`asyncgen export --only`: which rows to export, and what to report of the others."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from asyncgen.cli.invocation import asyncgen_command
from asyncgen.cli.lines import Lines
from asyncgen.cli.run_sources import input_of_run, prompts_of_run
from asyncgen.errors import BadDataError, UsageError
from asyncgen.export.run_files import RunFiles
from asyncgen.humanize import counted, one_of
from asyncgen.quality.judge.selection import RowSelection, select_by_rules, select_by_verdicts
from asyncgen.quality.judge.trust import Trust
from asyncgen.quality.judge.verdict_file import VerdictFile
from asyncgen.quality.verification import Verification
from asyncgen.recipes.made_by import contents_of
from asyncgen.storage.layout import RunDirectory

if TYPE_CHECKING:
    from asyncgen.recipes.contents import Contents
    from asyncgen.storage.checkpoint import RunState

DEFAULT_CHOICE = "not-flagged"
_WHY = {
    Trust.JUDGED: "judged to have the same meaning, but not proven",
    Trust.OPEN: "open: neither proven nor judged",
    Trust.FLAGGED: "flagged by the rules",
    Trust.REJECTED: "rejected by the judge",
}


def select(
    args: argparse.Namespace, directory: RunDirectory, files: RunFiles, lines: Lines
) -> RowSelection | None:
    """The rows to export; None if all are.

    Args:
        args: the flags.
        directory: of the run.
        files: of the run.
        lines: reports what could not be done.

    Raises:
        UsageError, BadDataError: the requested rows cannot be distinguished from the others.
    """
    choice, state = args.only or DEFAULT_CHOICE, files.state
    if choice == "all":
        return None
    prompts = prompts_of_run(args.prompt_file, state)
    contents = contents_of(state, prompt_file=prompts)
    if contents.remark:
        lines.warn(contents.remark)
    if contents.paraphrase is None and not contents.asks:
        if args.only is not None:
            raise UsageError(f"--only {choice}: this recipe has nothing to check its rows by; leave it out")
        return None
    verdicts = VerdictFile(directory)
    figures = verdicts.figures(state)
    if figures is not None:
        return _checked(select_by_verdicts(choice, verdicts.rows(), figures), state)
    if choice == "judged":
        raise _not_judged(directory, contents, stale=verdicts.is_there)
    if verdicts.is_there:
        lines.warn(
            "the judge's verdicts belong to other files: the rules alone decide "
            f"({_judge(directory)} judges what is new)"
        )
    source = None if contents.parse is None else input_of_run(args.input_jsonl, directory)
    if source is None and contents.paraphrase is not None:
        needs = "--input-jsonl P, the rows that the run was made from"
        if args.only is not None:
            raise UsageError(f"--only {choice} compares paraphrases with their originals: it needs {needs}")
        lines.warn(f"no {contents.nouns.one} is checked: that needs {needs}; so all are exported")
        return None
    return _checked(_by_rules(choice, Verification(directory, source, contents, prompts), files), state)


def _by_rules(choice: str, verification: Verification, files: RunFiles) -> RowSelection:
    verification.check_input(files.state)
    found = select_by_rules(choice, verification.judged())
    problems = verification.structure.problems.kept
    if problems:
        raise files.changed(problems[0].file)
    return found


def left_out_lines(selection: RowSelection, rows: str) -> list[str]:
    """The report on the rows that are left out, a line for each reason."""
    left = {trust: number for trust, number in selection.left_out.items() if number}
    if not left:
        return []
    total = sum(left.values())
    said = [f"--only {selection.choice} leaves {counted(total, rows)} of {sum(selection.trust.values()):,} out:"]
    return [*said, *(f"  {number:,} {_WHY[trust]}" for trust, number in left.items())]


def card_rows(selection: RowSelection | None, rows: str) -> Mapping[str, object]:
    """The rows of the card that say how far the examples can be trusted."""
    if selection is None:
        return {"exported": f"all {rows}, whatever rules and judge say"}
    said: dict[str, object] = {"exported": f"{selection.choice} {rows} only"}
    said |= {f"{rows} {trust}": selection.trust[trust] for trust in Trust if selection.trust[trust]}
    said[f"{rows} left out for that"] = sum(selection.left_out.values())
    if selection.figures is None:
        return said | {"judge": "none; the rules alone"}
    judge, judged = selection.figures["judge"], selection.figures["judged"]
    said["judge"] = f"{judge['model']} at {judge['endpoint']}"
    said["judged the same, open, different"] = ", ".join(
        str(judged[name]) for name in ("same", "open", "different")
    )
    for tally in selection.figures["calibration"]:
        if tally["kind"].startswith("all "):
            found = tally["judge"]["different"]
            said[f"judge on {tally['kind']} of known answer"] = f"{_percent(found)} judged to differ"
    if selection.figures["estimate"] is not None:
        share = _percent(selection.figures["estimate"]["bad_in_same"])
        said["bad ones among those judged the same"] = f"{share}, if errors are like the known ones"
    return said


def _percent(share: Mapping[str, float]) -> str:
    value, low, high = (f"{100 * share[name]:.1f}" for name in ("value", "low", "high"))
    return f"{value} % (95 %: {low} to {high})"


def _checked(selection: RowSelection, state: "RunState") -> RowSelection:
    """Refuse verdicts about other rows than those of the files, selections of no row, and runs without one."""
    if len(selection.keeps) != state.done - state.failed_pairs:
        raise BadDataError(
            f"{len(selection.keeps):,} {state.rows} were checked, and the run has made "
            f"{state.done - state.failed_pairs:,}: asyncgen verify says what is wrong"
        )
    if not selection.keeps:
        raise BadDataError(f"nothing to export: the run has made no {one_of(state.rows)}")
    if not any(selection.keeps):
        reasons = ", ".join(f"{number:,} {_WHY[trust]}" for trust, number in selection.left_out.items() if number)
        raise UsageError(
            f"--only {selection.choice} leaves nothing to export: {reasons}; asyncgen verify says why, and "
            "--only all exports them as they are"
        )
    return selection


def _not_judged(directory: RunDirectory, contents: "Contents", *, stale: bool) -> BadDataError | UsageError:
    if contents.paraphrase is None:
        return UsageError(
            "--only judged is for recipes that make paraphrases; this one takes proven and not-flagged"
        )
    if stale:
        return BadDataError(f"the judge's verdicts belong to other files; judge what is new: {_judge(directory)}")
    return BadDataError(f"nothing was judged here yet: {_judge(directory)}")


def _judge(directory: RunDirectory) -> str:
    return f"{asyncgen_command('verify', str(directory))} --input-jsonl P --judge"
