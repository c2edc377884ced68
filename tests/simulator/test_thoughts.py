"""Reasoning and thinking: counted, within the limit, and in the place that the profile says."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.simulator import Thinking
from asyncgen.simulator.completions import SimulatedCompletion, complete
from asyncgen.simulator.model_families import family_of
from asyncgen.simulator.profile import THINKING_STYLES
from asyncgen.simulator.refused_parameters import EFFORTS
from asyncgen.simulator.simulated_requests import SimulatedRequest, parse_request
from asyncgen.simulator.thoughts import after_reasoning, reasoning_tokens
from asyncgen.simulator.tokens import count_tokens

from .helpers import chat

KEYS = st.integers(0, 2**64 - 1)


def asked(**fields: Any) -> SimulatedRequest:
    """A request as the server reads it."""
    return parse_request(orjson.dumps(chat(**{"max_tokens": None, **fields})))


def answered(request: SimulatedRequest, style: str = "", key: int = 1) -> SimulatedCompletion:
    """The completion after reasoning or thinking."""
    return after_reasoning(complete(request, key), request, family_of(request.model), Thinking(style=style), key)


@given(key=KEYS)
def test_more_effort_takes_more(key: int) -> None:
    """None takes nothing, and the others grow from one to the one after next; steps are of 64."""
    tokens = {effort: reasoning_tokens(key, effort) for effort in EFFORTS}
    assert tokens["none"] == 0
    assert tokens["low"] <= tokens["medium"] <= tokens["high"] <= tokens["max"]
    assert all(number % 64 == 0 for number in tokens.values())


@given(key=KEYS, limit=st.integers(1, 3000), effort=st.sampled_from(["low", "medium", "high"]))
def test_reasoning_counts_and_keeps_the_limit(key: int, limit: int, effort: str) -> None:
    """Reasoning and answer together are the completion's tokens; what does not fit is cut off, and said."""
    request = asked(model="gpt-6-luna", max_completion_tokens=limit, reasoning_effort=effort)
    completion = answered(request, key=key)
    content = count_tokens(completion.content)
    assert completion.completion_tokens == content + completion.reasoning_tokens <= limit
    assert (completion.finish_reason == "length") == (completion.content != complete(asked(), key).content)


def test_reasoning_can_use_the_whole_limit_up() -> None:
    """Then nothing is said, and all of it is paid."""
    request = asked(model="gpt-6-luna", max_completion_tokens=64, reasoning_effort="high")
    completion = answered(request)
    assert (completion.content, completion.finish_reason) == ("", "length")
    assert completion.reasoning_tokens == completion.completion_tokens == 64


@pytest.mark.parametrize("fields", [{"model": "gpt-4o"}, {"model": "gpt-6-luna", "reasoning_effort": "none"}])
def test_without_reasoning_the_answer_is_the_ordinary_one(fields: dict[str, Any]) -> None:
    """Nothing is added for models that do not reason, and for those that are asked not to."""
    request = asked(**fields)
    assert answered(request) == complete(request, 1)


@pytest.mark.parametrize(
    ("style", "has", "lacks"),
    [
        ("tags", ("<think>\n", "\n</think>\n\n"), ()),
        ("unclosed", ("<think>\n",), ("</think>",)),
        ("tail", ("\n</think>\n\n",), ("<think>",)),
    ],
)
def test_thoughts_stand_before_the_answer(style: str, has: tuple[str, ...], lacks: tuple[str, ...]) -> None:
    """With the tags that the profile says; the answer itself comes last and everything counts."""
    request = asked(model="qwen3")
    completion = answered(request, style)
    assert completion.content.endswith(complete(request, 1).content)
    assert all(tag in completion.content for tag in has)
    assert not any(tag in completion.content for tag in lacks)
    assert completion.completion_tokens == count_tokens(completion.content)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_stand_in_a_field(field: str) -> None:
    """The answer is the ordinary one, the thoughts are beside it and count."""
    request = asked(model="qwen3")
    completion = answered(request, field)
    assert completion.content == complete(request, 1).content
    assert completion.completion_tokens == count_tokens(completion.content) + count_tokens(
        completion.thoughts[field]
    )


@given(key=KEYS, limit=st.integers(1, 200), style=st.sampled_from(THINKING_STYLES))
def test_thoughts_keep_the_limit(key: int, limit: int, style: str) -> None:
    """Thoughts that are longer than the limit leave no room for the answer."""
    completion = answered(asked(model="qwen3", max_tokens=limit), style, key)
    said = count_tokens(completion.content) + sum(map(count_tokens, completion.thoughts.values()))
    assert said == completion.completion_tokens <= limit
    assert completion.finish_reason == "stop" or said == limit
