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

    With `json_object` the answer must be a JSON object, in which none of `required_keys` is missing or empty;
    `response_schema` is what the server is told of its form. `seed` asks for another answer than without it.
    """

    system: str
    user: str
    sampling: Sampling
    json_object: bool = False
    required_keys: tuple[str, ...] = ()
    response_schema: ResponseSchema | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the server counted them (zeros where it does not count).

    `cached_tokens` are those of the prompt that it had in its cache, and may charge less for.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Completion:
    """A usable answer: non-empty `text`, finished by itself.

    `model` and `finish_reason` are as returned (None: from the journal of an earlier version); `request` is the
    hash (hex) of what was asked, set where it is known.
    """

    text: str
    usage: Usage
    model: str
    finish_reason: str | None = None
    request: str = ""
