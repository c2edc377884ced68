"""The keyword arguments of `run`, `run_async` and `stream`: typed, documented and checked in one place.

A new setting is a field and a line under `Args`: here, or in `RunSettings` if the run uses it unchanged.
"""

import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from asyncgen.address import is_loopback
from asyncgen.api.progress import Progress
from asyncgen.config import (
    DEFAULT_BASE_URL,
    DEFAULT_MODEL,
    DEFAULT_RECIPE,
    EndpointConfig,
    RunConfig,
    RunSettings,
    attempt_times,
    resolve_api_key,
)
from asyncgen.config.shipped import prompt_file_named
from asyncgen.config.type_checks import check_types
from asyncgen.engine.sockets import most_in_flight
from asyncgen.errors import KeyOrQuotaError, Setting, UsageError
from asyncgen.planning.tiers import load_tier
from asyncgen.recipe import Recipe
from asyncgen.recipes import model_of_input
from asyncgen.recipes.prompts import PromptFile
from asyncgen.recipes.request_fields import RESERVED, problem_of
from asyncgen.shard import Shard
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.origin import ChosenModel, begun_with, choose_model
from asyncgen.storage.standard_input import STANDARD_INPUT, settle_standard_input

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")
OF_THE_ENDPOINT = ("api_key", "base_url", "headers", "rpm", "tpm", "tier", "concurrency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(RunSettings):
    """The settings of a caller from Python.

    Args:
        input_jsonl: rows, as JSON lines (also .gz and .zst), CSV, TSV or Parquet; "-" is standard input.
        output_dir: the directory of the recipe's files; an unfinished run there is resumed.
        prompt_file: the prompts of a recipe that needs them: a path, or the name of a file that ships.
        recipe: the name of a recipe that ships, "requests" (each line is a request), the path of a recipe file,
            `module:Class`, or a callable that builds a recipe from the prompt file; None: the default of `asyncgen
            run`.
        fields: the input's names for the recipe's fields, by the recipe's names.
        model: the model to use; None: the one that the directory was begun with, else gpt-6-luna.
        continue_with_model: finish a directory whose model is gone with this one.
        params: fields of all requests, which override those of the prompt file; the value None leaves a field out.
        reasoning_effort: the same as `params={"reasoning_effort": …}`.
        service_tier: the same as `params={"service_tier": …}`; "flex" costs half, and waits up to 15 minutes.
        timeout: seconds of one attempt; None: 120, and 900 for "flex".
        pair_timeout: seconds of all failed attempts of a pair, with the pauses after them; waiting for limits does
            not count; None: 1800, and 13500 for "flex".
        prices: a file of prices to use instead of those that ship: TOML, or a price map of litellm (.json).
        tier: the account's limits, such as "openai:tier-2", until the server's headers say otherwise.
        api_key: the server's key; None: the environment variable OPENAI_API_KEY.
        headers: sent with each request in addition, for example for a gateway.
        base_url: the server's address; None: the environment variable OPENAI_BASE_URL, else OpenAI.
        rpm: requests a minute at most; None: as many as the server grants.
        tpm: tokens a minute at most; None: as many as the server grants.
        concurrency: calls in flight at most; None: as many as the limits and the latency call for.
        endpoints: several servers, each with its own name, address, key and limits; instead of `api_key`,
            `base_url`, `headers`, `rpm`, `tpm`, `tier` and `concurrency`.
        cache: a file of answers: known answers are taken from it, new ones are added; it holds note text.
        shard: only this part of the input, by position, such as "3/8"; None: all of it.
        progress: called about once a second, and at the end, with how far it is; what it raises stops the run.
    """

    input_jsonl: str | Path
    output_dir: str | Path
    prompt_file: str | Path | None = None
    recipe: str | Path | Callable[[PromptFile], Recipe[Any]] | None = None
    fields: Mapping[str, str] | None = None
    model: str | None = None
    continue_with_model: str | None = None
    params: Mapping[str, Any] | None = None
    reasoning_effort: str | None = None
    service_tier: str | None = None
    timeout: float | None = None
    pair_timeout: float | None = None
    prices: str | Path | None = None
    tier: str | None = None
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    headers: Mapping[str, str] | None = None
    rpm: float | None = None
    tpm: float | None = None
    concurrency: int | None = None
    endpoints: Sequence[EndpointConfig] = ()
    cache: str | Path | None = None
    shard: str | None = None
    progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if any(map(inspect.iscoroutinefunction, (self.progress, type(self.progress).__call__))):
            raise UsageError(Setting("progress"), " must be an ordinary function, not an async one")

    def config(self) -> RunConfig:
        """The configuration of the run.

        Raises:
            UsageError: a setting cannot be carried out.
            KeyOrQuotaError: a key is missing.
        """
        shared = {each.name: getattr(self, each.name) for each in dataclass_fields(RunSettings)}
        params = self._params()
        timeout, pair_timeout = attempt_times(params, self.timeout, self.pair_timeout)
        model = self._model()
        return RunConfig(
            input_jsonl=self._input(),
            output_dir=Path(self.output_dir).resolve(),
            prompt_file=None if self.prompt_file is None else prompt_file_named(Path(self.prompt_file)).resolve(),
            recipe=_recipe_name(self.recipe),
            fields=tuple((self.fields or {}).items()),
            model=model.name,
            replace_model=bool(self.model or self.continue_with_model) or model.name != self._model_of_input(),
            began_with=model.began_with,
            three_fields=model.three_fields,
            params=params,
            timeout=timeout,
            pair_timeout=pair_timeout,
            cache=None if self.cache is None else Path(self.cache).absolute(),
            shard=None if self.shard is None else _shard(self.shard),
            endpoints=self._named_endpoints() if self.endpoints else (self._only_endpoint(model.name),),
            most_in_flight=most_in_flight(),
            **shared,
        )

    def _input(self) -> Path:
        if str(self.input_jsonl) not in {"-", str(STANDARD_INPUT)}:
            return Path(self.input_jsonl).resolve()
        disk = Disk()
        try:
            return settle_standard_input(RunDirectory(disk, Path(self.output_dir).resolve()), restart=self.restart)
        finally:
            disk.close()

    def _params(self) -> dict[str, Any]:
        own = {"reasoning_effort": self.reasoning_effort, "service_tier": self.service_tier}
        params = {name: value for name, value in own.items() if value is not None} | dict(self.params or {})
        for name, value in params.items():
            problem = "" if value is None else problem_of(name, value)
            if name in RESERVED or problem:
                problem = f"must be {problem}, not {value!r}" if problem else "is set by the recipe and the run"
                raise UsageError(Setting("params"), f": {name} {problem}")
        return params

    def _model(self) -> ChosenModel:
        disk = Disk()
        try:
            directory = RunDirectory(disk, Path(self.output_dir).resolve())
            begun = None if self.restart else begun_with(directory)
        finally:
            disk.close()
        named = self._model_of_input() or DEFAULT_MODEL
        return choose_model(begun, self.model, self.continue_with_model, named)

    def _model_of_input(self) -> str:
        return model_of_input(_recipe_name(self.recipe), Path(self.input_jsonl))

    def _only_endpoint(self, model: str) -> EndpointConfig:
        api_key = resolve_api_key(self.api_key)
        base_url = self.base_url
        if base_url is None:
            base_url = os.environ.get("OPENAI_BASE_URL", DEFAULT_BASE_URL)
        if not base_url.strip():
            raise UsageError(Setting("base_url"), ", or OPENAI_BASE_URL, is empty: name the server")
        tier = None if self.tier is None else load_tier(self.tier, model, by_default=self.model is None)
        endpoint = EndpointConfig(
            api_key=api_key,
            base_url=base_url,
            headers=self.headers or {},
            rpm=self.rpm,
            tpm=self.tpm,
            preset_rpm=None if tier is None else tier.rpm,
            preset_tpm=None if tier is None else tier.tpm,
            concurrency=self.concurrency,
        )
        if not endpoint.has_key and not is_loopback(base_url):
            raise KeyOrQuotaError(
                "no API key: set the environment variable OPENAI_API_KEY, or ", Setting("api_key")
            )
        return endpoint

    def _named_endpoints(self) -> tuple[EndpointConfig, ...]:
        endpoints = Setting("endpoints")
        given = next((Setting(name) for name in OF_THE_ENDPOINT if getattr(self, name) is not None), None)
        if given is not None:
            own = "rpm and tpm" if given.name == "tier" else f"a {given}"
            raise UsageError(endpoints, " and ", given, f" do not go together: each endpoint has {own} of its own")
        names = [endpoint.name for endpoint in self.endpoints]
        if not all(names) or len({*names}) < len(names):
            raise UsageError("each of the ", endpoints, " needs a name of its own")
        keyless = [one.name for one in self.endpoints if not one.has_key and not is_loopback(one.base_url)]
        if keyless:
            raise KeyOrQuotaError("no ", Setting("api_key", of_endpoint=True), f" for endpoint {keyless[0]}")
        return tuple(self.endpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings(Settings):
    """The same settings, and the output to stream.

    Args:
        output: the name of the recipe's file whose examples to yield; None: its last one.
    """

    output: str | None = None


def takes(settings: Callable[P, S]) -> Callable[[Callable[[S], R]], Callable[P, R]]:
    """Give a function the fields of its settings as documented, typed keyword arguments.

    Args:
        settings: a frozen dataclass whose docstring has a line for each field under `Args`.
    """

    def decorate(work: Callable[[S], R]) -> Callable[P, R]:
        accepted = inspect.signature(settings).parameters.values()
        parameters = sorted(accepted, key=lambda one: one.default is not one.empty)  # required ones first
        signature = inspect.Signature(parameters, return_annotation=inspect.signature(work).return_annotation)
        texts = documentation(settings)

        @wraps(work)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            signature.bind(*args, **kwargs)  # its TypeError names arguments, not a dataclass
            return work(settings(*args, **kwargs))

        said = [texts.get(name, f"    {name}") for name in signature.parameters]
        called.__doc__ = "\n".join([inspect.getdoc(work) or "", "", "Args:", *said])
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        called.__annotations__["return"] = signature.return_annotation
        called.__dict__["__signature__"] = signature
        return called

    return decorate


def documentation(settings: object) -> dict[str, str]:
    """The descriptions under `Args` in the docstrings of a dataclass and its bases, by field."""
    texts: dict[str, str] = {}
    for base in inspect.getmro(settings) if isinstance(settings, type) else ():
        _, _, args = inspect.cleandoc(base.__doc__ or "").partition("Args:\n")
        for entry in re.split(r"\n(?=    \w)", args.rstrip()):
            texts[entry.strip().partition(":")[0]] = entry
    return texts


def _recipe_name(recipe: str | Path | Callable[[PromptFile], Recipe[Any]] | None) -> str:
    """The recipe's name; for a file, its absolute path."""
    if recipe is None:
        return DEFAULT_RECIPE
    if callable(recipe):
        return f"{recipe.__module__}:{getattr(recipe, '__qualname__', '')}"
    name = str(recipe)
    return str(Path(name).resolve()) if name.endswith(".toml") else name


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
