"""What is kept of an answer, and what is told of a server once: that it cuts prompts, or sends no thinking."""

from dataclasses import replace

import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, ResponseSchema, Sampling, Usage
from asyncgen.client.answer_accounting import AnswerAccounting
from asyncgen.client.answer_body import unusable
from asyncgen.client.encoding import Encoder
from asyncgen.cost import Price, Spend, total_usage
from asyncgen.events import Event, Notice

NOTE = "Patient with cough. "
CODES = ResponseSchema("codes", {"type": "string", "enum": [f"ICD-10 code {number:04}" for number in range(900)]})


@pytest.mark.parametrize(
    ("notes", "schema", "tokens", "told"),
    [
        (20, None, 110, 0),
        (20, CODES, 110, 0),
        (1000, CODES, 5000, 0),
        (1000, None, 1900, 1),
        (1000, CODES, 1900, 1),
    ],
)
def test_a_server_that_counts_too_few_tokens_for_the_messages_has_cut_them(
    notes: int, schema: ResponseSchema | None, tokens: int, told: int
) -> None:
    """The schema is no part of them: few servers count it."""
    request = ChatRequest("You are a coder.", NOTE * notes, Sampling(None, None, 50), response_schema=schema)
    prepared = Encoder("m", "max_tokens").prepare("step", request)
    heard: list[Event] = []
    accounting = AnswerAccounting(heard.append, keep_thinking=False)
    for _ in range(3):
        accounting.counted(prepared, Completion("R05", Usage(tokens, 10, tokens + 10), "m"))
    assert len(heard) == told
    for event in heard:
        assert isinstance(event, Notice)
        assert "it seems to have cut the prompt" in str(event.text)


def test_what_the_model_thought_is_kept_where_the_request_wants_it_and_its_lack_is_told_once() -> None:
    """The recipe says so in the request; the run's setting is for every request."""
    plain = ChatRequest("", NOTE, Sampling(None, None, 50))
    prepare = Encoder("m", "max_tokens").prepare
    heard: list[Event] = []
    accounting = AnswerAccounting(heard.append, keep_thinking=False)
    thought = Completion("R05", Usage(10, 10, 20), "m", thinking="A cough is R05.")
    wanted = prepare("code", replace(plain, keep_thinking=True))
    assert accounting.counted(prepare("code", plain), thought)[0].thinking == ""
    assert accounting.counted(wanted, thought)[0] == thought
    assert not heard
    for _ in range(2):
        assert accounting.counted(wanted, replace(thought, thinking=""))[0].thinking == ""
    assert ["code" in str(event.text) and event.warning for event in heard if isinstance(event, Notice)] == [True]


def test_more_cached_tokens_than_the_prompt_has_count_beside_it() -> None:
    """Gateways to Claude count so: the cost is theirs, the record stays the server's, and no prompt was cut."""
    request = ChatRequest("You are a coder.", NOTE * 1000, Sampling(None, None, 50))
    prepared = Encoder("m", "max_tokens").prepare("step", request)
    heard: list[Event] = []
    accounting = AnswerAccounting(heard.append, keep_thinking=False)
    said, spend = total_usage(26, 5, 5400), Spend()
    for _ in range(3):
        completion, lost = accounting.counted(prepared, Completion("R05", said, "m"))
        assert completion.usage == said
        spend.add(said)
        spend.lose(lost)
    assert ["count beside" in str(event.text) for event in heard if isinstance(event, Notice)] == [True]
    price = Price(model="m", prompt=2.5, cached=1.25, completion=10)
    assert price.most_cost(spend) * 1e6 == pytest.approx(3 * (26 * 2.5 + 5400 * 1.25 + 5 * 10))
    assert accounting.uncounted(prepared, unusable("empty", said)) == total_usage(5400, 0, 0)


def test_cached_tokens_of_a_prompt_are_in_it() -> None:
    """As OpenAI counts."""
    prepared = Encoder("m", "max_tokens").prepare("step", ChatRequest("", NOTE, Sampling(None, None, 50)))
    heard: list[Event] = []
    accounting = AnswerAccounting(heard.append, keep_thinking=False)
    for cached in (0, 5, 10):
        assert accounting.counted(prepared, Completion("R05", total_usage(10, 5, cached), "m"))[1] == NO_USAGE
    assert not heard
