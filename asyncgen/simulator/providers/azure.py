"""Azure OpenAI: two routes, content filters, refusals without a type, and -1 for a limit without a number."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from asyncgen.simulator.buckets import RateLimits, Refusal
from asyncgen.simulator.faults import Fault
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer, Route
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest

_CLASSIC = re.compile(r"/openai/deployments/([^/]+)/chat/completions")
_CLASSIC_BATCH = re.compile(r"/openai/(?:files|batches)(?:/.*)?")
_SAFE = {"filtered": False, "severity": "safe"}
_FILTERED = {
    "hate": _SAFE,
    "jailbreak": {"filtered": False, "detected": False},
    "self_harm": _SAFE,
    "sexual": _SAFE,
    "violence": {"filtered": True, "severity": "medium"},
}
_PASSED = {**_FILTERED, "violence": _SAFE}


class Azure(OpenAI):
    """`/openai/v1` with OpenAI's fields, and the classic route of a deployment.

    The classic one needs `?api-version=` and the header `api-key`; a bearer token is not accepted there.
    """

    base: ClassVar[str] = "/openai/v1"
    batch_rules: ClassVar[BatchRules | None] = BatchRules(
        endpoints=("/chat/completions", "/v1/chat/completions"),
        url_code="url_mismatch",
        model_code="model_mismatch",
        enqueued_message="The number of enqueued tokens has surpassed the configured limit of {limit} for the "
        "deployment '{model}'. Please either increase the limit or try again once the current jobs have finished.",
        expires=False,
        upload_status="pending",
        empty_error_file=True,
    )

    def route(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Route | ErrorAnswer:
        """Route requests of either kind."""
        chat = _CLASSIC.fullmatch(path) if method == "POST" else None
        batch = _CLASSIC_BATCH.fullmatch(path)
        if not chat and not batch:
            return super().route(method, path, query, headers)
        if "api-version" not in query:
            return self.no_route(method, path)
        if "api-key" in headers:
            return Route("chat", chat[1]) if chat else Route("batch", path.removeprefix("/openai"))
        invalid = "invalid subscription key or wrong API endpoint. Make sure to provide a valid key"
        missing = "missing subscription key. Make sure to include subscription key"
        why = invalid if "authorization" in headers else missing
        return self._short(401, f"Access denied due to {why} when making requests to an API.")

    def no_route(self, method: str, path: str) -> ErrorAnswer:
        """The same error for a wrong path, a missing version and a missing deployment."""
        del method, path
        return self._short(404, "Resource not found")

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """The error of a missing deployment, which is what a model is here."""
        del model, gone
        message = "The API deployment for this resource does not exist. If you created the deployment within the "
        message += "last 5 minutes, please wait a moment and try again."
        return self._short(404, message, "DeploymentNotFound")

    def model(self, name: str) -> dict[str, Any] | ErrorAnswer:
        """The error of looking a deployment up, which is not supported."""
        return self.no_route("GET", name)

    def account(self, what: str) -> ErrorAnswer:
        """The gateway's error for a refused key."""
        if what == "auth":
            return self._short(401, "Access denied due to invalid subscription key or wrong API endpoint.")
        return super().account(what)

    def over_limit(self, refusal: Refusal, model: str) -> ErrorAnswer:
        """The refusal with the wait in whole seconds."""
        wait_s = 86_400.0 if refusal.wait_s is None else refusal.wait_s
        answer = self._limited("token" if refusal.kind == "tokens" else "call", wait_s)
        del model
        return answer._replace(headers=self.wait_headers(wait_s))

    def fault_answer(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error of a fault: a flagged prompt is a 400 with an inner error; a known wait has a header."""
        if fault.kind == "bad_request":
            inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _FILTERED}
            message = (
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
                "Please modify your prompt and retry. To learn more about our content filtering policies please "
                "read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
            )
            error = {"message": message, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
            return ErrorAnswer(400, orjson.dumps({"error": {**error, "innererror": inner}}))
        if fault.kind == "rate_limit":
            return self._limited("token", fault.retry_after_s)
        return super().fault_answer(fault, request)

    def rate_headers(self, limits: RateLimits, now: float) -> dict[str, str]:
        """What is left of the limits, and -1 for a limit that is not set."""
        headers = {}
        for kind in ("requests", "tokens"):
            bucket = limits.bucket(kind)
            headers[f"x-ratelimit-limit-{kind}"] = str(bucket.limit if bucket else -1)
            headers[f"x-ratelimit-remaining-{kind}"] = str(bucket.remaining(now) if bucket else -1)
        return headers

    def dress(self, answer: dict[str, Any]) -> bytes:
        """Add the filters' results; a filtered answer has no content, and a filtered prompt no choices."""
        choices = answer["choices"]
        for choice in choices:
            filtered = choice["finish_reason"] == "content_filter"
            choice["content_filter_results"] = _FILTERED if filtered else _PASSED
            if filtered:
                choice["message"] = {"role": "assistant"}
        results = _PASSED if choices else _FILTERED
        answer["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": results}]
        return orjson.dumps(answer)

    def _limited(self, what: str, wait_s: float) -> ErrorAnswer:
        message = (
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have "
            f"exceeded {what} rate limit of your current OpenAI S0 pricing tier. Please retry after "
            f"{max(1, round(wait_s))} seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like "
            "to further increase the default rate limit."
        )
        return self._short(429, message)

    def _short(self, status: int, message: str, code: str = "") -> ErrorAnswer:
        return ErrorAnswer(status, orjson.dumps({"error": {"code": code or str(status), "message": message}}))
