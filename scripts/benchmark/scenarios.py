"""The scenarios: unlimited, limited, a storm, killed half-way; and what only our own program is asked."""

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.environments import Unavailable
from benchmark.measure import Taken, take
from benchmark.registry import OURS, Contestant, environment
from benchmark.serving import Mode
from benchmark.trial import Trial, run, run_killed

IN_FLIGHT = 256
ROUNDS = 3
SECONDS = 5.0
FIRST_CALLS = {"bare": 3_000, "asyncgen": 1_500, "asyncgen-3": 1_500, "sequential": 30}
FEW_CALLS = 500
RPM = 6_000.0
LIMITED_CALLS = 1_500
STORM = (4.0, 10.0)
RETRY_AFTER = 1.0
LIMITED_SECONDS = 60.0
AT_ONCE = 4
KILLS = 5

Say = Callable[[str], None]


@dataclass(slots=True)
class Speed:
    """Runs of a contestant without limits: pairs of a short and a long one; why there are none."""

    short: list[Trial] = field(default_factory=list)
    long: list[Trial] = field(default_factory=list)
    reason: str = ""

    @property
    def rate(self) -> float:
        """Calls a second, median."""
        return statistics.median(trial.rate for trial in self.long)

    @property
    def slope(self) -> float:
        """CPU seconds a call, start-up not counted: the median of the slopes between the two lengths."""
        return statistics.median(map(slope, self.short, self.long))

    @property
    def whole(self) -> float:
        """CPU seconds a call of the long runs, start-up included, median."""
        return statistics.median(trial.taken.cpu / trial.calls for trial in self.long)

    @property
    def peak(self) -> float:
        """Bytes of memory, median."""
        return statistics.median(trial.taken.peak for trial in self.long)

    @property
    def server_load(self) -> float:
        """The share of its core that the server used at most."""
        return max(trial.server_load for trial in self.long)


@dataclass(frozen=True, slots=True)
class Own:
    """What only our program is asked: CPU seconds and bytes."""

    help_cpu: float
    ten_pairs_cpu: float
    thousand_calls_cpu: float
    peak_128: int
    peak_5000: int


def slope(short: Trial, long: Trial) -> float:
    """CPU seconds a call between two lengths of the same job."""
    return (long.taken.cpu - short.taken.cpu) / (long.calls - short.calls)


def unlimited(
    contestants: Iterable[Contestant], material: Path, say: Say, rounds: int = ROUNDS, seconds: float = SECONDS
) -> dict[str, Speed]:
    """Alternating runs at 50 ms; the first short one says how long the long ones have to be."""
    contestants = list(contestants)
    found = {contestant.name: Speed() for contestant in contestants}
    lengths: dict[str, int] = {}
    for number in range(1, rounds + 1):
        for contestant in contestants:
            speed = found[contestant.name]
            if speed.reason:
                continue
            few = FIRST_CALLS.get(contestant.name, FEW_CALLS) // contestant.calls
            try:
                short = run(contestant, material, few, Mode(), in_flight=IN_FLIGHT)
                long = lengths.setdefault(
                    contestant.name, max(2 * few, round(seconds * short.rate / contestant.calls))
                )
                trial = run(contestant, material, long, Mode(), in_flight=IN_FLIGHT)
            except Unavailable as error:
                speed.reason = str(error)
                say(f"unlimited {number}/{rounds}  {contestant.name}: {speed.reason}")
                continue
            speed.reason = short.flaw or trial.flaw
            speed.short.append(short)
            speed.long.append(trial)
            say(
                f"unlimited {number}/{rounds}  {contestant.name:16} {trial.rate:7.0f} calls/s, "
                f"{1e3 * slope(short, trial):.3f} ms CPU a call ({trial.calls} calls in {trial.span:.1f} s; "
                f"server {trial.server_load:.0%} of a core, {trial.seen.most_in_flight} in flight) {speed.reason}"
            )
    return found


def limited(
    contestants: Iterable[Contestant], material: Path, say: Say, storm: tuple[float, float] | None = None
) -> dict[str, Trial | str]:
    """At 6,000 requests a minute: our program alone, the others some at a time, as they use a fraction of a core."""
    mode, name = Mode(rpm=RPM, storm=storm), "storm" if storm else "limited"

    def one(contestant: Contestant) -> Trial | str:
        try:
            trial = run(
                contestant, material, LIMITED_CALLS, mode, in_flight=IN_FLIGHT, limit=LIMITED_SECONDS
            )
        except Unavailable as error:
            say(f"{name}  {contestant.name}: {error}")
            return str(error)
        say(f"{name}  {contestant.name:16} {trial.span:.1f} s, {trial.seen.refused} refused {trial.flaw}")
        return trial

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
    contestants: Iterable[Contestant], material: Path, speeds: dict[str, Speed], say: Say
) -> dict[str, list[Trial] | str]:
    """Killed half-way and run again: ours five times, the others once."""
    found: dict[str, list[Trial] | str] = {}
    for contestant in contestants:
        speed = speeds[contestant.name]
        if not contestant.killed or not speed.long:
            continue
        number, trials = max(2 * IN_FLIGHT, round(3 * speed.rate)), []
        try:
            for _ in range(KILLS if contestant is OURS else 1):
                trial = run_killed(contestant, material, number, Mode(), in_flight=IN_FLIGHT)
                trials.append(trial)
                say(
                    f"killed  {contestant.name:16} of {number}: {trial.seen.repeated} sent again, "
                    f"{trial.paid_twice} paid twice, {trial.rows} {trial.flaw}"
                )
            found[contestant.name] = trials
        except Unavailable as error:
            found[contestant.name] = str(error)
            say(f"killed  {contestant.name}: {error}")
    return found


def own(material: Path, say: Say) -> Own:
    """What only our program is asked."""
    with tempfile.TemporaryDirectory() as directory:
        helps = [
            take([sys.executable, "-m", "asyncgen", "--help"], environment(), Path(directory), limit=30.0)
            for _ in range(5)
        ]
    figures = Own(
        help_cpu=statistics.median(each.cpu for each in helps),
        ten_pairs_cpu=_median_cpu(material, 10),
        thousand_calls_cpu=_median_cpu(material, 1_000),
        peak_128=_taken(material, 5_000, Mode(), 128).peak,
        peak_5000=_taken(material, 10_000, Mode(latency=2.0), 5_000).peak,
    )
    say(f"own  {figures}")
    return figures


def _median_cpu(material: Path, number: int) -> float:
    return statistics.median(_taken(material, number, Mode(), IN_FLIGHT).cpu for _ in range(3))


def _taken(material: Path, number: int, mode: Mode, in_flight: int) -> Taken:
    trial = run(OURS, material, number, mode, in_flight=in_flight)
    assert not trial.flaw, trial.flaw
    return trial.taken


