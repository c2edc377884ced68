"""Answers with an error status: the tables of "Errors of the API"; no words of a server decide or are kept."""

from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

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
    (400, error("invalid_request_error", "organization_restricted"), "permission", STOP),
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
    (400, error("invalid_request_error", "string_above_max_length"), "context_length"),
    (400, error(None, "model_max_prompt_tokens_exceeded"), "context_length"),
    (400, error(None, "1261"), "context_length"),
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
def test_the_words_of_a_message_decide_nothing(status: int) -> None:
    """Whatever name stands in a message, the verdict is that of the status."""
    other = judged(status, error("some_error"))
    for words in [*_BY_NAME, PROSE]:
        body = {"error": {"message": words, "type": "some_error", "code": None, "param": words}}
        one = judged(status, body)
        assert (one.kind, one.action, one.limit) == (other.kind, other.action, other.limit), words


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
    ("location", "sentence"),
    [
        (
            "https://api.example:8443/v1/chat/completions?token=secret#top",
            "to https://api.example:8443/v1/chat/completions",
        ),
        ("https://user:secret@api.example/", "to https://api.example/"),
        ("/login?next=secret", "to /login"),
        ("", None),
        ("http://[::1", None),
        ("/\x1b[31m", None),
    ],
)
def test_a_redirect_says_where_to(location: str, sentence: str | None) -> None:
    """Without what may be secret in an address."""
    assert judged(302, HTML, location=location).sentence == sentence


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
        ({"retry-after": f"{NOW - 30:.0f}"}, None),
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
        seconds, *_ = asked_wait({name: text}, None, NOW)
        assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


@pytest.mark.parametrize("code", ["tool_use_failed", "output_parse_failed"])
def test_what_the_model_has_written_wrongly_is_asked_for_again(code: str) -> None:
    """Groq refuses its own answer at random."""
    found = judged(400, {"error": {"message": "Parsing failed.", "code": code}})
    assert (found.kind, found.action) == ("unfinished", ASK_AGAIN)


@pytest.mark.parametrize(
    "body",
    [
        "Internal Server Error",
        "Request failed: error sending request for url (http://127.0.0.1:8618/v1/chat/completions)",
        HTML,
        "",
        {"status": "failure", "message": "Something went wrong"},
        {
            "type": "FetchError",
            "title": "request to http://h/v1 failed, reason: connect ECONNREFUSED",
            "detail": "",
        },
        {"detail": "Internal Server Error"},
        {
            "error": {
                "type": "Internal Server Error",
                "code": "call_upstream_request_error",
                "message": "error sending request for url (http://127.0.0.1:8616/v1/chat/completions).",
            }
        },
        {
            "error": {
                "message": "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.",
                "type": None,
                "param": None,
                "code": "500",
            }
        },
    ],
)
def test_a_front_that_fails_itself_has_most_likely_lost_its_server(body: Any) -> None:
    """FastChat, vLLM's and SGLang's routers, nginx, Portkey, Prism, LitServe, LiteLLM; an API has a form."""
    assert judge_error(500, {}, body, 0.0).unreached
    of_api = {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
    assert not judge_error(500, {}, of_api, 0.0).unreached
    assert not judge_error(400, {}, body, 0.0).unreached


@pytest.mark.parametrize(
    "body",
    [
        "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n<body></body>",
        "Client sent an HTTP request to an HTTPS server.\n",
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>400 Bad Request</title>\n</head>'
        "<body>\n<h1>Bad Request</h1>\n<p>Your browser sent a request that this server could not understand.\n"
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n",
        "Bad Request\r\nThis combination of host and port requires TLS.\r\n",
    ],
    ids=["nginx", "Go", "Apache", "Tomcat"],
)
def test_a_port_for_https_is_named_as_that(body: str) -> None:
    """The user has left out an s; an API's own error is never read so."""
    failure = judge_error(400, {}, body, NOW)
    assert (failure.kind, failure.action, failure.code) == (
        "scheme",
        Action.STOP_IF_REPEATED,
        "the server speaks TLS",
    )
    assert judge_error(400, {}, {"error": {"message": body}}, NOW).kind == "bad_request"
