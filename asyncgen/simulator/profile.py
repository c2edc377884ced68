"""What a simulated server is like: frozen values, read from TOML and checked once."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

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
)
"""Every way in which a request can be made to fail, in the order in which one draw is split among them."""

_TYPE_NAMES = {str: "a string", bool: "true or false", int: "an integer", float: "a number"}
_T = TypeVar("_T")


class ProfileError(ValueError):
    """The profile cannot be used; the message names the key and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long an answer takes: lognormal, with this median (seconds) and this sigma (of the logarithm)."""

    median_s: float = 0.2
    sigma: float = 0.3

    def __post_init__(self) -> None:
        _not_negative(self, "latency", "median_s", "sigma")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests and tokens a minute, and answers worked on at once; 0 means no limit.

    `burst_s` is how many seconds' worth a full bucket holds: 60 lets a minute's worth through at once,
    1 is a limit enforced by the second. `charge_refused`: a refused request counts as a request.
    `refund`: what an answer did not use of the tokens charged is given back.
    """

    rpm: int = 0
    tpm: int = 0
    burst_s: float = 60.0
    charge_refused: bool = True
    refund: bool = False
    slots: int = 0

    def __post_init__(self) -> None:
        _not_negative(self, "limits", "rpm", "tpm", "slots")
        if not 0 < self.burst_s <= 60:  # noqa: PLR2004 - a minute, as the limits are by the minute
            raise ProfileError(f"limits.burst_s must be above 0 and at most 60 seconds, not {self.burst_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The share of attempts (0 to 1) that each fault hits; together they must not exceed 1.

    `once`: only the first attempt of a request can be hit. `retry_after_s`: what a `rate_limit` fault
    asks for. `quota_after`, `auth_after`: from the N-th request on, the quota is spent or the key is refused
    (0: never). A request whose body contains `fail_matching`, as it stands in the JSON, always gets the fault
    `fail_kind`.
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
    once: bool = False
    retry_after_s: float = 0.05
    quota_after: int = 0
    auth_after: int = 0
    fail_matching: str = ""
    fail_kind: str = "bad_request"

    def __post_init__(self) -> None:
        _not_negative(self, "faults", *FAULT_KINDS, "retry_after_s", "quota_after", "auth_after")
        total = sum(getattr(self, kind) for kind in FAULT_KINDS)
        if total > 1 + 1e-9:
            raise ProfileError(f"the shares in [faults] add up to {total:g}: together they must not exceed 1")
        _known_kind("faults.fail_kind", self.fail_kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A window, in seconds from the first request, in which `share` of the requests gets the fault `kind`.

    No storm when `duration_s` is 0. `retry_after_s` is what the refusals ask for; 0 leaves the header out.
    """

    start_s: float = 0.0
    duration_s: float = 0.0
    kind: str = "rate_limit"
    share: float = 1.0
    retry_after_s: float = 1.0

    def __post_init__(self) -> None:
        _not_negative(self, "storm", "start_s", "duration_s", "share", "retry_after_s")
        if self.share > 1:
            raise ProfileError(f"storm.share is a share from 0 to 1, not {self.share:g}")
        _known_kind("storm.kind", self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a simulated server behaves. The defaults are those of `configs/profiles/default.toml`."""

    name: str = "default"
    description: str = ""
    seed: int = 0
    latency: Latency = field(default_factory=Latency)
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    storm: Storm = field(default_factory=Storm)


def load_profile(path: Path | None) -> Profile:
    """Read a profile from a TOML file; None gives the default profile.

    Raises:
        ProfileError: the file cannot be read, is not TOML, or has a key or value that is not understood.
    """
    if path is None:
        return Profile()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {error.strerror}") from error
    except ValueError as error:
        raise ProfileError(f"the profile {path} is not TOML in UTF-8: {error}") from error
    try:
        return _build(Profile, {"name": path.stem, **table}, "")
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from None


def _build(kind: type[_T], table: Mapping[str, Any], where: str) -> _T:
    hints = get_type_hints(kind)
    return kind(**{key: _checked(key, value, hints, where) for key, value in table.items()})


def _checked(key: str, value: Any, hints: Mapping[str, Any], where: str) -> Any:
    expected = hints.get(key)
    if expected is None:
        near = difflib.get_close_matches(key, hints, n=1, cutoff=0.5)
        hint = f"did you mean {where}{near[0]}?" if near else f"known here: {', '.join(hints)}"
        raise ProfileError(f"unknown key {where}{key}; {hint}")
    if isinstance(expected, type) and is_dataclass(expected):
        if not isinstance(value, dict):
            raise ProfileError(f"{key} must be a table, written as [{key}], not {value!r}")
        return _build(expected, value, f"{key}.")
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise ProfileError(f"{where}{key} must be {_TYPE_NAMES[expected]}, not {value!r}")
    return value


def _not_negative(values: object, table: str, *names: str) -> None:
    for name in names:
        value = getattr(values, name)
        if not 0 <= value < float("inf"):
            raise ProfileError(f"{table}.{name} must be zero or more, not {value}")


def _known_kind(key: str, kind: str) -> None:
    if kind not in FAULT_KINDS:
        near = difflib.get_close_matches(kind, FAULT_KINDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(FAULT_KINDS)}"
        raise ProfileError(f"{key} = {kind!r} is no kind of fault; {hint}")


assert all(any(field.name == kind for field in fields(Faults)) for kind in FAULT_KINDS)
