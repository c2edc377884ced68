"""What the project promises of its speed, against what was found. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmark.figures import Figures, Speed

MB = 1_000_000
MOST_CPU = 2.0
MOST_CPU_QUICKLY = 2.5  # the guard's short runs scatter by a fifth on a machine that others use
MOST_OF_FILE = 1.1
LEAST_RATE = 0.7
FASTER_THAN = {
    "flexllm": 2.0,
    "async-batch-llm": 3.0,
    "curator": 5.0,
}
LIKE_THIS = 0.000_13  # seconds of CPU a call of the bare loop, on the machine for which the bounds in seconds hold
THAN_DATATROVE = 15.0  # with many in flight: 256 at 50 ms are 5,120 calls/s at most, whoever makes them
THAN_SEQUENTIAL = 100.0
LEAST_OF_TWO_ACTORS = 1.6


@dataclass(frozen=True, slots=True)
class Check:
    """A figure and its bound: at most, or at least."""

    what: str
    found: float
    bound: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the figure is within its bound."""
        return self.found >= self.bound if self.at_least else self.found <= self.bound

    def __str__(self) -> str:
        sign = "at least" if self.at_least else "at most"
        mark = "ok    " if self.kept else "MISSED"
        return f"{mark}  {self.what}: {self.found:.3g} ({sign} {self.bound:.3g})"


def cpu_check(ours: Speed, bare: Speed, bound: float = MOST_CPU) -> Check:
    """The guard against a regression: CPU of a call against that of the bare loop."""
    return Check("CPU per call, times the bare loop's", ours.cpu / bare.cpu, bound)


def recipe_check(of_file: Speed, of_class: Speed) -> Check:
    """What it may cost that a recipe is a file: CPU of a call against that of the class with the same calls."""
    return Check(
        "CPU per call of a recipe file, times that of the class", of_file.cpu / of_class.cpu, MOST_OF_FILE
    )


def actors_check(times: float) -> Check:
    """What two actors of Ray must make of the calls a second of one process."""
    return Check("calls/s of two actors, times one process", times, LEAST_OF_TWO_ACTORS, at_least=True)


def checks(figures: Figures) -> Iterator[Check]:
    """All promises that these figures can judge."""
    ours, bare, own = figures.ours, figures.bare, figures.own
    if ours.speed is not None:
        yield Check("calls/s, times the bare loop's", ours.speed.rate / bare.rate, LEAST_RATE, at_least=True)
        yield cpu_check(ours.speed, bare)
        for name, bound in FASTER_THAN.items():
            peer = figures.speed(name)
            if peer is not None:
                yield Check(f"calls/s, times those of {name}", ours.speed.rate / peer.rate, bound, at_least=True)
    wide, datatrove = figures.wide("asyncgen"), figures.wide("datatrove")
    if wide is not None and datatrove is not None:
        ratio = wide.rate / datatrove.rate
        yield Check("calls/s with many in flight, times those of datatrove", ratio, THAN_DATATROVE, at_least=True)
    three, sequential = figures.speed("asyncgen-3"), figures.speed("sequential")
    of_file = figures.speed("asyncgen-recipe")
    if three is not None and of_file is not None:
        yield recipe_check(of_file, three)
    if three is not None and sequential is not None:
        ratio = three.rate / sequential.rate
        yield Check("3 calls a pair, times the sequential way", ratio, THAN_SEQUENTIAL, at_least=True)
    if own is not None:
        slower = figures.bare.cpu / LIKE_THIS
        yield Check("CPU of 1,000 calls in all, s", own.thousand_calls_cpu, 0.8 * slower)
        yield Check("CPU of a run of 10 pairs, s", own.ten_pairs_cpu, 0.5 * slower)
        yield Check("CPU of --help, s", own.help_cpu, 0.12 * slower)
        yield Check("peak memory, 128 in flight, MB", own.peak_128 / MB, 100)
        yield Check("peak memory, 5,000 in flight, MB", own.peak_5000 / MB, 350)
        yield Check(f"peak memory, {own.most:,} in flight at 10 s, MB", own.peak_most / MB, 700)
    storm = ours.storm
    if storm is not None:
        whole = figures.ideal + figures.storm + figures.retry_after
        yield Check("a storm, time against ideal + storm + Retry-After", storm.seconds / whole, 1.05)
        yield Check("a storm, refused calls", storm.refused, storm.in_flight)
        yield Check("a storm, runs with rows missing", bool(storm.flaw), 0)
    if ours.killed is not None:
        yield Check("killed, calls paid twice beyond those in flight", ours.killed.paid_twice, 0)
        wrong = ours.killed.lost + ours.killed.doubled + ours.killed.out_of_order
        yield Check("killed, rows lost, doubled or out of order", wrong, 0)
