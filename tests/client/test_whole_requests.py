"""Requests that somebody else has made: sent as they stand, and answered with what the server says."""

from typing import Any

import orjson
import pytest

from asyncgen.chat import ChatRequest, Completion, ModelWays, Sampling, Usage, WholeBody
from asyncgen.client.adaptations import Adaptations
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.encoding import ATTACHMENT_TOKENS, Encoder, Prepared
from asyncgen.client.explanations import Explanations

NOTE = "Jane Roe, born 04/12/1961, was seen for substernal chest pain."
LUNA = ModelWays("max_completion_tokens", "without-reasoning", reasons=True, can_be_switched_off=True)


def prepared(limit: int | None = 100, attachments: int = 0, longest: int = 0, **fields: Any) -> Prepared:
    """A request about a note."""
    messages = [{"role": "system", "content": f"About {NOTE}"}, {"role": "user", "content": "Rewrite it."}]
    body = orjson.dumps({"model": "model-of-the-year", "messages": messages, **fields})
    request = ChatRequest("", NOTE, Sampling(None, None, limit), whole=WholeBody(body, attachments))
    return Encoder("model-of-the-year", "max_tokens", longest).prepare("request", request)


def judged(*choices: Any, **body: Any) -> Completion | Failure:
    """The verdict about a body with these choices."""
    data = orjson.dumps({"model": "m", "choices": list(choices), **body})
    return judge_answer(data, {}, json_object=False, whole=True, now=0.0)


def choice(reason: Any = "stop", **message: Any) -> dict[str, Any]:
    """A choice with this message."""
    return {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}


def test_a_request_counts_with_its_limit_and_its_text_and_may_cost_what_its_bytes_and_images_do() -> None:
    """The text is charged by the minute; a budget takes the dearest case."""
    request = prepared(attachments=2)
    assert request.tokens == 100
    assert request.most.prompt_tokens == len(request.body) + 2 * ATTACHMENT_TOKENS
    assert request.most.completion_tokens == 100

    unlimited = prepared(limit=None, longest=5_000)
    assert (unlimited.tokens, unlimited.most.completion_tokens) == (len(NOTE) // 4, 5_000)


def test_nothing_of_it_is_adapted() -> None:
    """Neither by what is known of the model, nor by what was refused."""
    adaptations, request = Adaptations(LUNA), prepared(max_tokens=100, temperature=0.7)
    error = {
        "message": "no",
        "type": "invalid_request_error",
        "param": "max_tokens",
        "code": "unsupported_parameter",
    }

    assert adaptations.learn("", request, judge_error(400, {}, {"error": error}, 0.0)) is None
    assert adaptations.body("", request) == request.body


def test_all_requests_are_of_one_shape() -> None:
    """Their fields are not looked at: none is adapted, so that one answer lets all others go."""
    adaptations = Adaptations(LUNA)

    assert adaptations.shape("", prepared()) == adaptations.shape("", prepared(temperature=0.7))
    assert adaptations.shape("", prepared()).fields == ()


@pytest.mark.parametrize(
    ("choices", "kind", "action"),
    [
        ([], "no_choices", Action.ASK_AGAIN),
        (["text"], "no_choices", Action.ASK_AGAIN),
        ([{"index": 0, "finish_reason": "stop"}], "no_choices", Action.ASK_AGAIN),
        ([choice(content=None)], "empty", Action.ASK_AGAIN),
        ([choice(content="", tool_calls=[])], "empty", Action.ASK_AGAIN),
        ([choice(content=None, reasoning_content="Hm.")], "empty", Action.ASK_AGAIN),
        ([choice("abort", content="Half")], "unfinished", Action.ASK_AGAIN),
        ([choice(7, content="Half")], "unfinished", Action.ASK_AGAIN),
        ([choice("content_filter", content="Half")], "content_filter", Action.GIVE_UP),
    ],
)
def test_what_says_nothing_or_was_broken_off_is_no_answer(choices: list[Any], kind: str, action: Action) -> None:
    """It is asked again, or given up, as anything else."""
    found = judged(*choices)

    assert isinstance(found, Failure)
    assert (found.kind, found.action, found.unsaid) == (kind, action, True)


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "function_call", "end_turn", "", None])
def test_an_answer_is_taken_whatever_ended_it(reason: str | None) -> None:
    """All choices, as they came."""
    choices = [choice(reason, content=[{"type": "text", "text": "Well."}]), {"index": 1}]

    found = judged(*choices, usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})

    assert found == Completion("Well.", Usage(1, 2, 3), "m", reason or None, choices=tuple(choices))


def test_no_text_of_a_request_is_in_what_the_user_is_told() -> None:
    """Every text of it may be of a patient, the system prompt too; its model is no secret."""
    said = f"model-of-the-year cannot work on: {NOTE} And not on her chart number 77123, for Jane Roe."
    error = {"message": said, "type": "invalid_request_error", "param": None, "code": "Jane Roe"}
    failure = judge_error(400, {}, {"error": error}, 0.0)
    request = prepared(user="chart number 77123", image="data:image/png;base64," + 2_000 * "Jane")
    explanations = Explanations()

    names = explanations.names(failure, request, [])
    sentence = explanations.sentence(failure, request, [], names)

    assert names == ("invalid_request_error", None)  # its type, for its code is a name
    assert sentence is not None
    assert "model-of-the-year" in sentence
    assert not [word for word in ("Jane", "Roe", "1961", "chest pain", "77123") if word in sentence]
