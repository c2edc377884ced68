"""What a benchmark found, as values: one row for each contestant. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Speed:
    """Without limits, medians: calls a second, CPU seconds a call (start-up left out), bytes at the peak.

    `server_load` is the largest share of its core that the server used.
    """

    rate: float
    cpu: float
    peak: float
    server_load: float


@dataclass(frozen=True, slots=True)
class Limited:
    """Under a limit: seconds from the first call to the last answer, what was refused, what went wrong."""

    seconds: float
    refused: int
    in_flight: int
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Killed:
    """Killed half-way and run again, the worst of all tries."""

    tries: int
    sent_again: int
    paid_twice: int
    lost: int
    doubled: int
    out_of_order: int


@dataclass(frozen=True, slots=True)
class Own:
    """What only our program is asked: CPU seconds and bytes.

    `most` is the largest number of calls that were tried at once, as far as files may be open, and `peak_most` the
    memory for it.
    """

    help_cpu: float
    ten_pairs_cpu: float
    thousand_calls_cpu: float
    peak_128: int
    peak_5000: int
    most: int
    peak_most: int


@dataclass(frozen=True, slots=True)
class Row:
    """A contestant; `speed` is None when it could not be run, for the reason that `flaw` gives.

    `wide` is its speed with more calls in flight, None when it was not tried.
    """

    name: str
    title: str
    version: str
    speed: Speed | None
    limited: Limited | None = None
    storm: Limited | None = None
    killed: Killed | None = None
    flaw: str = ""
    wide: Speed | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a benchmark. `ideal` is in seconds: what the limit makes of the calls of a limited run."""

    rows: Sequence[Row]
    ideal: float
    storm: float
    retry_after: float
    machine: str
    capacity: float
    own: Own | None = None

    def speed(self, name: str) -> Speed | None:
        """Of a contestant by its name."""
        return next((row.speed for row in self.rows if row.name == name), None)

    def wide(self, name: str) -> Speed | None:
        """Of a contestant with more calls in flight."""
        return next((row.wide for row in self.rows if row.name == name), None)

    @property
    def bare(self) -> Speed:
        """The yardstick."""
        speed = self.speed("bare")
        if speed is None:
            raise ValueError("the bare loop was not measured, and all ratios are to it")
        return speed

    @property
    def ours(self) -> Row:
        """Our program."""
        return next(row for row in self.rows if row.name == "asyncgen")


def worst(tries: Sequence[tuple[int, int, int, int, int]]) -> Killed:
    """Of tries, each of them: sent again, paid twice, lost, doubled, out of order."""
    return Killed(len(tries), *map(max, zip(*tries, strict=True)))


def slope(short: tuple[int, float], long: tuple[int, float]) -> float:
    """Seconds of CPU a call between two runs of (calls, seconds): what is paid once drops out."""
    return (long[1] - short[1]) / (long[0] - short[0])


def middle_slope(shorts: Sequence[tuple[int, float]], longs: Sequence[tuple[int, float]]) -> float:
    """The median over pairs of runs."""
    return median(map(slope, shorts, longs))
