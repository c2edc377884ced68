"""What a job will take: ranges from characters, and what some calls make of them."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyncgen.chat import Usage
from asyncgen.cost import Price
from asyncgen.planning.forecast import REASONING_TOKENS, MeasuredSample, StepSize, StepUsage, forecast

PRICE = Price(model="m", prompt=2.0, cached=1.0, completion=10.0)


def step(calls: int, *, json_object: bool = False, system: int = 1000, note: int = 800) -> StepSize:
    """Calls of one size."""
    return StepSize(2048, json_object, calls, calls * (system + note), calls * system, calls * note)


@given(
    calls=st.integers(1, 50),
    pairs=st.integers(1, 100_000),
    json_object=st.booleans(),
    system=st.integers(0, 9000),
    note=st.integers(0, 9000),
)
@example(calls=1, pairs=1, json_object=False, system=4506, note=0)
@example(calls=1, pairs=1, json_object=False, system=5325, note=0)
@example(calls=3, pairs=7, json_object=True, system=3686, note=900)
def test_a_range_is_a_range_and_grows_with_the_pairs(
    calls: int, pairs: int, *, json_object: bool, system: int, note: int
) -> None:
    """Low, likely, high; twice the pairs take twice as much."""
    sample = MeasuredSample(calls, {"step": step(calls, json_object=json_object, system=system, note=note)})
    one, two = forecast(sample, pairs, PRICE), forecast(sample, 2 * pairs, PRICE)
    assert one.cost is not None
    assert two.cost is not None
    for values, doubled in (
        (one.prompt_tokens, two.prompt_tokens),
        (one.completion_tokens, two.completion_tokens),
        (one.cost, two.cost),
    ):
        assert values[0] <= values[1] <= values[2]
        assert doubled[1] == pytest.approx(2 * values[1], rel=0.01, abs=0.001)


@pytest.mark.parametrize("seed", range(5))
def test_twenty_calls_foretell_a_thousand_within_a_tenth(seed: int) -> None:
    """Whatever tokenizer the server has, and though answers scatter."""
    draw = random.Random(seed)
    per_token = draw.uniform(2.5, 6)
    notes = [draw.randint(300, 2000) for _ in range(1000)]
    usages = [Usage(round((1000 + n) / per_token), round(n / per_token * draw.uniform(0.9, 1.1))) for n in notes]
    everything, first = StepSize(2048, json_object=False), StepSize(2048, json_object=False)
    used = StepUsage()
    for place, note in enumerate(notes):
        for size in [everything, first][: 2 if place < 20 else 1]:
            size.calls += 1
            size.prompt_characters += 1000 + note
            size.fixed_characters += 1000
            size.rewritten_characters += note
        if place < 20:
            used.add(usages[place])
    found = forecast(MeasuredSample(1000, {"s": everything}, {"s": used}, {"s": first}), 1000, None)
    prompt, completion = sum(u.prompt_tokens for u in usages), sum(u.completion_tokens for u in usages)
    assert found.prompt_tokens[1] == pytest.approx(prompt, rel=0.1)
    assert found.completion_tokens[1] == pytest.approx(completion, rel=0.1)
    assert found.cost is None


def test_an_answer_is_never_longer_than_it_may_be() -> None:
    """Of notes of a million characters."""
    found = forecast(MeasuredSample(10, {"s": step(10, note=1_000_000)}), 10, None)
    assert found.completion_tokens == (20_480, 20_480, 20_480)


def test_messages_and_replies_have_tokens_of_their_own() -> None:
    """As the servers count them: with short prompts they are most of it."""
    short = StepSize(100, True, calls=30, prompt_characters=30 * 44, messages=60)
    low, likely, high = forecast(MeasuredSample(30, {"s": short}), 30, None).prompt_tokens
    assert likely == pytest.approx(30 * (44 / 4.4 + 2 * 4 + 3))
    assert low < likely < high


def test_a_short_question_may_have_a_long_answer_if_nothing_limits_it() -> None:
    """Its own length says little; that of a text which an answer rewrites does."""
    question, note = (StepSize(0, False, 1, length, 0, length) for length in (44, 8000))
    low, _, high = forecast(MeasuredSample(1, {"s": question}), 1, None).completion_tokens
    assert (low, high) == (pytest.approx(0.9 * 44 / 5.2), 500)
    limited = forecast(MeasuredSample(1, {"s": replace(question, max_tokens=20)}), 1, None)
    assert limited.completion_tokens[2] <= 20
    rewritten = forecast(MeasuredSample(1, {"s": note}), 1, None)
    assert rewritten.completion_tokens[1] == pytest.approx(8000 / 4.4)


def test_a_limit_tells_the_length_only_of_an_answer_that_rewrites() -> None:
    """Nobody knows how long the answer to a question is; it is no longer than its limit."""
    question = StepSize(2000, False, 10, 440, 0, 440, rewrites=False)
    low, likely, high = forecast(MeasuredSample(10, {"s": question}), 10, None).completion_tokens
    assert (low, likely, high) == (pytest.approx(0.9 * 440 / 5.2), 500, 5000)
    limited = forecast(MeasuredSample(10, {"s": replace(question, max_tokens=40)}), 10, None)
    assert limited.completion_tokens == (pytest.approx(0.9 * 440 / 5.2), 400, 400)


def test_at_best_the_fixed_part_of_the_prompts_is_cached_if_it_is_long_enough() -> None:
    """A server caches what 1,024 tokens have in common, not less."""
    short = forecast(MeasuredSample(1, {"s": step(1, system=3000, note=0)}), 1_000_000, PRICE)
    long = forecast(MeasuredSample(1, {"s": step(1, system=30_000, note=0)}), 1_000_000, PRICE)
    assert short.cost is not None
    assert long.cost is not None
    assert short.cost[0] == pytest.approx(2 * short.prompt_tokens[0] / 1e6)
    assert long.cost[0] == pytest.approx(1 * long.prompt_tokens[0] / 1e6, rel=0.001)  # the reply's few are not
    assert long.cost[2] == pytest.approx(2 * long.prompt_tokens[2] / 1e6)


@given(calls=st.integers(1, 20), system=st.integers(0, 9000), note=st.integers(0, 9000), more=st.integers(1, 3000))
@example(calls=1, system=4500, note=0, more=10)
@example(calls=1, system=5320, note=0, more=10)
def test_a_longer_prompt_never_costs_less(calls: int, system: int, note: int, more: int) -> None:
    """Also where it becomes just long enough for the cache of a server; rounded to a token."""
    shorter, longer = (
        forecast(MeasuredSample(calls, {"step": step(calls, system=length, note=note)}), calls, PRICE).cost
        for length in (system, system + more)
    )
    assert shorter is not None
    assert longer is not None
    token = PRICE.completion / 1_000_000
    assert all(less <= more_ + token for less, more_ in zip(shorter, longer, strict=True))


@pytest.mark.parametrize("efforts", list(pairwise(REASONING_TOKENS)))
def test_more_effort_never_takes_fewer_tokens(efforts: tuple[str, str]) -> None:
    """By the table of guesses."""
    less, more = (
        forecast(MeasuredSample(1, {"step": replace(step(1), effort=effort)}), 1, PRICE).completion_tokens
        for effort in efforts
    )
    assert all(one <= other for one, other in zip(less, more, strict=True))
