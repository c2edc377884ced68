"""What a run tells about itself: frozen events to whoever listens. No text of a note is in any of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from asyncgen.chat import Usage


@dataclass(frozen=True, slots=True)
class InputLoaded:
    """The scan has passed: `pairs` will be processed in all; `bad_lines` were skipped at the user's wish."""

    path: Path
    pairs: int
    bad_lines: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know before it goes on; `warning` when it may cost something."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Pairs from `first` on are processed, of `total`; `resumed` when a checkpoint was found."""

    first: int
    total: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class RepairStarted:
    """`pairs` that failed earlier are asked again."""

    pairs: int


@dataclass(frozen=True, slots=True)
class CallEnded:
    """One attempt of one call is over.

    `started` is in seconds of the event loop's clock, `waited` (for the gate) and `took` in seconds;
    `outcome` is "ok" or an error class.
    """

    index: int
    note_id: str
    step: str
    attempt: int
    outcome: str
    status: int | None
    request_id: str | None
    started: float
    waited: float
    took: float
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
class CheckpointSaved:
    """Everything up to `done` pairs of `total` is durable."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Paused:
    """The server refuses for rate or overload: nothing is sent for `seconds`."""

    seconds: float
    kind: str


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Nothing more is asked; what is in flight is finished."""

    reason: str
    in_flight: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of the run at a moment, about once a second.

    `waiting_on` names what holds the oldest waiting call: "concurrency", "requests", "tokens", "pause",
    or None when nothing waits. `tokens` counts all calls of this process.
    """

    done: int
    failed: int
    total: int
    in_flight: int
    waiting: int
    waiting_on: str | None
    calls: int
    refused: int
    tokens: int


Event = (
    InputLoaded
    | Notice
    | RunStarted
    | RepairStarted
    | CallEnded
    | PairDone
    | PairFailed
    | CheckpointSaved
    | Paused
    | StopRequested
    | Sample
)
Observer = Callable[[Event], None]
