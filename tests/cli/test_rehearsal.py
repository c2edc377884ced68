"""What a rehearsal says of its calls."""

from asyncgen.chat import NO_USAGE
from asyncgen.cli.rehearsal import Rehearsal
from asyncgen.events import CallEnded


def ended(outcome: str, status: int | None) -> CallEnded:
    """A call with this outcome."""
    return CallEnded(0, "n", "s", "r", 1, outcome, status, None, 0.0, 0.0, 0.0, NO_USAGE)


def test_calls_are_refused_by_their_outcome() -> None:
    """Not by a status: 529 is an overload, and 429 may say that the credit is used up."""
    calls = ended("overloaded", 529), ended("rate_limit", 403), ended("quota", 429), ended("ok", 200)
    assert Rehearsal(calls, None, None).refused == 2
