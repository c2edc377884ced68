"""The main job, built from its flags."""

import argparse
import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.cli.address_and_key import BASE_URL_VARIABLE, check_has_key, endpoint_of
from asyncgen.cli.endpoint_tables import endpoint_tables, load_endpoints, refuse_unchosen
from asyncgen.cli.paths import absolute, absolute_input, absolute_output, prompt_file_here
from asyncgen.cli.request_field_flags import params_of
from asyncgen.cli.servers import default_model, local_model
from asyncgen.cli.shell_words import quote
from asyncgen.config import (
    BATCH_SIZE,
    DEFAULT_RECIPE,
    SAVE_EVERY,
    RunConfig,
    attempt_times,
)
from asyncgen.cost import Price
from asyncgen.engine.sockets import check_sockets, most_in_flight
from asyncgen.errors import KeyOrQuotaError, UsageError
from asyncgen.planning.prices import load_price
from asyncgen.planning.tiers import Tier, load_tier
from asyncgen.recipes import build, model_of_input
from asyncgen.storage.disk import Disk
from asyncgen.storage.fingerprint import SIMULATED, on_this_machine
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.origin import BegunWith, ChosenModel, begun_with, choose_model

if TYPE_CHECKING:
    from asyncgen.local.model import LocalModel
    from asyncgen.storage.checkpoint import RunState


@dataclass(frozen=True, slots=True)
class Job:
    """The job in the flags; `profile` is that of --simulate, `output_file` a second name of the only output."""

    config: RunConfig
    tier: Tier | None
    price: Price | None
    profile: str | None
    local: "LocalModel | None"
    output_file: Path | None = None
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
    model = _model(args, local)
    tier = None if args.tier is None else load_tier(args.tier, model.name, by_default=args.model is None)
    config = _config(args, tier, local, model, needs_key=needs_key)
    price = load_price(config.model, args.prices, config.params.get("service_tier"), batch=config.batch)
    if price is None and config.max_cost is not None:
        raise UsageError(
            f"--max-cost needs a price of {config.model}: give --prices FILE (see configs/models.toml)"
        )
    engine = getattr(args, "engine", "local")  # other commands have no choice
    job = Job(config, tier, price, args.simulate, local)
    if engine != "local":
        return _on_cluster(job, args)
    given = next((name for name in ("shards", "actors") if getattr(args, name, None) is not None), None)
    if given is not None:
        raise UsageError(
            f"--{given} is for --engine ray: add that, or leave it out (--shard I/N runs one of N parts here)"
        )
    return job


def _on_cluster(job: Job, args: argparse.Namespace) -> Job:
    """Refuse what a cluster cannot do, before it costs anything.

    Raises:
        UsageError: it cannot be carried out there.
    """
    if job.profile is not None or job.local is not None:
        raise UsageError(
            "--simulate and --local serve this process alone: for --engine ray start a server that all machines "
            "reach (asyncgen simulate), and name it with --base-url"
        )
    if job.config.batch:
        raise UsageError("--batch works from one process: leave --engine ray out")
    if job.config.shard is not None:
        raise UsageError("--shard and --engine ray both divide the run: leave one out")
    for served in job.config.endpoints:
        if served.concurrency is not None and args.actors is not None and served.concurrency < args.actors:
            whose = f"the concurrency of endpoint {served.name}," if served.name else "--concurrency"
            raise UsageError(f"{whose} {served.concurrency} is for all {args.actors} actors together: too small")
    if find_spec("ray") is None:
        raise UsageError("--engine ray needs the package ray: pip install 'asyncgen[ray]'")
    return replace(job, engine=args.engine, shards=args.shards, actors=args.actors)


def prepare_as_in(state: "RunState", args: argparse.Namespace) -> Job:
    """Read the flags of a command on `args.directory`: the run's state provides the others.

    Raises:
        UsageError, KeyOrQuotaError: as `prepare`.
    """
    server = (args.simulate, args.local, args.base_url or os.environ.get(BASE_URL_VARIABLE), args.endpoint or None)
    made = state.fingerprint
    if on_this_machine(made.get("endpoint")) and server == (None,) * 4:
        flags = {True: "--simulate", False: "--local or --base-url", None: "--simulate, --local or --base-url"}
        raise UsageError(f"this run used a server on this machine: give {flags[made.get(SIMULATED)]} again")
    args.output_dir, args.num_pairs, args.shard = args.directory, state.last_completed_idx + 1, None
    if state.portion is not None:
        args.num_pairs, args.shard = state.portion.pairs, state.portion.shard
    args.field = list(dict(state.fingerprint.get("fields") or {}).items())
    args.add_reasoning = state.fingerprint.get("add_reasoning") is True
    from asyncgen.recipes.made_by import record_of  # noqa: PLC0415 - it brings the recipes

    record = record_of(state)
    args.recipe = args.recipe or record.name or DEFAULT_RECIPE
    args.field = args.field or list(record.fields.items())
    if args.prompt_file is None and record.prompts and args.recipe == record.name != DEFAULT_RECIPE:
        args.prompt_file = Path(record.prompts)
    # Lines that the run has skipped are skipped again: the input is identified by the others.
    args.restart, args.skip_bad = False, True
    args.batch_size, args.save_every = BATCH_SIZE, SAVE_EVERY
    return prepare(args)


def _model(args: argparse.Namespace, local: "LocalModel | None") -> ChosenModel:
    disk = Disk()
    try:
        begun = None if args.restart else begun_with(RunDirectory(disk, absolute_output(args.output_dir)))
    finally:
        disk.close()
    _refuse_forgotten(args, begun)
    named = model_of_input(_recipe(args), args.input_jsonl) if local is None else ""
    return choose_model(begun, args.model, args.continue_with_model, named or default_model(local))


def _refuse_forgotten(args: argparse.Namespace, begun: BegunWith | None) -> None:
    """Name the recipe or prompts of the directory if neither is given: the default recipe needs prompts."""
    if begun is None or not begun.recipe or _recipe(args) != DEFAULT_RECIPE or args.prompt_file is not None:
        return
    forgotten = f"--recipe {quote(begun.recipe)}"
    if begun.recipe == DEFAULT_RECIPE:
        forgotten = f"--prompt-file {quote(prompt_file_here(Path(begun.prompts)))}"
    raise UsageError(f"{args.output_dir} was begun with {forgotten}: give that again")


def _recipe(args: argparse.Namespace) -> str:
    return getattr(args, "recipe", DEFAULT_RECIPE)  # other commands have no choice


def _replaces_model(args: argparse.Namespace, model: ChosenModel) -> bool:
    """Whether requests that name a model use another one instead: a model named here is for all."""
    chosen = args.model or args.continue_with_model or (args.local is not None)
    return bool(chosen) or model.name != model_of_input(_recipe(args), args.input_jsonl)


def _config(
    args: argparse.Namespace,
    tier: Tier | None,
    local: "LocalModel | None",
    model: ChosenModel,
    *,
    needs_key: bool,
) -> RunConfig:
    _refuse_conflicts(args)
    known = endpoint_tables(args.config)
    started = args.simulate is not None or local is not None
    named = started or args.endpoint or args.base_url is not None or BASE_URL_VARIABLE in os.environ
    if needs_key and not named:
        refuse_unchosen(args.config, known)
    params = params_of(args)
    timeout, pair_timeout = attempt_times(params, args.timeout, args.pair_timeout)
    if args.endpoint:
        endpoints = load_endpoints(args.config, known, args.endpoint)
    else:
        only = endpoint_of(args, local, sends=needs_key)
        endpoints = (only if tier is None else replace(only, preset_rpm=tier.rpm, preset_tpm=tier.tpm),)
    config = RunConfig(
        input_jsonl=absolute_input(args.input_jsonl, directory=args.output_dir, restart=args.restart),
        output_dir=absolute_output(args.output_dir),
        prompt_file=None if args.prompt_file is None else absolute(args.prompt_file, "--prompt-file"),
        recipe=_recipe(args),
        fields=tuple(getattr(args, "field", ())),
        num_pairs=args.num_pairs,
        add_reasoning=args.add_reasoning,
        batch_size=args.batch_size,
        save_every=args.save_every,
        endpoints=endpoints,
        model=model.name,
        replace_model=_replaces_model(args, model),
        began_with=model.began_with,
        three_fields=model.three_fields,
        params=params,
        strict_params=args.strict_params,
        keep_thinking=args.keep_thinking,
        cache=None
        if (cache := getattr(args, "cache", None)) is None
        else absolute(cache.parent, "--cache") / cache.name,
        model_file="" if local is None else local.identity,
        max_tokens_field=args.max_tokens_field,
        share=args.share,
        most_in_flight=most_in_flight(),
        max_cost=args.max_cost,
        max_total_tokens=args.max_total_tokens,
        max_attempts=args.max_attempts,
        max_failures=args.max_failures if isinstance(args.max_failures, int) else None,
        max_failed_share=args.max_failures if isinstance(args.max_failures, float) else 1.0,
        timeout=timeout,
        pair_timeout=pair_timeout,
        patience=args.patience,
        allow_http=args.allow_http,
        restart=args.restart,
        skip_bad=args.skip_bad,
        shard=args.shard,
        **_batch(args),
    )
    check_sockets(config)
    if needs_key and not args.endpoint:
        _check_has_key(config)
    return config


def _refuse_conflicts(args: argparse.Namespace) -> None:
    if args.endpoint:
        _refuse_beside_endpoints(args)
    if args.simulate is not None and args.base_url:
        raise UsageError("--simulate brings its own server: leave --base-url out")
    if args.simulate is not None and getattr(args, "batch_detach", False):
        raise UsageError(
            "the server of --simulate ends with this command, and so would the batches that --batch-detach leaves "
            "there: start one in another terminal (asyncgen simulate), and name it with --base-url"
        )


def _check_has_key(config: RunConfig) -> None:
    """Refuse to go on without a key, unless there is something else that the user can mend first."""
    without = "without a key, use --simulate (a simulated API) or --local (a model on this machine)"
    try:
        check_has_key(config.endpoints[0], without)
    except KeyOrQuotaError:
        build(config)
        raise


def _batch(args: argparse.Namespace) -> dict[str, Any]:
    """The settings of the Batch API, which other commands do not have."""
    names = ("batch", "batch_tokens", "batch_detach", "batch_finish", "batch_adopt")
    return {name: getattr(args, name) for name in names if hasattr(args, name)}


_IN_A_TABLE = {"openai_api_key": "api-key-env", "header": "headers"}


def _refuse_beside_endpoints(args: argparse.Namespace) -> None:
    """Refuse flags that an endpoint sets itself, or that start another server."""
    flags = ("simulate", "local", "base_url", "openai_api_key", "header", "tier", "rpm", "tpm", "concurrency")
    given = next((flag for flag in flags if getattr(args, flag, None) not in (None, [])), None)
    if given is not None:
        name = f"--{given.replace('_', '-')}"
        reason = {
            "simulate": "brings its own server",
            "local": "brings its own server",
            "tier": "is for --base-url: name rpm and tpm in [endpoint.NAME]",
        }.get(given, f"is set in each [endpoint.NAME] ({_IN_A_TABLE.get(given, name[2:])})")
        raise UsageError(f"--endpoint and {name} do not go together: {name} {reason}; leave one of them out")
