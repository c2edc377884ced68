"""The short torture: a sample of the system calls of each kind of run, killed and refused by the real kernel.

`scripts/torture` tries them all.
"""

from collections.abc import Iterator
from functools import partial

import pytest

from .attacks import at_once, attack
from .bench import Bench
from .points import Point, errors, kills, sample, why_no_strace
from .rounds import full_disk, random_kills, why_no_mount
from .scenarios import SCENARIOS, Scenario
from .verdict import Verdict

SEED = 20
KILLS = 2
ERRORS = 3

traced = pytest.mark.skipif(why_no_strace() is not None, reason=str(why_no_strace()))
mounted = pytest.mark.skipif(why_no_mount() is not None, reason=str(why_no_mount()))
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Servers, zygotes and prepared directories for all tests here."""
    with Bench(tmp_path_factory.mktemp("torture").resolve()) as shared:
        yield shared


def problems(bench: Bench, scenario: Scenario, points: list[Point]) -> list[Verdict]:
    """What is wrong after attacks at these points."""
    return [
        verdict
        for verdict in at_once([partial(attack, bench, scenario, point) for point in points])
        if verdict.problems
    ]


@traced
def test_the_kill_comes_before_the_call_has_its_effect(bench: Bench) -> None:
    """A SIGKILL injected into the making of the output directory leaves none."""
    target = bench.new_path()

    ended, _, _ = bench.hit(target, Point("mkdir", ".", 1))

    assert ended.code == -9
    assert not target.exists()


@traced
@each_scenario
def test_a_run_that_is_killed_or_refused_at_a_system_call_loses_nothing(bench: Bench, scenario: Scenario) -> None:
    """Afterwards the same command ends with the golden bytes, and asks only for what nobody has answered."""
    points = bench.points(scenario)
    chosen = sample(kills(points), KILLS, SEED) + sample(errors(points), ERRORS, SEED)

    assert problems(bench, scenario, chosen) == []


def test_kills_at_random_moments_under_load_lose_nothing(bench: Bench) -> None:
    """At 16 calls in flight: the golden bytes, and at most 16 requests more for each kill."""
    assert random_kills(bench, SEED, pairs=120).problems == []


@mounted
def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(bench: Bench) -> None:
    """Exit 74 with the way to go on, twice; then the golden bytes, and nothing is paid twice."""
    verdict = full_disk(bench, 144)

    assert verdict.reached
    assert verdict.problems == []
