"""The flags of the main job: `run` and `plan` have all of them, other commands some.

Those of the input are in `input_flags`, those of the API in `api_flags`, request fields in `request_field_flags`.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from asyncgen.cli.api_flags import add_api_arguments, add_batch_arguments
from asyncgen.cli.flag_types import a_count, a_shard, a_whole_number
from asyncgen.cli.input_flags import add_input_arguments
from asyncgen.cli.paths import a_path
from asyncgen.config import BATCH_SIZE, SAVE_EVERY

JOB_DEFAULTS: Mapping[str, Any] = {
    "prompt_file": None,
    "field": (),
    "add_reasoning": False,
    "num_pairs": None,
    "batch_size": BATCH_SIZE,
    "save_every": SAVE_EVERY,
    "shard": None,
    "restart": False,
    "skip_bad": False,
}
"""The job's flags that are not typed, by name, for commands that lack some of them."""


def add_arguments(parser: argparse.ArgumentParser, *, writes: bool = True) -> None:
    """The flags of the contract; a command that writes nothing need not be told where."""
    add_job_arguments(parser, writes=writes)
    add_api_arguments(parser)
    add_batch_arguments(parser)
    add_engine_arguments(parser)
    add_screen_arguments(parser)


def add_job_arguments(parser: argparse.ArgumentParser, *, writes: bool = True) -> None:
    """Add the input, the output, and the extent of the job; `writes` as above."""
    job = parser.add_argument_group("the job")
    add_input_arguments(job)
    where = "where the files go" if writes else "where the files will go (default: a new directory here)"
    job.add_argument("--output-dir", type=a_path, required=writes, metavar="P", help=where)
    job.add_argument("--num-pairs", type=a_whole_number, metavar="N", help="only the first N rows (default: all)")
    job.add_argument(
        "--batch-size",
        type=a_whole_number,
        default=BATCH_SIZE,
        metavar="N",
        help="rows read ahead into the queue (%(default)s)",
    )
    job.add_argument(
        "--save-every",
        type=a_whole_number,
        default=SAVE_EVERY,
        metavar="N",
        help="rows between checkpoints (%(default)s)",
    )
    job.add_argument(
        "--dry-run", action="store_true", help="only say what it would cost and how long it would take"
    )
    add_shard_argument(job)
    job.add_argument(
        "--restart", action="store_true", help="move an earlier run and what it has spent aside, and start over"
    )


def add_shard_argument(job: argparse._ArgumentGroup) -> None:
    """One part of the work of several machines."""
    job.add_argument(
        "--shard", type=a_shard, metavar="I/N", help="only the I-th of N parts, by position; see asyncgen merge"
    )


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the work is done."""
    engine = parser.add_argument_group("many machines")
    engine.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="ray: shards of the run on a Ray cluster that shares the limits; needs asyncgen[ray] (%(default)s)",
    )
    engine.add_argument(
        "--shards", type=a_count, metavar="N", help="with --engine ray: how many (default: 4 to 16 for each actor)"
    )
    engine.add_argument(
        "--actors", type=a_count, metavar="N", help="with --engine ray: processes (default: one a machine)"
    )


def add_screen_arguments(parser: argparse.ArgumentParser, when: str = "") -> None:
    """Add what is shown meanwhile; `when` as above."""
    screen = parser.add_argument_group(f"the screen{when}")
    screen.add_argument("--log-file", type=a_path, metavar="P", help="a line of JSON for each event")
    screen.add_argument("--no-progress", action="store_true", help="no progress bar")
    screen.add_argument("-v", "--verbose", action="store_true", help="say why attempts fail")
    screen.add_argument("-q", "--quiet", action="store_true", help="only warnings and errors")
