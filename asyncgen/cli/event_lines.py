"""The lines about a run's events, thinned out if there are many."""

import time
from typing import TYPE_CHECKING, Any

from asyncgen.cli.hints import PROMPT_FILE, Prompts, explanation
from asyncgen.cli.lines import Lines
from asyncgen.cli.setting_names import in_flags
from asyncgen.events import (
    UNREACHED,
    BatchChanged,
    CallEnded,
    CheckpointSaved,
    Event,
    InputLoaded,
    Notice,
    PairFailed,
    Paused,
    RecipeRaised,
    RepairStarted,
    RunStarted,
    StopRequested,
)
from asyncgen.humanize import clock, counted, duration, many_of, one_of, plural
from asyncgen.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKPOINT_INTERVAL = 5.0  # seconds: a fast run saves several times a second, and a line now and then is enough
FAILURES_SHOWN = 20  # about a screenful; failed.jsonl has all
LONGEST_ID = 80  # characters; a longer one is a text that was taken for an id
STORM = 1.0  # seconds: a shorter pause is not worth a line
NEW_STORM = 10.0  # seconds after a pause within which another one belongs to it
STORM_GOES_ON = 60.0  # seconds after the end that was told, after which the same pause is told again


class EventLines:
    """Prints what the user should know of a run's events.

    Args:
        lines: where to print.
        verbose: print a line for each failed attempt and each pause.
        prompts: where the user has the prompts; None: they cannot be changed.
    """

    def __init__(self, lines: Lines, *, verbose: bool, prompts: Prompts | None = PROMPT_FILE) -> None:
        self._lines = lines
        self._prompts = prompts
        self._verbose = verbose
        self._rows = ROWS
        self._failures = 0
        self._raised: dict[int, str] = {}
        self._explained: set[tuple[object, ...]] = set()
        self._storm_until = 0.0
        self._storm_kind = ""
        self._told = Paused(0.0, "")
        self._told_until = 0.0
        self._batches: dict[int, str] = {}
        self._last_checkpoint = time.monotonic()
        self._shown: dict[type[Any], Callable[[Any], None]] = {
            CallEnded: self._show_attempt,
            PairFailed: self._show_failure,
            RecipeRaised: self._show_failure,
            CheckpointSaved: self._show_checkpoint,
            Paused: self._show_pause,
            BatchChanged: self._show_batch,
            StopRequested: self._show_stop,
        }

    @property
    def storm(self) -> str:
        """What the run waits for at the server's request; empty if it does not."""
        if time.time() >= self._storm_until:
            return ""
        status = {"rate_limit": "429", "overloaded": "overloaded"}.get(self._storm_kind, self._storm_kind)
        return f"storm: nothing sent until {clock(self._storm_until)} ({status})"

    def show(self, event: Event) -> None:
        """Print the line of an event, if it is worth one."""
        if type(event) in self._shown:
            self._shown[type(event)](event)
            return
        say = self._lines.say
        match event:
            case InputLoaded():
                self._rows = event.rows
                rows = event.rows
                if event.pairs == 1:
                    rows = rows.removesuffix(many_of(rows)) + one_of(rows)
                say(f"Loaded {event.pairs} {rows} from {event.path}")
            case Notice():
                (self._lines.warn if event.warning else say)(in_flags(event.text))
            case RunStarted(resumed=True):
                say(f"Resuming from {one_of(self._rows)} {event.first} (checkpoint found)")
            case RepairStarted():
                say(f"Asking again for {counted(event.pairs, self._rows)} that {event.why}")

    def _show_attempt(self, event: CallEnded) -> None:
        if event.needs_explanation:
            self._explain(event)
        if not self._verbose or event.outcome == "ok":
            return
        status = "" if event.status is None else f" (status {event.status})"
        where = f" at {event.endpoint}" if event.endpoint else ""
        row = f"{one_of(self._rows)} {event.index}"
        self._lines.say(f"  {row} {event.step}: {event.outcome}{status}{where}, attempt {event.attempt}")

    def _explain(self, event: CallEnded) -> None:
        """Explain once for each kind of failure why the server refuses, and what helps."""
        kind = event.outcome, event.status, event.code, event.param
        text = "" if kind in self._explained else explanation(event, self._prompts)
        if text:
            self._explained.add(kind)
            self._lines.warn(text)

    def _show_failure(self, event: PairFailed | RecipeRaised) -> None:
        if isinstance(event, RecipeRaised):  # the failure of the row is shown later, in its order
            self._raised[event.index] = event.error
            return
        self._failures += 1
        why = f"{event.step}: {event.kind} after {plural(event.attempts, 'attempt')}"
        if event.index in self._raised:
            why = f"{event.kind}: {self._raised.pop(event.index)} (--log-file has the traceback)"
        if self._failures <= FAILURES_SHOWN:
            name = " ".join(event.note_id.split())
            named = name if len(name) <= LONGEST_ID else f"{name[:LONGEST_ID]}…"
            self._lines.error(f"Error processing {one_of(self._rows)} {event.index} ({named}): {why}")
        if self._failures == FAILURES_SHOWN:
            self._lines.warn("further failures are only listed in failed.jsonl")

    def _show_checkpoint(self, event: CheckpointSaved) -> None:
        now = time.monotonic()
        if now - self._last_checkpoint >= CHECKPOINT_INTERVAL or event.done == event.total:
            self._last_checkpoint = now
            self._lines.say(f"✓ Checkpoint saved at {one_of(self._rows)} {event.done}/{event.total}")

    def _show_pause(self, event: Paused) -> None:
        if event.endpoint:
            if self._verbose:
                self._lines.say(f"  {event.endpoint} asks to wait ({event.kind}): {event.seconds:.1f} s")
            return  # calls go to other endpoints meanwhile
        now = time.time()
        begins = now > self._storm_until + NEW_STORM
        if event.seconds >= STORM:
            self._storm_until, self._storm_kind = now + event.seconds, event.kind
        worth = event.seconds >= STORM and (begins or self._is_news(event, now + event.seconds))
        if not (self._verbose or worth):
            return
        self._told, self._told_until = event, now + event.seconds
        what = "cannot be reached" if event.kind in UNREACHED else "asks to wait"
        asked = "" if event.asked is None else f" {duration(event.asked)}"
        then = "" if event.asked is None else ", then a call is tried all the same"
        self._lines.say(
            f"  the server {what}{asked} ({event.kind}): nothing is sent for {event.seconds:.1f} s, "
            f"until {clock(self._told_until)}{then}"
        )

    def _is_news(self, event: Paused, until: float) -> bool:
        """Whether a pause says more than the one told last: another kind, longer, or much later."""
        same = event.kind == self._told.kind and event.seconds <= self._told.seconds
        return until > self._told_until + (STORM_GOES_ON if same else NEW_STORM)

    def _show_batch(self, event: BatchChanged) -> None:
        before, self._batches[event.number] = self._batches.get(event.number, ""), event.status
        if event.status == before and not self._verbose:
            return
        named = f" ({event.id})" if event.id else ""
        failed = f", {event.failed:,} failed" if event.failed else ""
        how = f"{event.completed:,} of {plural(event.requests, 'request')} done{failed}"
        self._lines.say(f"Batch {event.number}{named}: {event.status.replace('_', ' ')}, {how}")

    def _show_stop(self, event: StopRequested) -> None:
        if event.in_flight:
            calls = f"{plural(event.in_flight, 'call')} in flight {'is' if event.in_flight == 1 else 'are'}"
            self._lines.say(f"Stopping: {calls} finished and saved first (Ctrl-C again leaves at once)")
