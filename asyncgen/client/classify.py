"""Classify an answer with an error status: a failure of a named kind, with its action.

Pure, and with `answer_body`, which judges the answers of a 200, the only place that classifies: by status,
`error.type`, `error.code` and the form of the body, never by the words of a message. The exceptions are two
numbers in it, a prompt that does not fit (`too_long`), and what servers say in words alone (`sentences`).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from asyncgen.chat import NO_USAGE, Completion, Usage
from asyncgen.client.asked_wait import asked_wait
from asyncgen.client.error_body import ErrorBody, has_form, read_error
from asyncgen.client.sentences import kind_said, says_tokens_a_minute, says_unreached, wants_tls
from asyncgen.client.too_long import says_too_long
from asyncgen.limits.rate_headers import LIMITS

REFUSED = "bad_request"
"""The kind of a failure that the same request meets again; request, settings or endpoint are to blame."""
OF_ITS_LIMITS = {"context_length", "too_large", "larger_than_limit"}
"""The kinds of a request that is too large for an endpoint; another one may take it."""
OF_NO_API = {"html", "plain_text", "no_http", "bad_http", "large_header", "encoding", "too_large_answer"}
"""The kinds of what no API answers: an endpoint, or what stands in front of it, is to blame."""


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

    `retry_after` is the server's, in seconds, `asked` the same without a bound; `limit` names the limit that
    refused it ("requests", "tokens"), if the server says so. `type` and `param` are the body's, `sentence` is its
    text, which must pass `scrub` before it is shown. `refuses_field`: the body's form says that a field is not
    accepted. `unsaid`: an answer may have been made and billed: what `usage` leaves out may have cost the most.
    `day_over`: the daily limit is used up, and the server resets it in so many seconds. `answer` is an answer that
    the recipe rejected. `unusable`: it came as an answer, and nobody can use it. `foreign`: the body of an error
    is a text: something in front of the API has written it. `of_front`: so it has, and with a 500, most likely
    because the server behind it is away.
    """

    kind: str
    action: Action
    status: int | None = None
    code: str | None = None
    limit: str | None = None
    retry_after: float | None = None
    asked: float | None = None
    request_id: str | None = None
    usage: Usage = NO_USAGE
    type: str | None = None
    param: str | None = None
    sentence: str | None = field(default=None, repr=False)
    refuses_field: bool = False
    unsaid: bool = False
    day_over: float | None = None
    answer: Completion | None = field(default=None, repr=False)
    unusable: bool = False
    foreign: bool = False
    of_front: bool = False

    @property
    def unreached(self) -> bool:
        """Whether, as far as one can tell, the server behind the address was not reached."""
        return self.action is Action.RETRY and (
            self.kind == "connection" or self.of_front or self.status in _NO_BACKEND
        )

    def after_answers(self, *, lately: bool) -> "Failure":
        """The failure at an address that has answered before.

        Args:
            lately: an answer came a short while ago: what a front says itself is of an outage. Later it is of the
                rows: those that are left may all be such at which the server fails.

        A router (Traefik, the ingress of a cluster, a tunnel) says that there is no such page, in its own words,
        while the server behind it is started anew.
        """
        if self.foreign and self.status == _NOT_FOUND:
            return replace(self, action=Action.RETRY)
        if not lately:
            return replace(self, of_front=False) if self.of_front else self
        if self.kind in {"html", "plain_text"}:  # with a 200: the page of a maintenance
            return replace(self, action=Action.RETRY, of_front=True)
        return self


_BY_NAME: dict[str, tuple[str, Action]] = {
    "insufficient_quota": ("quota", Action.STOP),
    "credit_balance_exhausted": ("quota", Action.STOP),
    "organization_spend_limit_exceeded": ("quota", Action.STOP),
    "billing_hard_limit_reached": ("quota", Action.STOP),
    "billing_not_active": ("quota", Action.STOP),
    "budget_exceeded": ("quota", Action.STOP),  # LiteLLM
    "exceeded_current_quota_error": ("quota", Action.STOP),  # Moonshot
    "insufficient_user_quota": ("quota", Action.STOP),  # New API
    "pre_consume_token_quota_failed": ("quota", Action.STOP),  # One API
    "BUDGET_EXHAUSTED_ERROR": ("quota", Action.STOP),  # Portkey, with 412
    "BILLING_DISABLED": ("quota", Action.STOP),  # Google, with 403
    "1113": ("quota", Action.STOP),  # Zhipu
    "1309": ("quota", Action.STOP),  # Zhipu: the plan has ended
    "SetLimitExceeded": ("quota", Action.STOP),  # Volcengine: a limit that the user has set
    "AccountOverdueError": ("quota", Action.STOP),  # the same
    "credit_limit": ("quota", Action.STOP),  # Together
    "blocked_api_access": ("quota", Action.STOP),  # Groq
    "organization_restricted": ("permission", Action.STOP),  # Groq
    "Arrearage": ("quota", Action.STOP),  # DashScope
    "AllocationQuota.FreeTierOnly": ("quota", Action.STOP),  # DashScope
    "rate_limit_exceeded": ("rate_limit", Action.WAIT),
    "slow_down": ("rate_limit", Action.WAIT),
    "ThrottlingException": ("rate_limit", Action.WAIT),  # Bedrock, with 400
    "in_flight_budget_exhausted": ("rate_limit", Action.WAIT),  # OpenRouter, with 402
    "server_is_overloaded": ("overloaded", Action.WAIT),
    "overloaded_error": ("overloaded", Action.WAIT),
    "context_length_exceeded": ("context_length", Action.GIVE_UP),
    "exceed_context_size_error": ("context_length", Action.GIVE_UP),  # llama.cpp
    "model_max_prompt_tokens_exceeded": ("context_length", Action.GIVE_UP),  # GitHub Copilot
    "1261": ("context_length", Action.GIVE_UP),  # Zhipu
    "content_filter": ("content_filter", Action.GIVE_UP),
    "content_policy_violation": ("content_filter", Action.GIVE_UP),
    "cyber_policy": ("content_filter", Action.GIVE_UP),  # OpenAI
    "data_inspection_failed": ("content_filter", Action.GIVE_UP),  # DashScope
    "DataInspectionFailed": ("content_filter", Action.GIVE_UP),  # the same, in its own API
    "1301": ("content_filter", Action.GIVE_UP),  # Zhipu
    "SensitiveContentDetected": ("content_filter", Action.GIVE_UP),  # Volcengine
    "InputTextSensitiveContentDetected": ("content_filter", Action.GIVE_UP),  # the same
    "OutputTextSensitiveContentDetected": ("content_filter", Action.GIVE_UP),  # the same
    "moderation_error": ("content_filter", Action.GIVE_UP),  # Mistral
    "hooks_failed": ("content_filter", Action.GIVE_UP),  # Portkey, with 446
    "json_validate_failed": ("invalid_json", Action.ASK_AGAIN),  # Groq, at random
    "tool_use_failed": ("unfinished", Action.ASK_AGAIN),  # the same, where no tool is offered
    "output_parse_failed": ("unfinished", Action.ASK_AGAIN),  # the same
    "model_decommissioned": ("not_found", Action.STOP_IF_REPEATED),  # Groq
    "invalid_model": ("not_found", Action.STOP_IF_REPEATED),  # Mistral
    "DeploymentNotFound": ("not_found", Action.STOP_IF_REPEATED),  # Azure
    "OperationNotSupported": ("not_found", Action.STOP_IF_REPEATED),  # Azure: another kind of model
    "model_not_found": ("not_found", Action.STOP_IF_REPEATED),
    "model_not_available": ("not_found", Action.STOP_IF_REPEATED),  # Together
    "dedicated_endpoint_not_running": ("not_found", Action.STOP_IF_REPEATED),  # Together
    "model_not_supported": ("not_found", Action.STOP_IF_REPEATED),  # Hugging Face, GitHub Copilot
    "unknown_model": ("not_found", Action.STOP_IF_REPEATED),  # GitHub Models
    "unavailable_model": ("not_found", Action.STOP_IF_REPEATED),  # GitHub Models
    "model_terms_required": ("permission", Action.STOP_IF_REPEATED),  # Groq
    "invalid_api_key": ("authentication", Action.STOP_IF_REPEATED),
    "API_KEY_INVALID": ("authentication", Action.STOP_IF_REPEATED),  # Gemini, with 400
    "expired_key": ("authentication", Action.STOP_IF_REPEATED),  # LiteLLM, with 400
}
_BY_SENTENCE = {
    "rate_limit": Action.WAIT,
    "overloaded": Action.WAIT,
    "quota": Action.STOP,
    "not_found": Action.STOP_IF_REPEATED,
    "permission": Action.STOP_IF_REPEATED,
    "authentication": Action.STOP_IF_REPEATED,
    "content_filter": Action.GIVE_UP,
    "server_error": Action.RETRY,
    REFUSED: Action.GIVE_UP,
}
_BY_STATUS: dict[int, tuple[str, Action]] = {
    401: ("authentication", Action.STOP_IF_REPEATED),
    402: ("quota", Action.STOP),
    403: ("permission", Action.STOP_IF_REPEATED),
    404: ("not_found", Action.STOP_IF_REPEATED),
    410: ("not_found", Action.STOP_IF_REPEATED),  # NVIDIA: the model's end of life
    405: ("not_found", Action.STOP_IF_REPEATED),  # no such route: another program listens there
    407: ("proxy", Action.STOP_IF_REPEATED),
    408: ("timeout", Action.RETRY),
    409: ("conflict", Action.RETRY),
    413: ("too_large", Action.GIVE_UP),
    424: ("server_error", Action.RETRY),  # TGI: the generation failed
    425: ("server_error", Action.RETRY),
    429: ("rate_limit", Action.WAIT),
    451: ("content_filter", Action.GIVE_UP),
    499: ("server_error", Action.RETRY),  # nginx: the client has gone, which is not true of us
    501: ("not_found", Action.STOP_IF_REPEATED),  # no POST: a server of files listens there
    498: ("overloaded", Action.WAIT),
    503: ("overloaded", Action.WAIT),
    529: ("overloaded", Action.WAIT),
}
# A gateway stopped waiting for an answer, which may have been made behind it all the same.
_UNSAID_STATUSES = {408, 499, 502, 504, 520, 522, 524}
_NOT_FOUND = 404
# A gateway without the server behind it, or (524) without its answer; 404 only after answers.
_NO_BACKEND = {_NOT_FOUND, 502, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530}
# The two numbers in OpenAI's and Groq's sentence say what no code says: the call exceeds the whole limit.
_LIMIT_AND_REQUESTED = re.compile(
    r"\blimit:? ([\d,]{1,15})\b.{0,80}?\brequested:? ([\d,]{1,15})\b", re.IGNORECASE | re.DOTALL
)
_LONGEST_PLACE = 200  # characters of an address in a message
_TOO_LARGE = 413
_TOO_MANY = 429
_UNAUTHORIZED = 401
_FIRST_SERVER_ERROR = 500
_FIRST_CLIENT_ERROR = _BAD_REQUEST = 400


def judge_error(status: int, headers: Mapping[str, str], body: Any, now: float) -> Failure:
    """Classify an answer with an error status.

    Args:
        status: HTTP status, 300 or above.
        headers: of the answer, by lower-case name.
        body: the decoded body, or its text if it is not JSON.
        now: seconds since the epoch, for a Retry-After that is a date.
    """
    if status == _BAD_REQUEST and wants_tls(body):
        return Failure("scheme", Action.STOP_IF_REPEATED, status, code="the server speaks TLS", foreign=True)
    names = read_error(body)
    known = _by_name(names.own) or _by_name(names.inner)
    if "insufficient_quota" in names.all and says_tokens_a_minute(names):
        known = "rate_limit", Action.WAIT
    if known is None and (said := kind_said(status, names)) is not None:
        known = said, _BY_SENTENCE[said]
    if known is None:
        known = _by_status_inside(status, names)
    if says_too_long(status, names) and (known is None or known[0] != "context_length"):
        # With 500 llama.cpp says so to all whose prompts fill its shared context: one may pass alone.
        known = "context_length", Action.ASK_AGAIN if status >= _FIRST_SERVER_ERROR else Action.GIVE_UP
    kind, action = known or _by_status(status)
    if action is Action.WAIT and (status == _TOO_LARGE or _asks_for_more_than_there_is(names.sentence)):
        kind, action = "larger_than_limit", Action.ASK_AGAIN
    refused = action is Action.WAIT
    sentence = names.sentence or "" if refused else ""
    wait = asked_wait(headers, body, now, sentence, for_rate=kind == "rate_limit")
    return Failure(
        kind=kind,
        action=action,
        status=status,
        code=names.code,
        type=names.type,
        param=names.param,
        sentence=names.sentence if status >= _FIRST_CLIENT_ERROR else _target(headers),
        refuses_field=names.refuses_field,
        unsaid=status in _UNSAID_STATUSES,
        limit=next((name for name in names.all if name in LIMITS), None),
        retry_after=wait.pause,
        asked=wait.asked,
        request_id=headers.get("x-request-id"),
        day_over=wait.day_over if refused else None,
        foreign=isinstance(body, str),
        of_front=status == _FIRST_SERVER_ERROR and (not has_form(body) or says_unreached(names)),
    )


def _by_name(names: Collection[str]) -> tuple[str, Action] | None:
    """The verdict on these names; in the order of the table: those that waiting never fixes come first."""
    return next((verdict for name, verdict in _BY_NAME.items() if name in names), None)


def _by_status_inside(status: int, names: ErrorBody) -> tuple[str, Action] | None:
    """The verdict on a status that a gateway gives as the code or type of an error, beside one of its own."""
    if "rate_limit_error" in names.all:  # as Anthropic calls it; some say so of a lack of credit, in other words
        return _by_status(_TOO_MANY)
    codes = names.all if status >= _FIRST_SERVER_ERROR else names.inner
    told = (code for code in (_TOO_MANY, _UNAUTHORIZED) if str(code) in codes)
    return next(map(_by_status, told), None)


def _asks_for_more_than_there_is(sentence: str | None) -> bool:
    """Whether a refusal names a limit below what the call alone requests: it can never pass."""
    named = _LIMIT_AND_REQUESTED.search(sentence or "")
    if named is None:
        return False
    limit, requested = (int(number.replace(",", "")) for number in named.groups())
    return requested > limit


def _target(headers: Mapping[str, str]) -> str | None:
    """Where an answer redirects to, without what may be secret in an address; None if it does not say."""
    try:
        parts = urlsplit(headers.get("location", ""))
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    place = urlunsplit(parts._replace(netloc=host, query="", fragment=""))
    return f"to {place[:_LONGEST_PLACE]}" if place and place.isprintable() else None


def _by_status(status: int) -> tuple[str, Action]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _FIRST_SERVER_ERROR:
        return "server_error", Action.RETRY
    if status >= _FIRST_CLIENT_ERROR:
        return REFUSED, Action.GIVE_UP
    return "redirect", Action.STOP_IF_REPEATED
