"""The events of a run: frozen values for observers. None holds a key or the text of a note."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asyncgen.chat import Usage, fast_dataclass
from asyncgen.errors import Message


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    """A process begins or resumes the run of a directory.

    `command` resumes it, in a shell in any directory; `settings` are those that matter for pace and cost.
    """

    version: str
    pid: int
    command: str
    settings: Mapping[str, str | float | bool | None]


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """The process is about to end with `exit_code`; `reason` is its message to the user, empty on success.

    `settings` are the names of the settings in the reason.
    """

    exit_code: int
    reason: str | Message = ""
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """The forecast for the work to do: `cost` in USD from low to high, None without a price.

    `seconds` is the duration that the limits allow, `binding` the name of the limit that determines it.
    """

    pairs: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_low: float | None
    cost_high: float | None
    seconds: float | None
    binding: str | None


@dataclass(frozen=True, slots=True)
class InputLoaded:
    """The scan has passed: `pairs` will be processed in all; `bad_lines` were skipped as the user asked.

    `rows` is the recipe's name for them, in the plural.
    """

    path: Path
    pairs: int
    bad_lines: int
    rows: str = "pairs"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to the user before the run goes on; a `warning` if it may cost something."""

    text: str | Message
    warning: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Rows from index `first` on are processed; `done` of `total` are; `resumed` if a checkpoint was found."""

    first: int
    done: int
    total: int
    resumed: bool


FAILED_EARLIER = "failed earlier"


@dataclass(frozen=True, slots=True)
class RepairStarted:
    """`pairs` that failed earlier, or were flagged as `why` says, are asked again."""

    pairs: int
    why: str = FAILED_EARLIER


@fast_dataclass(frozen=True, slots=True)
class CallEnded:
    """One attempt of one call is over.

    `started` is in seconds of the event loop's clock, `waited` (for the gate) and `took` in seconds; `outcome` is
    "ok" or an error class; `request` is the request's hash (hex), as in records; `endpoint` is the server's name,
    if it has one. `code` and `param` come from a refusal; `sentence` is the server's own, without anything that it
    quotes, given with the first refusal of a kind. `batch` is the server's id of the batch that the call came out
    of: such a call has no times of its own. `adapted`: only a field of the request was refused, and the call is
    repeated without that field or with its other name.
    `removed` names what was cut off the text of an answer (`thinking`, `special_tokens`). `of_day`: a daily limit
    refused it.
    """

    index: int
    note_id: str
    step: str
    request: str
    attempt: int
    outcome: str
    status: int | None
    request_id: str | None
    started: float
    waited: float
    took: float
    usage: Usage
    endpoint: str = ""
    code: str | None = None
    param: str | None = None
    sentence: str | None = None
    batch: str = ""
    adapted: bool = False
    removed: tuple[str, ...] = ()
    of_day: bool = False

    @property
    def needs_explanation(self) -> bool:
        """Whether the server's words are to be shown: of what is waited for, samples and pauses tell."""
        return not self.adapted and (self.of_day or self.outcome not in WAITED_FOR)


TAKEN = "taken"
"""The status of a batch whose answers are all in the journal."""


@dataclass(frozen=True, slots=True)
class BatchChanged:
    """The state of a batch has changed.

    `number` is its number in the directory, `id` the server's (empty before it has one); `status` is the server's,
    or "sending" before that and "taken" once all its answers are in the journal. Of `requests`, `completed` were
    answered and `failed` were not, by the server's count.
    """

    number: int
    id: str
    status: str
    requests: int
    completed: int
    failed: int


@dataclass(frozen=True, slots=True)
class CacheHit:
    """A request was answered from the cache, at `started` by the event loop's clock; `usage` was paid earlier."""

    index: int
    note_id: str
    step: str
    request: str
    started: float
    usage: Usage


@fast_dataclass(frozen=True, slots=True)
class PairDone:
    """A row is written."""

    index: int


@dataclass(frozen=True, slots=True)
class PairFailed:
    """A row has failed and is recorded in `failed.jsonl`; `earlier`: an earlier start had given it up."""

    index: int
    note_id: str
    step: str
    kind: str
    attempts: int
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class RecipeRaised:
    """The recipe itself raised for a row, which fails: the error's type, and its file and line.

    `stack` is the lines of the traceback without the errors' messages, which may quote a note.
    """

    index: int
    note_id: str
    error: str
    stack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The first `done` rows of `total` are durable."""

    done: int
    total: int


THROTTLED = frozenset({"rate_limit", "overloaded"})
"""Outcomes of calls that were refused for rate or overload, whatever the status of the answer."""

WAITED_FOR = {"ok", *THROTTLED}
"""Outcomes of calls that need no explanation, but for a daily limit: samples and pauses tell of them."""

UNREACHED = {"connection", "server_error", "html"}
"""The kinds of a pause that no server asked for."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A server refuses for rate or overload, or cannot be reached: nothing is sent there for `seconds`.

    `endpoint` is its name, empty if it is the only one; `asked` the seconds that it asks for, if that is longer.
    """

    seconds: float
    kind: str
    endpoint: str = ""
    asked: float | None = None


@dataclass(frozen=True, slots=True)
class StopRequested:
    """No further calls are sent; those in flight are finished."""

    reason: Message
    in_flight: int


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit: what this process may use `per_minute` (its share, the user's ceiling), and what it has `spent`.

    `endpoint` is its name, empty if it has none.
    """

    name: str
    per_minute: float
    spent: float
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class EndpointUse:
    """One of several endpoints: its calls in flight and what it waits for, as in `Sample`.

    `out` says why it is no longer asked; one that `rests` has failed, and gets only probes.
    """

    name: str
    in_flight: int
    concurrency: int
    waiting_on: str | None
    out: str | None
    rests: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of the run at a moment, about once a second. Counts only grow, so dropping samples loses none.

    `done` and `failed` count the rows of the run (in a repair: of the repair); `calls` to `cost` count all
    attempts of this process: `refused` for rate or overload, `retried` those after the first of their call; `cost`
    is in USD, None without a price, and `total_cost` that of all starts of the directory, None if it is not added
    up. `waiting_on` names what holds back the oldest waiting call: "concurrency", "requests", "tokens", "pause",
    or None if nothing waits. `oldest` is the age in seconds of the oldest row that is not written yet, None if
    there is none. `endpoints` is empty if there is only one. `cached` answers came from the cache, and are in no
    other count. `failed_earlier` of the failed rows had been given up by an earlier start; the failures of
    `failed_alone` others tell nothing of further rows.
    """

    done: int
    failed: int
    total: int
    in_flight: int
    concurrency: int
    waiting: int
    waiting_on: str | None
    oldest: float | None
    calls: int
    refused: int
    retried: int
    prompt_tokens: int
    completion_tokens: int
    tokens: int
    cost: float | None
    limits: tuple[LimitUse, ...] = ()
    endpoints: tuple[EndpointUse, ...] = ()
    cached: int = 0
    total_cost: float | None = None
    failed_earlier: int = 0
    failed_alone: int = 0


Event = (
    ProcessStarted
    | ProcessEnded
    | Planned
    | InputLoaded
    | Notice
    | RunStarted
    | RepairStarted
    | CallEnded
    | CacheHit
    | BatchChanged
    | PairDone
    | PairFailed
    | RecipeRaised
    | CheckpointSaved
    | Paused
    | StopRequested
    | Sample
)
Observer = Callable[[Event], None]
