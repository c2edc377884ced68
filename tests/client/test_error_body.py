"""The bodies of errors, in the shapes of many servers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.client.error_body import ErrorBody, read_error

LONG = "x" * 65


@pytest.mark.parametrize(
    ("body", "code", "param", "said"),
    [
        ({"error": {"message": "No.", "type": "t", "param": "top_p", "code": "c"}}, "c", "top_p", "No."),
        ({"error": {"message": "No.", "type": "t", "param": None, "code": None}}, "t", None, "No."),
        (
            {"error": "'response_format.type' must be 'json_schema'"},
            None,
            None,
            "'response_format.type' must be 'json_schema'",
        ),
        ([{"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED"}}], None, None, "Quota."),
        (
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "n"], "msg": "Extra"}]},
            "extra_forbidden",
            "body.n",
            "Extra",
        ),
        (
            {"message": "body.n: property 'body.n' is unsupported", "param": "validation_error", "code": "w"},
            "w",
            "body.n",
            "body.n: property 'body.n' is unsupported",
        ),
        ({"detail": "Not Found"}, None, None, "Not Found"),
        ({"html-message": "<html><head><title>Maintenance</title></head></html>"}, "html", None, "Maintenance"),
        (
            {"type": "FetchError", "title": "connect ECONNREFUSED", "status": 500, "detail": ""},
            "FetchError",
            None,
            "connect ECONNREFUSED",
        ),
        (
            {"detail": {"error": {"message": "No.", "type": "invalid_request_error", "code": "invalid_api_key"}}},
            "invalid_api_key",
            None,
            "No.",
        ),
        (
            {"error": "SyntaxError", "message": "Expected ',' or '}' after property value", "status": 500},
            "SyntaxError",
            None,
            "Expected ',' or '}' after property value",
        ),
        (
            {"statusCode": 400, "error": "Bad Request", "message": "Unsupported parameter: 'n'", "param": "n"},
            None,
            "n",
            "Unsupported parameter: 'n'",
        ),
        ({"error": "There is no such thing", "message": "error"}, None, None, "There is no such thing"),
        (
            {"error": "This is too long for the model", "message": "x" * 40},
            None,
            None,
            "This is too long for the model",
        ),
        ({"detail": {"error": {"message": "Failed: Mrs X"}, "failed_generation": "Mrs X"}}, None, None, None),
        ({"detail": {"output": "Mrs X", "detail": {"message": "Failed: Mrs X"}}}, None, None, None),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "busy"}}},
            None,
            None,
            "Provider returned error: busy",
        ),
        ({"error": {"message": "No.", "code": LONG, "param": "two words"}}, None, None, "No."),
        (
            {"error": {"message": "Failed", "code": "json_validate_failed", "failed_generation": "text"}},
            "json_validate_failed",
            None,
            None,
        ),
        (
            {"error": {"message": "Flagged.", "code": 403, "metadata": {"reasons": ["x"], "flagged_input": "no"}}},
            "content_filter",
            None,
            "Flagged.",
        ),
        ({"error": {"message": "No.", "type": "None", "param": "None", "code": "400"}}, "400", None, "No."),
        (
            {"error": {"message": "Failed to parse input at pos 33: <|channel|>We rewrite: he", "code": 500}},
            None,
            None,
            "Failed to parse input at pos 33: ",
        ),
        ("plain words", "not_json", None, "plain words"),
        (
            "<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title></head><p>a b</p></html>",
            "html",
            None,
            "502 Bad Gateway",
        ),
        ("<html><body>Sign in</body></html>", "html", None, None),
        ("", None, None, None),
    ],
)
def test_names_and_sentence_are_found(body: object, code: str | None, param: str | None, said: str | None) -> None:
    """A body with text of the model in it says nothing in words."""
    found = read_error(body)
    assert (found.code, found.param, found.sentence) == (code, param, said)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_body_is_read(body: object) -> None:
    """And every name is short and made of harmless letters."""
    found = read_error(body)
    assert isinstance(found, ErrorBody)
    assert all(len(name) <= 64 and " " not in name for name in found.all)


GROQ = {"error": {"message": "Failed.", "code": "json_validate_failed", "failed_generation": "Mrs Zebulon Quagga"}}


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": json.dumps(GROQ)}}},
        {"error": {"message": f"litellm.BadRequestError: GroqException - {json.dumps(GROQ)}", "code": "400"}},
        {"error": {"message": f"litellm.BadRequestError: GroqException - {GROQ}", "code": "400"}},
        {"error": {"message": f"upstream: {json.dumps(json.dumps(GROQ))}", "code": "400"}},
        {"error": {"message": f"upstream: {json.dumps({**GROQ, 'x': 'y'})[:90]}", "code": "400"}},
        {"detail": f"500: {GROQ}"},
    ],
    ids=str,
)
def test_what_the_model_wrote_is_not_shown_out_of_an_error_within_an_error(body: object) -> None:
    """Whoever hands it on, and however it is quoted."""
    assert "Quagga" not in str(read_error(body))
