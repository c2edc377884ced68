"""The lines of an input file: the problems that fail a batch's validation, in OpenAI's words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from asyncgen.simulator.batch.batch_job import InputProblem
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.simulated_requests import InvalidRequestError, parse_request

_MOST_PROBLEMS = 100  # more would make the batch object itself large
_FIELDS = ("custom_id", "method", "url", "body")


@dataclass(slots=True)
class LineCheck:
    """The check of a file, line by line (1 is the first); `model` is the one that all its requests name.

    `known` says whether a model exists. `tokens` are the prompt tokens of the requests, counted only with
    `count_tokens`.
    """

    endpoint: str
    rules: BatchRules
    known: Callable[[str], bool]
    count_tokens: bool
    model: str = ""
    tokens: int = 0
    lines: int = 0
    problems: list[InputProblem] = field(default_factory=list)
    _custom_ids: set[str] = field(default_factory=set)

    @property
    def full(self) -> bool:
        """Whether there are so many problems that the rest need not be read."""
        return len(self.problems) >= _MOST_PROBLEMS

    def read(self, line: bytes) -> None:
        """Check the next line."""
        self.lines += 1
        try:
            data = orjson.loads(line)
        except orjson.JSONDecodeError:
            data = None
        if not isinstance(data, dict):
            self._complain("invalid_json_line", "This line is not parseable as valid JSON.")
            return
        missing = next((name for name in _FIELDS if data.get(name) is None), None)
        if missing:
            self._complain("missing_required_parameter", f"Missing required parameter: '{missing}'.", missing)
            return
        self._check(data)

    def _check(self, data: dict[str, Any]) -> None:
        custom_id, body = data["custom_id"], data["body"]
        if not isinstance(custom_id, str):
            self._complain("invalid_type", "Invalid type for 'custom_id': expected a string.", "custom_id")
        elif custom_id in self._custom_ids:
            message = f"The custom_id '{custom_id}' is used by another request of this file."
            self._complain("duplicate_custom_id", message, "custom_id")
        else:
            self._custom_ids.add(custom_id)
        if data["method"] != "POST":
            self._complain("invalid_method", f"Invalid method: '{data['method']}'. It must be 'POST'.", "method")
        if data["url"] != self.endpoint:
            message = "The URL provided for this request does not match the batch endpoint."
            self._complain(self.rules.url_code, message, "url")
        if not isinstance(body, dict):
            self._complain("invalid_type", "Invalid type for 'body': expected an object.", "body")
        else:
            self._check_body(body)

    def _check_body(self, body: dict[str, Any]) -> None:
        model = body.get("model")
        if not isinstance(model, str) or not model:
            self._complain("invalid_request", "Model parameter is required.", "body.model")
        elif not self.known(model):
            message = f"The provided model '{model}' is not supported by the Batch API."
            self._complain("model_not_found", message, "body.model")
        elif model != (self.model or model):
            message = f"The provided model '{model}' does not match the rest of the batch ('{self.model}')."
            self._complain(self.rules.model_code, message, "body.model")
        else:
            self.model = model
        if not body.get("messages"):
            self._complain("invalid_request", "Messages parameter is required.", "body.messages")
        elif body.get("stream"):
            message = "Chat Completions: Streaming is not supported in the Batch API."
            self._complain("streaming_unsupported", message, "body.stream")
        elif self.count_tokens:
            self.tokens += _prompt_tokens(body)

    def _complain(self, code: str, message: str, param: str | None = None) -> None:
        self.problems.append(InputProblem(code, message, self.lines, param))


def _prompt_tokens(body: dict[str, Any]) -> int:
    try:
        return parse_request(orjson.dumps(body)).prompt_tokens
    except InvalidRequestError:
        return 0
