"""The progress bar, on terminals."""

import os
import sys
from typing import IO, TYPE_CHECKING, Any

from asyncgen.cli.lines import coloured
from asyncgen.events import Sample
from asyncgen.humanize import brief, dollars, earlier_included, fit, percent, rate
from asyncgen.monitor.throughput import Rates

if TYPE_CHECKING:
    from tqdm import tqdm

LEAST_BAR = 8  # characters: enough to see progress, and leaves room for the text beside it


class ProgressBar:
    """A bar on stderr.

    Args:
        enabled: whether it may be shown; it never is without a terminal.

    `is_open` says whether it is shown.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._bar: tqdm[Any] | None = None
        self._longest = 0

    @property
    def is_open(self) -> bool:  # noqa: D102
        return self._bar is not None

    def open(self, total: int, done: int) -> None:
        """Begin a bar of so many rows, replacing the last one."""
        self.close()
        self._longest = 0
        if not (self._enabled and sys.stderr.isatty()):
            return
        try:
            from tqdm import tqdm  # noqa: PLC0415 - here it is needed, and here its variables are read

            self._bar = tqdm(
                total=total,
                initial=done,
                dynamic_ncols=True,
                bar_format=_format(LEAST_BAR),
                file=sys.stderr,
                write_bytes=False,
            )
        except Exception:  # noqa: BLE001 - of any type: whatever a TQDM_ variable leads to is no end of a run
            self._enabled = False
            self.write("⚠ no progress bar: a TQDM_ variable of the environment cannot be used", sys.stderr)

    def advance(self) -> None:
        """Count a row."""
        if self._bar is not None:
            self._bar.update()

    def draw(self, sample: Sample, rates: Rates, storm: str, rows: str) -> None:
        """Show the state of the run beside the bar; `storm` is what it waits for, `rows` its word for rows."""
        if self._bar is None:
            return
        taken = len(f"100%|| {sample.total}/{sample.total} ")
        try:
            room = os.get_terminal_size(sys.stderr.fileno()).columns - 1 - taken
        except OSError:  # the terminal has gone, as with a connection that was cut
            self.close()
            return
        # The layout is ours: tqdm cannot rank the parts. The bar takes what the longest text so far leaves, so
        # that it does not jump whenever a number grows.
        text = bar_text(sample, rates, storm, room - LEAST_BAR, rows)
        self._longest = max(self._longest, len(text))
        self._bar.bar_format = f"{_format(max(LEAST_BAR, room - self._longest))} {text}"
        self._bar.n = sample.done  # on a cluster only samples show the progress
        self._bar.colour = "yellow" if storm and coloured(sys.stderr) else None
        self._bar.refresh()

    def write(self, text: str, stream: IO[str]) -> None:
        """Print a line, above the bar if there is one."""
        if self._bar is None:
            stream.write(f"{text}\n")
        else:
            self._bar.write(text, file=stream)

    def close(self) -> None:
        """Leave the bar as it is; later lines are printed below it."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _format(width: int) -> str:
    return f"{{percentage:3.0f}}%|{{bar:{width}}}| {{n_fmt}}/{{total_fmt}}"


def bar_text(sample: Sample, rates: Rates, storm: str, width: int, rows: str) -> str:
    """The text beside the bar, in so many characters: the most important parts are kept."""
    total = earlier_included(sample.cost, sample.total_cost)
    parts = [
        (0, storm),
        (2, "" if rates.pairs is None else f"{rate(rates.pairs)} {rows}/s"),
        (6, "" if rates.calls is None else f"{rate(rates.calls)} calls/s"),
        (4, f"{sample.in_flight} in flight"),
        (3, "" if rates.in_use is None else f"{rates.binding} {percent(rates.in_use)}"),
        (5, f"{sample.refused:,} refused" if sample.refused else ""),
        (5, "" if sample.cost is None else dollars(sample.cost)),
        (6, "" if total is None else f"all starts {dollars(total)}"),
        (7, "" if sample.oldest is None else f"oldest {brief(sample.oldest)}"),
        (1, "" if rates.eta is None else f"ETA {brief(rates.eta)}"),
    ]
    return fit(parts, width)
