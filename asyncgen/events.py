"""What a run tells about itself: frozen events to whoever listens. None holds a key or the text of a note."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asyncgen.chat import Usage
from asyncgen.errors import Message


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    """A process begins, or goes on with, the run of a directory.

    `command` is what a shell goes on with from anywhere; `settings` are those that matter for pace and cost.
    """

    version: str
    pid: int
    command: str
    settings: Mapping[str, str | float | bool | None]


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """The process is about to end with `exit_code`; `reason` is what it tells the user, empty when it is done.

    `settings` are the names of those that the reason speaks of.
    """

    exit_code: int
    reason: str | Message = ""
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What the work before us was expected to take: `cost` in USD from low to high, None without a price.

    `seconds` is the time that the limits leave, `binding` the name of the one that binds.
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
    """The scan has passed: `pairs` will be processed in all; `bad_lines` were skipped at the user's wish.

    `rows` is what the recipe calls them, in the plural.
    """

    path: Path
    pairs: int
    bad_lines: int
    rows: str = "pairs"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know before it goes on; `warning` when it may cost something."""

    text: str | Message
    warning: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Pairs from index `first` on are processed; `done` of `total` are; `resumed` when a checkpoint was found."""

    first: int
    done: int
    total: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class RepairStarted:
    """`pairs` that failed earlier, or were flagged as `why` says, are asked again."""

    pairs: int
    why: str = "failed earlier"


@dataclass(frozen=True, slots=True)
class CallEnded:
    """One attempt of one call is over.

    `started` is in seconds of the event loop's clock, `waited` (for the gate) and `took` in seconds;
    `outcome` is "ok" or an error class; `request` is the hash (hex) by which records name what was asked;
    `endpoint` names the server, where it has a name. `code` and `param` are those of a refusal; `sentence` is what
    the server says, without anything that it quotes, with the first refusal of a kind. `batch` is the server's id
    of the batch that it came out of: such a call has no times of its own. `adapted`: the refusal concerns a field
    of the request alone, and it is sent anew as this model takes it.
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


TAKEN = "taken"
"""The status of a batch of which all is in the journal."""


@dataclass(frozen=True, slots=True)
class BatchChanged:
    """A batch stands in another way than before.

    `number` is its number in the directory, `id` the server's for it (empty before it has one); `status` is what
    the server calls it, or "sending" before and "taken" when all that came of it is in the journal. Of `requests`,
    `completed` were answered and `failed` were not, as far as the server counts.
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


@dataclass(frozen=True, slots=True)
class PairDone:
    """A pair is written."""

    index: int


@dataclass(frozen=True, slots=True)
class PairFailed:
    """A pair is given up and recorded in `failed.jsonl`."""

    index: int
    note_id: str
    step: str
    kind: str
    attempts: int


@dataclass(frozen=True, slots=True)
class RecipeRaised:
    """The recipe itself failed for a pair, which is given up: the type of its error and the file and line.

    `stack` are the lines of the traceback, without what the errors say: that may quote a note.
    """

    index: int
    note_id: str
    error: str
    stack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """Everything up to `done` pairs of `total` is durable."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Paused:
    """A server refuses for rate or overload: nothing is sent there for `seconds`.

    `endpoint` is its name, empty where it is the only one.
    """

    seconds: float
    kind: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Nothing more is asked; what is in flight is finished."""

    reason: Message
    in_flight: int


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit: what this process may use of it `per_minute` (its share, its ceiling), and what it has `spent`.

    `endpoint` is its name, empty where it has none.
    """

    name: str
    per_minute: float
    spent: float
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class EndpointUse:
    """One of several endpoints: its calls in flight and what it waits for, as in `Sample`.

    `out` says why it is asked no more; one that `rests` has failed, and is only probed.
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

    `done` and `failed` count the pairs of the run (in a repair: those of the repair), `calls` to `cost` all
    attempts of this process: `refused` for rate or overload, `retried` those that were not the first of their
    call; `cost` is in USD, None without a price. `waiting_on` names what holds the oldest waiting call:
    "concurrency", "requests", "tokens", "pause", or None when nothing waits. `oldest` is the age in seconds of
    the oldest pair that is not written yet, None when there is none. `endpoints` is empty
    where there is one. `cached` answers came from the cache, and are in no other count.
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
