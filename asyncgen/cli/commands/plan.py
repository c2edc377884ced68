"""`asyncgen plan`: what a run will take, before paying; the same as `asyncgen run --dry-run`."""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from asyncgen.cli import flags as _flags
from asyncgen.cli import run_job as _job
from asyncgen.cli.command_line import without_flags
from asyncgen.cli.commands.verify import LEAST_KNOWN, SHARE_KNOWN
from asyncgen.cli.execution import carry_out
from asyncgen.cli.flag_types import a_whole_number
from asyncgen.cli.invocation import asyncgen_command
from asyncgen.cli.lines import Lines
from asyncgen.config import REQUESTS, RunConfig
from asyncgen.engine.event_loop import run_loop
from asyncgen.errors import Exit, UsageError
from asyncgen.humanize import NO_PRICE, amount, duration, plural, usd
from asyncgen.planning.capacity import Plan as Pace
from asyncgen.planning.forecast import Forecast, MeasuredSample, forecast
from asyncgen.planning.prices import load_price
from asyncgen.planning.tiers import Tier, format_limits

if TYPE_CHECKING:
    from asyncgen.cli.judge_plan import JudgePlan
    from asyncgen.planning.batch_plan import BatchPlan

Range = tuple[float, float, float]
"""Low, likely, high."""

EXAMPLE = (
    "asyncgen plan --input-jsonl pairs.jsonl --output-dir out --prompt-file prompts.json "
    "--add-reasoning --tier openai:tier-2"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the flags of run, and --calibrate."""
    _flags.add_arguments(parser, writes=False)
    parser.set_defaults(dry_run=True)
    plan = parser.add_argument_group("the plan")
    plan.add_argument(
        "--calibrate",
        type=a_whole_number,
        metavar="N",
        help="make about N real calls of the run first (they are kept), and plan from what they used",
    )
    plan.add_argument(
        "--judge",
        action="store_true",
        help="say too what asyncgen verify --judge may cost; when the run has ended, its --dry-run knows",
    )
    plan.add_argument("--judge-model", metavar="M", help="who judges (as for verify)")
    plan.add_argument("--json", action="store_true", help="for programs")


def execute(args: argparse.Namespace) -> int:
    """Plan; with --calibrate, after some calls."""
    # It brings recipe and source.
    from asyncgen.planning.survey import (  # noqa: PLC0415
        LATENCY,
        batches_of,
        limits_of,
        pace_of,
        rows_to_do,
        survey,
        used_by,
    )

    calibrate: int | None = getattr(args, "calibrate", None)  # run --dry-run has none
    if calibrate is not None and calibrate < 1:
        raise UsageError(f"--calibrate must be at least 1 call, not {calibrate}")
    more: tuple[str, ...] = ()
    if args.output_dir is None:
        if calibrate is not None:
            raise UsageError("--calibrate keeps the answers to its calls: give --output-dir")
        args.output_dir = _new_directory()
        more = ("--output-dir", str(args.output_dir))
    job = _job.prepare(args, needs_key=calibrate is not None)
    config = job.config
    if calibrate is not None:
        _check_calibrates(job)
    # The run of a calibration warns itself.
    warn = Lines(quiet=False).warn if calibrate is None else None
    wanted, sample = run_loop(survey(config, warn))
    pairs, done = rows_to_do(config, wanted)
    left = pairs - done
    latency = None
    if calibrate is not None:
        first = min(pairs, math.ceil(calibrate / _calls_a_pair(sample)))
        args.num_pairs = first
        args.quiet = args.quiet or args.json  # a program reads the plan from stdout
        code = carry_out(_job.prepare(args), args)
        if code not in {Exit.DONE, Exit.SOME_FAILED}:
            return code
        sample, latency = run_loop(used_by(config, sample, first))
    else:
        more = (*more, *_flags_for_earlier_run(job))
    paid = job.price.of_batches if job.price is not None and config.batch else job.price
    found = forecast(sample, left, paid)
    batches = run_loop(batches_of(config, sample, left)) if config.batch and left else None
    tier = limits_of(config, job.tier)
    pace = pace_of(sample, found, tier, latency or LATENCY, config.ceiling) if left else None
    judge = _judge(args, config, pairs)
    if getattr(args, "json", False):
        record = _record(found, None if config.batch else pace) | ({"batches": asdict(batches)} if batches else {})
        if judge is not None:
            record["judge"] = asdict(judge)
        sys.stdout.buffer.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    else:
        cheaper = _cheaper(config, args.prices, sample, left)
        _say(job, found, done, tier, pace, latency, cheaper, batches, judge, more)
    return Exit.DONE


def _flags_for_earlier_run(job: _job.Job) -> tuple[str, ...]:
    """The flags by which a run begins in spite of an earlier one in its directory, or resumes one in shards."""
    from asyncgen.storage.disk import Disk  # noqa: PLC0415 - slow, and not for --help
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415 - as above
    from asyncgen.storage.resume import in_shards  # noqa: PLC0415 - as above

    if job.config.restart:
        return ("--restart",)
    resumed_by_ray = job.engine == "local" and in_shards(RunDirectory(Disk(), job.config.output_dir))
    return ("--engine", "ray") if resumed_by_ray else ()


def _check_calibrates(job: _job.Job) -> None:
    """Refuse jobs that are not begun by a few calls in this process."""
    if job.config.shard is not None:
        raise UsageError("--calibrate makes calls of the whole run: leave --shard out")
    if job.engine != "local":
        raise UsageError(
            "--calibrate starts the run in this process, and such a run cannot move to Ray: "
            "leave --engine ray out, or give another --output-dir"
        )


def _calls_a_pair(sample: MeasuredSample) -> float:
    return sum(size.calls for size in sample.sizes.values()) / sample.pairs


def _record(found: Forecast, pace: Pace | None) -> dict[str, Any]:
    seconds, binds = (None, None) if pace is None else (pace.seconds(found.pairs), pace.binds)
    return asdict(found) | {"seconds": seconds, "binds": binds}


_OWN_FLAGS = {"--dry-run": 0, "--json": 0, "--calibrate": 1, "--judge": 0, "--judge-model": 1}
"""What `run` does not take, and how many words follow each."""
CHEAPER = {
    "flex": "with --service-tier flex: slower, and it may wait for room",
    "batch": "with --batch, the Batch API: within a day",
}


def _cheaper(
    config: RunConfig, prices: Path | None, sample: MeasuredSample, pairs: int
) -> list[tuple[str, str, Range]]:
    """The cost in cheaper service tiers, if known: name, how to get it, range."""
    found = []
    for tier, how in CHEAPER.items():
        price = load_price(config.model, prices, tier)
        cost = None if price is None else forecast(sample, pairs, price).cost
        chosen = tier == "batch" if config.batch else config.params.get("service_tier") == tier
        if cost is not None and not chosen:
            found.append((tier, how, cost))
    return found


def _say(
    job: _job.Job,
    found: Forecast,
    done: int,
    tier: Tier | None,
    pace: Pace | None,
    latency: float | None,
    cheaper: list[tuple[str, str, Range]],
    batches: "BatchPlan | None",
    judge: "JudgePlan | None",
    more: Sequence[str],
) -> None:
    from asyncgen.planning.survey import rows_of_job  # noqa: PLC0415 - as above

    price, origin = job.price, "guessed from the characters"
    if job.config.recipe != REQUESTS:  # for which there is no such command
        origin += "; asyncgen plan --calibrate 20 measures"
    if latency is not None:
        origin = f"measured; a call took {latency:.1f} s"
    rows = rows_of_job(job.config)
    if not found.pairs:
        judged = "" if judge is None else f"{'judge':<11} {_judge_line(judge)}\n"
        sys.stdout.write(f"{rows:<11} all {done:,} are done: no call is left\n{judged}")
        return
    lines = {
        rows: f"{found.pairs:,}, {found.calls:,.0f} calls"
        + (f"; {done:,} of {found.pairs + done:,} are done" if done else ""),
        "tokens in": _range(found.prompt_tokens),
        "tokens out": f"{_range(found.completion_tokens)}; {origin}",
        "cost": NO_PRICE + " (--prices FILE)",
        "time": "unknown without limits: give --tier, or --rpm and --tpm",
    }
    if job.tier is not None and job.tier.source and pace is None:  # the tier has no limits of this model
        lines["time"] = f"unknown ({job.tier.source}); give --rpm and --tpm as your account's limits page says"
    if price is not None and found.cost is not None:
        low, likely, high = found.cost
        listed = price.dated or price.source
        lines["cost"] = f"{usd(likely)} ({amount(low)} to {amount(high)}; {price.model}, list prices of {listed})"
        lines |= {
            tier: f"{usd(cost[1])} ({amount(cost[0])} to {amount(cost[2])}; {how})" for tier, how, cost in cheaper
        }
    if tier is not None and pace is not None:
        lines["time"] = (
            f"{duration(pace.seconds(found.pairs))}; {pace.binds} bind ({tier.name}: {format_limits(tier)})"
        )
    if batches is not None:
        lines |= _batch_lines(job.config, batches)
    if judge is not None:
        lines["judge"] = _judge_line(judge)
    for name, text in lines.items():
        sys.stdout.write(f"{name:<11} {text}\n")
    sys.stdout.write(f"Retries are not included.\nnext: {_run(sys.argv, more)}\n")


def _batch_lines(config: RunConfig, batches: "BatchPlan") -> dict[str, str]:
    rounds = f"{plural(batches.batches, 'batch')} in {plural(batches.rounds, 'round')}"
    time = f"{plural(batches.in_a_row, 'day')} at most: each round within one"
    if config.batch_tokens is not None:
        in_a_row = plural(batches.in_a_row, "batch")
        time = (
            f"{in_a_row} at least, one after the other, each within a day: {config.batch_tokens:,} tokens at once"
        )
    return {"batches": f"{rounds}, at least", "time": time}


def _judge(args: argparse.Namespace, config: RunConfig, pairs: int) -> "JudgePlan | None":
    """The forecast of the judge, if it is requested."""
    if getattr(args, "judge_model", None) is not None and not args.judge:
        raise UsageError("--judge-model says who judges: give --judge too")
    if not getattr(args, "judge", False):
        return None
    from asyncgen.cli.judge_plan import plan_judge  # noqa: PLC0415 - it brings the checks

    return run_loop(plan_judge(args, config, pairs, SHARE_KNOWN, LEAST_KNOWN))


def _judge_line(judge: "JudgePlan") -> str:
    fewest, _, most = judge.comparisons
    asked = (
        f"{judge.model}; {fewest:,} to {most:,} comparisons, two calls each, as the rules leave few or all open"
    )
    if judge.cost is None:
        return f"{NO_PRICE}; {asked}"
    low, likely, high = judge.cost
    return f"{usd(likely)} ({amount(low)} to {amount(high)}; {asked})"


def _run(argv: Sequence[str], more: Sequence[str]) -> str:
    """The command that runs what was planned, with `more` words than were typed."""
    name = "requests" if argv[1:2] == ["requests"] else "run"
    typed = argv[2:] if argv[1:2] in (["plan"], [name]) else argv[1:]  # the original script has no command word
    return asyncgen_command(name, *without_flags(typed, _OWN_FLAGS), *more)


def _new_directory() -> Path:
    """A name for a new directory."""
    return next(path for path in (Path(f"out{n}" if n else "out") for n in count()) if not path.exists())


def _range(values: tuple[float, float, float]) -> str:
    low, likely, high = (_rounded(value) for value in values)
    return f"{likely:,.0f} ({low:,.0f} to {high:,.0f})"


def _rounded(value: float) -> float:
    """To three figures: an estimate has no more."""
    return round(value, 2 - math.floor(math.log10(value))) if value > 0 else 0.0
