"""The result of a request before its answer: its route, or an error."""

from typing import NamedTuple


class ErrorAnswer(NamedTuple):
    """An answer that reports an error."""

    status: int
    body: bytes
    headers: dict[str, str] = {}  # noqa: RUF012 - of a named tuple: the default is shared and never changed
    content_type: str = "application/json"


class Route(NamedTuple):
    """The target of a request: `chat`, `models`, `model` or `batch`, and the name in its path ('': none).

    That is a model, or for `batch` the rest of the path: `/files/ID`.
    """

    what: str
    name: str = ""
