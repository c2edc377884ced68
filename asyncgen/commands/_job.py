"""The main job: its flags, what they come to, and carrying it out. `run` and `plan` share it."""

import argparse
import asyncio
import math
import os
import resource
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.budget import Price, with_larger_budget
from asyncgen.commands._servers import add_local_argument, local_model, model_name, serve_local, serve_simulator
from asyncgen.config import (
    DEFAULT_BASE_URL,
    DEFAULT_MODEL,
    MOST_AUTOMATIC,
    RunConfig,
    is_loopback,
    resolve_api_key,
)
from asyncgen.errors import AsyncgenError, DirectoryError, Exit, Interrupted, KeyOrQuotaError, UsageError
from asyncgen.fleet import load_endpoints
from asyncgen.loop import run_loop
from asyncgen.prices import load_price
from asyncgen.shard import Shard
from asyncgen.tiers import Tier, load_tier

if TYPE_CHECKING:
    from asyncgen.checkpoint import RunState
    from asyncgen.local import LocalModel
    from asyncgen.regeneration import Flaws

MOST_DESCRIPTORS = 65_536
OTHER_DESCRIPTORS = 64  # files, journal, event loop, libraries
BEGIN_ANEW = "choose another --output-dir, or --restart to move everything aside and begin anew"
RESUMABLE = {Exit.BUDGET, Exit.DISK, Exit.TRY_LATER, Exit.KEY_OR_QUOTA, Exit.INTERRUPTED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the contract."""
    add_job_arguments(parser)
    add_api_arguments(parser)
    add_engine_arguments(parser)
    add_screen_arguments(parser)


def add_job_arguments(parser: argparse.ArgumentParser) -> None:
    """What is made of what, and how far."""
    job = parser.add_argument_group("the job")
    job.add_argument("--input-jsonl", type=Path, required=True, metavar="P", help="pairs, one JSON object a line")
    job.add_argument("--output-dir", type=Path, required=True, metavar="P", help="where the three files go")
    job.add_argument("--prompt-file", type=Path, required=True, metavar="P", help="prompts (JSON)")
    job.add_argument("--num-pairs", type=int, metavar="N", help="only the first N pairs (default: all)")
    job.add_argument("--add-reasoning", action="store_true", help="ask for the reasoning of both examples too")
    job.add_argument(
        "--batch-size", type=int, default=10, metavar="N", help="pairs read ahead into the queue (%(default)s)"
    )
    job.add_argument(
        "--save-every", type=int, default=5, metavar="N", help="pairs between checkpoints (%(default)s)"
    )
    job.add_argument(
        "--dry-run", action="store_true", help="only say what it would cost and how long it would take"
    )
    job.add_argument(
        "--shard", type=_shard, metavar="I/N", help="only the I-th of N parts, by position; see asyncgen merge"
    )
    job.add_argument(
        "--restart", action="store_true", help="move an earlier run and what it has spent aside, and begin anew"
    )
    job.add_argument("--skip-bad", action="store_true", help="go on without input lines that are no pair")


def add_api_arguments(parser: argparse.ArgumentParser, when: str = "") -> None:
    """The server, its limits, and what may be spent; `when` says when they count, if not always."""
    api = parser.add_argument_group(f"the API{when}")
    api.add_argument(
        "--config",
        type=Path,
        metavar="FILE.toml",
        help="flags in a file, by their long names; those typed win; and tables of endpoints",
    )
    api.add_argument("--openai-api-key", metavar="K", help="better: the environment variable OPENAI_API_KEY")
    api.add_argument("--model", metavar="M", help=f"{DEFAULT_MODEL}; with --local the name of its file")
    api.add_argument("--base-url", metavar="U", help=f"OPENAI_BASE_URL, else {DEFAULT_BASE_URL}")
    api.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="NAME",
        help="instead of --base-url: [endpoint.NAME] of the --config file, with address, key and limits of its "
        "own; given again, calls go where there is room",
    )
    api.add_argument(
        "--max-tokens-field",
        default="max_tokens",
        choices=("max_tokens", "max_completion_tokens"),
        help="the name that the server gives the limit of an answer (%(default)s)",
    )
    api.add_argument(
        "--tier",
        metavar="NAME",
        help="begin with the limits of PROVIDER:TIER (configs/tiers) or FILE.toml:TIER; the server's headers "
        "correct them, --rpm and --tpm override them",
    )
    api.add_argument(
        "--rpm", type=float, metavar="N", help="requests a minute at most (default: what the server grants)"
    )
    api.add_argument(
        "--tpm", type=float, metavar="N", help="tokens a minute at most (default: what the server grants)"
    )
    api.add_argument(
        "--share",
        type=_share,
        default=1.0,
        metavar="S",
        help="of every limit, that this process takes at most: 1/8, 0.125 or 12.5%% (default: all)",
    )
    api.add_argument(
        "--concurrency",
        type=_concurrency,
        metavar="N|auto",
        help="calls in flight (auto: as many as limits and latency need)",
    )
    api.add_argument(
        "--max-cost",
        type=float,
        metavar="USD",
        help="never spend more in this directory, all its runs and the dearest case of calls in flight included",
    )
    api.add_argument("--max-total-tokens", type=int, metavar="N", help="the same in tokens")
    api.add_argument(
        "--prices", type=Path, metavar="FILE.toml", help="instead of configs/prices.toml (dated, by model)"
    )
    api.add_argument("--max-attempts", type=int, default=6, metavar="N", help="of one call (%(default)s)")
    api.add_argument(
        "--max-failures",
        type=_tolerance,
        default="90%",
        metavar="N|P%",
        help="stop when more pairs fail than this number, or this share of those that have ended (%(default)s)",
    )
    api.add_argument("--timeout", type=float, default=120, metavar="S", help="of one attempt (%(default)s)")
    api.add_argument(
        "--pair-timeout",
        type=float,
        default=1800,
        metavar="S",
        help="of all attempts of a pair; waiting for limits does not count (%(default)s)",
    )
    api.add_argument(
        "--patience",
        type=float,
        default=600,
        metavar="S",
        help="stop when the server has refused everything for so long (%(default)s)",
    )
    api.add_argument("--allow-http", action="store_true", help="send the key over http:// to another machine")
    api.add_argument(
        "--simulate",
        nargs="?",
        const="default",
        metavar="PROFILE",
        help="use a simulated API on this machine: no key, no cost (a name in configs/profiles or a TOML file)",
    )
    add_local_argument(api)


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the work is done."""
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
    """What is shown meanwhile; `when` as above."""
    screen = parser.add_argument_group(f"the screen{when}")
    screen.add_argument("--log-file", type=Path, metavar="P", help="a line of JSON for each event")
    screen.add_argument("--no-progress", action="store_true", help="no progress bar")
    screen.add_argument("-v", "--verbose", action="store_true", help="say why attempts fail")
    screen.add_argument("-q", "--quiet", action="store_true", help="only warnings and errors")


@dataclass(frozen=True, slots=True)
class Job:
    """What the flags come to; `profile` is that of --simulate."""

    config: RunConfig
    tier: Tier | None
    price: Price | None
    profile: str | None
    local: "LocalModel | None"
    engine: str = "local"
    shards: int | None = None
    actors: int | None = None


def prepare(args: argparse.Namespace, *, needs_key: bool = True) -> Job:
    """Read the flags.

    Raises:
        UsageError: they cannot be carried out.
        KeyOrQuotaError: a key is needed, and there is none.
    """
    local = local_model(args)
    tier = None if args.tier is None else load_tier(args.tier, model_name(args, local))
    config = _config(args, tier, local, needs_key=needs_key)
    price = load_price(config.model, args.prices)
    if price is None and config.max_cost is not None:
        raise UsageError(
            f"--max-cost needs a price of {config.model}: list it in a file like configs/prices.toml, for --prices"
        )
    engine = getattr(args, "engine", "local")  # other commands have no choice
    job = Job(config, tier, price, args.simulate, local)
    return job if engine == "local" else _on_cluster(job, args)


def _on_cluster(job: Job, args: argparse.Namespace) -> Job:
    """Refuse what a cluster cannot do, while that costs nothing.

    Raises:
        UsageError: it cannot be carried out there.
    """
    if job.profile is not None or job.local is not None:
        raise UsageError(
            "--simulate and --local serve this process alone: for --engine ray start a server that all machines "
            "reach (asyncgen simulate), and name it with --base-url"
        )
    if job.config.shard is not None:
        raise UsageError("--shard and --engine ray both divide the run: leave one out")
    for served in job.config.served:
        if served.concurrency is not None and args.actors is not None and served.concurrency < args.actors:
            whose = f"the concurrency of endpoint {served.name}," if served.name else "--concurrency"
            raise UsageError(f"{whose} {served.concurrency} is for all {args.actors} actors together: too small")
    if find_spec("ray") is None:
        raise UsageError("--engine ray needs the package ray: pip install 'asyncgen[ray]'")
    return replace(job, engine=args.engine, shards=args.shards, actors=args.actors)


def prepare_as_in(state: "RunState", args: argparse.Namespace) -> Job:
    """Read the flags of a command that works on what is in `args.directory`: the run's state says the others.

    Raises:
        UsageError, KeyOrQuotaError: as `prepare`.
    """
    server = (args.simulate, args.local, args.base_url or os.environ.get("OPENAI_BASE_URL"), args.endpoint or None)
    if str(state.fingerprint.get("endpoint")).startswith("loopback") and server == (None,) * 4:
        raise UsageError("this run used a server on this machine: give --simulate, --local or --base-url again")
    args.output_dir, args.num_pairs, args.shard = args.directory, state.last_completed_idx + 1, None
    if state.portion is not None:
        args.num_pairs, args.shard = state.portion.pairs, state.portion.shard
    args.add_reasoning = state.fingerprint.get("add_reasoning") is True
    # Lines that the run has left out are left out again: the input is known by the others.
    args.restart, args.skip_bad, args.batch_size, args.save_every = False, True, 10, 5
    return prepare(args)


def carry_out(job: Job, args: argparse.Namespace, flaws: "Flaws | None" = None) -> int:
    """Run, or ask anew for what has flaws; and tell the user about it."""
    from asyncgen.console import Console  # noqa: PLC0415 - tqdm is not for --help

    console = Console(
        progress=not args.no_progress, verbose=args.verbose, quiet=args.quiet, log_file=args.log_file
    )
    with console:
        console.paths(job.config)
        if job.tier is not None:
            console.say(f"Tier:    {job.tier}")
        if job.local is not None:
            console.say(f"Model:   {job.local}")
        if job.config.concurrency is None and job.config.most_in_flight < MOST_AUTOMATIC:
            most = f"at most {job.config.most_in_flight:,} calls are in flight"
            console.say(f"Sockets: {most}: no more can this process open; `ulimit -n` raises that")
        if args.openai_api_key:
            console.warn("--openai-api-key can be seen by others in the process list; use OPENAI_API_KEY instead")
        try:
            return run_loop(_execute(job, console, flaws))
        except AsyncgenError as error:
            # To begin anew is for the run, not for what works on a run that is there.
            anew = isinstance(error, DirectoryError) and flaws is None
            console.error(f"{error}; {BEGIN_ANEW}" if anew else str(error))
            if error.exit_code in RESUMABLE:
                console.advise(f"to go on: {with_larger_budget(_command(sys.argv), str(error))}")
            return error.exit_code


async def _execute(job: Job, console: Any, flaws: "Flaws | None") -> int:
    # Slow imports, paid only when there is something to run.
    from asyncgen.commands._survey import expectation  # noqa: PLC0415
    from asyncgen.disk import Disk  # noqa: PLC0415
    from asyncgen.pipeline import Run  # noqa: PLC0415
    from asyncgen.prompts import PromptFile  # noqa: PLC0415
    from asyncgen.recipes.medec_safe import MedecSafe  # noqa: PLC0415

    config, local = job.config, job.local
    prompts = PromptFile.load(config.prompt_file)
    recipe = MedecSafe(prompts, add_reasoning=config.add_reasoning)
    if prompts.unknown:
        console.warn(f"not placeholders, and sent as they stand: {', '.join(prompts.unknown)}")
    if job.engine == "ray":
        return await _execute_on_cluster(job, console)
    async with AsyncExitStack() as stack:
        if job.profile is not None:
            config = await serve_simulator(job.profile, config, stack)
        if local is not None:
            config, server = await serve_local(local, config, stack)
        disk = Disk()
        stack.callback(disk.close)
        run = Run(
            config,
            recipe,
            [console.observe],
            disk,
            price=job.price,
            expect=await expectation(config, job.price, job.tier),
            command=_command_from_anywhere(sys.argv),
        )
        _handle_signals(run.stop)
        if local is not None:
            stack.callback(asyncio.create_task(server.watch(run.stop)).cancel)
        if flaws is not None:
            await run.regenerate(flaws)
            return Exit.DONE
        summary = await run.execute()
    console.summary(summary, config.output_dir, job.price)
    return Exit.SOME_FAILED if summary.failed_pairs else Exit.DONE


async def _execute_on_cluster(job: Job, console: Any) -> int:
    from asyncgen.cluster.fleet import RayCluster  # noqa: PLC0415 - as above
    from asyncgen.cluster.job import ClusterJob  # noqa: PLC0415
    from asyncgen.cluster.run import ClusterRun  # noqa: PLC0415
    from asyncgen.commands._survey import expectation  # noqa: PLC0415
    from asyncgen.disk import Disk  # noqa: PLC0415

    config, disk = job.config, Disk()

    def connect() -> RayCluster:
        cluster = RayCluster()
        _handle_signals(run.stop)  # Ray has taken them
        return cluster

    try:
        run = ClusterRun(
            ClusterJob(config, job.price),
            job.shards,
            job.actors,
            connect,
            [console.observe],
            disk,
            expect=await expectation(config, job.price, job.tier),
            command=_command_from_anywhere(sys.argv),
        )
        _handle_signals(run.stop)
        summary = await run.execute()
    finally:
        disk.close()
    console.summary(summary, config.output_dir, job.price)
    return Exit.SOME_FAILED if summary.failed_pairs else Exit.DONE


def _config(
    args: argparse.Namespace, tier: Tier | None, local: "LocalModel | None", *, needs_key: bool
) -> RunConfig:
    simulated = args.simulate is not None
    if args.endpoint:
        _refuse_beside_endpoints(args)
    if simulated and args.base_url:
        raise UsageError("--simulate brings its own server: leave --base-url out")
    own_server = simulated or local is not None
    base_url = args.base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL
    config = RunConfig(
        input_jsonl=args.input_jsonl.resolve(),
        output_dir=args.output_dir.resolve(),
        prompt_file=args.prompt_file.resolve(),
        num_pairs=args.num_pairs,
        add_reasoning=args.add_reasoning,
        batch_size=args.batch_size,
        save_every=args.save_every,
        api_key="none" if own_server else "" if args.endpoint else resolve_api_key(args.openai_api_key),
        model=model_name(args, local),
        model_file="" if local is None else local.identity,
        base_url=DEFAULT_BASE_URL if own_server or args.endpoint else base_url,
        endpoints=load_endpoints(args.config, args.endpoint) if args.endpoint else (),
        max_tokens_field=args.max_tokens_field,
        rpm=args.rpm,
        tpm=args.tpm,
        preset_rpm=None if tier is None else tier.rpm,
        preset_tpm=None if tier is None else tier.tpm,
        share=args.share,
        concurrency=args.concurrency if local is None else local.slots,
        most_in_flight=min(MOST_AUTOMATIC, sockets()),
        max_cost=args.max_cost,
        max_total_tokens=args.max_total_tokens,
        max_attempts=args.max_attempts,
        max_failures=args.max_failures if isinstance(args.max_failures, int) else None,
        max_failed_share=args.max_failures if isinstance(args.max_failures, float) else 1.0,
        timeout=args.timeout,
        pair_timeout=args.pair_timeout,
        patience=args.patience,
        allow_http=args.allow_http,
        restart=args.restart,
        skip_bad=args.skip_bad,
        shard=args.shard,
    )
    if config.ceiling > sockets():
        what = "the concurrency of all endpoints," if config.endpoints else "--concurrency"
        raise UsageError(
            f"{what} {config.ceiling} needs as many sockets, and this system lets a process open "
            f"{sockets()}: lower it, or raise `ulimit -n`"
        )
    if needs_key and not config.endpoints and not config.api_key and not is_loopback(config.base_url):
        raise KeyOrQuotaError(
            "no API key: set the environment variable OPENAI_API_KEY; without one there are --simulate "
            "(a simulated API) and --local (a model on this machine)"
        )
    return config


def _refuse_beside_endpoints(args: argparse.Namespace) -> None:
    """What an endpoint says itself, or what brings a server of its own, cannot be said beside it."""
    flags = ("simulate", "local", "base_url", "openai_api_key", "tier", "rpm", "tpm", "concurrency")
    given = next((flag for flag in flags if getattr(args, flag, None) is not None), None)
    if given is not None:
        name = f"--{given.replace('_', '-')}"
        reason = {
            "simulate": "brings its own server",
            "local": "brings its own server",
            "tier": "is for --base-url: name rpm and tpm in [endpoint.NAME]",
        }.get(given, f"is said by each [endpoint.NAME] ({'api-key-env' if 'key' in given else name[2:]})")
        raise UsageError(f"--endpoint and {name} do not go together: {name} {reason}; leave one of them out")


def sockets() -> int:
    """How many connections this process may have open, after asking for all that the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else MOST_DESCRIPTORS
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(1, max(soft, wanted) - OTHER_DESCRIPTORS)


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
    """A share: `1/8`, `0.125` or `12.5%`; the configuration says what is too small or too large.

    Raises:
        argparse.ArgumentTypeError: it is none of these.
    """
    number, slash, of = text.removesuffix("%").partition("/")
    try:
        return float(number) / (float(of) if slash else 100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text!r} is no share: write 1/8, 0.125 or 12.5%") from None


def _tolerance(text: str) -> int | float:
    """A number of pairs (int), or a share of them (float)."""
    share = float(text.removesuffix("%")) / 100 if text.endswith("%") else None
    value = int(text) if share is None else share
    if not 0 <= value <= (math.inf if share is None else 1):  # NaN is not
        raise ValueError
    return value


def _handle_signals(stop: Callable[[AsyncgenError], None]) -> None:
    """First Ctrl-C or SIGTERM: stop in order. Second: leave now; the journal has everything paid."""
    asked = False

    def handle() -> None:
        nonlocal asked
        if asked:
            sys.stderr.write("\nleft at once; calls in flight may be billed twice\n")
            sys.stderr.flush()
            os._exit(Exit.INTERRUPTED)
        asked = True
        stop(Interrupted("interrupted; everything paid is saved"))

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handle)


def _command_from_anywhere(argv: Sequence[str]) -> str:
    """The command for another day and another shell: its paths may be relative to where we are."""
    command = _command(argv, sys.executable)
    with suppress(OSError):  # where we are may have been removed
        command = f"cd {shlex.quote(str(Path.cwd()))} && {command}"
    return command


def command(program: str, *words: str) -> str:
    """A command as typed, without the key and without --restart."""
    shown = list(words)
    for place, word in enumerate(words):
        if not word.startswith("--op"):  # the flag may be shortened
            continue
        flag, equals, _ = word.partition("=")
        if equals:
            shown[place] = f"{flag}=…"
        elif place + 1 < len(words):
            shown[place + 1] = "…"
    return f"{program} {shlex.join(word for word in shown if word != '--restart')}".strip()


def _command(argv: Sequence[str], python: str = "python") -> str:
    """The command of this process; the interpreter is named for a script, or python -m asyncgen."""
    program = shlex.quote(argv[0])
    if argv[0].endswith(".py"):
        module = Path(argv[0]).name == "__main__.py"
        program = shlex.join([python, "-m", "asyncgen"] if module else [python, argv[0]])
    return command(program, *argv[1:])
