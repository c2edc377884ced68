"""What an attempt came to: the tables of "Errors of the API", and that no words of a server decide or are kept."""

import json
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from asyncgen.chat import Completion, Usage
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.asked_wait import MAX_RETRY_AFTER, asked_wait
from asyncgen.client.classify import (
    _BY_NAME,
    Action,
    Failure,
    judge_error,
)

WAIT, RETRY, ASK_AGAIN = Action.WAIT, Action.RETRY, Action.ASK_AGAIN
GIVE_UP, STOP, STOP_IF_REPEATED = Action.GIVE_UP, Action.STOP, Action.STOP_IF_REPEATED

NOW = 1_800_000_000.0
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
PROSE = "The note 'A 53-year-old man has insufficient_quota and rate_limit_exceeded' was refused."

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "type", "code", "choices", "message", "content", "usage", "finish_reason"]),
            inner,
            max_size=4,
        )
    ),
)


def error(type: object = None, code: object = None) -> dict[str, Any]:  # noqa: A002 - as the API calls it
    """The body of an error as OpenAI sends it."""
    return {"error": {"message": PROSE, "type": type, "param": None, "code": code}}


def judged(status: int, body: object, **headers: str) -> Failure:
    """The verdict about an answer with an error status."""
    return judge_error(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW)


# Answers with an error status

RATE_LIMIT_AND_OVERLOAD = [
    (429, error("requests", "rate_limit_exceeded"), "rate_limit"),
    (429, error("tokens", "rate_limit_exceeded"), "rate_limit"),
    (429, error("requests", "slow_down"), "rate_limit"),
    (429, [{"error": {"code": 429, "message": PROSE, "status": "RESOURCE_EXHAUSTED"}}], "rate_limit"),
    (429, {"detail": "Too many requests"}, "rate_limit"),
    (429, HTML, "rate_limit"),
    (429, "", "rate_limit"),
    (503, error("requests", "slow_down"), "rate_limit"),
    (503, error("server_error", "server_is_overloaded"), "overloaded"),
    (503, {"error": "server busy, please try again"}, "overloaded"),
    (503, HTML, "overloaded"),
    (498, error("capacity_exceeded"), "overloaded"),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": PROSE}}, "overloaded"),
    (500, error("server_error", "server_is_overloaded"), "overloaded"),
]
SERVER_AND_NETWORK = [
    (408, error("timeout"), "timeout"),
    (409, error("conflict"), "conflict"),
    (424, {"error": "Request failed during generation: CUDA out of memory"}, "server_error"),
    (425, "", "server_error"),
    (500, error("server_error"), "server_error"),
    (500, HTML, "server_error"),
    (502, HTML, "server_error"),
    (504, [], "server_error"),
    (520, HTML, "server_error"),
    (524, "error code: 524", "server_error"),
]
NEVER_BETTER = [
    (429, error("insufficient_quota", "insufficient_quota"), "quota", STOP),
    (429, error("insufficient_quota"), "quota", STOP),
    (429, error(None, "insufficient_quota"), "quota", STOP),
    (429, error("insufficient_quota", "credit_balance_exhausted"), "quota", STOP),
    (429, error("insufficient_quota", "rate_limit_exceeded"), "quota", STOP),
    (429, error("rate_limit_exceeded", "insufficient_quota"), "quota", STOP),
    (429, error("requests", "organization_spend_limit_exceeded"), "quota", STOP),
    (429, error("requests", "billing_hard_limit_reached"), "quota", STOP),
    (429, error("billing_not_active"), "quota", STOP),
    (429, [error("insufficient_quota")], "quota", STOP),
    (429, {"type": "insufficient_quota", "code": None}, "quota", STOP),
    (429, {"error": "insufficient_quota"}, "quota", STOP),
    (402, HTML, "quota", STOP),
    (301, HTML, "redirect", STOP_IF_REPEATED),
    (308, "", "redirect", STOP_IF_REPEATED),
    (401, error("invalid_request_error", "invalid_api_key"), "authentication", STOP_IF_REPEATED),
    (400, error("invalid_request_error", "invalid_api_key"), "authentication", STOP_IF_REPEATED),
    (401, "", "authentication", STOP_IF_REPEATED),
    (403, error("invalid_request_error", "unsupported_country_region_territory"), "permission", STOP_IF_REPEATED),
    (403, HTML, "permission", STOP_IF_REPEATED),
    (404, error("invalid_request_error", "model_not_found"), "not_found", STOP_IF_REPEATED),
    (404, {"detail": "Not Found"}, "not_found", STOP_IF_REPEATED),
]
OF_THE_PAIR = [
    (400, error("invalid_request_error", "context_length_exceeded"), "context_length"),
    (400, error("exceed_context_size_error"), "context_length"),
    (400, error(None, "content_filter"), "content_filter"),
    (400, error("invalid_request_error", "content_policy_violation"), "content_filter"),
    (400, error("invalid_request_error", "invalid_value"), "bad_request"),
    (
        400,
        {"object": "error", "message": PROSE, "type": "BadRequestError", "param": None, "code": 400},
        "bad_request",
    ),
    (400, [{"error": {"code": 400, "message": PROSE, "status": "INVALID_ARGUMENT"}}], "bad_request"),
    (413, HTML, "too_large"),
    (422, {"detail": [{"loc": ["body"], "msg": PROSE}]}, "bad_request"),
]
ERRORS = [
    *((*row, WAIT) for row in RATE_LIMIT_AND_OVERLOAD),
    *((*row, RETRY) for row in SERVER_AND_NETWORK),
    *NEVER_BETTER,
    *((*row, GIVE_UP) for row in OF_THE_PAIR),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "action"),
    ERRORS,
    ids=lambda value: str(value)[:60] if not isinstance(value, Action) else value.name,
)
def test_an_error_status_is_judged_as_the_table_says(status: int, body: object, kind: str, action: Action) -> None:
    """By status, type, code and shape of the body."""
    failure = judged(status, body)
    assert (failure.kind, failure.action, failure.status) == (kind, action, status)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("words", [*_BY_NAME, PROSE])
def test_the_words_of_a_message_decide_nothing(status: int, words: str) -> None:
    """Whatever name stands in a message, the verdict is that of the status."""
    body = {"error": {"message": words, "type": "some_error", "code": None, "param": words}}
    one, other = judged(status, body), judged(status, error("some_error"))
    assert (one.kind, one.action, one.limit) == (other.kind, other.action, other.limit)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("rate_limit_exceeded", WAIT),
        ("insufficient_quota", STOP),
        ("context_length_exceeded", GIVE_UP),
        ("invalid_api_key", STOP_IF_REPEATED),
    ],
)
def test_the_same_message_with_another_code_is_another_verdict(code: str, action: Action) -> None:
    """Only the code differs here."""
    assert judged(429, error(None, code)).action is action


def test_a_code_is_kept_to_be_shown() -> None:
    """The code where there is one, since it says more than the type; else the type."""
    assert judged(401, error("invalid_request_error", "invalid_api_key")).code == "invalid_api_key"
    assert judged(429, error("insufficient_quota")).code == "insufficient_quota"
    assert judged(500, HTML).code == "html"


@pytest.mark.parametrize(
    "prose",
    [
        PROSE,
        "",
        "two words",
        "a" * 65,
        "line\nbreak",
        "name\n",
        "naïve",
        "<b>",
        "note:A",
        429,
        None,
        ["quota"],
        {"a": 1},
    ],
)
def test_a_code_that_is_no_name_is_not_kept(prose: object) -> None:
    """Servers put prose there, and prose may quote a note."""
    failure = judged(429, error(prose, prose))
    assert failure.code is None
    assert (failure.kind, failure.action) == ("rate_limit", WAIT)


@pytest.mark.parametrize(
    "body", [error("some_error", "some_code"), {"error": PROSE}, PROSE, [PROSE], {"code": PROSE}]
)
def test_nothing_of_a_message_is_in_a_failure(body: object) -> None:
    """A failure is logged and shown."""
    assert "53-year-old" not in repr(judged(400, body))


def test_the_request_id_and_the_pause_are_taken_from_the_headers() -> None:
    """They are what support asks for, and what the server asks for."""
    failure = judged(429, "", x_request_id="req_7", retry_after="20")
    assert (failure.request_id, failure.retry_after) == ("req_7", 20.0)
    assert (judged(429, "").request_id, judged(429, "").retry_after) == (None, None)


@given(status=st.integers(300, 599), body=json_values)
def test_any_body_gets_a_verdict(status: int, body: object) -> None:
    """Whatever its shape; without a known name in it, the status alone decides."""
    assume(not any(name in repr(body) for name in _BY_NAME))  # hypothesis knows the names in our source
    assert judged(status, body).action is judged(status, "").action


# Retry-After


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "157"}, 0.157),
        ({"retry-after-ms": "157", "retry-after": "1"}, 0.157),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, None),
        ({"retry-after": formatdate(NOW + 86400, usegmt=True)}, MAX_RETRY_AFTER),
        ({"retry-after": "86400"}, MAX_RETRY_AFTER),
        ({"retry-after": "1e308"}, MAX_RETRY_AFTER),
        ({"retry-after-ms": "9999999999"}, MAX_RETRY_AFTER),
        ({"retry-after": "-1"}, None),
        ({"retry-after-ms": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "6m0s"}, 120.0),
        ({"retry-after": "Mon, 99 Jan 2027 00:00:00 GMT"}, None),
        ({"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
        ({"retry-after": "Mon, 01 Jan 2027 00:00:00 +99999999999999"}, None),
    ],
    ids=str,
)
def test_retry_after_is_understood_as_the_table_says(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds or a date; absurd values are capped or count as none."""
    assert asked_wait(headers, None, NOW)[0] == (None if seconds is None else pytest.approx(seconds, abs=1e-6))


@pytest.mark.parametrize("absurd", ["", "-1", "nan", "soon"])
def test_absurd_milliseconds_do_not_hide_the_seconds(absurd: str) -> None:
    """The header that makes sense counts."""
    assert asked_wait({"retry-after-ms": absurd, "retry-after": "5"}, None, NOW)[0] == 5.0


@given(
    text=st.text()
    | st.from_regex(r"(Mon, )?\d{1,3} Jan \d{1,25} \d{1,3}:\d{1,3}(:\d{1,3})? ([+-]\d{1,25}|GMT)?", fullmatch=True)
)
@example("1" * 400)
def test_any_header_gives_a_bounded_pause_or_none(text: str) -> None:
    """A server's header never ends the run."""
    for name in ("retry-after", "retry-after-ms"):
        seconds, _ = asked_wait({name: text}, None, NOW)
        assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


# Answers with status 200

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def answer(content: object = "The note.", *, finish_reason: object = "stop", **message: object) -> dict[str, Any]:
    """The body of a usable answer, with changes."""
    return {
        "id": "chatcmpl-1",
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None, **message},
                "finish_reason": finish_reason,
            }
        ],
        "usage": USAGE,
    }


def failed_choice(error: object, content: str = "", finish_reason: str | None = "error") -> dict[str, Any]:
    """The body of an answer whose choice holds an error, as OpenRouter sends it."""
    body = answer(content, finish_reason=finish_reason)
    body["choices"][0]["error"] = error
    return body


def judged_answer(
    body: object, *, json_object: bool = False, required_keys: tuple[str, ...] = (), whole: bool = False
) -> Completion | Failure:
    """The verdict about a 200 with this body (bytes as they are)."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return judge_answer(
        data,
        {"x-request-id": "req_7"},
        json_object=json_object,
        required_keys=required_keys,
        whole=whole,
        now=NOW,
    )


UNUSABLE = [
    # no JSON, or no object
    (b"", "empty_body", RETRY),
    (HTML.encode(), "html", ASK_AGAIN),
    (b'data: {"choices": []}\n\n', "event_stream", RETRY),
    (b'{"choices": [{"message": {"content": "The no', "invalid_body", RETRY),
    (b'{"choices": "\xff"}', "invalid_body", RETRY),
    ([], "invalid_body", RETRY),
    ("text", "invalid_body", RETRY),
    (None, "invalid_body", RETRY),
    # without choices
    ({}, "no_choices", ASK_AGAIN),
    ({"choices": None}, "no_choices", ASK_AGAIN),
    ({"choices": []}, "no_choices", ASK_AGAIN),
    ({"choices": {}}, "no_choices", ASK_AGAIN),
    ({"choices": [None]}, "no_choices", ASK_AGAIN),
    ({"choices": [{}]}, "no_choices", ASK_AGAIN),
    ({"choices": [{"message": None}]}, "no_choices", ASK_AGAIN),
    ({"choices": [{"text": "The note."}]}, "no_choices", ASK_AGAIN),
    ({"choices": [{"finish_reason": "content_filter: PROHIBITED_CONTENT"}]}, "content_filter", GIVE_UP),
    (answer(finish_reason="content_filter: RECITATION"), "content_filter", GIVE_UP),
    # MiniMax
    ({"choices": None, "base_resp": {"status_code": 0}}, "no_choices", ASK_AGAIN),
    # cut off, empty
    (answer(finish_reason="length"), "length", ASK_AGAIN),
    (answer("", finish_reason="length"), "length", ASK_AGAIN),
    (answer("", finish_reason="MAX_TOKENS"), "length", ASK_AGAIN),
    (answer("<think>The user", finish_reason="length"), "reasoning_length", ASK_AGAIN),
    (answer("<think>The user wants"), "thinking", ASK_AGAIN),
    (answer("wants it.</think>The note."), "thinking", ASK_AGAIN),
    (answer(None, reasoning_content="The note."), "thinking", ASK_AGAIN),
    (answer(finish_reason="error"), "unfinished", ASK_AGAIN),
    (answer(finish_reason=["stop"]), "unfinished", ASK_AGAIN),
    (answer(""), "empty", ASK_AGAIN),
    (answer(" \n\t\u00a0"), "empty", ASK_AGAIN),
    (answer("\ufeff\u200b \u2060\n"), "empty", ASK_AGAIN),
    (answer(None), "empty", ASK_AGAIN),
    (answer([7]), "empty", ASK_AGAIN),
    (answer(None, tool_calls=[{"id": "call_1"}], finish_reason="tool_calls"), "empty", ASK_AGAIN),
    # refused
    (answer(None, refusal="I cannot help with that."), "refusal", GIVE_UP),
    (answer("The note.", refusal="I cannot help with that."), "refusal", GIVE_UP),
    (answer(finish_reason="content_filter"), "content_filter", GIVE_UP),
    (answer(finish_reason="SAFETY"), "content_filter", GIVE_UP),
    (answer(finish_reason="guardrail_intervened"), "content_filter", GIVE_UP),
    (answer(finish_reason="refusal"), "refusal", GIVE_UP),
    (answer([{"type": "refusal", "refusal": "No."}]), "refusal", GIVE_UP),
    (answer(finish_reason="max_output_tokens"), "length", ASK_AGAIN),
    (answer(None, finish_reason="content_filter"), "content_filter", GIVE_UP),
    # an error inside
    ({"error": {"code": 429, "message": PROSE}}, "rate_limit", WAIT),
    ({"error": {"code": 503, "message": PROSE}, "choices": None}, "overloaded", WAIT),
    ({"error": {"code": "rate_limit_exceeded", "message": PROSE}}, "rate_limit", WAIT),
    (error("insufficient_quota"), "quota", STOP),
    ({"error": {"code": 401, "message": PROSE}}, "authentication", STOP_IF_REPEATED),
    ({"error": {"code": 400, "message": PROSE}}, "bad_request", GIVE_UP),
    ({"error": {"code": 502, "message": PROSE}}, "server_error", RETRY),
    ({"error": {"code": 7, "message": PROSE}}, "server_error", RETRY),
    ({"error": {"code": 200, "message": PROSE}}, "server_error", RETRY),
    ({"error": PROSE}, "server_error", RETRY),
    ({**answer(), "error": {"message": PROSE}}, "server_error", RETRY),
    # a list of one error (Gemini)
    ([{"error": {"code": 429, "message": PROSE, "status": "RESOURCE_EXHAUSTED"}}], "rate_limit", WAIT),
    ([answer()], "invalid_body", RETRY),
    # an error inside the choice
    (failed_choice({"code": 429, "message": PROSE}), "rate_limit", WAIT),
    (failed_choice({"code": 503, "message": PROSE}), "overloaded", WAIT),
    (failed_choice({"code": 502, "message": PROSE}), "server_error", RETRY),
    (failed_choice({"code": 402, "message": PROSE}), "quota", STOP),
    (failed_choice({"code": "insufficient_quota"}), "quota", STOP),
    (failed_choice({"code": 502, "message": PROSE}, "The first half", None), "server_error", RETRY),
]


@pytest.mark.parametrize(("body", "kind", "action"), UNUSABLE, ids=str)
def test_a_200_without_a_usable_answer_is_judged_as_the_table_says(
    body: object, kind: str, action: Action
) -> None:
    """It is never taken for a success, whether JSON was asked for or not."""
    for json_object in (False, True):
        failure = judged_answer(body, json_object=json_object)
        assert isinstance(failure, Failure)
        assert (failure.kind, failure.action, failure.request_id) == (kind, action, "req_7")
        assert "53-year-old" not in repr(failure)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (429, 429),
        (599, 599),
        (399, 500),
        (600, 500),
        ("some_code", 500),
        ("rate_limit_exceeded", 429),
        ("overloaded_error", 503),
    ],
)
def test_an_error_inside_has_the_status_that_it_names(code: object, status: int) -> None:
    """By its number or its name, where that is an error's; else that of a server's. Refusals are counted by it."""
    failure = judged_answer({"error": {"code": code, "message": PROSE}})
    assert isinstance(failure, Failure)
    assert failure.status == status


def test_an_error_inside_the_choice_of_a_whole_request_is_seen() -> None:
    """With the pause that is asked for."""
    data = json.dumps(failed_choice({"code": 429, "message": PROSE})).encode()
    failure = judge_answer(data, {"retry-after": "7"}, json_object=False, whole=True, now=NOW)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.action, failure.retry_after) == ("rate_limit", WAIT, 7.0)


def test_a_usable_answer_is_taken_as_it_is() -> None:
    """Its text untouched, its usage and model beside it."""
    assert judged_answer(answer(" The note.\n")) == Completion(
        text=" The note.\n", usage=Usage(100, 20, 120), model="gpt-4o-2024-08-06", finish_reason="stop"
    )


@pytest.mark.parametrize(
    "body",
    [
        {**answer(), "error": None},
        answer(finish_reason="STOP"),
        answer(finish_reason="eos"),
        answer(finish_reason="COMPLETE"),
        answer("\ufeffThe note."),
        {"choices": answer()["choices"] * 2, "usage": USAGE},
        b"\n\n  " + json.dumps(answer()).encode() + b"\n",
        json.dumps(answer()).encode() + b"\n\n: OPENROUTER PROCESSING\r\n: OPENROUTER PROCESSING\n\n",
        json.dumps(answer()).replace('"refusal": null, ', "").encode(),
    ],
    ids=[
        "null error",
        "capitals",
        "another finish reason",
        "Cohere's finish reason",
        "a byte order mark",
        "two choices",
        "keep-alive lines",
        "comments behind",
        "no refusal",
    ],
)
def test_differences_between_servers_do_not_matter(body: object) -> None:
    """The first choice's text is the answer."""
    completion = judged_answer(body)
    assert isinstance(completion, Completion)
    assert (completion.text, completion.usage) == ("The note.", Usage(100, 20, 120))


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "{}", ' \n{"a": {"b": []}}\n', '```json\n{"a": 1}\n```', '```\n{"a": 1}```']
)
def test_a_json_object_is_accepted_where_one_was_asked_for(text: str) -> None:
    """In a markdown fence too; the text is kept as it came."""
    completion = judged_answer(answer(text), json_object=True)
    assert isinstance(completion, Completion)
    assert completion.text == text


@pytest.mark.parametrize(
    "text",
    [
        "The note.",
        '{"a": 1',
        "[1]",
        '"a"',
        "null",
        "NaN",
        '{"a": NaN}',
        'Here is:\n```json\n{"a": 1}\n```',
        "```json\n[]\n```",
    ],
)
def test_anything_else_is_asked_for_again_where_json_was_asked_for(text: str) -> None:
    """And accepted where it was not."""
    failure = judged_answer(answer(text), json_object=True)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.action) == ("invalid_json", ASK_AGAIN)
    assert isinstance(judged_answer(answer(text)), Completion)


@pytest.mark.parametrize(
    "body",
    [
        answer(""),
        answer(finish_reason="length"),
        answer(None, refusal="No."),
        {**answer(), "error": {"code": 502}},
        failed_choice({"code": 502}, "The first half"),
    ],
    ids=str,
)
def test_the_tokens_of_an_unusable_answer_are_counted(body: dict[str, Any]) -> None:
    """They have been paid."""
    failure = judged_answer(body)
    assert isinstance(failure, Failure)
    assert failure.usage == Usage(100, 20, 120)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, Usage()),
        ([1, 2, 3], Usage()),
        ({}, Usage()),
        ({"prompt_tokens": 100, "completion_tokens": 20}, Usage(100, 20, 120)),
        ({"prompt_tokens": "100", "completion_tokens": -20, "total_tokens": None}, Usage(100, 0, 100)),
        ({"total_tokens": 120}, Usage(0, 0, 120)),
        ({"input_tokens": 99.2, "output_tokens": 20.0}, Usage(100, 20, 120)),
        ({"prompt_tokens": 100, "total_tokens": 120}, Usage(100, 20, 120)),
    ],
    ids=str,
)
def test_a_usage_of_any_shape_is_read_as_far_as_it_goes(usage: object, expected: Usage) -> None:
    """Local servers leave it out; a missing total is the sum."""
    completion = judged_answer({**answer(), "usage": usage})
    assert isinstance(completion, Completion)
    assert completion.usage == expected


@given(body=json_values | st.binary(), json_object=st.booleans())
def test_any_200_gets_a_verdict(body: object, *, json_object: bool) -> None:
    """Whatever its body; a completion has text."""
    verdict = judged_answer(body, json_object=json_object)
    assert isinstance(verdict, Failure) or verdict.text.strip()


@given(
    body=json_values | st.binary(),
    choice=st.fixed_dictionaries({"message": json_values, "finish_reason": json_values | st.just("stop")}),
)
def test_any_200_for_a_whole_request_gets_a_verdict(body: object, choice: dict[str, Any]) -> None:
    """A completion has the choices of the body, as they came."""
    for each in (body, {"choices": [choice]}):
        verdict = judged_answer(each, whole=True)
        assert isinstance(verdict, Failure) or list(verdict.choices) == each["choices"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "usable"),
    [
        ('{"why": "It fits.", "score": 0}', True),
        ('{"why": "It fits.", "score": false, "more": null}', True),
        ('{"why": "It fits."}', False),
        ('{"why": "It fits.", "score": null}', False),
        ('{"why": " ", "score": 1}', False),
        ('{"why": [], "score": 1}', False),
        ('{"WHY": "It fits.", "score": 1}', False),
    ],
)
def test_an_answer_that_says_nothing_under_a_required_key_is_asked_for_again(
    content: str, *, usable: bool
) -> None:
    """Zero and false say something; null and blanks do not."""
    verdict = judged_answer(answer(content), json_object=True, required_keys=("why", "score"))
    if usable:
        assert isinstance(verdict, Completion)
    else:
        assert isinstance(verdict, Failure)
        assert (verdict.kind, verdict.action) == ("missing_keys", ASK_AGAIN)


def test_what_the_server_had_in_its_cache_is_counted() -> None:
    """Where it says so, and in the form in which it says so."""
    counted = judged_answer(answer() | {"usage": USAGE | {"prompt_tokens_details": {"cached_tokens": 64}}})
    assert counted.usage.cached_tokens == 64
    assert judged_answer(answer() | {"usage": USAGE | {"prompt_tokens_details": None}}).usage.cached_tokens == 0


@pytest.mark.parametrize(
    ("code", "kind"), [(1002, "rate_limit"), (1008, "quota"), (1004, "authentication"), (1000, "server_error")]
)
def test_an_error_beside_the_choices_is_one(code: int, kind: str) -> None:
    """MiniMax answers 200, and says in `base_resp` what is wrong."""
    found = judged_answer({"choices": None, "base_resp": {"status_code": code, "status_msg": "why"}})
    assert isinstance(found, Failure)
    assert (found.kind, found.sentence) == (kind, "why")


@pytest.mark.parametrize("code", ["tool_use_failed", "output_parse_failed"])
def test_what_the_model_has_written_wrongly_is_asked_for_again(code: str) -> None:
    """Groq refuses its own answer at random."""
    found = judged(400, {"error": {"message": "Parsing failed.", "code": code}})
    assert (found.kind, found.action) == ("unfinished", ASK_AGAIN)
