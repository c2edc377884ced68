"""A chat completion request, as far as the server reads it."""

from dataclasses import dataclass
from typing import Any

import orjson

from asyncgen.simulator.schemas import strict_problem
from asyncgen.simulator.tokens import count_tokens

_TOKENS_PER_MESSAGE = 4  # OpenAI's cookbook: three for the frame, one for the role
_TOKENS_PER_REPLY = 3  # OpenAI's cookbook: every reply is primed with three


class InvalidRequestError(Exception):
    """The request is malformed; carries the message and the parameter at fault (or None)."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


@dataclass(frozen=True, slots=True)
class SimulatedRequest:
    """What determines the answer: `user` is the last user message, `schema` the JSON schema for it.

    `fields` are all fields of the body.
    """

    model: str
    system: str
    user: str
    characters: int
    prompt_tokens: int
    max_tokens: int | None
    wants_json: bool
    schema: dict[str, Any] | None
    fields: dict[str, Any]

    @property
    def charge(self) -> int:
        """The tokens that the rate limit charges on arrival: the larger of the two, as the API documents."""
        return max(self.max_tokens or 0, -(-self.characters // 4))


def parse_request(body: bytes, model: str = "") -> SimulatedRequest:
    """Read a request body; `model` is the one in the path, if any.

    Raises:
        InvalidRequestError: the API would answer 400 to it.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequestError("We could not parse the JSON body of your request.") from None
    if isinstance(data, dict) and model:
        data["model"] = model
    if not isinstance(data, dict) or not isinstance(data.get("model"), str):
        raise InvalidRequestError("you must provide a model parameter", "model")
    if data.get("stream"):
        raise InvalidRequestError("this simulator does not stream: leave out 'stream'", "stream")
    messages = [_message(message) for message in _list(data.get("messages"))]
    if not messages:
        raise InvalidRequestError("'messages' must be a list of at least one message", "messages")
    response_format = data.get("response_format")
    kind = response_format.get("type", "text") if isinstance(response_format, dict) else "text"
    return SimulatedRequest(
        model=data["model"],
        system="\n".join(text for role, text in messages if role in ("system", "developer")),
        user=next((text for role, text in reversed(messages) if role == "user"), ""),
        characters=sum(len(text) for _, text in messages),
        prompt_tokens=_TOKENS_PER_REPLY + sum(_TOKENS_PER_MESSAGE + count_tokens(text) for _, text in messages),
        max_tokens=_max_tokens(data),
        wants_json=kind in ("json_object", "json_schema"),
        schema=_schema(data) if kind == "json_schema" else None,
        fields=data,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _message(message: Any) -> tuple[str, str]:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise InvalidRequestError("every message must be an object with 'role' and 'content'", "messages")
    content = message.get("content")
    if isinstance(content, list):
        texts = [part.get("text") or "" for part in content if isinstance(part, dict)]
        content = "".join(texts) if all(isinstance(text, str) for text in texts) else None
    if not isinstance(content, str):
        raise InvalidRequestError("'content' must be a string or a list of text parts", "messages")
    return message["role"], content


def _max_tokens(data: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = data.get(name)
        if value is None:
            continue
        if type(value) is not int or value < 1:
            raise InvalidRequestError(f"'{name}' must be an integer of at least 1", name)
        return value
    return None


def _schema(data: dict[str, Any]) -> dict[str, Any]:
    described = data["response_format"].get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise InvalidRequestError("'json_schema.schema.properties' must be an object", "response_format")
    if described.get("strict") and (problem := strict_problem(schema)):
        raise InvalidRequestError(f"Invalid schema for response_format: {problem}", "response_format")
    return schema
