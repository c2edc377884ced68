"""The flags of the API: the server, its limits, batches, and what may be spent."""

import argparse

from asyncgen.cli.env_file import add_env_file_argument
from asyncgen.cli.flag_types import (
    a_concurrency,
    a_count,
    a_duration,
    a_number,
    a_share,
    a_tolerance,
    a_whole_number,
)
from asyncgen.cli.headers import add_header_argument
from asyncgen.cli.paths import a_path
from asyncgen.cli.request_field_flags import add_param_arguments
from asyncgen.cli.servers import add_local_argument
from asyncgen.config import DEFAULT_BASE_URL, DEFAULT_MODEL, FLEX_TIMEOUT, PAIR_TIMEOUT, TIMEOUT


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
    else:
        parser.set_defaults(param=(), strict_params=False, keep_thinking=False, max_tokens_field=None)
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
        type=a_share,
        default=1.0,
        metavar="S",
        help="use at most this share of every limit: 1/8, 0.125 or 12.5%% (default: all)",
    )
    api.add_argument(
        "--max-cost",
        type=a_number,
        metavar="USD",
        help="never spend more in this directory, all its runs and the worst case of the calls in flight included",
    )
    api.add_argument("--max-total-tokens", type=a_whole_number, metavar="N", help="the same in tokens")
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
    api.add_argument(
        "--max-attempts", type=a_whole_number, default=6, metavar="N", help="attempts of one call (%(default)s)"
    )
    api.add_argument(
        "--max-failures",
        type=a_tolerance,
        default="90%",
        metavar="N|P%",
        help="stop when more rows fail than this number, or this share of those that have ended (%(default)s)",
    )
    api.add_argument(
        "--timeout",
        type=a_duration,
        metavar="S",
        help=f"seconds of one attempt ({TIMEOUT:g}; with --service-tier flex {FLEX_TIMEOUT:g})",
    )
    api.add_argument(
        "--pair-timeout",
        type=a_duration,
        metavar="S",
        help="seconds of all failed attempts of a row, with the pauses after them; waiting for limits does not "
        f"count ({PAIR_TIMEOUT:g})",
    )
    api.add_argument(
        "--patience",
        type=a_duration,
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
        type=a_count,
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
        type=a_whole_number,
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
        help="start with the limits of PROVIDER:TIER (configs/tiers) or FILE.toml:TIER; the server's headers "
        "correct them, --rpm and --tpm override them",
    )
    group.add_argument(
        "--rpm", type=a_number, metavar="N", help="requests a minute at most (default: what the server grants)"
    )
    group.add_argument(
        "--tpm", type=a_number, metavar="N", help="tokens a minute at most (default: what the server grants)"
    )
    group.add_argument(
        "--concurrency",
        type=a_concurrency,
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
