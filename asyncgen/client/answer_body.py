"""Take the completion out of the body of a 200, or say why there is none. Pure.

A text is judged by its form and its finish reason, never by its words.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from asyncgen.chat import NO_USAGE, NOT_ACCEPTED, Completion, Usage
from asyncgen.client.answer_text import refuses, split_thinking, text_of, thinking_of, without_special_tokens
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.response_body import NotJsonError, read_body
from asyncgen.client.token_counts import read_usage
from asyncgen.text import json_in

_FIRST_CLIENT_ERROR, _FIRST_SERVER_ERROR, _BEYOND = 400, 500, 600
_STATUS_OF = {"rate_limit": 429, "overloaded": 503}  # as which refusals are counted that only give a name
_STATUS_OF_BASE = {1002: 429, 1004: 401, 1008: 402, 1026: 400, 1027: 400, 1039: 429, 1041: 429, 2013: 400}
_STATUS_OF_BASE |= {2045: 429, 2049: 401, 2056: 429}
_ON_TOP: tuple[tuple[str, str], ...] = (("code", "msg"), ("code", "message"), ("error_code", "error_msg"))
_STATUS_OF_BAIDU = {4: 429, 17: 429, 18: 429, 19: 402, 336501: 429, 336502: 429, 336503: 429, 336504: 429}
# Zhipu; Spark.
_RATE_LIMITS = {1302, 1303, 1304, 1305, 10006, 10007, 11201, 11202, 11203}
_GOOD_CODES = {0, 200, "0", "200", "", "ok", "OK", "success"}
_FILTERED_BY_MINIMAX = {1026, 1027}  # the request, the answer
_BLANKS = r"[\s\u200b-\u200d\u2060\ufeff]*"  # zero-width characters too, which Python does not count among them
_BLANK = re.compile(rf"{_BLANKS}(?:```[a-z]*{_BLANKS}(?:```{_BLANKS})?)?")  # or a fence around nothing
_INVISIBLE = "\ufeff\u200b"  # a byte order mark, a blank without width
# How OpenAI and other servers mark a whole answer; a name that is missing here may mean a cut-off one.
_FINISHED = {
    "",
    "stop",
    "eos",
    "eos_token",
    "end_turn",
    "stop_sequence",
    "complete",
    "completed",
    "done",
    "finish_reason_stop",
}
_CUT_OFF = {"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded"}
# OpenAI; Gemini; Bedrock; Zhipu; Cohere.
_FILTERED = {
    "blocklist",
    "content_filter",
    "content_filtered",
    "error_toxic",
    "guardrail_intervened",
    "prohibited_content",
    "recitation",
    "safety",
    "sensitive",
    "spii",
}
# Another answer to the same request would be no better.
_FINAL = {"content_filter", "refusal"}
_CALLS_TOOLS = {"tool_calls", "function_call", "tool_use"}
# An answer has at least one of these, whatever kind it is.
_SAYING = ("content", "tool_calls", "function_call", "refusal", "audio")


def judge_answer(
    data: bytes,
    headers: Mapping[str, str],
    *,
    json_object: bool,
    required_keys: Sequence[str] = (),
    check: Callable[[str], str | None] | None = None,
    whole: bool = False,
    request: str = "",
    now: float,
) -> Completion | Failure:
    """Take the completion out of the body of a 200, or say why there is none.

    Args:
        data: the body.
        headers: of the answer, by lower-case name.
        json_object: the text must be a JSON object.
        required_keys: keys that must be in it and not empty.
        check: returns why the recipe rejects a text, in a word; the same request would get the same answer.
        whole: keep the answer unchanged.
        request: the hash of the request.
        now: seconds since the epoch, for a Retry-After that is a date.
    """
    request_id = headers.get("x-request-id")

    def failure(kind: str, action: Action) -> Failure:
        return Failure(kind, action, 200, request_id=request_id, unsaid=True)

    try:
        body = read_body(data)
    except NotJsonError as error:
        # A page stays a page, and no model has written it; everything else may be an answer that was cut.
        page = error.kind in {"html", "plain_text"}
        return replace(failure(error.kind, Action.ASK_AGAIN if page else Action.RETRY), unsaid=not page)
    first = _first(body)
    if first is not None and first.get("error"):  # Gemini puts its errors into a list
        body = first
    if not isinstance(body, dict):
        return failure("invalid_body", Action.RETRY)
    body = _with_error(_unwrapped(body))
    choice = _first(body.get("choices"))
    usage = read_usage(body.get("usage") or _of_groq(body))
    inside = body.get("error") or (choice and choice.get("error"))  # in the choice: OpenRouter
    if inside and not (choice and isinstance(inside, dict) and not any(inside.values())):
        failed = _error_inside({**body, "error": inside}, headers, now)
        return replace(failed, usage=usage, unsaid=failed.unsaid or _holds_anything(choice))
    if choice is None and body.get("prompt_filter_results"):  # Azure
        return unusable("content_filter", usage, request_id=request_id)
    model = str(body.get("model") or "")
    if whole:
        answer = _whole(body.get("choices"), usage, model, request)
    else:
        answer = _answer(choice, usage, model, request, json_object=json_object, required_keys=required_keys)
    if isinstance(answer, str):
        return unusable(answer, usage, made=_holds_anything(choice), request_id=request_id)
    problem = None if check is None else check(answer.text)
    if problem is not None:
        return replace(failure(NOT_ACCEPTED + problem, Action.GIVE_UP), usage=usage, answer=answer)
    return answer


def _unwrapped(body: dict[str, Any]) -> dict[str, Any]:
    """The answer in Cloudflare's `{"result": {…}, "success": true}`, or in the `data` of other gateways."""
    result, data = body.get("result"), body.get("data")
    if "choices" in body:
        return body
    if isinstance(result, dict) and "choices" in result:
        return result
    if isinstance(data, dict) and data.get("choices") and not body.get("error"):
        return {"usage": body.get("usage"), **data}
    return body


def _of_groq(body: Mapping[str, Any]) -> Any:
    """The usage where Groq has it too."""
    own = body.get("x_groq")
    return own.get("usage") if isinstance(own, dict) else None


def _with_error(body: dict[str, Any]) -> dict[str, Any]:
    """The body, with an error in the usual place if there is no answer: some servers have it elsewhere."""
    if body.get("choices") or body.get("error"):
        return body
    base = body.get("base_resp")
    if not isinstance(base, dict):
        return _with_error_on_top(body)
    code = base.get("status_code")
    if not isinstance(code, int) or not code:
        return body
    error = {"code": _STATUS_OF_BASE.get(code, _FIRST_SERVER_ERROR), "message": base.get("status_msg")}
    if code in _FILTERED_BY_MINIMAX:
        error["type"] = "content_filter"
    return {"error": error, "usage": body.get("usage")}


def _with_error_on_top(body: dict[str, Any]) -> dict[str, Any]:
    """For a body that is an error itself: `code` and `msg` (Zhipu), or `error_code` and `error_msg` (Baidu)."""
    for names in _ON_TOP:
        code, message = map(body.get, names)
        if isinstance(message, str) and message and isinstance(code, int | str) and code not in _GOOD_CODES:
            if names[0] == "error_code" and isinstance(code, int):
                code = _STATUS_OF_BAIDU.get(code, code)
            return {"error": {"code": code, "message": message}, "usage": body.get("usage")}
    return body


def unusable(kind: str, usage: Usage = NO_USAGE, *, made: bool = False, request_id: str | None = None) -> Failure:
    """An answer of a 200 that nobody can use.

    Args:
        kind: why not.
        usage: of the answer.
        made: it holds something, which may have cost more than the usage says.
        request_id: the server's.
    """
    return Failure(
        kind,
        Action.GIVE_UP if kind in _FINAL else Action.ASK_AGAIN,
        200,
        request_id=request_id,
        usage=usage,
        unsaid=made or not usage.prompt_tokens,
        unusable=True,
    )


def _error_inside(body: Mapping[str, Any], headers: Mapping[str, str], now: float) -> Failure:
    """Judge a 200 that carries an error as if it had come with the status in it."""
    error = body["error"]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if isinstance(code, int) and code in _RATE_LIMITS:
        code = HTTPStatus.TOO_MANY_REQUESTS
    refused = isinstance(error, dict) and error.get("type") == "invalid_request_error"
    unsaid = _FIRST_CLIENT_ERROR if refused else _FIRST_SERVER_ERROR
    if isinstance(code, int) and _FIRST_CLIENT_ERROR <= code < _BEYOND:
        return judge_error(code, headers, body, now)
    failed = judge_error(unsaid, headers, body, now)
    return replace(failed, status=_STATUS_OF.get(failed.kind, failed.status))


def _answer(
    choice: Mapping[str, Any] | None,
    usage: Usage,
    model: str,
    request: str,
    *,
    json_object: bool,
    required_keys: Sequence[str],
) -> Completion | str:
    """The answer in a choice, or why it is not usable."""
    message, reason = (None, None) if choice is None else (choice.get("message"), choice.get("finish_reason"))
    if isinstance(reason, str) and _is_filtered(reason):
        return "content_filter"  # Gemini leaves the message out then
    if choice is not None and message is None and reason:
        message = choice.get("delta")  # a gateway that answers with one piece of a stream, which is all
    if choice is None or not isinstance(message, dict):
        return "no_choices"
    content = text_of(message.get("content"))
    if message.get("refusal") or refuses(message.get("content")) or reason == "refusal":
        return "refusal"
    beside = thinking_of(message)
    parts = split_thinking((content or "").lstrip(_INVISIBLE))
    if isinstance(reason, str) and _name_of(reason) in _CUT_OFF:
        # Reasoning counts towards the same limit.
        reasoned = usage.reasoning_tokens or beside or parts is None
        return "reasoning_length" if reasoned else "length"
    text = "" if parts is None else without_special_tokens(parts[0])
    if parts is None or _BLANK.fullmatch(text):
        return "thinking" if parts is None or parts[1] or beside else "empty"
    # Some servers give no finish reason for a whole answer.
    if not (reason is None or (isinstance(reason, str) and _name_of(reason) in _FINISHED)):
        return "unfinished"
    problem = json_problem(text, required_keys) if json_object else None
    if problem is not None:
        return problem
    removed = ("thinking",) if parts[1] else ()
    if len(text) < len(parts[0]):
        removed = (*removed, "special_tokens")
    return Completion(text, usage, model, reason, request, parts[1] or beside, removed=removed)


def _is_filtered(reason: str) -> bool:
    """Whether a finish reason is that of a filter; Gemini's says which one: `content_filter: RECITATION`."""
    return _name_of(reason).partition(":")[0] in _FILTERED


def _name_of(reason: str) -> str:
    """A finish reason as most servers write it; some write it in capitals or with dashes."""
    return reason.lower().replace("-", "_")


def _whole(choices: Any, usage: Usage, model: str, request: str) -> Completion | str:
    """The choices unchanged, or why they are not an answer; their content is not judged.

    A cut-off answer counts, as the request has set the limit; so do tool calls and a refusal.
    """
    first = _first(choices)
    message, reason = (None, None) if first is None else (first.get("message"), first.get("finish_reason"))
    word = _name_of(str(reason or ""))
    if _is_filtered(word):
        return "content_filter"
    if first is None or not isinstance(message, dict):
        return "no_choices"
    if word not in _FINISHED | _CUT_OFF | _CALLS_TOOLS:
        return "unfinished"
    if word not in _CUT_OFF and not any(message.get(name) for name in _SAYING):
        return "empty"
    text = text_of(message.get("content")) or ""
    return Completion(text, usage, model, reason if word else None, request, choices=tuple(choices))


def json_problem(text: str, required_keys: Sequence[str]) -> str | None:
    """Why a text is not the requested JSON object; None: it is."""
    answer = _json_object(text)
    if answer is None:
        return "invalid_json"
    return None if all(_says_something(answer.get(key)) for key in required_keys) else "missing_keys"


def _first(values: Any) -> Mapping[str, Any] | None:
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return values[0]
    return None


def _holds_anything(choice: Mapping[str, Any] | None) -> bool:
    """Whether tokens were made for a choice, however unusable."""
    message = None if choice is None else choice.get("message")
    return isinstance(message, dict) and bool(thinking_of(message) or any(map(message.get, _SAYING)))


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json_in(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _says_something(value: Any) -> bool:
    """Whether a required value is not empty: zero and false are values, blanks are not."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {})
