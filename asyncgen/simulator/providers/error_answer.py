"""What a provider makes of a request before there is an answer: the route it takes, or an error."""

from typing import NamedTuple


class ErrorAnswer(NamedTuple):
    """An answer that reports an error."""

    status: int
    body: bytes
    headers: dict[str, str] = {}  # noqa: RUF012 - of a named tuple: the default is shared and never changed
    content_type: str = "application/json"


class Route(NamedTuple):
    """What a request asks for: `chat`, `models` or `model`, and the model that its path names ('': none)."""

    what: str
    model: str = ""
