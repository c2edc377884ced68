"""One process against two actors of Ray, in alternating runs of the same calls.

Calls/s are those between the first call and the last answer, as the server saw them: without Ray's start, which
takes seconds, and without the end. Server and Ray's own processes share the cores with the actors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmark.registry import OURS, OURS_ON_RAY, Contestant
from benchmark.scenarios import IN_FLIGHT
from benchmark.serving import Mode
from benchmark.trial import Trial, run

ROUNDS = 3
CALLS = 80_000  # ten seconds and more of each: what the first and the last second are like matters less
ACTORS = 2
LIMIT = 300.0


@dataclass(frozen=True, slots=True)
class Way:
    """How the calls are made, and how many may be in flight: as many for each actor as for the one process."""

    contestant: Contestant
    in_flight: int


WAYS = (Way(OURS, IN_FLIGHT), Way(OURS_ON_RAY, ACTORS * IN_FLIGHT))


def compare(material: Path, say: Callable[[str], None]) -> float:
    """Calls/s of two actors, times those of one process; the median of rounds of both."""
    times = []
    for number in range(1, ROUNDS + 1):
        one, two = (
            run(way.contestant, material, CALLS, Mode(), in_flight=way.in_flight, limit=LIMIT) for way in WAYS
        )
        for name, trial in (("one process", one), ("two actors", two)):
            say(f"{number}/{ROUNDS}  {name:12} {_figures(trial)}")
        times.append(two.rate / one.rate)
    return median(times)


def _figures(trial: Trial) -> str:
    taken = trial.taken
    return (
        f"{trial.rate:6,.0f} calls/s from the first to the last of {trial.calls:,}, {taken.wall:.1f} s in all, "
        f"{1000 * taken.cpu / trial.calls:.3f} ms CPU a call with everything, peak {taken.peak / 1e6:.0f} MB; "
        f"server {trial.server_load:.0%} of a core {trial.flaw}"
    )
