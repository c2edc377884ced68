"""`asyncgen tune`: the concurrency that a tier needs, and the pace that results."""

import argparse
import math
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.cli.address_and_key import check_has_key, endpoint_of
from asyncgen.cli.addresses import shown_address
from asyncgen.cli.api_flags import add_limit_arguments, add_server_arguments, add_simulate_argument
from asyncgen.cli.flag_types import a_number, a_whole_number
from asyncgen.cli.input_flags import add_recipe_arguments, add_sample_arguments
from asyncgen.cli.lines import Lines, say
from asyncgen.cli.paths import absolute, absolute_input
from asyncgen.cli.servers import add_local_argument, default_model, local_model, serve
from asyncgen.cli.setting_names import in_flags
from asyncgen.config import (
    DEFAULT_MODEL,
    DEFAULT_RECIPE,
    EndpointConfig,
    RunConfig,
)
from asyncgen.config.shipped import shipped
from asyncgen.cost import Price
from asyncgen.engine.event_loop import run_loop
from asyncgen.engine.sockets import check_sockets, most_in_flight
from asyncgen.errors import Exit, UsageError
from asyncgen.humanize import MINUTE, NO_PRICE, amount, duration, one_of, rate, usd, with_article
from asyncgen.planning.capacity import Load, Plan, plan
from asyncgen.planning.forecast import forecast
from asyncgen.planning.prices import load_price
from asyncgen.planning.tiers import LIMITS, Tier, format_limits, load_tier

if TYPE_CHECKING:
    from asyncgen.local.model import LocalModel
    from asyncgen.planning.measure import Cost, Measured

EXAMPLE = "asyncgen tune --plan-only --tier openai:tier-3 --num-pairs 10000 --add-reasoning"

SIGMA = 0.3  # of the latency in a rehearsal, lognormal; a guess, as only the mean was measured
LEAST_CALLS, LONGEST = 24, 90.0  # calls and seconds of a rehearsal, if the limit allows few calls
FEW_CALLS = 3  # calls in the bucket: with one, any jitter would be a refusal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: limits, the job, and how many calls may be made."""
    limits = parser.add_argument_group("the limits")
    add_limit_arguments(limits)

    job = parser.add_argument_group("the job")
    add_sample_arguments(job)
    parser.set_defaults(input_jsonl=None, prompt_file=None)  # the samples are for the default recipe
    add_recipe_arguments(job, "what is made: ", DEFAULT_RECIPE)
    job.add_argument(
        "--num-pairs", type=a_whole_number, metavar="N", help="rows of the job (default: those of the input)"
    )
    job.add_argument("--model", metavar="M", help=f"{DEFAULT_MODEL}; with --local the name of its file")
    job.add_argument(
        "--latency", type=a_number, default=4.0, metavar="S", help="of a call, with --plan-only (%(default)s)"
    )

    asking = parser.add_argument_group("real calls")
    asking.add_argument("--plan-only", action="store_true", help="calculate from the numbers alone; send nothing")
    asking.add_argument(
        "--calls", type=a_whole_number, default=12, metavar="N", help="calls to measure (%(default)s)"
    )
    asking.add_argument("-y", "--yes", action="store_true", help="send them without asking")
    add_server_arguments(asking)
    add_simulate_argument(asking)
    add_local_argument(asking)
    asking.add_argument(
        "--rehearse",
        nargs="?",
        type=a_number,
        const=20.0,
        metavar="S",
        help="check the answer: run the job against a simulator with the same numbers for S seconds (%(const)s; "
        "longer for slow tiers)",
    )


def execute(args: argparse.Namespace) -> int:
    """Compute, measure and rehearse as requested, and print the result."""
    local = local_model(args)
    config = _config(args, local)
    tier = _tier(args, config.model)
    if not 0 < args.latency < math.inf:
        raise UsageError(f"--latency must be a number of seconds above 0, not {args.latency:g}")
    if args.calls < 1:
        raise UsageError(f"--calls must be at least 1, not {args.calls}")
    if args.rehearse is not None and not 1 <= args.rehearse < math.inf:
        raise UsageError(f"--rehearse must be at least 1 second, not {args.rehearse:g}")
    return run_loop(_answer(args, config, tier, local))


async def _answer(args: argparse.Namespace, config: RunConfig, tier: Tier, local: "LocalModel | None") -> int:
    from asyncgen.planning.measure import estimate  # noqa: PLC0415 - it brings the engine
    from asyncgen.planning.survey import rows_of_job  # noqa: PLC0415

    pairs, cost = await estimate(config)
    price = load_price(config.model)
    if args.plan_only:
        latency, spread, used = args.latency, f"{args.latency:.1f} s (assumed: --latency)", None
        dollars = await _guessed_cost(config, pairs, price)
    else:
        measured = await _measure(args, config, cost, local)
        if measured is None:
            say("nothing was sent")
            if args.rehearse is not None:
                _warn("not rehearsed: that takes the latency of these calls; --plan-only assumes one")
            return Exit.DONE
        tier = _corrected(tier, measured.limits, config)
        latency, spread, used = measured.latency, str(measured), measured.used
        dollars = NO_PRICE if price is None else f"{usd(measured.cost(price) * cost.calls * pairs)} (measured)"
    load = Load(calls=cost.calls, charged=cost.charged, latency=latency)
    found = plan(load, tier, config.ceiling)
    if tier.rpm is None and tier.tpm is None and config.endpoints[0].concurrency is None:
        say(f"{'latency':<14} {spread}")
        if args.tier is not None:
            say(f"{tier.name}: {tier.source}" if tier.source else str(tier))
        say(
            "No limit is known. Leave --concurrency out: the run finds out from the latency how much the server "
            "can take."
        )
        say(
            "For figures, give --rpm and --tpm as your account's limits page says"
            + (", or leave --plan-only out: a few calls then ask the server." if args.plan_only else ".")
        )
        if args.rehearse is not None:
            _warn("not rehearsed: without a limit there is no prediction to check; give --rpm or --tpm")
        return Exit.DONE
    rows = rows_of_job(config)
    _report(tier, load, found, pairs=pairs, rows=rows, latency=spread, used=used, cost=dollars)
    _suggest(args, config, tier, found)
    if args.rehearse is not None:
        await _rehearse(args.rehearse, config, tier, load, found)
    return Exit.DONE


async def _measure(
    args: argparse.Namespace, config: RunConfig, cost: "Cost", local: "LocalModel | None"
) -> "Measured | None":
    """Ask for permission to make the calls, then make them; None if it was not given."""
    from asyncgen.planning.measure import measure  # noqa: PLC0415

    pairs = math.ceil(args.calls / cost.calls)
    calls = round(min(pairs, cost.pairs) * cost.calls)
    where = shown_address(config.endpoints[0])
    if args.simulate is not None or local is not None:
        where = "a simulated API" if local is None else f"{config.model} on this machine"
    most, price = cost.most(calls), load_price(config.model)
    worth = "" if price is None else f" ({usd(price.cost(most))} for {price.model})"
    say(f"This sends {calls} calls to {where}, at most about {most.total_tokens:,} tokens{worth}.")
    if args.simulate is None and local is None and not args.yes:
        if not sys.stdin.isatty():
            raise UsageError(
                "real calls cost money, and there is no terminal to confirm at: add --yes, or --plan-only"
            )
        sys.stdout.write("Send them? [y/N] ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            return None
    async with AsyncExitStack() as stack:
        config, _ = await serve(config, stack, profile=args.simulate, local=local)
        return await measure(config, pairs)


async def _rehearse(seconds: float, config: RunConfig, tier: Tier, load: Load, found: Plan) -> None:
    """Run the job against a simulator with these numbers, and compare."""
    from asyncgen.cli.rehearsal import rehearse  # noqa: PLC0415
    from asyncgen.recipes import build  # noqa: PLC0415
    from asyncgen.recipes.repeated_rows import write_rows  # noqa: PLC0415
    from asyncgen.simulator import Latency, Limits, Profile, Simulator  # noqa: PLC0415

    warm_up = 2 + 2 * load.latency
    seconds = max(seconds, min(LONGEST, max(LEAST_CALLS / found.rates[found.binds], 2 * warm_up)))
    warm_up = min(seconds / 2, warm_up)
    median = load.latency / math.exp(SIGMA**2 / 2)
    # Enforced by the second, but with a bucket that holds a few calls.
    burst = min(MINUTE, max(1.0, FEW_CALLS * max(1 / rate for rate in found.rates.values())))
    limits = Limits(rpm=round(tier.rpm or 0), tpm=round(tier.tpm or 0), burst_s=burst)
    profile = Profile(name="rehearsal", latency=Latency(median_s=median, sigma=SIGMA), limits=limits)
    say(f"Rehearsing for {seconds:.0f} s against a simulator with these limits and this latency …")
    with tempfile.TemporaryDirectory(prefix="asyncgen-tune-") as directory:
        number = math.ceil(2 * seconds * found.pairs_a_second) + 2 * found.concurrency
        async with Simulator(profile) as simulator:
            done = await rehearse(
                replace(
                    config,
                    input_jsonl=write_rows(
                        config.input_jsonl, build(config), number, Path(directory, "rows.jsonl")
                    ),
                    output_dir=Path(directory, "out"),
                    num_pairs=None,
                    endpoints=(
                        EndpointConfig(
                            api_key="simulated",
                            base_url=simulator.base_url,
                            rpm=tier.rpm,
                            tpm=tier.tpm,
                            concurrency=found.concurrency,
                        ),
                    ),
                ),
                seconds,
            )
    from asyncgen.planning.survey import rows_of_job  # noqa: PLC0415

    steady = done.within(warm_up, seconds) if done.answered else done
    actual = steady.rate() / load.calls
    if not actual:
        why = "" if done.reason is None else f": {in_flags(done.reason)}"
        few = "too few calls were" if done.answered else "no call was"
        _warn(f"not rehearsed: {few} answered in {seconds:.0f} s{why}")
        return
    say(
        f"{'rehearsed':<14} {rate(actual)} {rows_of_job(config)}/s, predicted {rate(found.pairs_a_second)} "
        f"({actual / found.pairs_a_second:.0%}; {steady.answered} calls, {done.refused} refused)"
    )


def _config(args: argparse.Namespace, local: "LocalModel | None") -> RunConfig:
    simulated = args.simulate is not None
    if simulated and args.base_url:
        raise UsageError("--simulate brings its own server: leave --base-url out")
    own_server = simulated or local is not None
    if args.plan_only and own_server:
        raise UsageError(f"--plan-only sends nothing: leave {'--simulate' if simulated else '--local'} out")
    if args.recipe == DEFAULT_RECIPE:
        args.input_jsonl = args.input_jsonl or shipped("samples", "pairs.jsonl")
        args.prompt_file = args.prompt_file or shipped("prompts", f"{DEFAULT_RECIPE}.json")
    elif args.input_jsonl is None:
        raise UsageError("--recipe needs --input-jsonl: the samples are for the default recipe")
    endpoint = endpoint_of(args, local, sends=not args.plan_only)
    config = RunConfig(
        input_jsonl=absolute_input(args.input_jsonl),
        output_dir=Path(tempfile.gettempdir()),  # nothing is written
        prompt_file=None if args.prompt_file is None else absolute(args.prompt_file, "--prompt-file"),
        recipe=args.recipe,
        fields=tuple(args.field),
        num_pairs=args.num_pairs,
        add_reasoning=args.add_reasoning,
        endpoints=(endpoint,),
        model=args.model or default_model(local),
        max_tokens_field=args.max_tokens_field,
        most_in_flight=most_in_flight(),
    )
    if not args.plan_only:
        check_sockets(config)
        check_has_key(endpoint, "--plan-only needs none")
    return config


def _tier(args: argparse.Namespace, model: str) -> Tier:
    tier = (
        Tier(name="your own limits")
        if args.tier is None
        else load_tier(args.tier, model, by_default=args.model is None)
    )
    return replace(
        tier,
        rpm=tier.rpm if args.rpm is None else args.rpm,
        tpm=tier.tpm if args.tpm is None else args.tpm,
    )


def _corrected(tier: Tier, limits: dict[str, float], config: RunConfig) -> Tier:
    """The tier as corrected by the headers; the user's ceilings still apply."""
    ceilings = {"rpm": config.endpoints[0].rpm, "tpm": config.endpoints[0].tpm}
    fields: dict[str, Any] = {name: min(limit, ceilings.get(name) or limit) for name, limit in limits.items()}
    return replace(tier, **fields, name=f"{tier.name}, corrected by the server's headers") if fields else tier


async def _guessed_cost(config: RunConfig, pairs: int, price: Price | None) -> str:
    from asyncgen.planning.survey import survey  # noqa: PLC0415 - it brings recipe and source

    _, sample = await survey(config)
    cost = forecast(sample, pairs, price).cost
    if cost is None:
        return NO_PRICE
    low, likely, high = cost
    return f"{usd(likely)} ({amount(low)} to {amount(high)}: see asyncgen plan)"


def _report(
    tier: Tier, load: Load, found: Plan, *, pairs: int, rows: str, latency: str, used: float | None, cost: str
) -> None:
    rates = ", ".join(
        f"{name} {rate(of_it)}" for name, of_it in sorted(found.rates.items(), key=lambda item: item[1])
    )
    calls = f"{load.calls:.3g} call{'s' * (load.calls != 1)}"
    lines = {
        "tier": tier.name + (f" ({tier.source}, {tier.dated})" if tier.dated else ""),
        "limits": format_limits(tier),
        with_article(one_of(rows)): f"{calls} of {load.charged:,.0f} tokens charged"
        + (f", {used:,.0f} used" if used is not None else ""),
        "latency": latency,
        "binds": f"{found.binds} (calls/s: {rates})",
        "concurrency": f"{found.concurrency} (by Little's law {found.in_flight:.1f} in flight, and headroom)",
        "throughput": f"{rate(found.pairs_a_second)} {rows}/s",
        f"{pairs:,} {rows}": f"{duration(found.seconds(pairs))}, {cost}",
    }
    for name, text in lines.items():
        say(f"{name:<14} {text}")


def _suggest(args: argparse.Namespace, config: RunConfig, tier: Tier, found: Plan) -> None:
    """The flags to set, and the tier to save if it was measured."""
    numbers = {name: getattr(tier, name) for name in LIMITS if getattr(tier, name) is not None}
    flags = [f"--{name} {value:.0f}" for name, value in numbers.items() if name in {"rpm", "tpm"}]
    if args.plan_only and args.tier and not (args.rpm or args.tpm):
        flags = [f"--tier {args.tier}"]
    say(f"{'flags':<14} {' '.join([*flags, f'--concurrency {found.concurrency}'])}")
    if not args.plan_only and numbers:
        limits = ", ".join(f"{name} = {value:.0f}" for name, value in numbers.items())
        say(f'to save        [models."{config.model}"]\n               measured = {{ {limits} }}')
        say("               in FILE.toml, for --tier FILE.toml:measured")


def _warn(text: str) -> None:
    Lines(quiet=False).warn(text)
