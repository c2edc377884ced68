"""The scenarios: unlimited, limited, a storm, killed half-way; and what only our own program is asked."""

import resource
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmark.environments import Unavailable
from benchmark.figures import Killed, Limited, Own, Speed, middle_slope, slope, worst
from benchmark.material import PAIRS
from benchmark.measure import Taken, take
from benchmark.registry import OURS, Contestant, environment
from benchmark.serving import Mode
from benchmark.trial import Trial, run, run_killed

IN_FLIGHT = 256
MANY_IN_FLIGHT = 1024
ROUNDS = 3
SECONDS = 5.0
FIRST_CALLS = {"bare": 3_000, "asyncgen": 1_000, "asyncgen-3": 999, "asyncgen-recipe": 999, "sequential": 30}
FEW_CALLS = 500
RPM = 6_000.0
LIMITED_CALLS = 1_500
STORM = (4.0, 10.0)
LIMITED_SECONDS = 60.0
OWN_SECONDS = 240.0
AT_ONCE = 4
KILLS = 5
MOST_AT_ONCE = 20_000  # each is a connection, and an open file of both processes: ulimit -Hn 20100
OTHER_FILES = 100
KILLED_SECONDS = 3.0
LEAST_KILLED = 6 * IN_FLIGHT  # so that half of them cannot all be in flight

Say = Callable[[str], None]


@dataclass(slots=True)
class Runs:
    """Runs of a contestant without limits, short ones and long ones by turns; why there are no more."""

    short: list[Trial] = field(default_factory=list)
    long: list[Trial] = field(default_factory=list)
    flaw: str = ""

    @property
    def speed(self) -> Speed | None:
        """What they say; None when there is none."""
        if not self.long:
            return None
        return Speed(
            rate=median(trial.rate for trial in self.long),
            cpu=middle_slope([_cost(trial) for trial in self.short], [_cost(trial) for trial in self.long]),
            peak=median(trial.taken.peak for trial in self.long),
            server_load=max(trial.server_load for trial in self.long),
        )


def _cost(trial: Trial) -> tuple[int, float]:
    return trial.calls, trial.taken.cpu


def unlimited(
    contestants: Iterable[Contestant],
    material: Path,
    say: Say,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    *,
    least: int = 0,
    in_flight: int = IN_FLIGHT,
) -> dict[str, Runs]:
    """Alternating runs at 50 ms; the first short one says how long the long ones are, `least` calls or more.

    Every second round goes the other way: where a machine grows slower, the first ones would seem to be faster.
    """
    contestants = list(contestants)
    found = {contestant.name: Runs() for contestant in contestants}
    lengths: dict[str, int] = {}
    for number in range(1, rounds + 1):
        for contestant in contestants if number % 2 else reversed(contestants):
            runs = found[contestant.name]
            if runs.flaw:
                continue
            few = FIRST_CALLS.get(contestant.name, FEW_CALLS) // contestant.calls
            try:
                short = run(contestant, material, few, Mode(), in_flight=in_flight)
                enough = max(least, 2 * few, round(seconds * short.rate / contestant.calls))
                long = lengths.setdefault(contestant.name, min(PAIRS, enough))
                trial = run(contestant, material, long, Mode(), in_flight=in_flight)
            except Unavailable as error:
                runs.flaw = str(error)
                say(f"unlimited {number}/{rounds}  {contestant.name}: {runs.flaw}")
                continue
            runs.flaw = short.flaw or trial.flaw
            runs.short.append(short)
            runs.long.append(trial)
            say(
                f"unlimited {number}/{rounds}  {contestant.name:16} {trial.rate:7.0f} calls/s, "
                f"{1000 * slope(_cost(short), _cost(trial)):.3f} ms CPU a call ({trial.calls} calls in "
                f"{trial.span:.1f} s, {trial.seen.most_in_flight} in flight; server {trial.server_load:.0%} "
                f"of a core) {runs.flaw}"
            )
    return found


def limited(
    contestants: Iterable[Contestant], material: Path, say: Say, storm: tuple[float, float] | None = None
) -> dict[str, Limited]:
    """At 6,000 requests a minute: our program alone, the others some at a time, as that leaves the cores idle."""
    mode, name = Mode(rpm=RPM, storm=storm), "storm" if storm else "limited"

    def one(contestant: Contestant) -> Limited:
        try:
            trial = run(contestant, material, LIMITED_CALLS, mode, in_flight=IN_FLIGHT, limit=LIMITED_SECONDS)
        except Unavailable as error:
            say(f"{name}  {contestant.name}: {error}")
            return Limited(0.0, 0, IN_FLIGHT, str(error))
        say(
            f"{name}  {contestant.name:16} {trial.span:.1f} s, {trial.seen.refused} refused; "
            f"server {trial.server_load:.0%} of a core {trial.flaw}"
        )
        return Limited(trial.span, trial.seen.refused, IN_FLIGHT, trial.flaw)

    chosen = [contestant for contestant in contestants if contestant.limited]
    found = {contestant.name: one(contestant) for contestant in chosen if contestant is OURS}
    others = [contestant for contestant in chosen if contestant is not OURS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found.update(zip([contestant.name for contestant in others], pool.map(one, others), strict=True))
    return found


def ideal(calls: int) -> float:
    """Seconds that the limit makes of so many calls: the bucket is full in the beginning."""
    per_second = RPM / 60
    return (calls - per_second) / per_second


def killed(
    contestants: Iterable[Contestant], material: Path, runs: dict[str, Runs], say: Say
) -> dict[str, Killed]:
    """Killed half-way and run again: ours five times, the others once; who cannot be killed is left out."""
    found: dict[str, Killed] = {}
    for contestant in contestants:
        speed = runs[contestant.name].speed
        if not contestant.killed or speed is None:
            continue
        number = min(PAIRS, max(LEAST_KILLED, round(KILLED_SECONDS * speed.rate)))
        tries = []
        try:
            for _ in range(KILLS if contestant is OURS else 1):
                trial = run_killed(contestant, material, number, Mode(), in_flight=IN_FLIGHT)
                assert trial.rows is not None
                rows = trial.rows
                tries.append((trial.seen.repeated, trial.paid_twice, rows.lost, rows.doubled, rows.out_of_order))
                say(
                    f"killed  {contestant.name:16} at half of {number}: {trial.seen.repeated} sent again, "
                    f"{trial.paid_twice} paid twice, {rows.lost} lost, {rows.doubled} doubled, "
                    f"{rows.out_of_order} out of order {trial.flaw}"
                )
        except Unavailable as error:
            say(f"killed  {contestant.name}: {error}")
        if tries:
            found[contestant.name] = worst(tries)
    return found


def own(material: Path, say: Say) -> Own:
    """What only our program is asked."""
    with tempfile.TemporaryDirectory() as directory:
        helps = [
            take([sys.executable, "-m", "asyncgen", "--help"], environment(), Path(directory), limit=30.0)
            for _ in range(5)
        ]
    most = min(MOST_AT_ONCE, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - OTHER_FILES)
    figures = Own(
        help_cpu=median(each.cpu for each in helps),
        ten_pairs_cpu=_median_cpu(material, 10),
        thousand_calls_cpu=_median_cpu(material, 1_000),
        peak_128=_taken(material, 5_000, Mode(), 128).peak,
        peak_5000=_taken(material, 10_000, Mode(latency=2.0), 5_000).peak,
        most=most,
        peak_most=_taken(material, 2 * most, Mode(latency=10.0), most).peak,
    )
    say(f"own  {figures}")
    return figures


def _median_cpu(material: Path, number: int) -> float:
    return median(_taken(material, number, Mode(), IN_FLIGHT).cpu for _ in range(3))


def _taken(material: Path, number: int, mode: Mode, in_flight: int) -> Taken:
    trial = run(OURS, material, number, mode, in_flight=in_flight, limit=OWN_SECONDS)
    assert not trial.flaw, trial.flaw
    return trial.taken
