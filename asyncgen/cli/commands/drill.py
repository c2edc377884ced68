"""`asyncgen drill`: rehearse failures of an API before paying for anything."""

import argparse
import tempfile
import time
from pathlib import Path

from asyncgen.cli.input_flags import add_sample_arguments
from asyncgen.cli.lines import say
from asyncgen.cli.paths import absolute, absolute_input
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine.event_loop import run_loop
from asyncgen.engine.sockets import most_in_flight
from asyncgen.errors import Exit, UsageError

EXAMPLE = "asyncgen drill storm quota --input-jsonl pairs.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: scenarios and the user's own files."""
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="by name (default: all; --list names them)"
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and their predictions")
    parser.add_argument("--long", action="store_true", help="let storms and limits last a minute, as in real life")
    add_sample_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Run the scenarios; 1 if one did not end as predicted."""
    return run_loop(_drill(args))


async def _drill(args: argparse.Namespace) -> int:
    from asyncgen.cli.drill_scenarios import SCENARIOS, Stage  # noqa: PLC0415 - they bring engine and simulator

    names = {scenario.name: scenario for scenario in SCENARIOS}
    unknown = [name for name in args.scenarios if name not in names]
    if unknown:
        raise UsageError(f"no scenario {unknown[0]!r}: there are {', '.join(names)}")
    chosen = [names[name] for name in args.scenarios or names]
    if args.list:
        for scenario in chosen:
            say(f"{scenario.name:<13} {scenario.predicted}")
        return Exit.DONE
    passed = True
    for scenario in chosen:
        say(f"{scenario.name:<13} predicted: {scenario.predicted}")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="asyncgen-drill-") as directory:
            verdict = await scenario.verdict(Stage(_config(args), Path(directory), args.long))
        say(f"{'':13} actual:    {verdict.actual}")
        say(f"{'':13} {'PASS' if verdict.passed else 'FAIL'} ({time.monotonic() - began:.0f} s)")
        passed = passed and verdict.passed
    return Exit.DONE if passed else Exit.BUG


def _config(args: argparse.Namespace) -> RunConfig:
    return RunConfig(
        input_jsonl=absolute_input(args.input_jsonl),
        output_dir=Path(tempfile.gettempdir()),  # each scenario has its own
        prompt_file=absolute(args.prompt_file, "--prompt-file"),
        add_reasoning=args.add_reasoning,
        endpoints=(EndpointConfig(api_key="simulated"),),
        most_in_flight=most_in_flight(),
    )
