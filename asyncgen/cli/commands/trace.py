"""`asyncgen trace`: the calls that a record was made from, and the same requests again."""

import argparse
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from asyncgen.cli import run_job as _job
from asyncgen.cli.addresses import address_lines
from asyncgen.cli.api_flags import add_api_arguments
from asyncgen.cli.input_flags import add_recipe_arguments, add_source_arguments
from asyncgen.config import DEFAULT_RECIPE
from asyncgen.errors import CallFailed, Exit, UsageError

if TYPE_CHECKING:
    from asyncgen.cli.replay import Question, Replay
    from asyncgen.monitor.row_trace import RowTrace

EXAMPLE = "asyncgen trace out ms-train-13 --again --input-jsonl pairs.jsonl --prompt-file prompts.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the directory, the row, and how to ask again."""
    add_source_arguments(
        parser, rows="the rows of the run, for --again", prompts="the prompts of the run, for --again"
    )
    parser.add_argument(
        "which",
        metavar="ROW",
        help="note id, index, hash of a request (or its beginning), or the server's request id",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--again",
        action="store_true",
        help="send the requests of the records again, or the one that was named, and show the new answers beside "
        "the old ones; nothing is written",
    )
    add_recipe_arguments(parser, "what asked, for --again (default: the recipe of the run): ")
    add_api_arguments(parser, " of --again")


def execute(args: argparse.Namespace) -> int:
    """Find the record, show its calls, and repeat them if asked to."""
    # Not for `asyncgen --help`, which must stay fast.
    from asyncgen.cli.trace_view import as_json, say_trace  # noqa: PLC0415
    from asyncgen.engine.event_loop import run_loop  # noqa: PLC0415
    from asyncgen.monitor.row_trace import find  # noqa: PLC0415
    from asyncgen.recipes.made_by import record_of  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415

    if not args.directory.is_dir():
        raise UsageError(f"{args.directory} is not a directory")
    disk = Disk()
    try:
        trace = find(RunDirectory(disk, args.directory.absolute()), args.which)
    finally:
        disk.close()
    by_default = (args.recipe or record_of(trace.state).name) == DEFAULT_RECIPE
    if args.again and (args.input_jsonl is None or (by_default and args.prompt_file is None)):
        raise UsageError(f"--again needs --input-jsonl{' and --prompt-file, those' * by_default} of the run")
    if not args.json:
        say_trace(trace)
    answers = run_loop(_again(args, trace)) if args.again else []
    if args.json:
        sys.stdout.buffer.write(as_json(trace, answers if args.again else None))
    return Exit.SOME_FAILED if any("error" in answer for answer in answers) else Exit.DONE


async def _again(args: argparse.Namespace, trace: "RowTrace") -> list[dict[str, Any]]:
    from asyncgen.cli.replay import Replay  # noqa: PLC0415
    from asyncgen.cli.servers import serve  # noqa: PLC0415
    from asyncgen.cli.trace_view import say_answer  # noqa: PLC0415

    job = _job.prepare_as_in(trace.state, args)
    async with AsyncExitStack() as stack:
        config, _ = await serve(job.config, stack, profile=job.profile, local=job.local)
        # The JSON has its stream to itself.
        stream = sys.stderr if args.json else sys.stdout
        stream.writelines(f"{line}\n" for line in address_lines(config))
        stream.flush()
        again = Replay(config, job.price, trace)
        client = await stack.enter_async_context(again.client())
        answers = []
        # All are proved to be the same before one is paid for.
        for question in await again.questions(client):
            answers.append(await _ask(again, client, question))
            if not args.json:
                say_answer(answers[-1])
    return answers


async def _ask(again: "Replay", client: Any, question: "Question") -> dict[str, Any]:
    from asyncgen.cli.trace_view import compare  # noqa: PLC0415

    try:
        completion = await again.ask(client, question)
    except CallFailed as error:
        return {"step": question.step, "request": question.request.hash, "error": error.kind}
    return compare(question, completion)
