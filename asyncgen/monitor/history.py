"""Read what runs of a directory logged, `events.jsonl` and `calls.jsonl`, in bounded memory.

Rules:

1. Every process that worked is a session; one without a `ProcessEnded` was killed, or still runs.
2. A sample's counts only grow, so a session needs only its last one; `each_sample`, if given, is called with all
   of them. Without it samples are not even decoded, so that a month of them is read in a second or two.
3. Lines that are not an event (torn by a crash) or of an unknown kind (another version) are skipped.
4. Fields are read by name: one that a later version added is ignored, one that an earlier version lacks has a
   default. So a directory that several versions worked on is read completely.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, TypeVar

from asyncgen.errors import Exit
from asyncgen.events import FAILED_EARLIER, THROTTLED, BatchChanged, EndpointUse, LimitUse, Planned, Sample
from asyncgen.monitor.histogram import LogHistogram
from asyncgen.storage.event_log import CACHED
from asyncgen.text import loads

SAMPLE_LINE = b'{"event":"Sample"'
LAST_MINUTE = 70  # samples, one a second: a minute, and some in case of delays
LEAST_STORM = 1.0  # seconds of pauses: less is not a storm, and not kept
SLOWEST_KEPT = 5  # calls: enough to see whether one step or one row is slow
NOTICES_KEPT = 20  # of a process: later ones mostly repeat the earlier ones

# The defaults of missing fields: nothing counted, nothing known.
_SAMPLE_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("failed", "in_flight", "concurrency", "waiting", "calls", "refused", "retried"), 0),
    **dict.fromkeys(("prompt_tokens", "completion_tokens", "tokens"), 0),
    **dict.fromkeys(("waiting_on", "oldest", "cost"), None),
}
_ENDPOINT_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("in_flight", "concurrency"), 0),
    **dict.fromkeys(("waiting_on", "out"), None),
    "rests": False,
}
_PLANNED_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("pairs", "calls", "prompt_tokens", "completion_tokens"), 0),
    **dict.fromkeys(("cost_low", "cost_high", "seconds", "binding"), None),
}
_BATCH_DEFAULTS: Mapping[str, Any] = dict.fromkeys(("requests", "completed", "failed"), 0)
_NO_DEFAULTS: Mapping[str, Any] = {}
BUDGETS = ("max_cost", "max_total_tokens")
"""The settings that a reason named if an older version stored only its text: one of these, or both."""

Settings = dict[str, Any]
E = TypeVar("E", Sample, Planned, LimitUse, EndpointUse, BatchChanged)


@dataclass(frozen=True, slots=True)
class PausedStorm:
    """Pauses in close succession, asked for or for want of a server; times are seconds since the epoch."""

    began: float
    ends: float
    paused: float
    pauses: int
    kind: str


@dataclass(slots=True)
class Session:
    """What one process did. Times are seconds since the epoch; `last` is the time of its last line.

    `ended` holds exit code and reason, `named` the settings named in the reason. `done` counts rows that this
    process wrote; `sample` is its last one, of the repair of failed rows while `repairing`. `regenerated`: it
    asked for flagged rows again.
    """

    began: float
    last: float
    version: str = ""
    pid: int = 0
    command: str = ""
    settings: Settings = field(default_factory=dict)
    ended: tuple[int, str] | None = None
    named: tuple[str, ...] = ()
    stopping: str = ""
    resumed_from: int = 0
    repairing: bool = False
    regenerated: bool = False
    done: int = 0
    sample: Sample | None = None
    notices: list[str] = field(default_factory=list)
    planned: Planned | None = None


class History:
    """All sessions of a directory, from the lines of `events.jsonl`; `batches` has the last of each, by number.

    Args:
        each_sample: called with session, time, sample, and the count of rows at which its work began.
    """

    def __init__(self, each_sample: Callable[[Session, float, Sample, int], None] | None = None) -> None:
        self.sessions: list[Session] = []
        self.storms: list[PausedStorm] = []
        self.failures: Counter[tuple[str, str]] = Counter()
        self.batches: dict[int, BatchChanged] = {}
        self._each_sample = each_sample
        self._recent: deque[bytes] = deque(maxlen=LAST_MINUTE)
        self._base = self._done_before = 0

    @property
    def samples(self) -> list[Sample]:
        """The last sample of each session that has one."""
        return [one.sample for one in self.sessions if one.sample is not None]

    def feed(self, line: bytes) -> None:
        """Add a line."""
        if line.startswith(SAMPLE_LINE):
            self._recent.append(line)
            if self._each_sample is not None and self.sessions:
                with suppress(ValueError, TypeError, KeyError):
                    self._each_sample(self.sessions[-1], *decode_sample(line), self._base)
            return
        with suppress(ValueError, TypeError, KeyError):
            event = loads(line)
            self._take(event["event"], seconds(event["time"]), event)

    def last_minute(self) -> list[tuple[float, Sample]]:
        """The samples of about the last minute, with their times."""
        samples = []
        for line in self._recent:
            with suppress(ValueError, TypeError, KeyError):
                samples.append(decode_sample(line))
        return samples

    def settle(self) -> None:
        """Credit the last samples to their session; call it before reading, as often as needed."""
        last = self._last_sample()
        if self.sessions and last is not None:
            session = self.sessions[-1]
            session.last, session.sample = max(session.last, last[0]), last[1]
            session.done = self._done_before + last[1].done - self._base

    def _take(self, name: str, at: float, event: dict[str, Any]) -> None:
        if name == "ProcessStarted":
            self._close_phase()
            if self.sessions:
                self._end_pause(self.sessions[-1].last)
            self._base = self._done_before = 0
            self.sessions.append(_session(at, event))
        elif self.sessions:  # else a version that logged no processes
            session = self.sessions[-1]
            session.last = max(session.last, at)
            _tell(session, name, event)
            match name:
                case "RunStarted":
                    self._close_phase()
                    self._base = session.resumed_from = int(event.get("done", event["first"]))
                    session.repairing = False
                case "RepairStarted":
                    self._close_phase()
                    self._base, session.repairing = 0, True
                    session.regenerated |= event.get("why", FAILED_EARLIER) != FAILED_EARLIER
                case "ProcessEnded":
                    self._end_pause(at)
                case "PairFailed":
                    self.failures[str(event["step"]), str(event["kind"])] += 1
                case "BatchChanged":
                    self.batches[int(event["number"])] = _read(BatchChanged, event, _BATCH_DEFAULTS)
                case "Paused" if not event.get("endpoint"):  # of several endpoints, the others go on
                    self._pause(at, float(event["seconds"]), str(event["kind"]))

    def _close_phase(self) -> None:
        """Credit the samples so far to the work that has ended: a repair, or an earlier process."""
        self.settle()
        self._done_before = self.sessions[-1].done if self.sessions else 0
        self._recent.clear()

    def _last_sample(self) -> tuple[float, Sample] | None:
        for line in reversed(self._recent):
            with suppress(ValueError, TypeError, KeyError):
                return decode_sample(line)
        return None

    def _pause(self, at: float, lasts: float, kind: str) -> None:
        before = self.storms[-1] if self.storms else None
        # In a storm the next pause follows soon, relative to its own length: a probe was refused again.
        if before is None or at > before.ends + max(LEAST_STORM, lasts):
            if before is not None and before.paused < LEAST_STORM:
                self.storms.pop()
            self.storms.append(PausedStorm(at, at + lasts, lasts, 1, kind))
            return
        ends = max(before.ends, at + lasts)
        # The part of this pause that does not overlap the one before.
        paused = before.paused + ends - max(before.ends, at)
        self.storms[-1] = PausedStorm(before.began, ends, paused, before.pauses + 1, kind)

    def _end_pause(self, at: float) -> None:
        """End a pause with the process that made it."""
        if self.storms and self.storms[-1].ends > at:
            last = self.storms[-1]
            self.storms[-1] = replace(last, ends=at, paused=max(0.0, last.paused - (last.ends - at)))


def _session(at: float, event: Mapping[str, Any]) -> Session:
    return Session(
        began=at,
        last=at,
        version=str(event["version"]),
        pid=int(event["pid"]),
        command=str(event["command"]),
        settings=dict(event["settings"]),
    )


def _tell(session: Session, name: str, event: Mapping[str, Any]) -> None:
    match name:
        case "ProcessEnded":
            code = int(event["exit_code"])
            session.ended = (code, str(event["reason"]))
            session.named = tuple(event.get("settings", BUDGETS if code == Exit.BUDGET else ()))
        case "StopRequested":
            session.stopping = str(event["reason"])
        case "Notice" if event["warning"] and len(session.notices) < NOTICES_KEPT:
            session.notices.append(str(event["text"]))
        case "Planned":
            session.planned = _read(Planned, event, _PLANNED_DEFAULTS)


class Calls:
    """Totals of the lines in `calls.jsonl`.

    `outcomes` counts attempts by (kind, status); `latency` is that of answered attempts, in `steps` by step;
    `waits` are the waits of all attempts before the gate, in seconds; `slowest` are (seconds, index, step);
    `cached` answers came from a cache, without an attempt.
    """

    def __init__(self) -> None:
        self.attempts = self.cached = 0
        self.outcomes: Counter[tuple[str, int | None]] = Counter()
        self.answers_by_attempt: Counter[int] = Counter()
        self.steps: dict[str, LogHistogram] = {}
        self.latency = LogHistogram()
        self.waits = LogHistogram()
        self.slowest: list[tuple[float, int, str]] = []

    @property
    def refused(self) -> int:
        """Attempts that were refused for rate or overload."""
        return sum(number for (outcome, _), number in self.outcomes.items() if outcome in THROTTLED)

    def feed(self, line: bytes) -> None:
        """Add a line; one that is not a call is skipped."""
        try:
            call = loads(line)
            outcome, took, step = call["outcome"], float(call["took"]), call["step"]
            waited, attempt, key = float(call["waited"]), int(call["attempt"]), (str(outcome), call["status"])
        except (ValueError, TypeError, KeyError):
            return
        if outcome == CACHED:
            self.cached += 1
            return
        self.attempts += 1
        self.outcomes[key] += 1
        if not call.get("batch"):
            self.waits.add(waited)
        if outcome != "ok":
            return
        self.answers_by_attempt[attempt] += 1
        if call.get("batch"):
            return  # it has no time of its own
        self.latency.add(took)
        of_step = self.steps.get(step)
        if of_step is None:
            of_step = self.steps[step] = LogHistogram()
        of_step.add(took)
        if len(self.slowest) < SLOWEST_KEPT or took > self.slowest[-1][0]:
            self.slowest = sorted([*self.slowest, (took, int(call["index"]), str(step))], reverse=True)[
                :SLOWEST_KEPT
            ]


def decode_sample(line: bytes) -> tuple[float, Sample]:
    """Time (seconds since the epoch) and sample of a line.

    Raises:
        ValueError, TypeError, KeyError: it is not a sample.
    """
    event = loads(line)
    limits = tuple(_read(LimitUse, use, _NO_DEFAULTS) for use in event.get("limits", ()))
    endpoints = tuple(_read(EndpointUse, use, _ENDPOINT_DEFAULTS) for use in event.get("endpoints", ()))
    sample = _read(Sample, event | {"limits": limits, "endpoints": endpoints}, _SAMPLE_DEFAULTS)
    return seconds(event["time"]), sample


def _read(kind: type[E], event: Mapping[str, Any], defaults: Mapping[str, Any]) -> E:
    """Build an event of this kind from its fields by name.

    Raises:
        TypeError: a field without a default is missing.
    """
    given = {**defaults, **event}
    return kind(**{one.name: given[one.name] for one in fields(kind) if one.name in given})


def seconds(time: str) -> float:
    """Seconds since the epoch of a time as events store it."""
    return datetime.fromisoformat(time).timestamp()
