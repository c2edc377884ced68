"""The body of a request to create a batch."""

from dataclasses import dataclass
from typing import Any

import orjson

_FIELDS = frozenset({"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"})
_MOST_PAIRS = 16  # metadata, by OpenAI's API reference, as the next two
_MOST_KEY = 64  # characters
_MOST_VALUE = 512  # characters
_TYPES = {
    list: "an array",
    dict: "an object",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
}


class CreateError(Exception):
    """The request is refused; carries message, parameter and code."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """The requested batch."""

    input_file_id: str
    endpoint: str
    window: str
    metadata: dict[str, str] | None


def parse_create(body: bytes, endpoints: tuple[str, ...], windows: tuple[str, ...]) -> CreateRequest:
    """Read a request body.

    Raises:
        CreateError: the API would answer 400 to it.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise CreateError("We could not parse the JSON body of your request.") from None
    if not isinstance(data, dict):
        raise CreateError("The body of the request must be a JSON object.")
    if unknown := next((name for name in data if name not in _FIELDS), None):
        raise CreateError(f"Unknown parameter: '{unknown}'.", unknown, "unknown_parameter")
    return CreateRequest(
        _text(data, "input_file_id", ()),
        _text(data, "endpoint", endpoints),
        _text(data, "completion_window", windows),
        _metadata(data.get("metadata")),
    )


def _text(data: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = data.get(name)
    if value is None:
        raise CreateError(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    if not isinstance(value, str) or (allowed and value not in allowed):
        listed = ", ".join(f"'{one}'" for one in allowed)
        message = f"Invalid value: '{value}'." + (f" Supported values are: {listed}." if listed else "")
        raise CreateError(message, name, "invalid_value")
    return value


def _metadata(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise CreateError("Invalid type for 'metadata': expected an object.", "metadata", "invalid_type")
    if len(value) > _MOST_PAIRS:
        message = f"Invalid 'metadata': too many properties. Expected at most {_MOST_PAIRS}, got {len(value)}."
        raise CreateError(message, "metadata", "object_above_max_properties")
    for name, text in value.items():
        where = f"metadata.{name}"
        if not isinstance(text, str):
            message = (
                f"Invalid type for '{where}': expected a string, but got {_TYPES.get(type(text), 'null')} instead."
            )
            raise CreateError(message, where, "invalid_type")
        if len(name) > _MOST_KEY:
            message = f"Invalid property name in 'metadata': expected at most {_MOST_KEY} characters."
            raise CreateError(message, "metadata", "property_name_above_max_length")
        if len(text) > _MOST_VALUE:
            message = f"Invalid '{where}': string too long. Expected at most {_MOST_VALUE}, got {len(text)}."
            raise CreateError(message, where, "string_above_max_length")
    return value
