"""What a person sees of a run: lines, a progress bar, a summary. Also the log file, a line an event.

Colour is for terminals, and only repeats what a sign or a word says already; `NO_COLOR` switches it off.
"""

import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import orjson
from tqdm import tqdm

from asyncgen.cli.hints import explanation
from asyncgen.config import RunConfig, from_here
from asyncgen.cost import Price, describe
from asyncgen.engine.session import Summary
from asyncgen.errors import UsageError
from asyncgen.events import (
    CallEnded,
    CheckpointSaved,
    Event,
    InputLoaded,
    Notice,
    PairDone,
    PairFailed,
    Paused,
    Planned,
    RepairStarted,
    RunStarted,
    Sample,
    StopRequested,
)
from asyncgen.humanize import brief, clock, duration, fit, percent, plural, rate, usd
from asyncgen.monitor.throughput import Meter, Rates
from asyncgen.storage.checkpoint import timestamp
from asyncgen.text import printable

if TYPE_CHECKING:
    from asyncgen.shard import Shard

PLAIN_INTERVAL = 30.0
CHECKPOINT_INTERVAL = 5.0
WAITED_FOR = {"ok", "rate_limit", "overloaded"}  # the bar tells of these
FAILURES_SHOWN = 20
STORM = 1.0  # seconds: a shorter pause is not worth a word
NEW_STORM = 10.0  # seconds after a pause in which another one is no news
BAR_WIDTH = 8
_COLOURS = {"✓": 32, "⚠": 33, "❌": 31}


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
        self._meter = Meter()
        self._storm_until = 0.0
        self._storm_kind = ""
        self._failures = 0
        self._explained: set[tuple[object, ...]] = set()
        self._input = Path("PAIRS")
        self._shard: Shard | None = None
        self._planned: Planned | None = None
        self._last_sample: Sample | None = None
        self._last_plain = self._last_checkpoint = time.monotonic()
        self._log: FileIO | None = None
        if log_file is not None:
            try:
                self._log = log_file.absolute().open("ab", buffering=0)
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
        self._input, self._shard = config.input_jsonl, config.shard
        self.say(f"Input:   {config.input_jsonl}")
        self.say(f"Output:  {config.output_dir}")
        self.say(f"Prompts: {config.prompt_file}")
        self.say(f"Model:   {config.model}" + (f" for {config.began_with}" if config.began_with else ""))

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

    def advise(self, text: str) -> None:
        """What to do about it; shown even when quiet."""
        self._print(text, sys.stderr)

    def summary(self, summary: Summary, output_dir: Path, price: Price | None = None) -> None:
        """How the run ended; `price` is that of its model."""
        self._close_bar()
        stats = summary.stats
        pairs = stats["total_pairs"]
        if summary.already_complete:
            self.say(f"✓ Already complete: {pairs} pairs in {output_dir}, nothing to do")
            self._next(output_dir)
            return
        rate = f"{summary.calls / summary.seconds:.1f} calls/s" if summary.seconds else ""
        end, failed = "✓ Done", ""
        if summary.failed_pairs:
            end, failed = "⚠ Ended", f", {summary.failed_pairs:,} of them failed"
        alone = summary.spend.most.total_tokens == summary.tokens
        self.say(
            f"{end}: {plural(pairs, 'pair')}{failed}{' in' if alone else '; this start took'} "
            f"{duration(summary.seconds)} ({plural(summary.calls, 'call')}, {rate}, {summary.refused:,} refused; "
            f"{summary.tokens:,} tokens)"
        )
        self._compare(summary.seconds)
        if not alone:
            self.say(f"  all starts together: {describe(summary.spend, price)}")
        for name, number in stats.items():
            if name not in {"total_pairs", "total_tokens_used"}:
                self.say(f"  {name:28} {number:>8,}")
        self.say(f"  in {output_dir}")
        if not summary.failed_pairs:
            self._next(output_dir)
        if summary.failed_pairs:
            self.warn(
                f"{plural(summary.failed_pairs, 'pair')} failed (see failed.jsonl there); "
                "the same command asks only them again and merges them in place"
            )

    def _next(self, output_dir: Path) -> None:
        if self._shard is not None:
            self.say(f"next, when all {self._shard.of} are done: asyncgen merge DIR… --output-dir OUT")
            return
        words = ["asyncgen", "verify", str(from_here(output_dir)), "--input-jsonl", str(from_here(self._input))]
        self.say(f"next: {shlex.join(words)}")

    def _compare(self, seconds: float) -> None:
        """Planned against actual, of this process."""
        plan, took = self._planned, self._last_sample
        if plan is None or took is None:
            return
        planned, actual = plan.prompt_tokens + plan.completion_tokens, took.prompt_tokens + took.completion_tokens
        costs = ""
        if plan.cost_low is not None and plan.cost_high is not None and took.cost is not None:
            costs = f"; {usd(plan.cost_low)} to {usd(plan.cost_high)} planned, {usd(took.cost)} by the price list"
        time_ = "" if plan.seconds is None else f"; {duration(plan.seconds)} planned, {duration(seconds)} taken"
        self.say(f"  {planned:,} tokens planned, {actual:,} used{costs}{time_}")

    def observe(self, event: Event) -> None:
        """Show an event."""
        if self._log is not None and not isinstance(event, PairDone | Sample):
            fields = {"time": timestamp(), "event": type(event).__name__, **asdict(event)}
            self._write_log(self._log, orjson.dumps(fields, default=str, option=orjson.OPT_APPEND_NEWLINE))
        show = self._SHOW.get(type(event))
        if show is not None:
            show(self, event)

    def _write_log(self, log: FileIO, line: bytes) -> None:
        """Add a line, or give the file up: a log that cannot be written is no reason to end a run."""
        try:
            log.write(line)
        except OSError as error:
            self._log = None
            log.close()
            self.warn(f"cannot write the log file {log.name}: {error.strerror}; it ends here, the run goes on")

    def _loaded(self, event: InputLoaded) -> None:
        self.say(f"Loaded {event.pairs} MEDEC pairs from {event.path}")

    def _notice(self, event: Notice) -> None:
        (self.warn if event.warning else self.say)(event.text)

    def _started(self, event: RunStarted) -> None:
        if event.resumed:
            self.say(f"Resuming from pair {event.first} (checkpoint found)")
        self._open_bar(event.total, event.done)

    def _repairing(self, event: RepairStarted) -> None:
        self.say(f"Asking again for {plural(event.pairs, 'pair')} that {event.why}")
        self._open_bar(event.pairs, 0)

    def _call(self, event: CallEnded) -> None:
        if event.outcome not in WAITED_FOR:
            self._explain(event)
        if self._verbose and event.outcome != "ok":
            status = "" if event.status is None else f" (status {event.status})"
            where = f" at {event.endpoint}" if event.endpoint else ""
            self.say(f"  pair {event.index} {event.step}: {event.outcome}{status}{where}, attempt {event.attempt}")

    def _explain(self, event: CallEnded) -> None:
        """Say once for each kind of failure why the server refuses, and what helps."""
        kind = event.outcome, event.status, event.code, event.param
        text = "" if event.outcome == "ok" or kind in self._explained else explanation(event)
        if text:
            self._explained.add(kind)
            self.warn(text)

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
        if event.endpoint:
            if self._verbose:
                self.say(f"  {event.endpoint} asks to wait ({event.kind}): {event.seconds:.1f} s")
            return  # the others go on
        now = time.time()
        begins = now > self._storm_until + NEW_STORM
        if event.seconds >= STORM:
            self._storm_until, self._storm_kind = now + event.seconds, event.kind
        if self._verbose or (event.seconds >= STORM and begins):
            self.say(
                f"  the server asks to wait ({event.kind}): nothing is sent for {event.seconds:.1f} s, "
                f"until {clock(now + event.seconds)}"
            )

    def _stopping(self, event: StopRequested) -> None:
        if event.in_flight:
            calls = f"{plural(event.in_flight, 'call')} in flight {'is' if event.in_flight == 1 else 'are'}"
            self.say(f"Stopping: {calls} finished and saved first (Ctrl-C again leaves at once)")

    def _plan(self, event: Planned) -> None:
        self._planned = event

    def _sample(self, event: Sample) -> None:
        self._last_sample = event
        now = time.monotonic()
        self._meter.add(now, event)
        if self._bar is not None:
            self._draw(self._bar, event)
        elif self._progress and now - self._last_plain >= PLAIN_INTERVAL:
            self._last_plain = now
            self.say(plain_line(event, self._meter.rates(), self._storm()))

    def _draw(self, bar: "tqdm[Any]", event: Sample) -> None:
        storm = self._storm()
        before = f"{{percentage:3.0f}}%|{{bar:{BAR_WIDTH}}}| {{n_fmt}}/{{total_fmt}} "
        taken = len(f"100%|{'':{BAR_WIDTH}}| {event.total}/{event.total} ")
        room = os.get_terminal_size(sys.stderr.fileno()).columns - 1 - taken
        # The room is ours to divide: tqdm has no notion of what matters.
        bar.bar_format = before + bar_text(event, self._meter.rates(), storm, room)
        bar.n = event.done  # of a cluster nothing else tells how far it is
        bar.colour = "yellow" if storm and self._coloured(sys.stderr) else None
        bar.refresh()

    def _storm(self) -> str:
        """What is waited for, while it is."""
        if time.time() >= self._storm_until:
            return ""
        status = {"rate_limit": "429", "overloaded": "overloaded"}.get(self._storm_kind, self._storm_kind)
        return f"storm: nothing sent until {clock(self._storm_until)} ({status})"

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
        Planned: _plan,
    }

    def _open_bar(self, total: int, done: int) -> None:
        self._close_bar()
        if self._progress and sys.stderr.isatty():
            self._bar = tqdm(
                total=total,
                initial=done,
                dynamic_ncols=True,
                bar_format=f"{{percentage:3.0f}}%|{{bar:{BAR_WIDTH}}}| {{n_fmt}}/{{total_fmt}}",
            )

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _coloured(self, stream: IO[str]) -> bool:
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def _print(self, text: str, stream: IO[str]) -> None:
        text = printable(text)
        colour = _COLOURS.get(text[:1])
        if colour is not None and self._coloured(stream):
            text = f"\x1b[{colour}m{text[:1]}\x1b[0m{text[1:]}"
        try:
            tqdm.write(text, file=stream)
            stream.flush()
        except OSError:
            _silence(stream)


def _silence(stream: IO[str]) -> None:
    """From now on what is said here goes nowhere: its reader has gone, or the disk behind it is full.

    The run is the work and its lines are words about it: it goes on, and its exit code tells of the work.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def bar_text(sample: Sample, rates: Rates, storm: str, width: int) -> str:
    """What stands behind the bar: the more important the sooner it has room."""
    parts = [
        (0, storm),
        (2, "" if rates.pairs is None else f"{rate(rates.pairs)} pairs/s"),
        (6, "" if rates.calls is None else f"{rate(rates.calls)} calls/s"),
        (4, f"{sample.in_flight} in flight"),
        (3, "" if rates.share is None else f"{rates.binding} {100 * rates.share:.0f}%"),
        (5, f"429s {sample.refused:,}" if sample.refused else ""),
        (5, "" if sample.cost is None else f"${sample.cost:,.2f}"),
        (7, "" if sample.oldest is None else f"oldest {brief(sample.oldest)}"),
        (1, "" if rates.eta is None else f"ETA {brief(rates.eta)}"),
    ]
    return fit(parts, width)


def plain_line(sample: Sample, rates: Rates, storm: str) -> str:
    """The same as a line, in words."""
    parts = [
        f"{sample.done:,}/{sample.total:,} pairs",
        f"{sample.failed:,} failed",
        storm,
        "" if rates.pairs is None else f"{rate(rates.pairs)} pairs/s",
        "" if rates.calls is None else f"{rate(rates.calls)} calls/s",
        f"{sample.in_flight} in flight",
        "" if rates.share is None else f"{rates.binding} {percent(rates.share)} in use",
        f"{sample.refused:,} refused",
        f"{sample.tokens:,} tokens",
        usd(sample.cost),
        "" if sample.oldest is None else f"oldest pair {duration(sample.oldest)}",
        "" if rates.eta is None else f"ETA {duration(rates.eta)}",
    ]
    return ", ".join(filter(None, parts))
