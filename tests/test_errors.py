"""Errors and their messages: parts with a text for callers from Python."""

import pickle
from copy import deepcopy

import pytest

from asyncgen.errors import AsyncgenError, BudgetError, DiskError, Message, Phrase, Setting, UsageError

BUDGET = Message(
    "give ", Setting("max_cost", 0.5), " and ", Setting("max_total_tokens", 7), ", then ", Phrase.AGAIN
)


def test_a_message_reads_as_python_calls_its_settings() -> None:
    """Names and values as keyword arguments; what to do is a call."""
    assert str(BUDGET) == "give max_cost=0.5 and max_total_tokens=7, then make the same call again"
    assert (
        str(Message("leave ", Setting("rpm"), " out, or ", Setting("tier", "a:b")))
        == "leave rpm out, or tier='a:b'"
    )


def test_a_message_of_messages_is_one() -> None:
    """Its parts are those of all."""
    assert Message("so: ", BUDGET).parts == ("so: ", *BUDGET.parts)


def test_an_error_knows_the_settings_that_it_speaks_of() -> None:
    """By name, and for a budget with what is needed."""
    error = BudgetError("it is used up; ", BUDGET)
    assert error.settings == ("max_cost", "max_total_tokens")
    assert error.needed == {"max_cost": 0.5, "max_total_tokens": 7}
    assert UsageError("max_cost is a word here").settings == ()


@pytest.mark.parametrize("error", [BudgetError("spent; ", BUDGET), DiskError(Message("full; ", Phrase.AGAIN), 28)])
def test_an_error_crosses_processes_whole(error: AsyncgenError) -> None:
    """Those of a cluster's workers come so."""
    for other in (pickle.loads(pickle.dumps(error)), deepcopy(error)):
        assert type(other) is type(error)
        assert other.message.parts == error.message.parts
        assert getattr(other, "errno", None) == getattr(error, "errno", None)


def test_an_error_with_something_in_front_is_the_same_otherwise() -> None:
    """Kind, settings and number of the system stay; the one it was made from too."""
    first = DiskError(Message("full; ", Phrase.AGAIN), 28)
    second = first.prefixed("shard 1/2: ")
    assert (type(second), second.errno, str(second)) == (DiskError, 28, f"shard 1/2: {first}")
    assert str(first) == "full; make the same call again"
