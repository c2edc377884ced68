"""What the workers and the coordinator say to each other. Both sides have the same version."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncgen.chat import NO_FINDINGS, Findings, RequestShape
from asyncgen.errors import AsyncgenError
from asyncgen.events import Event, Paused, Sample


@dataclass(frozen=True, slots=True)
class News:
    """An event to show to the user, once: a report that was not answered arrives perhaps, and is made again."""

    id: str
    event: Event


@dataclass(frozen=True, slots=True)
class ShardSample:
    """The latest sample of a shard, with the session of its process."""

    shard: int
    session: str
    sample: Sample


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker's report, about once a second.

    `shard` (from 1) is its current one; `session` identifies its process's work on it, as the counts of a `sample`
    (None before the first one) start anew with each. `former` is that of the shard before, which may have rows
    left. `wanted` is a share of the limits, `held` the one that it may use until the reply; `pauses` are the
    servers' latest, with the seconds that are left of each. `findings` are all that it knows of the requests that
    servers accept, `unproven` the shapes that it would probe.
    """

    worker: int
    shard: int
    session: str
    wanted: float
    held: float
    pauses: tuple[tuple[Paused, float], ...] = ()
    sample: Sample | None = None
    former: ShardSample | None = None
    news: tuple[News, ...] = ()
    findings: Findings = NO_FINDINGS
    unproven: frozenset[RequestShape] = frozenset()


@dataclass(frozen=True, slots=True)
class Instruction:
    """The reply to a worker: its share of the limits, how long to send nothing, and the reason to stop, if any.

    `pauses` are seconds by endpoint ("": of the run). `findings` are those of all workers, and `permitted` the
    shapes that this one may probe now.
    """

    share: float
    pauses: Mapping[str, float] = field(default_factory=dict)
    stop: AsyncgenError | None = None
    findings: Findings = NO_FINDINGS
    permitted: frozenset[RequestShape] = frozenset()
