"""The configuration of a run: frozen, checked once at the edge, never changed by the run."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asyncgen.address import endpoint_name, is_loopback, is_valid_host
from asyncgen.config.type_checks import check_types
from asyncgen.errors import AsyncgenError, KeyOrQuotaError, Setting, UsageError
from asyncgen.shard import Shard

DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-6-luna"
DEFAULT_RECIPE = "medec_safe"
REQUESTS = "requests"
FLEX = "flex"
BATCH_SIZE = 10  # rows; this and the next are the defaults of the script that asyncgen replaced
SAVE_EVERY = 5  # rows
TIMEOUT = 120.0  # seconds of an attempt: a long answer takes a minute; ends hung sockets
PAIR_TIMEOUT = 1800.0  # seconds of a row: many attempts, but not for ever
FLEX_TIMEOUT = 900.0  # seconds; OpenAI asks for 15 minutes where a call may wait for room
NAMED_ENDPOINTS = "those of --endpoint"  # kept: these words are in the directories of runs that have begun
MOST_AUTOMATIC = 2048  # calls in flight: more saturate one process before any server
_SCHEMES = {"http", "https"}
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OF_THE_CONNECTION = {
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
}
_KEY_HEADERS = {"authorization", "api-key", "x-api-key"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """One server.

    `rpm` and `tpm` are the user's ceilings per minute (None: the server's headers decide); `preset_rpm` and
    `preset_tpm` are what a tier grants until the headers say otherwise; `concurrency` None is found automatically.
    `name` is the user's, empty if there is only one endpoint; `key_name` says where its key comes from; `headers`
    are sent in addition, and never shown.
    """

    name: str = ""
    base_url: str = DEFAULT_BASE_URL
    api_key: str = field(default="", repr=False)
    key_name: str = "OPENAI_API_KEY"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    rpm: float | None = None
    tpm: float | None = None
    preset_rpm: float | None = None
    preset_tpm: float | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        check_types(self)
        _check_at_least_one(self, ("rpm", "tpm", "concurrency"))
        for name, value in self.headers.items():
            check_header(name, value, Setting("headers"))

    @property
    def address(self) -> Setting:
        """The setting that holds the address, for messages."""
        return Setting("base_url", of_endpoint=bool(self.name))

    @property
    def has_key(self) -> bool:
        """Whether requests carry a key; without one, only this machine may be asked."""
        return bool(self.api_key) or any(name.lower() in _KEY_HEADERS for name in self.headers)

    @property
    def ceilings(self) -> dict[str, float]:
        """The user's ceilings, by limit."""
        limits = {"requests": self.rpm, "tokens": self.tpm}
        return {name: limit for name, limit in limits.items() if limit is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings that the run uses unchanged. Each line below also documents the argument for callers from Python.

    Args:
        num_pairs: only the first so many pairs; None: all.
        add_reasoning: ask for the reasoning of both examples too.
        batch_size: pairs read ahead into the queue at a time.
        save_every: pairs between checkpoints.
        max_tokens_field: the server's name for the limit of an answer, "max_tokens" or "max_completion_tokens";
            None: the model's name for it.
        strict_params: end the run when the server refuses a request field, instead of leaving the field out.
        keep_thinking: write what the model thought before its answer into the metadata of the examples.
        share: the part of every limit that this process uses at most, above 0 up to 1.
        max_cost: USD that all runs in this directory together never exceed; None: unlimited.
        max_total_tokens: the same in tokens; None: unlimited.
        max_attempts: attempts of one call.
        max_failures: pairs that may fail; one more ends the run; None: as many as `max_failed_share` allows.
        max_failed_share: the part of the finished pairs that may fail before the run ends, from 0 to 1.
        patience: seconds after which the run stops if the server has refused everything.
        allow_http: send the key over http:// to another machine.
        restart: move the directory's earlier run and what it has spent aside, and start over.
        skip_bad: skip input lines that are not valid pairs.
        batch: use the server's Batch API: half the price, within a day.
        batch_tokens: prompt tokens that the account may have enqueued in batches; None: as many as the server
            accepts.
        batch_detach: return as soon as the batches are submitted; the same call collects the answers later.
        batch_finish: make the last so many calls one by one, instead of waiting for another batch.
        batch_adopt: use the answers to batches that were sent from the directory of which this one is a copy.
    """

    num_pairs: int | None = None
    add_reasoning: bool = False
    batch_size: int = BATCH_SIZE
    save_every: int = SAVE_EVERY
    max_tokens_field: str | None = None
    strict_params: bool = False
    keep_thinking: bool = False
    share: float = 1.0
    max_cost: float | None = None
    max_total_tokens: int | None = None
    max_attempts: int = 6
    max_failures: int | None = None
    max_failed_share: float = 0.9
    patience: float = 600.0
    allow_http: bool = False
    restart: bool = False
    skip_bad: bool = False
    batch: bool = False
    batch_tokens: int | None = None
    batch_detach: bool = False
    batch_finish: int = 0
    batch_adopt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig(RunSettings):
    """What the user configured. Times are seconds, paths are absolute.

    `timeout` is that of one attempt, `pair_timeout` that of all failed attempts of a row, with the pauses after
    them.

    `endpoints` is one without a name, or several with one each; `shard` None means the whole input; `model_file`
    distinguishes files of one name, for a model that is a local file; `most_in_flight` bounds the calls in flight
    where concurrency is automatic; `budget_part` is the part of `max_cost` and `max_total_tokens` that this run
    has; `began_with` is the directory's model if another one is to finish it; `simulated`: the server is a
    simulator that this run brings.

    `cache` is the file of answers that directories share.

    `recipe` is a name, the path of a recipe file, or `module:Class`; `fields` pairs the recipe's field names with
    the input's. `params` are fields of all requests and override those of the recipe (None: left out);
    `three_fields` is set for a directory begun by a version that knew only temperature, top_p and max_tokens. With
    `replace_model`, requests that name a model themselves are sent to `model` instead.
    """

    input_jsonl: Path
    output_dir: Path
    prompt_file: Path | None = None
    recipe: str = DEFAULT_RECIPE
    fields: tuple[tuple[str, str], ...] = ()
    model: str = DEFAULT_MODEL
    replace_model: bool = False
    endpoints: tuple[EndpointConfig, ...] = field(default_factory=lambda: (EndpointConfig(),))
    cache: Path | None = None
    model_file: str = ""
    began_with: str = ""
    simulated: bool = False
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    three_fields: bool = False
    timeout: float = TIMEOUT
    pair_timeout: float = PAIR_TIMEOUT
    most_in_flight: int = MOST_AUTOMATIC
    budget_part: float = 1.0
    shard: Shard | None = None

    def __post_init__(self) -> None:
        _check_at_least_one(
            self, ("num_pairs", "batch_size", "save_every", "max_attempts", "max_total_tokens", "batch_tokens")
        )
        _check_batch(self)
        _check_failures(self)
        if self.max_cost is not None and not 0 < self.max_cost < math.inf:
            raise UsageError(Setting("max_cost"), f" must be a number of USD above 0, not {self.max_cost:g}")
        if self.max_tokens_field not in {None, "max_tokens", "max_completion_tokens"}:
            said = f" must be max_tokens, max_completion_tokens or None, not {self.max_tokens_field!r}"
            raise UsageError(Setting("max_tokens_field"), said)
        if not 0 < self.share <= 1:
            raise UsageError(
                Setting("share"),
                f" must be above 0 and at most 1, such as 1/8, 0.125 or 12.5%, not {self.share:g}",
            )
        for name in ("timeout", "pair_timeout", "patience"):
            value = getattr(self, name)
            if not value > 0:
                raise UsageError(Setting(name), f" must be a number of seconds above 0, not {value:g}")
        if not self.model.strip() or not self.model.isprintable() or self.model != self.model.strip():
            broken = " is empty, or holds blanks at its ends, line breaks or broken characters"
            raise UsageError(Setting("model"), broken)
        for endpoint in self.endpoints:
            try:
                check_base_url(endpoint)
                if endpoint.has_key:
                    _check_key(endpoint, allow_http=self.allow_http)
            except AsyncgenError as error:
                raise (error.prefixed(f"endpoint {endpoint.name}: ") if endpoint.name else error) from None

    def __repr__(self) -> str:
        # The generated one would show the key.
        return f"RunConfig(input_jsonl={str(self.input_jsonl)!r}, output_dir={str(self.output_dir)!r}, …)"

    @property
    def recipe_file(self) -> Path | None:
        """The path of the recipe, if it is a file."""
        return Path(self.recipe) if self.recipe.endswith(".toml") else None

    @property
    def telling_settings(self) -> dict[str, str | float | bool | None]:
        """The settings worth knowing when looking at the run later; never the key."""
        first = self.endpoints[0] if len(self.endpoints) == 1 else EndpointConfig()  # several have one each
        return {
            "input": str(self.input_jsonl),
            "output": str(self.output_dir),
            "recipe": self.recipe,
            "prompts": None if self.prompt_file is None else str(self.prompt_file),
            "model": self.model,
            "endpoint": ", ".join(one.name or endpoint_name(one.base_url) for one in self.endpoints),
            "num_pairs": self.num_pairs,
            "shard": None if self.shard is None else str(self.shard),
            "add_reasoning": self.add_reasoning,
            "rpm": first.rpm,
            "tpm": first.tpm,
            "preset_rpm": first.preset_rpm,
            "preset_tpm": first.preset_tpm,
            "share": self.share,
            "concurrency": first.concurrency,
            "max_attempts": self.max_attempts,
            "timeout": self.timeout,
            "patience": self.patience,
            "batch_size": self.batch_size,
            "save_every": self.save_every,
            "restart": self.restart,
            "skip_bad": self.skip_bad,
            **({"batch": True} if self.batch else {}),
        }

    @property
    def endpoint(self) -> str:
        """The server's identity in the fingerprint: named endpoints may come and go, they all serve one model."""
        return NAMED_ENDPOINTS if self.endpoints[0].name else endpoint_name(self.endpoints[0].base_url)

    @property
    def window_slots(self) -> int:
        """Rows that may be between the source and the writer."""
        return max(1024, 8 * self.ceiling)

    @property
    def ceiling(self) -> int:
        """The most calls that may be in flight."""
        return sum(self.ceiling_of(endpoint) for endpoint in self.endpoints)

    def ceiling_of(self, endpoint: EndpointConfig) -> int:
        """The most calls that may be in flight at one endpoint."""
        return endpoint.concurrency or max(1, self.most_in_flight // len(self.endpoints))

    def with_endpoints(self, **changes: Any) -> "RunConfig":
        """The same configuration with other `EndpointConfig` fields at each endpoint."""
        return replace(self, endpoints=tuple(replace(one, **changes) for one in self.endpoints))


def check_header(name: str, value: str, where: str | Setting) -> None:
    """Refuse a header that cannot be sent or is the connection's; the message does not show the value.

    Args:
        name: of the header.
        value: what is sent.
        where: the user's name for the headers.

    Raises:
        UsageError: it is one.
    """
    if not HEADER_NAME.fullmatch(name) or name.lower() in _OF_THE_CONNECTION:
        raise UsageError(where, f": {name!r} is not a valid name of a header that can be set")
    if not (value.isascii() and value.isprintable()):
        raise UsageError(where, f" {name}: its value holds line breaks or other characters than ASCII")


def _check_at_least_one(config: RunConfig | EndpointConfig, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(config, name)
        if value is not None and not 1 <= value < math.inf:  # false for NaN too
            raise UsageError(Setting(name), f" must be at least 1, not {value:g}")


def _check_batch(config: RunConfig) -> None:
    for name in () if config.batch else ("batch_tokens", "batch_detach", "batch_finish"):
        if getattr(config, name):
            raise UsageError(Setting(name), " is for ", Setting("batch", True), ": add that, or leave it out")
    if config.batch_finish < 0:
        raise UsageError(Setting("batch_finish"), f" must be at least 0, not {config.batch_finish}")
    if config.batch and len(config.endpoints) > 1:
        raise UsageError(
            Setting("batch", True), " asks one server: leave ", Setting("endpoints"), " out, or name one"
        )


def _check_failures(config: RunConfig) -> None:
    if config.max_failures is not None and config.max_failures < 0:
        raise UsageError(Setting("max_failures"), f" must be at least 0, not {config.max_failures}")
    if not 0 <= config.max_failed_share <= 1:  # false for NaN too
        raise UsageError(Setting("max_failed_share"), f" must be from 0 to 1, not {config.max_failed_share:g}")


def check_base_url(endpoint: EndpointConfig) -> None:
    """Refuse an address that cannot be an API's or would leak a secret.

    Raises:
        UsageError: not an http(s) URL, or it contains user information.
    """
    url = endpoint.base_url
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
        is_address = is_address and url.isprintable() and " " not in url and is_valid_host(parts.hostname or "")
        # Pasted behind a scheme, one with its own: https://http://…
        is_address = is_address and not (parts.hostname in _SCHEMES and parts.path.startswith("//"))
    except ValueError:  # unbalanced brackets, an invalid port
        is_address = False
    if not is_address:
        raise UsageError(
            endpoint.address, " must be an http:// or https:// address such as https://api.openai.com/v1"
        )
    if parts.username or parts.password:
        raise UsageError(
            endpoint.address, f" must not hold a user name or password; set {endpoint.key_name} instead"
        )


def _check_key(endpoint: EndpointConfig, *, allow_http: bool) -> None:
    """Refuse a key that no header can carry, or that would be sent unencrypted."""
    key, url = endpoint.api_key, endpoint.base_url
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise KeyOrQuotaError(
            "the API key holds blanks, line breaks or other characters that no key has; copy it again"
        )
    if urlsplit(url).scheme == "http" and not is_loopback(url) and not allow_http:
        raise UsageError(
            endpoint.address,
            " is http://: the key would travel unencrypted; use https://, or ",
            Setting("allow_http", True),
            " if you trust every network in between",
            "" if endpoint.name else f", or unset {endpoint.key_name} if the server needs none",
        )


def attempt_times(
    params: Mapping[str, Any], timeout: float | None, pair_timeout: float | None
) -> tuple[float, float]:
    """The seconds of an attempt, and of the failed attempts of a row; None: the default of the service tier.

    Args:
        params: fields of all requests.
        timeout: the user's, for an attempt.
        pair_timeout: the user's, for a row.
    """
    usual = FLEX_TIMEOUT if params.get("service_tier") == FLEX else TIMEOUT
    return (
        usual if timeout is None else timeout,
        PAIR_TIMEOUT * usual / TIMEOUT if pair_timeout is None else pair_timeout,
    )


def resolve_api_key(flag: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The key from the flag or from OPENAI_API_KEY; empty if neither is set."""
    return flag or environment.get("OPENAI_API_KEY", "")
