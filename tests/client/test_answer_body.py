"""Answers with status 200: which are completions, and why the others are none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.chat import Completion, Usage
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.classify import (
    Action,
    Failure,
)

from .test_classify import (
    ASK_AGAIN,
    GIVE_UP,
    HTML,
    NOW,
    PROSE,
    RETRY,
    STOP,
    STOP_IF_REPEATED,
    WAIT,
    error,
    json_values,
)

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
    (json.dumps({"html-message": HTML}).encode(), "html", ASK_AGAIN),  # Portkey
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
    ({"choices": [{"delta": {"content": "The no"}, "finish_reason": None}]}, "no_choices", ASK_AGAIN),
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
    (answer("```json\n\n```\n"), "empty", ASK_AGAIN),
    (answer("```"), "empty", ASK_AGAIN),
    (answer(None), "empty", ASK_AGAIN),
    (answer([7]), "empty", ASK_AGAIN),
    (answer(None, tool_calls=[{"id": "call_1"}], finish_reason="tool_calls"), "empty", ASK_AGAIN),
    # refused
    (answer(None, refusal="I cannot help with that."), "refusal", GIVE_UP),
    (answer("The note.", refusal="I cannot help with that."), "refusal", GIVE_UP),
    (answer(finish_reason="content_filter"), "content_filter", GIVE_UP),
    (answer(finish_reason="SAFETY"), "content_filter", GIVE_UP),
    (answer(finish_reason="content-filter"), "content_filter", GIVE_UP),
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
        ([429], 500),
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
        {"result": answer(), "success": True, "errors": []},
        {"code": 200, "msg": "ok", "data": answer()},
        {"code": 200, "data": {"choices": answer()["choices"]}, "usage": answer()["usage"]},
        {**answer(), "error": {"code": 0, "message": "", "type": None}},
        {**answer(), "usage": None, "x_groq": {"usage": answer()["usage"]}},
        {**answer(), "choices": [{"delta": answer()["choices"][0]["message"], "finish_reason": "stop"}]},
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
        "Cloudflare's wrapper",
        "a wrapper",
        "a wrapper with the usage",
        "an error of which nothing is said",
        "Groq's usage",
        "a whole piece of a stream",
    ],
)
def test_differences_between_servers_do_not_matter(body: object) -> None:
    """The first choice's text is the answer."""
    completion = judged_answer(body)
    assert isinstance(completion, Completion)
    assert (completion.text, completion.usage) == ("The note.", Usage(100, 20, 120))


@pytest.mark.parametrize(
    "body",
    [
        {"code": 1302, "msg": "why", "data": {"choices": None}},
        {"error": {"code": 429, "message": "why"}, "data": {"choices": []}},
        {"error": {"code": 429, "message": "why"}, "data": answer()},
    ],
)
def test_an_error_beside_data_is_what_counts(body: object) -> None:
    """A wrapper may hold an answer without any choice then."""
    found = judged_answer(body)
    assert isinstance(found, Failure)
    assert (found.kind, found.action) == ("rate_limit", Action.WAIT)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        "{}",
        ' \n{"a": {"b": []}}\n',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}```',
        'Here is:\n```json\n{"a": 1}\n```\nHope this helps.',
    ],
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
        'Here is:\n```json\n{"a": 1}\n```\nor:\n```json\n{"a": 2}\n```',
        'Here is: {"a": 1}',
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
    ("code", "kind"),
    [
        (1026, "content_filter"),
        (1002, "rate_limit"),
        (1041, "rate_limit"),
        (2045, "rate_limit"),
        (1008, "quota"),
        (1004, "authentication"),
        (1000, "server_error"),
    ],
)
def test_an_error_beside_the_choices_is_one(code: int, kind: str) -> None:
    """MiniMax answers 200, and says in `base_resp` what is wrong."""
    found = judged_answer({"choices": None, "base_resp": {"status_code": code, "status_msg": "why"}})
    assert isinstance(found, Failure)
    assert (found.kind, found.sentence) == (kind, "why")


def test_a_model_that_is_not_served_is_told_beside_the_choices_too() -> None:
    """MiniMax has one number for all that is wrong with a request."""
    base = {"status_code": 2013, "status_msg": "invalid params, unknown model 'x'"}
    found = judged_answer({"choices": None, "base_resp": base})
    assert isinstance(found, Failure)
    assert found.kind == "not_found"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": 500, "msg": "why", "success": False}, "server_error"),  # Zhipu
        ({"code": "429", "message": "why"}, "rate_limit"),
        ({"code": 401, "msg": "why"}, "authentication"),
        ({"error_code": 336100, "error_msg": "why"}, "server_error"),  # Baidu
        ({"error_code": 18, "error_msg": "why"}, "rate_limit"),
        ({"error_code": 17, "error_msg": "why"}, "rate_limit"),
        ({"error_code": 19, "error_msg": "why"}, "quota"),
        ({"error_code": 336501, "error_msg": "why", "id": "as-1"}, "rate_limit"),
        ({"code": 18, "message": "why"}, "server_error"),
        ({"code": 1302, "msg": "why", "success": False}, "rate_limit"),  # Zhipu
        ({"code": 11202, "message": "why", "sid": "x"}, "rate_limit"),  # Spark
        ({"error": {"code": "11203", "message": "why", "type": "api_error"}}, "rate_limit"),
        ({"error": {"code": "10007", "message": "why"}, "sid": "x"}, "rate_limit"),
        ({"code": 10012, "message": "why", "sid": "x"}, "server_error"),
        (
            {"error": "Unexpected endpoint or method. (POST /chat/completions)"},
            "not_found",
        ),  # LM Studio without /v1
        ({"code": 0, "message": "why"}, "no_choices"),
        ({"code": "ok", "msg": "why"}, "no_choices"),
        ({"code": 500, "msg": None}, "no_choices"),
    ],
)
def test_an_error_in_place_of_the_choices_is_one(body: dict[str, Any], kind: str) -> None:
    """With a status of 200, and in the words of the server; not where the code says that all is well."""
    found = judged_answer(body)
    assert isinstance(found, Failure)
    said = {"no_choices": None, "not_found": body.get("error")}.get(kind, "why")
    assert (found.kind, found.sentence) == (kind, said)


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": 17, "error_msg": "Open api daily request limit reached"},
        {"base_resp": {"status_code": 2056, "status_msg": "usage limit exceeded, 5-hour window"}},
    ],
)
def test_a_limit_of_the_day_in_place_of_the_choices_is_one(body: dict[str, Any]) -> None:
    """Qianfan and MiniMax say so in words."""
    found = judged_answer(body)
    assert isinstance(found, Failure)
    assert (found.status, found.day_over) == (429, 86_400)


@pytest.mark.parametrize("beside", [{"code": 500, "msg": "x"}, {"error_code": 1, "error_msg": "x"}])
def test_an_answer_with_a_code_beside_it_is_an_answer(beside: dict[str, Any]) -> None:
    """Whatever the code."""
    assert not isinstance(judged_answer({**answer("The note."), **beside}), Failure)
