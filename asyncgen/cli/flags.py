"""The flags of the main job, in groups: `run` and `plan` have all of them, other commands some."""

import argparse
import math
from pathlib import Path

from asyncgen.cli.env_file import add_env_file_argument
from asyncgen.cli.headers import add_header_argument
from asyncgen.cli.paths import a_path, a_prompt_file
from asyncgen.cli.request_field_flags import add_param_arguments
from asyncgen.cli.servers import add_local_argument
from asyncgen.config import (
    BATCH_SIZE,
    DEFAULT_BASE_URL,
    DEFAULT_MODEL,
    DEFAULT_RECIPE,
    FLEX_TIMEOUT,
    PAIR_TIMEOUT,
    SAVE_EVERY,
    TIMEOUT,
    shipped,
)
from asyncgen.shard import Shard


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
    job.add_argument("--num-pairs", type=int, metavar="N", help="only the first N rows (default: all)")
    job.add_argument(
        "--batch-size",
        type=int,
        default=BATCH_SIZE,
        metavar="N",
        help="rows read ahead into the queue (%(default)s)",
    )
    job.add_argument(
        "--save-every", type=int, default=SAVE_EVERY, metavar="N", help="rows between checkpoints (%(default)s)"
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
        "--shard", type=_shard, metavar="I/N", help="only the I-th of N parts, by position; see asyncgen merge"
    )


def add_input_arguments(job: argparse._ArgumentGroup) -> None:
    """Add the rows, and the recipe for each."""
    job.add_argument(
        "--input-jsonl",
        "--input",
        type=a_path,
        required=True,
        metavar="P",
        help="rows: JSON lines (.gz, .zst), CSV, TSV or Parquet; - is standard input",
    )
    job.add_argument(
        "--prompt-file", type=a_prompt_file, metavar="P", help=f"prompts (JSON); {DEFAULT_RECIPE} needs it"
    )
    add_recipe_arguments(job, "what is made: ", DEFAULT_RECIPE)
    job.add_argument("--add-reasoning", action="store_true", help="ask for the reasoning of both examples too")
    job.add_argument("--skip-bad", action="store_true", help="skip input lines that are not rows")


def add_recipe_arguments(group: argparse._ActionsContainer, what: str, default: str | None = None) -> None:
    """Add the recipe and the input's names for its fields; `what` it is for, `default` without the flag."""
    group.add_argument(
        "--recipe",
        type=_recipe,
        default=default,
        metavar="R",
        help=f"{what}a name in configs/recipes, FILE.toml, or module:Class"
        + (" (%(default)s)" if default else ""),
    )
    group.add_argument(
        "--field",
        type=_field,
        action="append",
        default=[],
        metavar="NAME=COLUMN",
        help="the column of the input that is the recipe's field NAME (repeated for other fields)",
    )


def add_api_arguments(parser: argparse.ArgumentParser, when: str = "", *, makes_requests: bool = True) -> None:
    """Add the server, its limits, and the budget.

    Args:
        parser: of the command.
        when: when they apply, if not always.
        makes_requests: the command builds its requests, rather than sending given ones.
    """
    api = parser.add_argument_group(f"the API{when}")
    api.add_argument(
        "--config",
        type=a_path,
        metavar="FILE.toml",
        help="a file of flags, by their long names, and tables of endpoints; flags that are typed win",
    )
    api.add_argument("--openai-api-key", metavar="K", help="better: the environment variable OPENAI_API_KEY")
    api.add_argument(
        "--model",
        metavar="M",
        help=f"{DEFAULT_MODEL}; with --local the name of its file; a directory keeps the one it was begun with"
        if makes_requests
        else f"of all requests, whatever they name (default: what they name, else {DEFAULT_MODEL})",
    )
    api.add_argument(
        "--continue-with-model",
        metavar="M",
        help="finish a directory whose model is no longer served with another one; each record names its model",
    )
    if makes_requests:
        add_param_arguments(api)
    add_server_arguments(api, makes_requests=makes_requests)
    api.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="NAME",
        help="instead of --base-url: [endpoint.NAME] of the --config file, with address, key and limits of its "
        "own; repeated, calls go where there is room",
    )
    add_limit_arguments(api)
    api.add_argument(
        "--share",
        type=_share,
        default=1.0,
        metavar="S",
        help="use at most this share of every limit: 1/8, 0.125 or 12.5%% (default: all)",
    )
    api.add_argument(
        "--max-cost",
        type=float,
        metavar="USD",
        help="never spend more in this directory, all its runs and the worst case of the calls in flight included",
    )
    api.add_argument("--max-total-tokens", type=int, metavar="N", help="the same in tokens")
    api.add_argument(
        "--cache",
        type=a_path,
        metavar="FILE",
        help="take answers from this file where it has them, and add new ones, such as answers.db: a request that "
        "another directory has paid for is not paid again; the file holds note text",
    )
    api.add_argument(
        "--prices",
        type=a_path,
        metavar="FILE",
        help="instead of configs/models.toml: a .toml like it, or a .json like litellm's price map",
    )
    api.add_argument("--max-attempts", type=int, default=6, metavar="N", help="attempts of one call (%(default)s)")
    api.add_argument(
        "--max-failures",
        type=_tolerance,
        default="90%",
        metavar="N|P%",
        help="stop when more rows fail than this number, or this share of those that have ended (%(default)s)",
    )
    api.add_argument(
        "--timeout",
        type=float,
        metavar="S",
        help=f"seconds of one attempt ({TIMEOUT:g}; with --service-tier flex {FLEX_TIMEOUT:g})",
    )
    api.add_argument(
        "--pair-timeout",
        type=float,
        metavar="S",
        help=f"seconds of all attempts of a row; waiting for limits does not count ({PAIR_TIMEOUT:g})",
    )
    api.add_argument(
        "--patience",
        type=float,
        default=600,
        metavar="S",
        help="stop when the server has refused everything for so many seconds (%(default)s)",
    )
    api.add_argument("--allow-http", action="store_true", help="send the key over http:// to another machine")
    add_simulate_argument(api)
    add_local_argument(api)


def add_batch_arguments(parser: argparse.ArgumentParser, when: str = "") -> None:
    """Add the flags of the Batch API; `when` as above."""
    batch = parser.add_argument_group(f"the Batch API{when}")
    batch.add_argument(
        "--batch",
        action="store_true",
        help="ask through the server's Batch API: half the price, within a day; the outputs are the same",
    )
    batch.add_argument(
        "--batch-tokens",
        type=_count,
        metavar="N",
        help="tokens of prompts that the account may have enqueued (see its limits page; default: no limit)",
    )
    batch.add_argument(
        "--batch-detach",
        action="store_true",
        help="leave when the batches are at the server (exit code 75); the same command takes the answers later",
    )
    batch.add_argument(
        "--batch-finish",
        type=int,
        default=0,
        metavar="N",
        help="ask the last N calls one by one, instead of waiting for another batch (%(default)s)",
    )
    batch.add_argument(
        "--batch-adopt",
        action="store_true",
        help="in a copy of a directory: take the answers to the batches that the original has sent",
    )


def add_limit_arguments(group: argparse._ArgumentGroup) -> None:
    """Add what the server grants, and the user's ceilings."""
    group.add_argument(
        "--tier",
        metavar="NAME",
        help="begin with the limits of PROVIDER:TIER (configs/tiers) or FILE.toml:TIER; the server's headers "
        "correct them, --rpm and --tpm override them",
    )
    group.add_argument(
        "--rpm", type=float, metavar="N", help="requests a minute at most (default: what the server grants)"
    )
    group.add_argument(
        "--tpm", type=float, metavar="N", help="tokens a minute at most (default: what the server grants)"
    )
    group.add_argument(
        "--concurrency",
        type=_concurrency,
        metavar="N|auto",
        help="calls in flight (auto: as many as limits and latency need)",
    )


def add_simulate_argument(group: argparse._ArgumentGroup) -> None:
    """Add the simulated API."""
    group.add_argument(
        "--simulate",
        nargs="?",
        const="default",
        metavar="PROFILE",
        help="use a simulated API on this machine: no key, no cost (a name in configs/profiles or a TOML file)",
    )


def add_sample_arguments(group: argparse._ActionsContainer) -> None:
    """Add a job for commands that only try something: by default the samples and the prompts that ship."""
    samples, prompts = shipped("samples", "pairs.jsonl"), shipped("prompts", f"{DEFAULT_RECIPE}.json")
    group.add_argument(
        "--input-jsonl", "--input", type=a_path, default=samples, metavar="P", help="rows (default: the samples)"
    )
    group.add_argument(
        "--prompt-file",
        type=a_prompt_file,
        default=prompts,
        metavar="P",
        help="prompts (default: those that ship)",
    )
    group.add_argument("--add-reasoning", action="store_true", help="with the reasoning of both examples")


def add_server_arguments(group: argparse._ArgumentGroup, *, makes_requests: bool = True) -> None:
    """Add the server's address and its ways; `makes_requests` as above."""
    group.add_argument("--base-url", metavar="U", help=f"OPENAI_BASE_URL, else {DEFAULT_BASE_URL}")
    if makes_requests:
        group.add_argument(
            "--max-tokens-field",
            choices=("max_tokens", "max_completion_tokens"),
            help="the name that the server gives the limit of an answer (default: as the model is known to call "
            "it)",
        )
    add_header_argument(group)
    add_env_file_argument(group)


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
        "--shards", type=_count, metavar="N", help="with --engine ray: how many (default: 4 for each actor)"
    )
    engine.add_argument(
        "--actors", type=_count, metavar="N", help="with --engine ray: processes (default: one a machine)"
    )


def add_screen_arguments(parser: argparse.ArgumentParser, when: str = "") -> None:
    """Add what is shown meanwhile; `when` as above."""
    screen = parser.add_argument_group(f"the screen{when}")
    screen.add_argument("--log-file", type=a_path, metavar="P", help="a line of JSON for each event")
    screen.add_argument("--no-progress", action="store_true", help="no progress bar")
    screen.add_argument("-v", "--verbose", action="store_true", help="say why attempts fail")
    screen.add_argument("-q", "--quiet", action="store_true", help="only warnings and errors")


def _recipe(text: str) -> str:
    """The recipe; a file by its absolute path, like all other files of a run."""
    return str(Path(text).resolve()) if text.endswith(".toml") else text


def _field(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not (name and equals and column):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=COLUMN, such as text=body")
    return name, column


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {number}")
    return number


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _concurrency(text: str) -> int | None:
    return None if text == "auto" else int(text)


def _share(text: str) -> float:
    """A share: `1/8`, `0.125` or `12.5%`; the configuration checks the range.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    number, slash, of = text.removesuffix("%").partition("/")
    try:
        return float(number) / (float(of) if slash else 100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a share: write 1/8, 0.125 or 12.5%") from None


def _tolerance(text: str) -> int | float:
    """A number of rows (int), or a share of them (float)."""
    share = float(text.removesuffix("%")) / 100 if text.endswith("%") else None
    value = int(text) if share is None else share
    if not 0 <= value <= (math.inf if share is None else 1):  # false for NaN
        raise ValueError
    return value
