"""Lists in pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class PageError(Exception):
    """The page cannot be given; carries the message and the parameter at fault."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class _Listed(Protocol):
    @property
    def id(self) -> str: ...


def page(
    items: Sequence[_Listed],
    describe: Callable[[Any], dict[str, Any]],
    query: Mapping[str, str],
    usual: int,
    most: int,
) -> dict[str, Any]:
    """The items after `after`, at most `limit` of them (else the usual number).

    Raises:
        PageError: the limit is invalid, or nothing has the id `after`.
    """
    limit = _limit(query.get("limit", str(usual)), most)
    start = 0
    if after := query.get("after"):
        start = next((at for at, item in enumerate(items, 1) if item.id == after), 0)
        if not start:
            raise PageError(f"No item found with id '{after}'.", "after")
    shown = items[start : start + limit]
    return {
        "object": "list",
        "data": [describe(item) for item in shown],
        "first_id": shown[0].id if shown else None,
        "last_id": shown[-1].id if shown else None,
        "has_more": start + limit < len(items),
    }


def _limit(text: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise PageError(f"Invalid 'limit': it must be an integer from 1 to {most}, not '{text}'.", "limit")
    return int(text)
