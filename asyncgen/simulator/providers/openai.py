"""OpenAI's errors, headers and refusals, word for word; other providers override what differs."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

import orjson

from asyncgen.simulator.buckets import RateLimits, Refusal, format_duration
from asyncgen.simulator.faults import Fault
from asyncgen.simulator.model_families import NEVER, SHUTDOWNS, Family, family_of
from asyncgen.simulator.profile import Models
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer, Route
from asyncgen.simulator.refused_parameters import complaint
from asyncgen.simulator.simulated_requests import SimulatedRequest

_CREATED = 1_700_000_000  # the creation time of every listed model: fixed, so that answers repeat
_LIMITS = {
    "requests": "requests per min (RPM)",
    "tokens": "tokens per min (TPM)",
    "day": "requests per day (RPD)",
}
_BATCH_PATHS = ("/files", "/batches")
_HTML = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


class OpenAI:
    """How OpenAI words a server's messages; one object for each simulator."""

    base: ClassVar[str] = "/v1"
    listed: ClassVar[tuple[str, ...]] = tuple(SHUTDOWNS)
    openai_models: ClassVar[bool] = True
    batch_rules: ClassVar[BatchRules | None] = BatchRules()

    def __init__(self, models: Models) -> None:
        self._models = models

    def route(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Route | ErrorAnswer:
        """The route of this path, or the error that there is none."""
        del query, headers  # only classic routes of Azure use them
        match method, path.removeprefix(self.base) if path.startswith(self.base) else "":
            case "POST", "/chat/completions":
                return Route("chat")
            case "GET", "/models":
                return Route("models")
            case "GET", rest if rest.startswith("/models/"):
                return Route("model", rest.removeprefix("/models/"))
            case _, rest if self.batch_rules and rest.startswith(_BATCH_PATHS):
                return Route("batch", rest)
        return self.no_route(method, path)

    def error(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> ErrorAnswer:
        """An error in this provider's form."""
        error = {"message": message, "type": kind, "param": param, "code": code}
        return ErrorAnswer(status, orjson.dumps({"error": error}))

    def family(self, model: str) -> Family | None:
        """The family that the model belongs to; None: not one of OpenAI's."""
        return family_of(model) if self.openai_models else None

    def check(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """Why this request is always refused; None: it is accepted."""
        return self.missing(request.model) or self.unsupported(request) or self.too_long(request)

    def missing(self, model: str) -> ErrorAnswer | None:
        """The error of a model that does not exist, or no longer."""
        shutdown = SHUTDOWNS.get(model)
        gone = bool(self._models.date and shutdown and shutdown <= date.fromisoformat(self._models.date))
        if gone or model == NEVER or (self._models.only_listed and model not in self.listed):
            return self.no_model(model, gone=gone)
        return None

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """A model that never existed, or that is gone."""
        message = f"The model `{model}` does not exist or you do not have access to it."
        if gone:
            message = f"The model `{model}` has been deprecated, learn more here: "
            message += "https://platform.openai.com/docs/deprecations"
        return self.error(404, message, "invalid_request_error", "model_not_found")

    def unsupported(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """The refusal of the first parameter that the model does not accept."""
        family = self.family(request.model)
        refused = complaint(request.fields, family) if family else None
        if refused is None:
            return None
        return self.error(400, refused.message, "invalid_request_error", refused.code, refused.param)

    def fit(self, request: SimulatedRequest) -> SimulatedRequest:
        """The request as the model sees it."""
        return request

    def too_long(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """The refusal of a request that does not fit into the context of the profile."""
        asked = request.prompt_tokens + (request.max_tokens or 0)
        if not self._models.context or asked <= self._models.context:
            return None
        return self.context_length(
            f"However, you requested {asked} tokens ({request.prompt_tokens} in the messages, "
            f"{request.max_tokens or 0} in the completion). Please reduce the length of the messages or the "
            "completion."
        )

    def context_length(self, details: str = "Please reduce the length of the messages.") -> ErrorAnswer:
        """The error of a prompt longer than the context."""
        message = f"This model's maximum context length is {self._models.context or 128_000} tokens. {details}"
        return self.error(400, message, "invalid_request_error", "context_length_exceeded", "messages")

    def invalid(self, message: str, param: str | None) -> ErrorAnswer:
        """The error of a malformed request."""
        return self.error(400, message, "invalid_request_error", None, param)

    def no_route(self, method: str, path: str) -> ErrorAnswer:
        """The error of an unknown path."""
        return self.error(404, f"Invalid URL ({method} {path})", "invalid_request_error")

    def account(self, what: str) -> ErrorAnswer:
        """The error of a refused key (`auth`) or a spent quota (`quota`)."""
        if what == "auth":
            message = "Incorrect API key provided: sk-sim****. You can find your API key at "
            message += "https://platform.openai.com/account/api-keys."
            return self.error(401, message, "invalid_request_error", "invalid_api_key")
        message = "You exceeded your current quota, please check your plan and billing details."
        return self.error(429, message, "insufficient_quota", "insufficient_quota")

    def over_limit(self, refusal: Refusal, model: str) -> ErrorAnswer:
        """The refusal for a limit of requests or tokens, or of a request larger than the limit."""
        numbers = f"{_LIMITS[refusal.kind]}: Limit {refusal.limit}"
        if refusal.wait_s is None:
            message = (
                f"Request too large for {model} in organization org-simulator on {numbers}, "
                f"Requested {refusal.requested}. The input or output tokens must be reduced in order to run "
                "successfully."
            )
            return self.error(429, message, refusal.kind, "rate_limit_exceeded")
        message = (
            f"Rate limit reached for {model} in organization org-simulator on {numbers}, Used {refusal.used}, "
            f"Requested {refusal.requested}. Please try again in {format_duration(refusal.wait_s)}."
        )
        kind = "requests" if refusal.kind == "day" else refusal.kind
        answer = self.error(429, message, kind, "rate_limit_exceeded")
        return answer._replace(headers=self.wait_headers(refusal.wait_s))

    def faulty(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error answer of a fault; None if the fault affects something else."""
        answer = self.fault_answer(fault, request)
        if answer is None or not fault.retry_after_s or fault.kind == "bad_request":
            return answer
        return answer._replace(headers={**answer.headers, **self.wait_headers(fault.retry_after_s)})

    def fault_answer(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """As `faulty`, without the headers for the wait."""
        match fault.kind:
            case "rate_limit":
                wait = format_duration(fault.retry_after_s)
                message = f"Rate limit reached for {request.model}. Please try again in {wait}."
                return self.error(429, message, "requests", "rate_limit_exceeded")
            case "bad_request":
                # It quotes the user's text, as servers do: clients must not print such messages.
                message = f"Invalid prompt: your prompt was flagged near '{request.user[-200:]}'."
                return self.error(400, message, "invalid_request_error", "invalid_prompt", "messages")
            case "server_error":
                return self.server_error()
            case "html_error":
                return ErrorAnswer(502, _HTML, content_type="text/html")
            case "overloaded":
                message = "The server is currently overloaded with other requests. Sorry about that!"
                return self.error(503, message, "server_error", "server_is_overloaded")
            case "context_length":
                return self.context_length()
            case "flex_unavailable":
                message = "Flex resources are not available at the moment. Please try again later."
                return self.error(429, message, "resource_unavailable", "resource_unavailable")
        return None

    def server_error(self) -> ErrorAnswer:
        """The error of a failing server."""
        message = "The server had an error while processing your request. Sorry about that!"
        return self.error(500, message, "server_error")

    def error_in_200(self, model: str) -> bytes:
        """The body of an error with status 200."""
        del model
        return self.server_error().body

    def wait_headers(self, wait_s: float) -> dict[str, str]:
        """The headers that ask for a wait (seconds)."""
        millis = math.ceil(wait_s * 1000 - 1e-6)
        return {"retry-after": str(math.ceil(millis / 1000)), "retry-after-ms": str(millis)}

    def rate_headers(self, limits: RateLimits, now: float) -> dict[str, str]:
        """The headers of the limits, in every answer."""
        return limits.headers(now)

    def describe(self, model: str) -> dict[str, Any]:
        """A model as in the list."""
        shutdown = SHUTDOWNS.get(model)
        return {
            "id": model,
            "object": "model",
            "created": _CREATED,
            "owned_by": "simulator",
            "shutdown_date": shutdown.isoformat() if shutdown else None,
        }

    def model(self, name: str) -> dict[str, Any] | ErrorAnswer:
        """One model, or the error that it does not exist."""
        if self.missing(name):
            message = f"The model '{name}' does not exist"
            return self.error(404, message, "invalid_request_error", "model_not_found", "model")
        return self.describe(name)

    def dress(self, answer: dict[str, Any]) -> bytes:
        """The body of an answer, with this provider's additions."""
        return orjson.dumps(answer)
