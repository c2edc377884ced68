"""Lines of the Batch API: judged as answers are, and by nothing else."""

from typing import Any

import orjson
import pytest

from asyncgen.chat import ChatRequest, Completion, Sampling
from asyncgen.client.batch_lines import UNWORKED, judge_line, request_line
from asyncgen.client.batch_providers import batch_provider
from asyncgen.client.batch_server import BatchState
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Encoder

REQUEST = Encoder("m", "max_tokens").prepare("step", ChatRequest("s", "u", Sampling(None, None, 9)))
BODY = {"model": "m", "choices": [{"message": {"content": "text"}, "finish_reason": "stop"}], "usage": {}}


def test_a_request_goes_in_as_it_would_be_posted() -> None:
    """Byte for byte, so that its answer is that of an ordinary call."""
    line = request_line("1-a", "/v1/chat/completions", REQUEST.body)

    assert line.endswith(b'"body":' + REQUEST.body + b"}\n")
    decoded = orjson.loads(line)
    assert (decoded["custom_id"], decoded["method"], decoded["url"]) == ("1-a", "POST", "/v1/chat/completions")


TOO_LONG = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."


@pytest.mark.parametrize("body", [BODY, orjson.dumps(BODY).decode()])
def test_an_answer_is_one_whether_its_body_is_an_object_or_a_text(body: Any) -> None:
    """Azure and others differ."""
    verdict, request_id = judge_line({"response": {"status_code": 200, "request_id": "r", "body": body}}, REQUEST)
    assert isinstance(verdict, Completion)
    assert (verdict.text, request_id) == ("text", "r")


def test_an_answer_may_stand_without_an_envelope() -> None:
    """At Fireworks, and in the first files of vLLM."""
    verdict, _ = judge_line({"response": BODY}, REQUEST)
    assert isinstance(verdict, Completion)
    assert verdict.text == "text"


@pytest.mark.parametrize(
    ("line", "kind", "action"),
    [
        ({"response": {"status_code": 400, "body": {"error": {"code": "x"}}}}, "bad_request", Action.GIVE_UP),
        ({"response": {"status_code": 429, "body": {"error": {}}}}, "rate_limit", Action.WAIT),
        ({"response": {"status_code": 500, "body": "no JSON"}}, "server_error", Action.RETRY),
        ({"response": None, "error": {"code": "request_timeout", "message": "m"}}, "server_error", Action.RETRY),
        ({"response": None, "error": {"code": "429"}}, "rate_limit", Action.WAIT),
        ({"response": None, "error": {"code": "insufficient_quota"}}, "quota", Action.STOP),
        ({"response": None, "error": None}, "invalid_body", Action.RETRY),
        ({"response": {"status_code": 200, "body": None}}, "invalid_body", Action.RETRY),
        (
            {
                "response": {"status_code": 400, "body": None},
                "error": {"error": {"code": 400, "message": TOO_LONG}},
            },
            "context_length",
            Action.GIVE_UP,
        ),
        ({"response": {"status_code": 0, "body": None}, "error": {"code": "500"}}, "server_error", Action.RETRY),
        (
            {"response": {"status_code": 200, "body": None}, "error": {"code": 404, "message": "The model `x`"}},
            "not_found",
            Action.STOP_IF_REPEATED,
        ),
        (
            {"response": {"status_code": 400, "body": None}, "error": {"error": {"code": 400}}},
            "bad_request",
            Action.GIVE_UP,
        ),
    ],
)
def test_what_is_no_answer_is_told_as_for_an_ordinary_call(line: Any, kind: str, action: Action) -> None:
    """By status and names."""
    verdict, _ = judge_line(line, REQUEST)
    assert isinstance(verdict, Failure)
    assert (verdict.kind, verdict.action) == (kind, action)


@pytest.mark.parametrize("response", [None, {}, {"status_code": 200, "body": None}])
@pytest.mark.parametrize("code", ["batch_expired", "batch_cancelled"])
def test_a_request_that_nobody_worked_on_is_no_failure(code: str, response: Any) -> None:
    """It costs nothing, and is sent again."""
    assert judge_line({"response": response, "error": {"code": code}}, REQUEST)[0] is UNWORKED


@pytest.mark.parametrize("body", [None, [], {}, {"id": ""}, {"id": 5}, "text"])
def test_what_is_no_batch_is_none(body: Any) -> None:
    """Whatever a server sends in its place."""
    with pytest.raises(ValueError, match="no batch"):
        BatchState.read(body)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("SUCCESS", "completed"),
        ("succeeded", "completed"),
        ("ended", "completed"),
        ("done", "completed"),
        ("finished", "completed"),
        ("TIMEOUT_EXCEEDED", "expired"),
        ("error", "failed"),
    ],
)
def test_the_end_of_a_batch_is_known_by_the_names_of_other_servers(said: str, status: str) -> None:
    """It would be looked at for ever."""
    state = BatchState.read({"id": "b", "status": said})
    assert (state.status, state.ended) == (status, True)


def test_a_batch_is_read_whatever_it_lacks() -> None:
    """Counts, errors and metadata may be missing or null."""
    bare = BatchState.read({"batch_id": "b", "status": "COMPLETED", "errors": None, "metadata": None})
    full = BatchState.read(
        {
            "id": "b",
            "status": "failed",
            "errors": {"data": [{"code": "token_limit_exceeded"}, {"code": None}]},
            "request_counts": {"total": 3, "completed": 2, "failed": 1},
            "metadata": {"a": "b"},
        }
    )
    assert (bare.ended, bare.total, bare.problems) == (True, None, ())
    assert (full.ended, full.completed, full.problems) == (True, 2, ("token_limit_exceeded", "unknown"))


@pytest.mark.parametrize(
    ("url", "name", "usable", "endpoint"),
    [
        ("https://api.openai.com/v1", "openai", True, "/v1/chat/completions"),
        ("http://127.0.0.1:8000/v1", "openai", True, "/v1/chat/completions"),
        ("https://mine.openai.azure.com/openai/v1", "azure", True, "/chat/completions"),
        ("https://api.groq.com/openai/v1", "groq", True, "/v1/chat/completions"),
        ("https://api.mistral.ai/v1", "mistral", False, "/v1/chat/completions"),
        ("https://openrouter.ai/api/v1", "openrouter", False, "/v1/chat/completions"),
    ],
)
def test_a_server_is_known_by_its_address(url: str, name: str, usable: bool, endpoint: str) -> None:
    """And one that nobody knows is taken for one like OpenAI."""
    found = batch_provider(url)
    assert (found.name, found.usable, found.endpoint) == (name, usable, endpoint)
