"""`asyncgen run`: the main job."""

import argparse

from asyncgen.cli.execution import carry_out
from asyncgen.cli.flags import add_arguments
from asyncgen.cli.run_job import prepare

__all__ = ["EXAMPLE", "add_arguments", "execute"]

EXAMPLE = (
    "asyncgen run --input-jsonl pairs.jsonl --output-dir out --prompt-file prompts.json "
    "--add-reasoning --tier openai:tier-2"
)


def execute(args: argparse.Namespace) -> int:
    """Run the job, or say what it would take."""
    if args.dry_run:
        from asyncgen.cli.commands import plan  # noqa: PLC0415 - a run that is carried out need not wait for it

        return plan.execute(args)
    return carry_out(prepare(args), args)
