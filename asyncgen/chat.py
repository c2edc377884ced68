"""What is asked of the chat API and what comes back, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters of one kind of request; `max_tokens` bounds the answer."""

    temperature: float
    top_p: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """A JSON schema (of an object) that the server holds the answer to; the API wants a name with it."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call: a system and a user message.

    With `json_object` the answer must be a JSON object; `response_schema` says of which form.
    """

    system: str
    user: str
    sampling: Sampling
    json_object: bool = False
    response_schema: ResponseSchema | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the server counted them (zeros where it does not count)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A usable answer: non-empty `text`, finished by itself."""

    text: str
    usage: Usage
    model: str
