"""Decode the body of an answer: JSON, or a name for what it is instead. Pure.

Gateways keep a connection alive with blank lines or comments (`: …`) before the JSON or behind it, some put a byte
order mark in front, and some write NaN for an unknown number.
"""

import json
import re
from typing import Any

from asyncgen.client.error_body import page_of_portkey
from asyncgen.text import loads

_COMMENTS = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:[ \t\r\n]+|:[^\n]*(?:\n|\Z))*")
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_STREAM = re.compile(rb"(?:data|event|id|retry):")
_TEXT = re.compile(rb"(?!true|false|null|NaN|Infinity)[A-Za-z]")  # with which no JSON begins, whole or broken


class NotJsonError(ValueError):
    """A body is not JSON; `kind` is what it is.

    "empty_body", "html", "event_stream" (or lines of JSON), "plain_text", or "invalid_body": JSON that is broken.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def read_body(data: bytes) -> Any:
    """The decoded body.

    Raises:
        NotJsonError: it is not JSON.
    """
    try:
        decoded = loads(data)
    except ValueError:
        pass
    else:
        if page_of_portkey(decoded) is not None:
            raise NotJsonError("html")
        return decoded
    body = data[_COMMENTS.match(data).end() :]  # type: ignore[union-attr] # it matches nothing, too
    if not body:
        raise NotJsonError("empty_body")
    if _MARKUP.match(body):
        raise NotJsonError("html")
    if _STREAM.match(body) or _is_lines(body):
        raise NotJsonError("event_stream")
    if _TEXT.match(body):
        raise NotJsonError("plain_text")
    body = _without_comments_behind(body)
    try:
        # Only what orjson refuses reaches this line; NaN becomes None, the unknown number.
        return loads(json.dumps(json.loads(body, parse_constant=lambda _: None)))
    except (ValueError, RecursionError):
        raise NotJsonError("invalid_body") from None


def _is_lines(body: bytes) -> bool:
    """Whether each line is an object, as where Ollama's own API streams."""
    first, found, _ = body.partition(b"}\n{")
    if not found:
        return False
    try:
        return isinstance(loads(first + b"}"), dict)
    except ValueError:
        return False


def _without_comments_behind(body: bytes) -> bytes:
    end = len(body)
    while (start := body.rfind(b"\n", 0, end)) >= 0 and body[start + 1 : end].strip()[:1] in {b"", b":"}:
        end = start
    return body[:end]
