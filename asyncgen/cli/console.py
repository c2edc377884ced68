"""What a person sees of a run: lines, a progress bar, a summary; and the log file."""

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from asyncgen.cli.bar import ProgressBar
from asyncgen.cli.event_lines import EventLines
from asyncgen.cli.event_log_file import EventLogFile
from asyncgen.cli.hints import PROMPT_FILE, Prompts
from asyncgen.cli.lines import Lines
from asyncgen.cli.paths import from_here
from asyncgen.cli.progress_lines import ProgressLines
from asyncgen.cli.setting_names import PHRASES
from asyncgen.cli.summary import summary_lines
from asyncgen.client.classify import REFUSED
from asyncgen.config import DEFAULT_RECIPE, RunConfig
from asyncgen.cost import Price
from asyncgen.errors import Phrase
from asyncgen.events import Event, InputLoaded, PairDone, PairFailed, Planned, RepairStarted, RunStarted, Sample
from asyncgen.humanize import counted, many_of
from asyncgen.monitor.throughput import Meter
from asyncgen.rows import ROWS

if TYPE_CHECKING:
    from asyncgen.engine.session import Summary


class Console(Lines):
    """An observer that prints; `observe` takes the events.

    Args:
        progress: show a bar on a terminal, else a plain line now and then.
        verbose: a line for each failed attempt.
        quiet: only warnings and errors.
        log_file: where events go as JSON lines.
        prompts: where the user has the prompts; None: they cannot be changed.

    Raises:
        UsageError: the log file cannot be opened.
    """

    def __init__(
        self,
        *,
        progress: bool,
        verbose: bool,
        quiet: bool,
        log_file: Path | None,
        prompts: Prompts | None = PROMPT_FILE,
    ) -> None:
        self._progress = progress and not quiet
        self._bar = ProgressBar(enabled=self._progress)
        super().__init__(quiet=quiet, write=self._bar.write)
        self._event_lines = EventLines(self, verbose=verbose, prompts=prompts)
        self._progress_lines = ProgressLines(self)
        self._log = None if log_file is None else EventLogFile(log_file, self.warn)
        self._meter = Meter()
        self._rows = ROWS
        self._failures: set[str] = set()
        self._planned: Planned | None = None
        self._last_sample: Sample | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self._log is not None:
            self._log.close()

    def paths(self, config: RunConfig, output_file: Path | None = None) -> None:
        """Print the paths and the model, before anything else; `output_file` is a second name of the output."""
        self.say(f"Input:   {config.input_jsonl}")
        if output_file is not None:
            self.say(f"Output:  {output_file}")
        self.say(f"{'State: ' if output_file else 'Output:'}  {config.output_dir}")
        if config.recipe != DEFAULT_RECIPE:
            self.say(f"Recipe:  {config.recipe}")
        if config.prompt_file is not None:
            self.say(f"Prompts: {config.prompt_file}")
        self.say(f"Model:   {config.model}" + (f" for {config.began_with}" if config.began_with else ""))

    def end(self, error: str) -> None:
        """Print why the run ended early."""
        self._bar.close()
        self.error(error)

    def summary(
        self, summary: "Summary", config: RunConfig, price: Price | None = None, output_file: Path | None = None
    ) -> None:
        """Print how the run ended; `price` is its model's, `output_file` as for `paths`."""
        self._bar.close()
        place = output_file or config.output_dir
        for line in summary_lines(summary, config, place, price, self._planned, self._last_sample, self._rows):
            self.say(line)
        if summary.failed_pairs and not summary.already_complete:
            those = "it" if summary.failed_pairs == 1 else "them"
            where = "there" if output_file is None else f"in {from_here(config.output_dir)}"
            all_refused = self._failures == {REFUSED} and summary.failed_pairs == summary.stats.get("total_pairs")
            again = f"the same command asks only {those} again and merges {those} in place"
            self.warn(
                f"{counted(summary.failed_pairs, self._rows)} failed (see failed.jsonl {where}); "
                f"{PHRASES[Phrase.START_OVER] if all_refused else again}"
            )

    def observe(self, event: Event) -> None:
        """Show an event."""
        if self._log is not None:
            self._log.add(event)
        self._event_lines.show(event)
        match event:
            case InputLoaded():
                self._rows = many_of(event.rows)
            case PairDone():
                self._bar.advance()
            case PairFailed():
                self._bar.advance()
                self._failures.add(event.kind)
            case RunStarted():
                self._bar.open(event.total, event.done)
            case RepairStarted():
                self._bar.open(event.pairs, 0)
            case Planned():
                self._planned = event
            case Sample():
                self._show_sample(event)

    def _show_sample(self, sample: Sample) -> None:
        self._last_sample = sample
        self._meter.add(time.monotonic(), sample)
        show = self._bar.draw if self._bar.is_open else self._progress_lines.show
        if self._progress:
            show(sample, self._meter.rates(), self._event_lines.storm, self._rows)
