"""The judge of `asyncgen verify --judge`: its rounds as ordinary runs, reported in a few lines."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli import run_job as _job
from asyncgen.cli.addresses import address_lines
from asyncgen.cli.command_line import (
    KEY_IS_VISIBLE,
    has_key,
    this_command,
    this_command_from_anywhere,
    with_larger_budget,
)
from asyncgen.cli.console import Console
from asyncgen.cli.execution import RESUMABLE, handle_signals
from asyncgen.cli.flags import JOB_DEFAULTS
from asyncgen.cli.servers import default_model, local_model, serve
from asyncgen.cli.setting_names import in_flags_of_judge
from asyncgen.config import RunConfig
from asyncgen.cost import Price, Spend
from asyncgen.engine.event_loop import run_loop
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError, BudgetError, Setting, UsageError
from asyncgen.planning.forecast import Forecast, forecast
from asyncgen.planning.survey import expectation, survey
from asyncgen.quality.judge.collect import CaseCollector
from asyncgen.quality.judge.judge_rounds import CASES, JudgeRounds
from asyncgen.quality.judge.verdict import Verdict
from asyncgen.recipes import MEANING_JUDGE, build
from asyncgen.storage.layout import STATE_DIRECTORY, RunDirectory

if TYPE_CHECKING:
    from asyncgen.engine.session import Summary
    from asyncgen.local.model import LocalServer


@dataclass(slots=True)
class JudgeOutcome:
    """The result of the judge: verdicts by case, its name, this start's work, and the total cost.

    `planned` is set instead of `verdicts` for a dry run; None if no call is needed.
    """

    model: str
    endpoint: str
    price: Price | None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    calls: int = 0
    spend: Spend = field(default_factory=Spend)
    planned: Forecast | None = None


class JudgeRun:
    """Judges all cases of a directory that it has not judged yet.

    Args:
        args: the flags.
        directory: that of the run whose rows are judged.
    """

    def __init__(self, args: argparse.Namespace, directory: RunDirectory) -> None:
        self._args = args
        self._directory = directory
        self._job = judge_job(args, args.directory)
        self._server: LocalServer | None = None

    def ask(self, cases: CaseCollector, console: Console, *, dry: bool) -> JudgeOutcome | int:
        """Judge; returns the exit code if that ended early, which has been reported.

        Args:
            cases: the cases to judge.
            console: reports on it.
            dry: only say what it would take.
        """
        if has_key(sys.argv):
            console.warn(KEY_IS_VISIBLE)
        try:
            return run_loop(self._within_servers(cases, console, dry=dry))
        except AsyncgenError as error:
            console.end(in_flags_of_judge(error))
            if error.exit_code in RESUMABLE:
                again = with_larger_budget(this_command(sys.argv), error.settings)
                console.advise(f"to resume; nothing is paid twice: {again}")
            return error.exit_code

    async def _within_servers(self, cases: CaseCollector, console: Console, *, dry: bool) -> JudgeOutcome:
        async with AsyncExitStack() as stack:
            job = self._job
            config, self._server = await serve(job.config, stack, profile=job.profile, local=job.local)
            fingerprint = Run(config, build(config), [], self._directory.disk).fingerprint
            rounds = JudgeRounds(self._directory, fingerprint)
            outcome = JudgeOutcome(config.model, config.endpoint, self._job.price)
            if dry:
                outcome.planned = await self._plan(config, rounds, cases)
                return outcome
            console.say(f"Judge:   {config.model}")
            for line in address_lines(config):
                console.say(line)
            await self._rounds(config, rounds, cases, console, outcome)
            outcome.verdicts = rounds.known()
            outcome.spend = rounds.spend()
            return outcome

    async def _plan(self, config: RunConfig, rounds: JudgeRounds, cases: CaseCollector) -> Forecast | None:
        missing = rounds.missing(cases.wanted(), ())
        if not missing:
            return None
        with rounds.draft(cases.lines(cases.wanted() - missing)) as path:
            number, sample = await survey(replace(config, input_jsonl=path))
        price = self._job.price
        return forecast(sample, number, price.of_batches if price is not None and config.batch else price)

    async def _rounds(
        self,
        config: RunConfig,
        rounds: JudgeRounds,
        cases: CaseCollector,
        console: Console,
        outcome: JudgeOutcome,
    ) -> None:
        wanted, asked = cases.wanted(), set[Path]()
        while True:
            path = rounds.unfinished(wanted, asked)
            missing = set() if path is not None else rounds.missing(wanted, asked)
            if path is None and not missing:
                return
            left = self._budget_left(config, rounds.spend(but=path))
            if path is None:
                path = rounds.begin(cases.lines(wanted - missing))
            own = replace(left, input_jsonl=path / CASES, output_dir=path)
            summary = await self._round(own, console)
            outcome.calls += summary.calls
            asked.add(path)

    async def _round(self, config: RunConfig, console: Console) -> "Summary":
        run = Run(
            config,
            build(config),
            [console.observe],
            self._directory.disk,
            price=self._job.price,
            expect=await expectation(config, self._job.price, self._job.tier),
            command=this_command_from_anywhere(sys.argv),
            wording=in_flags_of_judge,
        )
        handle_signals(run.stop)
        watch = None if self._server is None else asyncio.create_task(self._server.watch(run.stop))
        try:
            return await run.execute()
        finally:
            if watch is not None:
                watch.cancel()

    def _budget_left(self, config: RunConfig, spent: Spend) -> RunConfig:
        """The configuration with what is left of the budgets, which are for all rounds together."""
        tokens, cost = config.max_total_tokens, config.max_cost
        if tokens is not None:
            tokens -= spent.most.total_tokens
        if cost is not None and self._job.price is not None:
            cost -= self._job.price.most_cost(spent)
        for name, left in (("max_total_tokens", tokens), ("max_cost", cost)):
            if left is not None and left <= 0:
                raise BudgetError("earlier rounds of the judge have used the budget up: raise ", Setting(name))
        return replace(config, max_total_tokens=tokens, max_cost=cost)


def judge_job(args: argparse.Namespace, directory: Path) -> _job.Job:
    """The job of a round in an output directory; its input and directory are set when it begins.

    Raises:
        UsageError: a setting cannot be used, in the flags of the judge.
    """
    own = argparse.Namespace(**{**vars(args), **JOB_DEFAULTS})
    own.model = default_model(local_model(args)) if args.judge_model is None else args.judge_model
    own.recipe, own.continue_with_model = MEANING_JUDGE, None
    own.input_jsonl = own.output_dir = directory / STATE_DIRECTORY / "judge" / "new"
    try:
        return _job.prepare(own, needs_key=not args.dry_run)
    except UsageError as error:
        raise UsageError(in_flags_of_judge(error)) from error
