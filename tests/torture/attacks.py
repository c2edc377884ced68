"""One attack: a run is hit at a point, the same command is given again until it is through, and all is checked.

What must hold: the exit code and the words of the run that was hit, the golden bytes in the end, exit 0, no
traceback, and calls: what is asked after the attack is exactly what is neither committed nor in the journal,
and what is answered twice was in flight.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import tree
from .bench import WORKERS, Bench
from .points import KILL, Point
from .scenarios import PAIRS, Scenario
from .verdict import Verdict

TELEMETRY = (".asyncgen/events.jsonl", ".asyncgen/calls.jsonl")
RETRIED = ("write", "pwrite64", "fsync", "ftruncate", "fallocate", "read", "flock")
"""Calls that Python repeats after EINTR."""


def attack(bench: Bench, scenario: Scenario, point: Point) -> Verdict:
    """Hit a run at a point, and recover."""
    verdict = Verdict(f"{scenario.name}: {point}", f"--point {scenario.name} {point}")
    target = bench.copy(scenario)
    ended, answers, trace = bench.hit(target, point, failing=scenario.failing)
    verdict.code = ended.code
    verdict.reached = ended.code == -9 if point.effect == KILL else "(INJECTED)" in trace
    verdict.check_words(ended)
    verdict.check_code(ended, codes(scenario, point) if verdict.reached else {scenario.code}, "attacked")
    recover(bench, verdict, target, answers + bench.answered_before(scenario), scenario.in_flight)
    if not verdict.problems:
        shutil.rmtree(target)
    return verdict


def codes(scenario: Scenario, point: Point) -> set[int]:
    """The exit codes that are right for a run that is hit at a point."""
    if point.effect == KILL:
        return {-9}
    if point.effect == "EOPNOTSUPP" or point.file in TELEMETRY:
        return {scenario.code}
    if point.effect == "EINTR" and point.call in RETRIED:
        return {scenario.code}
    if point.call in {"mkdir", "newfstatat"} or (point.effect == "EINTR" and point.call == "openat"):
        # An existing directory need not be made, Python looks at each file that it opens without need, and it
        # repeats the opening of files, but not that of directories.
        return {74, scenario.code}
    return {74}


def recover(bench: Bench, verdict: Verdict, target: Path, answers: Counter[int], in_flight: int) -> None:
    """Give the same command until it is through; check the files and the calls."""
    missing, asked = tree.missing_calls(target, PAIRS), 0
    for _ in range(2):
        ended, more, requests = bench.run(target)
        verdict.check_words(ended)
        answers, asked = answers + more, asked + requests
        if ended.code != 3:  # it finished, and pairs that failed before the attack are still to be repaired
            break
    verdict.check_code(ended, {0}, "recovery")
    verdict.check(asked == missing, f"recovery: {asked} calls asked, {missing} were missing")
    verdict.check_files(target, bench.golden)
    verdict.check_answers(answers, in_flight)


def at_once(attacks: Sequence[Callable[[], Verdict]]) -> Iterator[Verdict]:
    """Carry attacks out, several at a time; the verdicts in order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(lambda this: this(), attacks)
