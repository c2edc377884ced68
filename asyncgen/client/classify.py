"""Classify the result of an attempt: a usable completion, or a failure of a named kind with its action.

Pure, and the only place that classifies: by status, `error.type`, `error.code` and the form of the body, never by
the words of a message. The exceptions are two numbers in it, a model that is not served (`unknown_model`), and a
prompt that does not fit (`too_long`). The tables read like "Errors of the API" in the design.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

from asyncgen.chat import NO_USAGE, NOT_ACCEPTED, Completion, Usage
from asyncgen.client.answer_text import split_thinking, text_of, thinking_of, without_special_tokens
from asyncgen.client.asked_wait import asked_wait
from asyncgen.client.error_body import read_error
from asyncgen.client.response_body import NotJsonError, read_body
from asyncgen.client.too_long import says_too_long
from asyncgen.client.unknown_model import says_unknown_model
from asyncgen.limits.rate_headers import LIMITS
from asyncgen.text import loads, strip_fence


class Action(Enum):
    """What follows from a failure."""

    WAIT = auto()  # after a shared pause, as often as needed; never counts against the row
    ELSEWHERE = auto()  # at once, at another endpoint; never counts against the row
    RETRY = auto()  # again after a backoff, within `max_attempts`
    ASK_AGAIN = auto()  # an unusable answer: at most two more tries
    GIVE_UP = auto()  # the row fails, the run goes on
    STOP = auto()  # the run stops
    STOP_IF_REPEATED = auto()  # one more try, then the run stops


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt gave no completion.

    `retry_after` is the server's, in seconds; `limit` names the limit that refused it ("requests", "tokens"), if
    the server says so. `type` and `param` are the body's, `sentence` is its text, which must pass `scrub` before
    it is shown. `refuses_field`: the body's form says that a field is not accepted. `unsaid`: an answer may have
    been made and billed without reaching anyone. `day_over`: the daily limit is used up, and the server resets it
    in so many seconds. `answer` is an answer that the recipe rejected.
    """

    kind: str
    action: Action
    status: int | None = None
    code: str | None = None
    limit: str | None = None
    retry_after: float | None = None
    request_id: str | None = None
    usage: Usage = NO_USAGE
    type: str | None = None
    param: str | None = None
    sentence: str | None = field(default=None, repr=False)
    refuses_field: bool = False
    unsaid: bool = False
    day_over: float | None = None
    answer: Completion | None = field(default=None, repr=False)

    @property
    def unreached(self) -> bool:
        """Whether, as far as one can tell, the server behind the address was not reached."""
        return self.action is Action.RETRY and (self.kind == "connection" or self.status in _NO_BACKEND)


_BY_NAME: dict[str, tuple[str, Action]] = {
    "insufficient_quota": ("quota", Action.STOP),
    "credit_balance_exhausted": ("quota", Action.STOP),
    "organization_spend_limit_exceeded": ("quota", Action.STOP),
    "billing_hard_limit_reached": ("quota", Action.STOP),
    "billing_not_active": ("quota", Action.STOP),
    "rate_limit_exceeded": ("rate_limit", Action.WAIT),
    "slow_down": ("rate_limit", Action.WAIT),
    "server_is_overloaded": ("overloaded", Action.WAIT),
    "overloaded_error": ("overloaded", Action.WAIT),
    "context_length_exceeded": ("context_length", Action.GIVE_UP),
    "exceed_context_size_error": ("context_length", Action.GIVE_UP),  # llama.cpp
    "content_filter": ("content_filter", Action.GIVE_UP),
    "content_policy_violation": ("content_filter", Action.GIVE_UP),
    "json_validate_failed": ("invalid_json", Action.ASK_AGAIN),  # Groq, at random
    "model_decommissioned": ("not_found", Action.STOP_IF_REPEATED),  # Groq
    "invalid_model": ("not_found", Action.STOP_IF_REPEATED),  # Mistral
    "DeploymentNotFound": ("not_found", Action.STOP_IF_REPEATED),  # Azure
    "OperationNotSupported": ("not_found", Action.STOP_IF_REPEATED),  # Azure: another kind of model
    "model_not_found": ("not_found", Action.STOP_IF_REPEATED),
    "model_not_available": ("not_found", Action.STOP_IF_REPEATED),  # Together
    "dedicated_endpoint_not_running": ("not_found", Action.STOP_IF_REPEATED),  # Together
    "model_not_supported": ("not_found", Action.STOP_IF_REPEATED),  # Hugging Face, GitHub Copilot
    "unknown_model": ("not_found", Action.STOP_IF_REPEATED),  # GitHub Models
    "invalid_api_key": ("authentication", Action.STOP_IF_REPEATED),
}
_BY_STATUS: dict[int, tuple[str, Action]] = {
    401: ("authentication", Action.STOP_IF_REPEATED),
    402: ("quota", Action.STOP),
    403: ("permission", Action.STOP_IF_REPEATED),
    404: ("not_found", Action.STOP_IF_REPEATED),
    405: ("not_found", Action.STOP_IF_REPEATED),  # no such route: another program listens there
    407: ("proxy", Action.STOP_IF_REPEATED),
    408: ("timeout", Action.RETRY),
    409: ("conflict", Action.RETRY),
    413: ("too_large", Action.GIVE_UP),
    425: ("server_error", Action.RETRY),
    429: ("rate_limit", Action.WAIT),
    499: ("server_error", Action.RETRY),  # nginx: the client has gone, which is not true of us
    498: ("overloaded", Action.WAIT),
    503: ("overloaded", Action.WAIT),
    529: ("overloaded", Action.WAIT),
}
# Zero-width characters too, which Python does not count among the blanks.
_BLANK = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]*")
# How OpenAI and other servers mark a whole answer; a name that is missing here may mean a cut-off one.
_FINISHED = {"", "stop", "eos", "eos_token", "end_turn", "stop_sequence"}
_CUT_OFF = {"length", "max_tokens", "model_length"}
_CALLS_TOOLS = {"tool_calls", "function_call", "tool_use"}
# An answer has at least one of these, whatever kind it is.
_SAYING = ("content", "tool_calls", "function_call", "refusal", "audio")
# A gateway stopped waiting for an answer, which may have been made behind it all the same.
_UNSAID_STATUSES = {408, 499, 502, 504, 520, 522, 524}
# A gateway without the server behind it, or (524) without its answer.
_NO_BACKEND = {502, 504, 520, 521, 522, 523, 524, 530}
# The two numbers in OpenAI's and Groq's sentence say what no code says: the call exceeds the whole limit.
_LIMIT_AND_REQUESTED = re.compile(
    r"\blimit:? ([\d,]{1,15})\b.{0,80}?\brequested:? ([\d,]{1,15})\b", re.IGNORECASE | re.DOTALL
)
_TOO_LARGE = 413
_MOST_TOKENS = 1e12  # more is not a count
_FIRST_SERVER_ERROR = 500
_FIRST_CLIENT_ERROR = 400


def judge_error(status: int, headers: Mapping[str, str], body: Any, now: float) -> Failure:
    """Classify an answer with an error status.

    Args:
        status: HTTP status, 300 or above.
        headers: of the answer, by lower-case name.
        body: the decoded body, or its text if it is not JSON.
        now: seconds since the epoch, for a Retry-After that is a date.
    """
    names = read_error(body)
    # In the order of the table: names that waiting never fixes come first.
    known = next((verdict for name, verdict in _BY_NAME.items() if name in names.all), None)
    if known is None and says_unknown_model(status, names):
        known = "not_found", Action.STOP_IF_REPEATED
    if says_too_long(status, names) and (known is None or known[0] != "context_length"):
        # With 500 llama.cpp says so to all whose prompts fill its shared context: one may pass alone.
        known = "context_length", Action.ASK_AGAIN if status >= _FIRST_SERVER_ERROR else Action.GIVE_UP
    kind, action = known or _by_status(status)
    if action is Action.WAIT and (status == _TOO_LARGE or _asks_for_more_than_there_is(names.sentence)):
        kind, action = "larger_than_limit", Action.ASK_AGAIN
    pause, day_over = asked_wait(headers, body, now)
    return Failure(
        kind=kind,
        action=action,
        status=status,
        code=names.code,
        type=names.type,
        param=names.param,
        sentence=names.sentence,
        refuses_field=names.refuses_field,
        unsaid=status in _UNSAID_STATUSES,
        limit=next((name for name in names.all if name in LIMITS), None),
        retry_after=pause,
        request_id=headers.get("x-request-id"),
        day_over=day_over if action is Action.WAIT else None,
    )


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

    def failure(kind: str, action: Action, usage: Usage = NO_USAGE) -> Failure:
        unsaid = not usage.total_tokens
        return Failure(kind, action, 200, request_id=request_id, usage=usage, unsaid=unsaid)

    try:
        body = read_body(data)
    except NotJsonError as error:
        # A page stays a page; everything else may be an answer that was cut.
        return failure(error.kind, Action.ASK_AGAIN if error.kind == "html" else Action.RETRY)
    if not isinstance(body, dict):
        return failure("invalid_body", Action.RETRY)
    if body.get("error"):
        return _error_inside(body, headers, now)
    usage = read_usage(body.get("usage"))
    choice = _first(body.get("choices"))
    if choice is None and body.get("prompt_filter_results"):  # Azure
        return failure("content_filter", Action.GIVE_UP, usage)
    model = str(body.get("model") or "")
    if whole:
        answer = _whole(body.get("choices"), usage, model, request)
    else:
        answer = _answer(choice, usage, model, request, json_object=json_object, required_keys=required_keys)
    if isinstance(answer, tuple):
        return failure(*answer, usage)
    problem = None if check is None else check(answer.text)
    if problem is not None:
        return replace(failure(NOT_ACCEPTED + problem, Action.GIVE_UP, usage), answer=answer)
    return answer


def _asks_for_more_than_there_is(sentence: str | None) -> bool:
    """Whether a refusal names a limit below what the call alone requests: it can never pass."""
    named = _LIMIT_AND_REQUESTED.search(sentence or "")
    if named is None:
        return False
    limit, requested = (int(number.replace(",", "")) for number in named.groups())
    return requested > limit


def _by_status(status: int) -> tuple[str, Action]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _FIRST_SERVER_ERROR:
        return "server_error", Action.RETRY
    if status >= _FIRST_CLIENT_ERROR:
        return "bad_request", Action.GIVE_UP
    return "redirect", Action.STOP


def _error_inside(body: Mapping[str, Any], headers: Mapping[str, str], now: float) -> Failure:
    """Judge a 200 that carries an error as if it had come with the status in it."""
    error = body["error"]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    status = code if isinstance(code, int) and _FIRST_CLIENT_ERROR <= code < 600 else _FIRST_SERVER_ERROR  # noqa: PLR2004
    return judge_error(status, headers, body, now)


def _answer(
    choice: Mapping[str, Any] | None,
    usage: Usage,
    model: str,
    request: str,
    *,
    json_object: bool,
    required_keys: Sequence[str],
) -> Completion | tuple[str, Action]:
    """The answer in a choice, or why it is not usable."""
    message = None if choice is None else choice.get("message")
    if choice is None or not isinstance(message, dict):
        return "no_choices", Action.ASK_AGAIN
    content, reason = text_of(message.get("content")), choice.get("finish_reason")
    if reason == "content_filter":
        return "content_filter", Action.GIVE_UP
    if message.get("refusal"):
        return "refusal", Action.GIVE_UP
    beside = thinking_of(message)
    parts = split_thinking(content or "")
    if isinstance(reason, str) and reason.lower() in _CUT_OFF:
        # Reasoning counts towards the same limit.
        reasoned = usage.reasoning_tokens or beside or parts is None
        return ("reasoning_length" if reasoned else "length"), Action.ASK_AGAIN
    text = "" if parts is None else without_special_tokens(parts[0])
    if parts is None or _BLANK.fullmatch(text):
        return ("thinking" if parts is None or parts[1] or beside else "empty"), Action.ASK_AGAIN
    # Some servers give no finish reason for a whole answer.
    if not (reason is None or (isinstance(reason, str) and reason.lower() in _FINISHED)):
        return "unfinished", Action.ASK_AGAIN
    problem = json_problem(text, required_keys) if json_object else None
    if problem is not None:
        return problem, Action.ASK_AGAIN
    removed = ("thinking",) if parts[1] else ()
    if len(text) < len(parts[0]):
        removed = (*removed, "special_tokens")
    return Completion(text, usage, model, reason, request, parts[1] or beside, removed=removed)


def _whole(choices: Any, usage: Usage, model: str, request: str) -> Completion | tuple[str, Action]:
    """The choices unchanged, or why they are not an answer; their content is not judged.

    A cut-off answer counts, as the request has set the limit; so do tool calls and a refusal.
    """
    first = _first(choices)
    message = None if first is None else first.get("message")
    if first is None or not isinstance(message, dict):
        return "no_choices", Action.ASK_AGAIN
    reason = first.get("finish_reason")
    word = str(reason or "").lower()
    if word == "content_filter":
        return "content_filter", Action.GIVE_UP
    if word not in _FINISHED | _CUT_OFF | _CALLS_TOOLS:
        return "unfinished", Action.ASK_AGAIN
    if word not in _CUT_OFF and not any(message.get(name) for name in _SAYING):
        return "empty", Action.ASK_AGAIN
    text = text_of(message.get("content")) or ""
    return Completion(text, usage, model, reason if word else None, request, choices=tuple(choices))


def json_problem(text: str, required_keys: Sequence[str]) -> str | None:
    """Why a text is not the requested JSON object; None: it is."""
    answer = _json_object(text)
    if answer is None:
        return "invalid_json"
    return None if all(_says_something(answer.get(key)) for key in required_keys) else "missing_keys"


def read_usage(value: Any) -> Usage:
    """The tokens that a server counted; zeros for counts that are missing or not numbers.

    Besides OpenAI's names, others are recognised (`input_tokens`, `output_tokens`, `reasoning_tokens` on top).
    """
    if not isinstance(value, dict):
        return NO_USAGE
    prompt = _count(value, "prompt_tokens", "input_tokens", "promptTokenCount")
    completion = _count(value, "completion_tokens", "output_tokens", "generated_tokens", "candidatesTokenCount")
    total = _count(value, "total_tokens", "totalTokenCount")
    if total and prompt and not completion:
        completion = max(0, total - prompt)
    before = value.get("prompt_tokens_details") or value.get("input_tokens_details")
    after = value.get("completion_tokens_details") or value.get("output_tokens_details")
    return Usage(
        prompt,
        completion,
        max(total, prompt + completion),
        min(prompt, _count(before, "cached_tokens")),
        _count(after, "reasoning_tokens") or _count(value, "reasoning_tokens"),
    )


def _count(value: Any, *names: str) -> int:
    """The first of these that is a token count; 0 if none is."""
    if not isinstance(value, dict):
        return 0
    for name in names:
        number = value.get(name)
        if type(number) is int and 0 < number < _MOST_TOKENS:
            return number  # as most servers say it
        if isinstance(number, str):
            try:
                number = float(number)
            except ValueError:
                continue
        if isinstance(number, int | float) and not isinstance(number, bool) and 0 < number < _MOST_TOKENS:
            return math.ceil(number)
    return 0


def _first(choices: Any) -> Mapping[str, Any] | None:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return None


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = loads(strip_fence(text))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _says_something(value: Any) -> bool:
    """Whether a required value is not empty: zero and false are values, blanks are not."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {})
