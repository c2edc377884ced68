"""Progress without a terminal: a plain line now and then."""

import time

from asyncgen.cli.lines import Lines
from asyncgen.events import Sample
from asyncgen.humanize import duration, earlier_included, one_of, percent, rate, usd
from asyncgen.monitor.throughput import Rates

PLAIN_INTERVAL = 30.0  # seconds: a night is a thousand lines of a log, and a minute shows two


class ProgressLines:
    """Prints the state of a run every `PLAIN_INTERVAL` seconds, the first time after as long."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._last = time.monotonic()

    def show(self, sample: Sample, rates: Rates, storm: str, rows: str) -> None:
        """Print a line if it is time for one; `storm` is what the run waits for, `rows` its word for rows."""
        now = time.monotonic()
        if now - self._last >= PLAIN_INTERVAL:
            self._last = now
            self._lines.say(plain_line(sample, rates, storm, rows))


def plain_line(sample: Sample, rates: Rates, storm: str, rows: str) -> str:
    """The content of the bar, in words."""
    total = earlier_included(sample.cost, sample.total_cost)
    parts = [
        f"{sample.done:,}/{sample.total:,} {rows}",
        f"{sample.failed:,} failed",
        storm,
        "" if rates.pairs is None else f"{rate(rates.pairs)} {rows}/s",
        "" if rates.calls is None else f"{rate(rates.calls)} calls/s",
        f"{sample.in_flight} in flight",
        "" if rates.in_use is None else f"{rates.binding} {percent(rates.in_use)} in use",
        f"{sample.refused:,} refused",
        f"{sample.tokens:,} tokens",
        usd(sample.cost) + ("" if total is None else f" ({usd(total)} in all starts)"),
        "" if sample.oldest is None else f"oldest {one_of(rows)} {duration(sample.oldest)}",
        "" if rates.eta is None else f"ETA {duration(rates.eta)}",
    ]
    return ", ".join(filter(None, parts))
