"""The lines of the Batch API: requests to submit, and their results. Pure.

Results are judged like any other answer; only what is specific to batches is handled here.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

import orjson

from asyncgen.chat import Completion
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.text import loads

_NOT_WORKED_ON = {"batch_expired", "batch_cancelled", "batch_canceled"}


class Unworked(Enum):
    """A request was handed back unprocessed: it costs nothing."""

    UNWORKED = auto()


UNWORKED = Unworked.UNWORKED


def request_line(name: str, endpoint: str, body: bytes) -> bytes:
    """The line of a request; `name` is its custom id, `body` what would be posted to the endpoint."""
    head = orjson.dumps({"custom_id": name, "method": "POST", "url": endpoint})
    return head[:-1] + b',"body":' + body + b"}\n"


def judge_line(line: Mapping[str, Any], request: Prepared) -> tuple[Completion | Failure | Unworked, str | None]:
    """Judge a line of an output or error file; also returns the server's id of the request.

    Args:
        line: the decoded line.
        request: the prepared request.
    """
    response, error = line.get("response"), _error_of(line)
    answered = isinstance(response, dict) and response.get("body") is not None
    if not answered and isinstance(error, dict) and error.get("code") in _NOT_WORKED_ON:
        return UNWORKED, None
    if not isinstance(response, dict):
        if not isinstance(error, dict):
            return Failure("invalid_body", Action.RETRY, unsaid=True), None
        return judge_error(_status_in(error), {}, {"error": error}, time.time()), None
    if "choices" in response and "body" not in response:  # Fireworks, and vLLM at first: the answer itself
        response = {"body": response}
    request_id = response.get("request_id")
    headers = {"x-request-id": request_id} if isinstance(request_id, str) else {}
    status, body = response.get("status_code"), response.get("body")
    data = body.encode() if isinstance(body, str) else orjson.dumps(body)
    if body is None and isinstance(error, dict):  # vLLM, whose status may be 200 all the same
        status = status if isinstance(status, int) and status >= HTTPStatus.BAD_REQUEST else _status_in(error)
        return judge_error(status, headers, {"error": error}, time.time()), headers.get("x-request-id")
    if not isinstance(status, int) or status == HTTPStatus.OK:
        verdict = judge_answer(
            data,
            headers,
            json_object=request.json_object,
            required_keys=request.required_keys,
            check=request.check,
            whole=request.whole,
            now=time.time(),
        )
        return verdict, headers.get("x-request-id")
    return judge_error(status, headers, _decoded(body), time.time()), headers.get("x-request-id")


def judge_batch(problems: Iterable[str]) -> Failure | None:
    """The failure of a whole batch, if its error codes say that waiting does not fix it; else None."""
    for code in problems:
        failure = judge_error(HTTPStatus.BAD_REQUEST, {}, {"error": {"code": code}}, time.time())
        if failure.action in {Action.STOP, Action.STOP_IF_REPEATED}:
            return replace(failure, status=HTTPStatus.OK)
    return None


def _error_of(line: Mapping[str, Any]) -> Any:
    """The error of a line; vLLM's stands in another one, or is its sentence alone."""
    error = line.get("error")
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        return error["error"]
    return {"message": error} if isinstance(error, str) and error else error


def _decoded(body: Any) -> Any:
    """The body, which some servers encode as a string."""
    try:
        return loads(body) if isinstance(body, str) else body
    except ValueError:
        return body


def _status_in(error: Mapping[str, Any]) -> int:
    """The status in an error, under whichever name; else that of a failed server."""
    for name in ("status_code", "status", "code"):
        value = error.get(name)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:  # noqa: PLR2004
            return value
    return 500
