"""The profile of a simulated server: frozen values, checked once."""

from dataclasses import dataclass, field, fields
from datetime import date

from asyncgen.simulator.batch.batch_profile import Batch
from asyncgen.simulator.profile_checks import ProfileError, not_negative, one_of

FAULT_KINDS = (
    "rate_limit",
    "server_error",
    "html_error",
    "overloaded",
    "drop",
    "reset_body",
    "hang",
    "drip",
    "bad_json",
    "bad_answer_json",
    "empty",
    "no_choices",
    "error_in_200",
    "length",
    "filter",
    "refusal",
    "bad_request",
    "context_length",
    "flex_unavailable",
)
"""All faults of a request, in the order in which one draw is split among them."""

PROVIDER_NAMES = (
    "openai",
    "azure",
    "mistral",
    "openrouter",
    "vllm",
    "ollama",
    "lm-studio",
    "groq",
    "gemini",
    "gateway",
)
"""Every provider whose errors, headers and addresses can be simulated."""

THINKING_STYLES = ("tags", "unclosed", "tail", "reasoning_content", "reasoning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The duration of an answer: lognormal, with this median (seconds) and this sigma (of the logarithm)."""

    median_s: float = 0.2
    sigma: float = 0.3

    def __post_init__(self) -> None:
        not_negative(self, "latency", "median_s", "sigma")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests and tokens a minute, requests a day, and concurrent answers; 0 means no limit.

    `burst_s` is how many seconds' worth a full bucket holds: 60 lets a minute's worth through at once, 1 is a
    limit enforced by the second. `charge_refused`: a refused request counts as a request. `refund`: charged tokens
    that an answer did not use are given back. `queue`: how many requests may wait for one of the `slots` before
    the server reports an overload; 0 means any number.
    """

    rpm: int = 0
    tpm: int = 0
    rpd: int = 0
    burst_s: float = 60.0
    charge_refused: bool = True
    refund: bool = False
    slots: int = 0
    queue: int = 0

    def __post_init__(self) -> None:
        not_negative(self, "limits", "rpm", "tpm", "rpd", "slots", "queue")
        if not 0 < self.burst_s <= 60:  # noqa: PLR2004 - a minute, as the limits are by the minute
            raise ProfileError(f"limits.burst_s must be above 0 and at most 60 seconds, not {self.burst_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The share of attempts (0 to 1) that each fault hits; together they must not exceed 1.

    `once`: only the first attempt of a request can be hit. `retry_after_s`: the wait that a `rate_limit` fault
    asks for. `quota_after`, `auth_after`: from the N-th request on, the quota is spent or the key is refused (0:
    never). `flex_unavailable` hits only requests of the tier `flex`. A request whose body contains
    `fail_matching`, as encoded in the JSON, always gets the fault `fail_kind`.
    """

    rate_limit: float = 0.0
    server_error: float = 0.0
    html_error: float = 0.0
    overloaded: float = 0.0
    drop: float = 0.0
    reset_body: float = 0.0
    hang: float = 0.0
    drip: float = 0.0
    bad_json: float = 0.0
    bad_answer_json: float = 0.0
    empty: float = 0.0
    no_choices: float = 0.0
    error_in_200: float = 0.0
    length: float = 0.0
    filter: float = 0.0
    refusal: float = 0.0
    bad_request: float = 0.0
    context_length: float = 0.0
    flex_unavailable: float = 0.0
    once: bool = False
    retry_after_s: float = 0.05
    quota_after: int = 0
    auth_after: int = 0
    fail_matching: str = ""
    fail_kind: str = "bad_request"

    def __post_init__(self) -> None:
        not_negative(self, "faults", *FAULT_KINDS, "retry_after_s", "quota_after", "auth_after")
        total = sum(getattr(self, kind) for kind in FAULT_KINDS)
        if total > 1 + 1e-9:
            raise ProfileError(f"the shares in [faults] add up to {total:g}: together they must not exceed 1")
        one_of("faults.fail_kind", self.fail_kind, FAULT_KINDS, "kind of fault")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A window, in seconds from the first request, in which `share` of the requests gets the fault `kind`.

    No storm if `duration_s` is 0. `retry_after_s` is the wait that the refusals ask for; 0 leaves the header out.
    """

    start_s: float = 0.0
    duration_s: float = 0.0
    kind: str = "rate_limit"
    share: float = 1.0
    retry_after_s: float = 1.0

    def __post_init__(self) -> None:
        not_negative(self, "storm", "start_s", "duration_s", "share", "retry_after_s")
        if self.share > 1:
            raise ProfileError(f"storm.share is a share from 0 to 1, not {self.share:g}")
        one_of("storm.kind", self.kind, FAULT_KINDS, "kind of fault")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The available models. `only_listed`: any other is refused; else any name is accepted.

    `date` (YYYY-MM-DD, '': never): models shut down by then are refused. `context`: the tokens of prompt and
    answer that a model holds; 0 means unlimited.
    """

    only_listed: bool = False
    date: str = ""
    context: int = 0

    def __post_init__(self) -> None:
        not_negative(self, "models", "context")
        try:
            if self.date:
                date.fromisoformat(self.date)
        except ValueError:
            raise ProfileError(f"models.date must be a day such as 2027-01-14, not {self.date!r}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """Where a model that shows its thoughts puts them, and how many `sentences` they have. None if ''.

    `tags`: between `<think>` and `</think>` before the answer; `unclosed`: without the second tag; `tail`: without
    the first; `reasoning_content` and `reasoning`: in a field of that name beside the answer.
    """

    style: str = ""
    sentences: int = 6

    def __post_init__(self) -> None:
        not_negative(self, "thinking", "sentences")
        one_of("thinking.style", self.style, ("", *THINKING_STYLES), "style of thinking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paraphrase:
    """How often (0 to 1) a paraphrase adds something that its note does not say; determined by the seed."""

    error: float = 0.0

    def __post_init__(self) -> None:
        _share(self, "paraphrase", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """How often (0 to 1) the model errs about whether two notes mean the same; determined by the seed."""

    error: float = 0.0

    def __post_init__(self) -> None:
        _share(self, "judge", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The behaviour of a simulated server. The defaults are those of `configs/profiles/default.toml`.

    `provider` determines errors, headers and routes.
    """

    name: str = "default"
    description: str = ""
    seed: int = 0
    provider: str = "openai"
    latency: Latency = field(default_factory=Latency)
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    storm: Storm = field(default_factory=Storm)
    models: Models = field(default_factory=Models)
    thinking: Thinking = field(default_factory=Thinking)
    batch: Batch = field(default_factory=Batch)
    paraphrase: Paraphrase = field(default_factory=Paraphrase)
    judge: Judge = field(default_factory=Judge)

    def __post_init__(self) -> None:
        one_of("provider", self.provider, PROVIDER_NAMES, "provider")


def _share(values: object, table: str, name: str) -> None:
    not_negative(values, table, name)
    if getattr(values, name) > 1:
        raise ProfileError(f"{table}.{name} is a share from 0 to 1, not {getattr(values, name):g}")


assert all(any(field.name == kind for field in fields(Faults)) for kind in FAULT_KINDS)
