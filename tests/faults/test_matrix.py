"""Every fault, once, always, everywhere and at random: one outcome, exact attempts, others untouched."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from asyncgen.errors import AsyncgenError, Exit

from .table import TABLE, Row, says
from .wire import Call, at_random
from .world import MAX_ATTEMPTS, PATIENCE, TIMEOUT, Ended, World

Hits = Callable[[Call, int], bool]
LONGEST_BACKOFF = 0.5 * 2 ** (MAX_ATTEMPTS - 1)
MOST = {"retry": MAX_ATTEMPTS, "ask again": 3, "ask once": 2, "give up": 1}
PAIR = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Eight pairs, three calls each."""
    return World(tmp_path_factory.mktemp("faults"))


@dataclass
class Prediction:
    """What the table says: attempts by call, failed pairs, and whether (and with what code) the run stops."""

    attempts: Counter[Call] = field(default_factory=Counter)
    failures: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    code: Exit | None = None
    answered: bool = False


NO_SERVER = {"body of HTML", "connection refused", "connecting takes too long", "proxy refuses"}
WRONG_SERVER = {"scheme", "event_stream", "plain_text", "no_http", "bad_http", "large_header", "encoding"}
"""Without a single answer these are no matter of pairs."""
SAYS_OTHERWISE = {
    "usage missing",
    "usage null",
    "usage nonsense",
    "usage a list",
    "model missing",
    "finished by nothing",
}


def predict(row: Row, hits: Hits, pairs: int) -> Prediction:
    """Follow each call by the rules of the table alone."""
    prediction = Prediction()

    def ask(index: int, step: str) -> bool:
        call, faults = (index, step), 0
        while True:
            attempt = faults + 1
            prediction.attempts[call] = attempt
            if row.action == "fine" or not hits(call, attempt):
                prediction.answered = True
                return True
            faults += 1
            rejected = row.action == "stop if repeated" and faults > 1
            if row.action == "stop" or (rejected and not prediction.answered):
                prediction.code = Exit.KEY_OR_QUOTA
                return False
            if row.action == "wait" and faults > 50:
                prediction.code = Exit.TRY_LATER
                return False
            if faults == most(row):
                prediction.failures.setdefault(index, (step, row.kind, faults))
                return False

    for index in range(pairs):
        # Paraphrase and the error's reasoning side by side; the third step needs both.
        if all([ask(index, "paraphrase"), ask(index, "error_reasoning")]):
            ask(index, "correct_reasoning")
    if not prediction.answered and (row.name in NO_SERVER or row.kind in WRONG_SERVER):
        prediction.code = Exit.TRY_LATER if row.name in NO_SERVER else Exit.KEY_OR_QUOTA
    return prediction


def most(row: Row) -> int | None:
    """Attempts after which a pair fails; None: it does not. Once others were answered, a rejection is its own."""
    if row.action == "stop if repeated":
        return 2 if row.kind == "permission" else MAX_ATTEMPTS
    return MOST.get(row.action)


def only(row: Row, hits: Hits) -> Hits:
    """The same, for the steps that the fault can hit."""
    return lambda call, attempt: call[1] in row.steps and hits(call, attempt)


def alike(row: Row, outputs: dict[str, bytes], golden: dict[str, bytes]) -> bool:
    """The same bytes; where the server said another usage or model, but for what records tell of their calls."""
    if row.name in SAYS_OTHERWISE:
        outputs, golden = (
            {name: without_calls(data) for name, data in files.items()} for files in (outputs, golden)
        )
    return outputs == golden


def without_calls(data: bytes) -> list[dict[str, Any]]:
    """The records, without the provenance of their answers."""
    records = [json.loads(line) for line in data.splitlines()]
    for record in records:
        del record["metadata"]["calls"]
    return records


def check(world: World, row: Row, hits: Hits, longest: float) -> Ended:
    """Run with the fault, compare with the table, run again without it; how the first run ended."""
    hits = only(row, hits)
    predicted = predict(row, hits, world.pairs)
    ended = world.run(row.fault, hits)
    assert ended.seconds <= longest
    attempts = ended.server.attempts
    assert ended.calls() == attempts
    if predicted.code is None:
        assert ended.error is None
        assert attempts == predicted.attempts
        assert ended.failures() == predicted.failures
        assert ended.failed_pairs == len(predicted.failures)
        assert alike(row, ended.outputs(), world.golden(predicted.failures.__contains__))
    else:
        assert isinstance(ended.error, AsyncgenError), ended.error
        assert ended.error.exit_code == predicted.code
        if predicted.code is Exit.KEY_OR_QUOTA:
            assert attempts <= predicted.attempts
        for name, data in ended.outputs().items():
            assert world.golden()[name].startswith(data)
    again = world.run(None, hits, ended.store)
    assert again.error is None
    assert alike(row, again.outputs(), world.golden())
    assert again.failures() == {}
    # What was paid is not asked again, and the rest is asked once.
    assert again.server.attempts == Counter(set(world.calls) - ended.server.answered - fine(row, attempts))
    return ended


def fine(row: Row, attempts: Counter[Call]) -> set[Call]:
    """The calls that were answered in an unusual, but good way."""
    return set(attempts) if row.action == "fine" else set()


def each_row(test: Callable[..., None]) -> Callable[..., None]:
    """For each fault of the table."""
    return pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)(test)


def seconds_of(row: Row, faults: int) -> float:
    """The most that so many faults in a row may take: each its deadline, and a pause or a backoff."""
    return faults * (TIMEOUT + max(row.pause, LONGEST_BACKOFF)) + TIMEOUT


def test_the_table_has_enough_faults() -> None:
    """Each is there once, and every word of the table has its rows."""
    assert len({row.name for row in TABLE}) == len(TABLE) >= 100
    assert len({row.action for row in TABLE}) == 8


@each_row
def test_a_fault_that_happens_once_costs_one_attempt_or_stops_the_run(row: Row, world: World) -> None:
    """Golden bytes, and the server is asked once more; what cannot get better is not asked again."""
    target = PAIR, row.steps[0]
    ended = check(world, row, lambda call, attempt: call == target and attempt == 1, seconds_of(row, 1))
    if row.action not in {"fine", "give up", "stop"}:
        assert ended.server.attempts == Counter(world.calls) + Counter([target])
        first, second = ended.server.moments[target]
        assert second - first >= row.pause


@each_row
def test_a_call_that_always_fails_harms_no_other_pair(row: Row, world: World) -> None:
    """So many attempts and no more; every other pair is asked once and written."""
    target = PAIR, row.steps[0]
    faults = {"wait": 0, "stop": 1, "fine": 1}.get(row.action) or most(row) or 0
    longest = seconds_of(row, faults) if faults else PATIENCE + 10 * max(row.pause, 30)
    ended = check(world, row, lambda call, _: call == target, longest)
    others = Counter({call: n for call, n in ended.server.attempts.items() if call[0] != PAIR})
    if row.action == "stop":
        assert ended.server.attempts[target] == faults
        assert set(others.values()) <= {1}
    else:
        assert others == Counter(call for call in world.calls if call[0] != PAIR)


@each_row
def test_a_server_that_does_nothing_else_is_left_after_so_many_attempts(row: Row, world: World) -> None:
    """Each pair fails with its exact number of attempts, or the run stops."""
    longest = PATIENCE + 240 if row.action == "wait" else 2 * world.pairs * seconds_of(row, MAX_ATTEMPTS)
    ended = check(world, row, lambda *_: True, longest)
    if row.action == "stop":
        assert max(ended.server.attempts.values()) == 1
        assert ended.server.attempts.total() <= 4  # as many as were in flight
    if row.action == "wait":
        assert ended.server.attempts.total() <= 10 + PATIENCE / (row.pause or 12)  # one at a time: no herd


@each_row
def test_a_fault_at_random_changes_no_byte_of_the_pairs_that_survive_it(row: Row, world: World) -> None:
    """A fifth of all attempts; the attempts are those that the draws ask for."""
    check(world, row, at_random(0.2), 40 * seconds_of(row, 1))


@pytest.mark.parametrize("reasoning_first", [False, True])
def test_a_call_that_alone_is_refused_is_poison(reasoning_first: bool, tmp_path: Path) -> None:
    """While the calls of others pass, its refusals are no chance: its pair fails, and all others are written."""
    world = World(tmp_path, pairs=150)
    target = PAIR, "error_reasoning" if reasoning_first else "paraphrase"
    ended = world.run(says(429), lambda call, _: call == target)
    assert ended.error is None
    ((index, (step, kind, attempts)),) = ended.failures().items()
    assert (index, step, kind) == (PAIR, target[1], "rate_limit")
    assert attempts == ended.server.attempts[target] <= 20
    assert ended.outputs() == world.golden({PAIR}.__contains__)
    assert ended.seconds < 60
