"""Prices, and the budget that is never exceeded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.chat import Usage
from asyncgen.cost import Price, Spend, describe
from asyncgen.errors import BudgetError
from asyncgen.limits.budget import Budget

PRICE = Price(model="m", prompt=2.0, cached=1.0, completion=10.0)
counts = st.integers(0, 5000)


def test_a_cached_part_of_the_prompt_has_its_own_price() -> None:
    """A million of each: 0.4 fresh, 0.6 cached, 1 of the answer."""
    usage = Usage(1_000_000, 1_000_000, 2_000_000, 600_000)
    assert PRICE.cost(usage) == pytest.approx(0.4 * 2 + 0.6 * 1 + 10)


def test_what_may_have_been_written_to_the_cache_counts_as_written() -> None:
    """The server charges more for it, and usage does not tell how much it was."""
    usage = Usage(1_000_000, 0, 1_000_000, 600_000)
    assert replace(PRICE, cache_write=2.5).cost(usage) == pytest.approx(0.4 * 2.5 + 0.6 * 1)
    assert replace(PRICE, cache_write=1.0).cost(usage) == PRICE.cost(usage)


@given(
    calls=st.lists(st.tuples(counts, counts, st.floats(0, 1), st.booleans()), max_size=60),
    most_cost=st.floats(0.001, 0.5),
    at_once=st.integers(1, 8),
)
def test_whatever_calls_turn_out_to_cost_the_budget_is_kept(
    calls: list[tuple[int, int, float, bool]], most_cost: float, at_once: int
) -> None:
    """Some are lost on the way, and count as the dearest they can have been."""
    spend = Spend()
    budget = Budget(spend, PRICE, most_cost=most_cost, most_tokens=None)
    in_flight: list[tuple[Usage, float, bool]] = []
    for prompt, completion, share, lost in calls:
        most = Usage(prompt, completion, prompt + completion)
        if budget.covers(most):
            budget.reserve(most)
            in_flight.append((most, share, lost))
        if len(in_flight) == at_once:
            oldest, used, unheard = in_flight.pop(0)
            if unheard:
                spend.lose(oldest)
            else:
                spend.add(Usage(int(oldest.prompt_tokens * used), int(oldest.completion_tokens * used)))
            budget.release(oldest)
        assert PRICE.cost(spend.most) <= most_cost


def test_what_is_in_flight_is_set_aside() -> None:
    """A second call of 600 tokens does not fit into 1,000 before the first is back with 100."""
    spend = Spend()
    budget = Budget(spend, None, most_cost=None, most_tokens=1000)
    call = Usage(500, 100, 600)
    budget.reserve(call)
    assert not budget.covers(call)
    spend.add(Usage(80, 20, 100))
    budget.release(call)
    assert budget.covers(call)


def test_what_was_spent_is_said_in_usd_where_there_is_a_price() -> None:
    """With what may have been spent beside."""
    spend = Spend()
    spend.add(Usage(500_000, 100_000, 600_000))
    assert describe(spend, None) == "600,000 tokens"
    assert describe(spend, PRICE) == "2.00 USD (600,000 tokens)"
    spend.lose(Usage(10_000, 1_000, 11_000))
    assert describe(spend, PRICE) == "2.00 USD (600,000 tokens; 0.0300 USD at most for calls lost)"


def test_a_budget_that_is_used_up_names_the_setting_and_what_it_must_be_at_least() -> None:
    """With it, the call fits; with a little less, it does not."""
    spend = Spend(prompt_tokens=1000, completion_tokens=500)
    most = Usage(300, 2000, 2300)
    short = Budget(spend, PRICE, most_cost=0.001, most_tokens=10_000)
    assert str(short.shortfall(most)) == (
        "the next one may take 0.0206 USD (2,300 tokens), so give at least max_cost=0.0276"
    )
    assert BudgetError("spent; ", short.shortfall(most)).needed == {"max_cost": 0.0276}
    assert Budget(spend, PRICE, most_cost=0.0276, most_tokens=10_000).covers(most)
    assert not Budget(spend, PRICE, most_cost=0.0275, most_tokens=10_000).covers(most)
    by_tokens = Budget(spend, None, most_cost=None, most_tokens=100)
    assert str(by_tokens.shortfall(most)) == (
        "the next one may take 2,300 tokens, so give at least max_total_tokens=3800"
    )
    both = Budget(spend, PRICE, most_cost=0.001, most_tokens=100).shortfall(most)
    assert str(both).endswith("so give at least max_total_tokens=3800 and max_cost=0.0276")


def test_an_answer_that_nothing_bounds_is_named_as_what_a_call_may_cost() -> None:
    """Each call then reserves the longest answer of the model, and a small budget covers none."""
    most = Usage(300, 2000, 2300)
    said = [
        str(Budget(Spend(), None, most_cost=None, most_tokens=1, longest_answer=n).shortfall(most))
        for n in (0, 2000)
    ]
    assert said == [
        "the next one may take 2,300 tokens, so give at least max_total_tokens=2300",
        "the next one may take 2,300 tokens, 2,000 of them for an answer that no smaller max_tokens bounds, so "
        "give at least max_total_tokens=2300",
    ]


def test_calls_in_batches_cost_their_own_price_in_a_budget():
    """What came out of batches, what is enqueued and what is to be; ordinary calls cost what they always do."""
    price = replace(PRICE, batch=replace(PRICE, prompt=1.0, cached=1.0, completion=5.0))
    spend, enqueued = Spend(), Usage(100_000, 0, 100_000)
    spend.add(Usage(200_000, 0, 200_000), batch=True)
    spend.add(Usage(300_000, 0, 300_000))
    budget = Budget(spend, price, most_cost=1.0, most_tokens=None, enqueued=lambda: enqueued)

    assert price.known_cost(spend) == pytest.approx(0.2 * 1 + 0.3 * 2)
    assert budget.covers(Usage(50_000, 0, 50_000))
    assert budget.covers(Usage(99_999, 0, 99_999), batch=True)
    assert not budget.covers(Usage(60_000, 0, 60_000))
