"""LM Studio: errors that are bare text, no `json_object`, and status 200 for an unknown path."""

from typing import ClassVar

import orjson

from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest


class LMStudio(OpenAI):
    """`{"error": "text"}` for every error."""

    listed: ClassVar[tuple[str, ...]] = ("qwen/qwen3-8b",)
    openai_models: ClassVar[bool] = False
    batch_rules: ClassVar[BatchRules | None] = None

    def error(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> ErrorAnswer:
        """An error that consists of its message."""
        del kind, code, param
        return ErrorAnswer(status, orjson.dumps({"error": message}))

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """The error of a model that is not on the disk."""
        del gone
        return self.error(404, f'Model "{model}" not found. Please download it first.', "")

    def no_route(self, method: str, path: str) -> ErrorAnswer:
        """An error in a 200."""
        return self.error(200, f"Unexpected endpoint or method. ({method} {path})", "")

    def model(self, name: str) -> ErrorAnswer:
        """The error of looking a model up: there is only the list."""
        return self.no_route("GET", f"{self.base}/models/{name}")

    def unsupported(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """Refuse `json_object`; unknown fields are ignored."""
        shape = request.fields.get("response_format")
        if isinstance(shape, dict) and shape.get("type") == "json_object":
            return self.error(400, "'response_format.type' must be 'json_schema' or 'text'", "")
        return None

    def too_long(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """Refuse a prompt that does not fit; the answer need not."""
        if not self._models.context or request.prompt_tokens <= self._models.context:
            return None
        message = (
            f"Trying to keep the first {request.prompt_tokens} tokens when context the overflows. However, the "
            f"model is loaded with context length of only {self._models.context} tokens, which is not enough. Try "
            "to load the model with a larger context length, or provide a shorter input"
        )
        return self.error(400, message, "")
