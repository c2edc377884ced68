"""`asyncgen requests`: send a file in the Batch API's input format through the live API or in batches."""

import argparse
from dataclasses import replace
from pathlib import Path

from asyncgen.cli.api_flags import add_api_arguments, add_batch_arguments
from asyncgen.cli.execution import carry_out
from asyncgen.cli.flag_types import a_whole_number
from asyncgen.cli.flags import JOB_DEFAULTS, add_screen_arguments, add_shard_argument
from asyncgen.cli.paths import STATE_SUFFIX, a_path, absolute, absolute_input, absolute_output
from asyncgen.cli.run_job import prepare
from asyncgen.config import REQUESTS
from asyncgen.errors import BadDataError, UsageError
from asyncgen.storage.input_formats import look_at
from asyncgen.storage.input_formats.packed import unpacked_name

EXAMPLE = "asyncgen requests batch.jsonl -o answers.jsonl --tier openai:tier-2"
_OUTPUT = "-o"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the two files, the number of requests, and all flags of the API."""
    job = parser.add_argument_group("the job")
    job.add_argument(
        "requests_file",
        nargs="?",
        type=a_path,
        metavar="BATCH.jsonl",
        help='a line for each request, as {"custom_id", "method", "url", "body"} or as a bare body (.gz and .zst '
        "too); - is standard input",
    )
    job.add_argument("-i", "--input-file", type=a_path, metavar="P", help="the same, as vllm run-batch calls it")
    job.add_argument(
        "-o",
        "--output-file",
        type=a_path,
        required=True,
        metavar="OUT.jsonl",
        help=f"the answers, a line each, in the order of the requests; beside it is OUT.jsonl{STATE_SUFFIX}, with "
        "what a restart needs",
    )
    job.add_argument(
        "--num-pairs", type=a_whole_number, metavar="N", help="only the first N requests (default: all)"
    )
    job.add_argument(
        "--dry-run", action="store_true", help="only say what it would cost and how long it would take"
    )
    add_shard_argument(job)
    job.add_argument(
        "--restart", action="store_true", help="move an earlier run and what it has spent aside, and start over"
    )
    job.add_argument(
        "--skip-bad", action="store_true", help="skip lines that are not requests; they get no answer"
    )
    add_api_arguments(parser, makes_requests=False)
    add_batch_arguments(parser)
    add_screen_arguments(parser)
    parser.set_defaults(**JOB_DEFAULTS, recipe=REQUESTS)


def execute(args: argparse.Namespace) -> int:
    """Make the calls that are missing, or say what they would take."""
    output = _place(args)
    if args.dry_run:
        from asyncgen.cli.commands import plan  # noqa: PLC0415 - as for `asyncgen run`

        return plan.execute(args)
    return carry_out(replace(prepare(args), output_file=output), args)


def _place(args: argparse.Namespace) -> Path:
    """Set the input and the directory in `args`, as for other commands; returns the output file.

    Raises:
        UsageError: a path cannot be used.
    """
    given = [path for path in (args.requests_file, args.input_file) if path is not None]
    if len(given) != 1:
        raise UsageError("name the file with the requests, once: asyncgen requests BATCH.jsonl -o OUT.jsonl")
    output = _output_file(args.output_file)
    args.output_dir = absolute_output(output.with_name(output.name + STATE_SUFFIX), _OUTPUT)
    args.input_jsonl = absolute_input(given[0], "BATCH.jsonl", args.output_dir, restart=args.restart)
    if output == args.input_jsonl:
        raise UsageError(f"{_OUTPUT} names the file with the requests: name another one")
    if not look_at(args.input_jsonl).json_lines:
        raise BadDataError(
            f"{given[0]} is a table, and a request is a JSON object in a line of its own: make them with your "
            "program, or ask about the rows of a table with asyncgen run and a recipe"
        )
    return output


def _output_file(path: Path) -> Path:
    found = absolute(path, _OUTPUT)
    # Asked of the name itself: a pipe behind /dev/stdout has no path.
    if str(path) == "-" or (path.exists() and not path.is_file()):
        raise UsageError(
            f"{_OUTPUT} {path} is not a regular file: the answers are merged in place, which needs one"
        )
    if unpacked_name(path.name) != path.name:
        raise UsageError(f"{_OUTPUT} {path}: answers are not written compressed; name a .jsonl file")
    return found
