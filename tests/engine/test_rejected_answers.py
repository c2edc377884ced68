"""Answers that a check of the recipe rejects: however a run goes, as many are asked for, with the same end."""

from collections import Counter

import pytest

from asyncgen.errors import Interrupted
from asyncgen.events import RecipeRaised

from .memory_server import MemoryServer, Response, said
from .starts import Starts

pytestmark = pytest.mark.virtual_clock
GOOD_FROM = {"row 0": 5, "row 1": 0, "row 2": 1, "row 3": 3, "row 4": 7, "row 5": 1}
"""How many answers to each question are bad: three of them are asked for by a command, and three by the next."""
WAYS = {
    "batch": [True],
    "stopped": [False, False],
    "stopped twice": [False, False, False],
    "stopped, then batch": [False, True],
    "batch that is left, then stopped": [True, False, False],
}
"""The starts that a command takes, with batches or without: all but the last one are stopped."""


def answer(question: str, seed: int) -> Response:
    """The answer to a question, which depends on how many were rejected."""
    number = seed // 1_000_000
    return said(f"{'good' if number >= GOOD_FROM[question] else 'bad'} answer {number} to {question}")


def check(text: str) -> str | None:
    """Accept what is good; a bad answer to the last question shows an error in this check."""
    if text.startswith("bad") and text.endswith("row 5"):
        raise ValueError("a bug")
    return None if text.startswith("good") else "bad"


@pytest.mark.parametrize("way", WAYS)
async def test_each_way_leads_to_the_same_bytes(starts: Starts, server: MemoryServer, way: str) -> None:
    """Also when the command is given again, and again, for the rows that have failed."""
    server.answer = answer
    failed = []
    # The slow row is unfinished at each stop, so no other one is written yet.
    for slow in ("row 0", "row 0", "row 4"):
        server.seconds = {slow: 10.0}
        assert await starts.once("golden", batch=False, check=check) is None
        golden = starts.files("golden"), Counter(server.live)
        server.live.clear()

        *stopped, last = WAYS[way]
        for batch in stopped:
            assert isinstance(await starts.once(batch=batch, check=check, stop_after=4.0), Interrupted)
        assert await starts.once(batch=last, check=check) is None

        assert (starts.files("out"), Counter(server.live + server.asked)) == golden
        server.live.clear()
        server.asked.clear()
        failed.append(golden[0][1].count("\n"))
    assert failed == [4, 1, 0]
    assert sum(isinstance(event, RecipeRaised) for event in starts.events) == 2  # once in each directory
