"""What a person sees of a run: lines, a progress bar, a summary. Also the log file, a line an event."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson
from tqdm import tqdm

from asyncgen.checkpoint import timestamp
from asyncgen.config import RunConfig
from asyncgen.errors import UsageError
from asyncgen.pipeline import Summary
from asyncgen.progress import (
    CallEnded,
    CheckpointSaved,
    Event,
    InputLoaded,
    Notice,
    PairDone,
    PairFailed,
    Paused,
    RepairStarted,
    RunStarted,
    Sample,
    StopRequested,
)
from asyncgen.text import printable

PLAIN_INTERVAL = 30.0
CHECKPOINT_INTERVAL = 5.0
FAILURES_SHOWN = 20


class Console:
    """An observer that prints. Text for the user goes to stdout, warnings, errors and the bar to stderr.

    Args:
        progress: show a bar on a terminal, else a plain line every `PLAIN_INTERVAL` seconds.
        verbose: a line for each failed attempt.
        quiet: only warnings and errors.
        log_file: where events go as JSON lines.
    """

    def __init__(self, *, progress: bool, verbose: bool, quiet: bool, log_file: Path | None) -> None:
        self._progress = progress and not quiet
        self._verbose = verbose
        self._quiet = quiet
        self._bar: tqdm[Any] | None = None
        self._failures = 0
        self._last_plain = self._last_checkpoint = time.monotonic()
        self._log: IO[bytes] | None = None
        if log_file is not None:
            try:
                self._log = log_file.absolute().open("ab")
            except OSError as error:
                raise UsageError(f"cannot write the log file {log_file}: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()
        if self._log is not None:
            self._log.close()

    def paths(self, config: RunConfig) -> None:
        """The three paths, first of all."""
        self.say(f"Input:   {config.input_jsonl}")
        self.say(f"Output:  {config.output_dir}")
        self.say(f"Prompts: {config.prompt_file}")

    def say(self, text: str) -> None:
        """A line for the user."""
        if not self._quiet:
            self._print(text, sys.stdout)

    def warn(self, text: str) -> None:
        """A line that is shown even when quiet."""
        self._print(f"⚠ {text}", sys.stderr)

    def error(self, text: str) -> None:
        """Why the run ended."""
        self._close_bar()
        self._print(f"❌ {text}", sys.stderr)

    def summary(self, summary: Summary, output_dir: Path) -> None:
        """How the run ended."""
        self._close_bar()
        stats = summary.stats
        pairs = stats["total_pairs"]
        if summary.already_complete:
            self.say(f"✓ Already complete: {pairs} pairs in {output_dir}, nothing to do")
            return
        rate = f"{summary.calls / summary.seconds:.1f} calls/s" if summary.seconds else ""
        self.say(
            f"✓ Done: {pairs:,} pairs in {_duration(summary.seconds)} "
            f"({summary.calls:,} calls, {rate}, {summary.refused:,} refused; "
            f"{stats['total_tokens_used']:,} tokens)"
        )
        for name, number in stats.items():
            if name not in {"total_pairs", "total_tokens_used"}:
                self.say(f"  {name:28} {number:>8,}")
        self.say(f"  in {output_dir}")
        if summary.failed_pairs:
            self.warn(
                f"{summary.failed_pairs} pairs failed (see failed.jsonl there); "
                "the same command asks only them again and merges them in place"
            )

    def observe(self, event: Event) -> None:
        """Show an event."""
        if self._log is not None and not isinstance(event, PairDone | Sample):
            fields = {"time": timestamp(), "event": type(event).__name__, **asdict(event)}
            self._log.write(orjson.dumps(fields, default=str, option=orjson.OPT_APPEND_NEWLINE))
            self._log.flush()
        show = self._SHOW.get(type(event))
        if show is not None:
            show(self, event)

    def _loaded(self, event: InputLoaded) -> None:
        self.say(f"Loaded {event.pairs} MEDEC pairs from {event.path}")

    def _notice(self, event: Notice) -> None:
        (self.warn if event.warning else self.say)(event.text)

    def _started(self, event: RunStarted) -> None:
        if event.resumed:
            self.say(f"Resuming from pair {event.first} (checkpoint found)")
        self._open_bar(event.total, event.first)

    def _repairing(self, event: RepairStarted) -> None:
        self.say(f"Asking again for {event.pairs} pair{'s' * (event.pairs != 1)} that failed earlier")
        self._open_bar(event.pairs, 0)

    def _call(self, event: CallEnded) -> None:
        if self._verbose and event.outcome != "ok":
            status = "" if event.status is None else f" (status {event.status})"
            self.say(f"  pair {event.index} {event.step}: {event.outcome}{status}, attempt {event.attempt}")

    def _pair(self, _event: PairDone) -> None:
        if self._bar is not None:
            self._bar.update()

    def _failed(self, event: PairFailed) -> None:
        self._failures += 1
        if self._failures <= FAILURES_SHOWN:
            self._print(
                f"❌ Error processing pair {event.index} ({event.note_id}): "
                f"{event.step}: {event.kind} after {event.attempts} attempt{'s' * (event.attempts != 1)}",
                sys.stderr,
            )
        if self._failures == FAILURES_SHOWN:
            self.warn("further failures are only listed in failed.jsonl")
        if self._bar is not None:
            self._bar.update()

    def _saved(self, event: CheckpointSaved) -> None:
        now = time.monotonic()
        if now - self._last_checkpoint >= CHECKPOINT_INTERVAL or event.done == event.total:
            self._last_checkpoint = now
            self.say(f"✓ Checkpoint saved at pair {event.done}/{event.total}")

    def _paused(self, event: Paused) -> None:
        if self._verbose or event.seconds >= 1:
            self.say(f"  the server asks to wait ({event.kind}): nothing is sent for {event.seconds:.1f} s")

    def _stopping(self, event: StopRequested) -> None:
        if event.in_flight:
            self.say(
                f"Stopping: {event.in_flight} calls in flight are finished and saved first "
                "(Ctrl-C again leaves at once)"
            )

    def _sample(self, event: Sample) -> None:
        state = f"{event.in_flight} in flight, {event.tokens:,} tokens"
        if event.refused:
            state += f", {event.refused:,} refused"
        if event.waiting_on is not None:
            state += f", waiting on {event.waiting_on}"
        if self._bar is not None:
            self._bar.set_postfix_str(state)
        elif self._progress and time.monotonic() - self._last_plain >= PLAIN_INTERVAL:
            self._last_plain = time.monotonic()
            self.say(f"{event.done}/{event.total} pairs, {event.failed} failed, {state}")

    _SHOW: dict[type, Callable[..., None]] = {  # noqa: RUF012 - a constant table
        InputLoaded: _loaded,
        Notice: _notice,
        RunStarted: _started,
        RepairStarted: _repairing,
        CallEnded: _call,
        PairDone: _pair,
        PairFailed: _failed,
        CheckpointSaved: _saved,
        Paused: _paused,
        StopRequested: _stopping,
        Sample: _sample,
    }

    def _open_bar(self, total: int, first: int) -> None:
        self._close_bar()
        if self._progress and sys.stderr.isatty():
            self._bar = tqdm(total=total, initial=first, unit="pair", dynamic_ncols=True, smoothing=0.1)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _print(self, text: str, stream: IO[str]) -> None:
        tqdm.write(printable(text), file=stream)
        stream.flush()


def _duration(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
