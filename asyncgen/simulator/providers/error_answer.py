"""What a provider makes of a request before there is an answer: the route it takes, or an error."""

from typing import NamedTuple


class ErrorAnswer(NamedTuple):
    """An answer that reports an error."""

    status: int
    body: bytes
    headers: dict[str, str] = {}  # noqa: RUF012 - of a named tuple: the default is shared and never changed
    content_type: str = "application/json"


class Route(NamedTuple):
    """What a request asks for: `chat`, `models`, `model` or `batch`, and what its path names ('': nothing).

    That is a model, or for `batch` the address behind the provider's own: `/files/ID`.
    """

    what: str
    name: str = ""
