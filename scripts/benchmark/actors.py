"""One process against two actors of Ray, and against two processes that know nothing of each other.

The last is what the machine gives: nothing is agreed on between them. Calls/s are those between the first call and
the last answer, as the server saw them: without Ray's start, which takes seconds, and without the end. Server and
Ray's own processes share the cores with the actors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmark.registry import OURS, OURS_IN_SHARDS, OURS_ON_RAY, Contestant
from benchmark.scenarios import IN_FLIGHT
from benchmark.serving import Mode
from benchmark.trial import Trial, run

ROUNDS = 3
CALLS = 80_000  # ten seconds and more of each: what the first and the last second are like matters less
ACTORS = 2
LIMIT = 300.0


@dataclass(frozen=True, slots=True)
class Way:
    """How the calls are made: `in_flight` is what the command line says.

    Each actor and each shard has as many in flight as the one process; actors are told the sum.
    """

    name: str
    contestant: Contestant
    in_flight: int


ONE = Way("one process", OURS, IN_FLIGHT)
TWO = Way("two actors", OURS_ON_RAY, ACTORS * IN_FLIGHT)
APART = Way("two shards", OURS_IN_SHARDS, IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Found:
    """Calls/s, times those of one process: medians of rounds of all three."""

    actors: float
    shards: float


def compare(material: Path, say: Callable[[str], None]) -> Found:
    """Run all three by turns."""
    actors, shards = [], []
    for number in range(1, ROUNDS + 1):
        rates = {}
        for way in (ONE, TWO, APART):
            trial = run(way.contestant, material, CALLS, Mode(), in_flight=way.in_flight, limit=LIMIT)
            say(f"{number}/{ROUNDS}  {way.name:12} {_figures(trial)}")
            rates[way] = trial.rate
        actors.append(rates[TWO] / rates[ONE])
        shards.append(rates[APART] / rates[ONE])
    return Found(median(actors), median(shards))


def _figures(trial: Trial) -> str:
    taken = trial.taken
    return (
        f"{trial.rate:6,.0f} calls/s from the first to the last of {trial.calls:,}, {taken.wall:.1f} s in all, "
        f"{1000 * taken.cpu / trial.calls:.3f} ms CPU a call with everything, peak {taken.peak / 1e6:.0f} MB; "
        f"server {trial.server_load:.0%} of a core {trial.flaw}"
    )
