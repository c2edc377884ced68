"""The part of `asyncgen verify --judge` beyond verifying: collect cases, have them judged, store the verdicts."""

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from asyncgen.cli.console import Console
from asyncgen.cli.event_log_file import log_file_of
from asyncgen.cli.judge_run import JudgeOutcome, JudgeRun
from asyncgen.errors import BadDataError, UsageError
from asyncgen.quality.judge.calibration import Calibration, calibrate
from asyncgen.quality.judge.collect import CaseCollector
from asyncgen.quality.judge.figures import figures_of
from asyncgen.quality.judge.intervals import Outcomes
from asyncgen.quality.judge.judge_rounds import judge_directory
from asyncgen.quality.judge.verdict import Meaning, Verdict
from asyncgen.quality.judge.verdict_file import RowVerdict, VerdictFile
from asyncgen.quality.structure import state_in
from asyncgen.quality.verification import Judged, Verification
from asyncgen.recipes.contents import Contents
from asyncgen.storage.layout import RunDirectory


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """The findings: the judge, each row, the calibration, and the verdicts by row.

    `cases` were to be judged, `known` ones were mixed in; `dry`: nothing was judged.
    """

    outcome: JudgeOutcome
    rows: list[RowVerdict]
    calibration: Calibration
    verdicts: dict[int, Verdict]
    cases: int
    known: int
    dry: bool

    @property
    def unanswered(self) -> int:
        """How many cases the judge was asked about, and has not answered."""
        return 0 if self.dry else self.cases - sum(self.calibration.judged)


class JudgeSession:
    """Collects cases while the rows are verified; `finish` has them judged.

    Args:
        args: the flags.
        directory: the output directory.
        contents: what its files hold.

    Raises:
        UsageError, BadDataError: there is nothing to judge, or not yet.
    """

    def __init__(self, args: argparse.Namespace, directory: RunDirectory, contents: Contents) -> None:
        state, finished = state_in(directory)
        if args.input_jsonl is None:
            raise UsageError("--judge needs --input-jsonl: the originals stand there")
        if contents.paraphrase is None:
            raise UsageError("--judge compares paraphrases with their originals, and this recipe makes none")
        if state is None or not finished:
            raise BadDataError(
                f"the run in {directory} is not finished: give its command again first, and --judge afterwards"
            )
        self._args = args
        self._directory = directory
        self._state = state
        self._run = JudgeRun(args, directory)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        place = judge_directory(self._directory)
        place.make()
        self._stack.enter_context(place.lock())
        self._cases = self._stack.enter_context(CaseCollector(place))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, judged: Judged) -> None:
        """Add a row."""
        self._cases.add(judged)

    def finish(self, verification: Verification, least_known: int) -> JudgeReport | int:
        """Have the cases judged and store the verdicts; returns the exit code if that ended early.

        Args:
            verification: judges the known cases by the rules.
            least_known: known cases at least.
        """
        cases = self._cases
        cases.mix(self._args.calibration, least_known)
        args = self._args
        console = Console(
            progress=not args.no_progress,
            verbose=args.verbose,
            quiet=args.quiet or args.json,
            log_file=log_file_of(args),
            prompts=None,
        )
        with console:
            outcome = self._run.ask(cases, console, dry=args.dry_run)
        if isinstance(outcome, int):
            return outcome
        rows = [RowVerdict.of(entry, outcome.verdicts.get(entry.case or "")) for entry in cases.entries]
        states = {one.case.key: verification.compare(one.case.original, one.case.revised) for one in cases.known}
        found = calibrate(cases.known, states, outcome.verdicts, _outcomes(cases.keys, outcome.verdicts))
        if not args.dry_run:
            figures = figures_of(outcome.model, outcome.endpoint, rows, found)
            VerdictFile(self._directory).save(self._state, figures, rows)
        return JudgeReport(
            outcome,
            rows,
            found,
            {
                entry.index: outcome.verdicts[entry.case]
                for entry in cases.entries
                if entry.case is not None and entry.case in outcome.verdicts
            },
            cases=len(cases.keys),
            known=len(cases.known),
            dry=args.dry_run,
        )


def _outcomes(cases: Iterable[str], verdicts: Mapping[str, Verdict]) -> Outcomes:
    counts = Counter(verdicts[case].meaning for case in cases if case in verdicts)
    return Outcomes(counts[Meaning.SAME], counts[Meaning.OPEN], counts[Meaning.DIFFERENT])
