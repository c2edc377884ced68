"""Answers with an error status, word for word as the API sends them (and as proxies before it do)."""

import math
from typing import NamedTuple

import orjson

from asyncgen.simulator.buckets import Refusal, format_duration
from asyncgen.simulator.faults import Fault

_JSON = "application/json"


class ErrorAnswer(NamedTuple):
    """An answer with an error status."""

    status: int
    body: bytes
    headers: dict[str, str] = {}  # noqa: RUF012 - of a named tuple: the default is shared and never changed
    content_type: str = _JSON


def _error(message: str, kind: str, code: str | None = None, param: str | None = None) -> bytes:
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})


SERVER_ERROR = _error("The server had an error while processing your request. Sorry about that!", "server_error")
_HTML = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
_FAULTS = {
    "server_error": ErrorAnswer(500, SERVER_ERROR),
    "html_error": ErrorAnswer(502, _HTML, content_type="text/html"),
    "overloaded": ErrorAnswer(
        503,
        _error(
            "The server is currently overloaded with other requests. Sorry about that!",
            "server_error",
            "server_is_overloaded",
        ),
    ),
    "context_length": ErrorAnswer(
        400,
        _error(
            "This model's maximum context length is 128000 tokens. Please reduce the length of the messages.",
            "invalid_request_error",
            "context_length_exceeded",
            "messages",
        ),
    ),
}
_ACCOUNT = {
    "auth": ErrorAnswer(
        401,
        _error(
            "Incorrect API key provided: sk-sim****. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            "invalid_request_error",
            "invalid_api_key",
        ),
    ),
    "quota": ErrorAnswer(
        429,
        _error(
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        ),
    ),
}
_LIMITS = {"requests": "requests per min (RPM)", "tokens": "tokens per min (TPM)"}


def account_refused(what: str) -> ErrorAnswer:
    """The key is refused (`auth`) or the quota is spent (`quota`)."""
    return _ACCOUNT[what]


def not_found(method: str, path: str) -> ErrorAnswer:
    """No such route."""
    return ErrorAnswer(404, _error(f"Invalid URL ({method} {path})", "invalid_request_error"))


def invalid(message: str, param: str | None) -> ErrorAnswer:
    """The request is not one of this API."""
    return ErrorAnswer(400, _error(message, "invalid_request_error", None, param))


def over_limit(refusal: Refusal, model: str) -> ErrorAnswer:
    """A limit of requests or tokens a minute is reached, or the request is larger than the limit."""
    numbers = f"{_LIMITS[refusal.kind]}: Limit {refusal.limit}"
    if refusal.wait_s is None:
        message = (
            f"Request too large for {model} in organization org-simulator on {numbers}, "
            f"Requested {refusal.requested}. The input or output tokens must be reduced in order to run "
            "successfully."
        )
        return ErrorAnswer(429, _error(message, refusal.kind, "rate_limit_exceeded"))
    message = (
        f"Rate limit reached for {model} in organization org-simulator on {numbers}, Used {refusal.used}, "
        f"Requested {refusal.requested}. Please try again in {format_duration(refusal.wait_s)}."
    )
    return ErrorAnswer(429, _error(message, refusal.kind, "rate_limit_exceeded"), _retry_after(refusal.wait_s))


def faulty(fault: Fault, model: str, user: str) -> ErrorAnswer | None:
    """The error answer of a fault; None when it is not one of those.

    The `bad_request` quotes the user's text, as servers do: clients must not print such messages.
    """
    if fault.kind == "rate_limit":
        wait = format_duration(fault.retry_after_s)
        message = f"Rate limit reached for {model}. Please try again in {wait}."
        answer = ErrorAnswer(429, _error(message, "requests", "rate_limit_exceeded"))
    elif fault.kind == "bad_request":
        message = f"Invalid prompt: your prompt was flagged near '{user[-200:]}'."
        return ErrorAnswer(400, _error(message, "invalid_request_error", "invalid_prompt", "messages"))
    elif fault.kind in _FAULTS:
        answer = _FAULTS[fault.kind]
    else:
        return None
    return answer._replace(headers=_retry_after(fault.retry_after_s)) if fault.retry_after_s else answer


def _retry_after(wait_s: float) -> dict[str, str]:
    millis = math.ceil(wait_s * 1000 - 1e-6)
    return {"retry-after": str(math.ceil(millis / 1000)), "retry-after-ms": str(millis)}
