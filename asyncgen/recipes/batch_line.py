"""A line of a batch file: a ready-made request for a chat completion.

Two forms of lines are known, each by its own keys: that of the Batch API (`custom_id`, `method`, `url`, `body`),
and a bare request body, which may also have `custom_id` and `metadata`; these two are not sent.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import orjson

from asyncgen.chat import answer_limit
from asyncgen.errors import BadDataError, UsageError
from asyncgen.rows import BadFieldError, Row
from asyncgen.storage.input_file import BadLine, RowCutter
from asyncgen.storage.input_formats import pieces_of
from asyncgen.text import dumps

# As any provider's path begins, with or without its first slash; that of a deployment names a model of its own.
_URL = re.compile(r"/?(?:(?!deployments/)[\w.-]+/)*chat/completions/?")
_MOST_OF_URL = 60  # characters: of an address that is none, no more need be shown
_LOOKED_AT = 100  # lines searched for a model: most files name it in each
_TEXT_PARTS = ("text", "refusal")


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A request as bytes, its `custom_id`, and the model that it names itself (empty: none).

    `metadata` (None: there is none) is passed on beside the answer.
    """

    note_id: str
    data: bytes
    model: str
    metadata: Any = None
    guesses_length: ClassVar[bool] = True

    @property
    def size(self) -> int:
        """Bytes that a line takes while it waits: with images in it, they are many."""
        return len(self.data)

    @property
    def body(self) -> "Body":
        """The decoded request."""
        return Body(orjson.loads(self.data))

    @property
    def rewritten(self) -> str:
        """A text about as long as the answer: the last message."""
        return "\n".join(_texts(self.body.fields["messages"][-1]))

    def numbered(self, number: int) -> "BatchLine":
        """A line without a `custom_id`, named by its number."""
        return replace(self, note_id=str(number))


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded request."""

    fields: Mapping[str, Any]

    @property
    def limit(self) -> int | None:
        """The most tokens of its answer; None: unlimited."""
        return answer_limit(self.fields)

    @property
    def text(self) -> str:
        """All text of its messages."""
        return "\n".join(text for message in self.fields["messages"] for text in _texts(message))

    @property
    def attachments(self) -> int:
        """How many parts of its messages are not text."""
        contents = (message.get("content") for message in self.fields["messages"] if isinstance(message, dict))
        parts = (part for content in contents if isinstance(content, list) for part in content)
        return sum(not (isinstance(part, dict) and part.get("type") in _TEXT_PARTS) for part in parts)


def parse_line(fields: Mapping[str, Any], model: str) -> BatchLine:
    """Take the request out of a decoded line.

    Args:
        fields: the line.
        model: the model to use, whatever the request names.

    Raises:
        BadFieldError: it is not a request, or not a supported one.
    """
    custom_id = fields.get("custom_id")
    if custom_id is not None and not isinstance(custom_id, str):
        raise BadFieldError("custom_id is not text: write it in quotes")
    if custom_id is not None and not custom_id.strip():
        raise BadFieldError("custom_id is blank: name the request, or leave it out")
    if "body" in fields:
        if "messages" in fields:
            raise BadFieldError("it has both body and messages")
        _check_address(fields)
        body, metadata = fields["body"], None
    elif "messages" in fields:
        body = {name: value for name, value in fields.items() if name not in {"custom_id", "metadata"}}
        metadata = fields.get("metadata")
    else:
        raise BadFieldError("neither body (a line of the Batch API) nor messages (a bare request)")
    _check_body(body)
    return BatchLine(custom_id or "", dumps({**body, "model": model}), body.get("model") or "", metadata)


def first_model(path: Path) -> str:
    """The model that the first lines of a file name; empty if they name none, or cannot be read."""
    with suppress(UsageError, BadDataError):  # reported when the whole file is read
        for item in _first_lines(path):
            if isinstance(item, Row) and item.pair.model:
                return item.pair.model
    return ""


def _first_lines(path: Path) -> Iterator[Row[BatchLine] | BadLine]:
    cutter = RowCutter(partial(parse_line, model=""))
    for piece in pieces_of(path):
        for item in cutter.feed(piece):
            yield item
            if cutter.number >= _LOOKED_AT:
                return
    yield from cutter.finish()


def _check_address(fields: Mapping[str, Any]) -> None:
    method, url = fields.get("method"), fields.get("url")
    if method is not None and (not isinstance(method, str) or method.upper() != "POST"):
        raise BadFieldError("method is not POST")
    if url is not None and (not isinstance(url, str) or not _URL.fullmatch(url)):
        raise BadFieldError(f"it is for {str(url)[:_MOST_OF_URL]}: only /v1/chat/completions can be asked")


def _check_body(body: Any) -> None:
    if not isinstance(body, dict):
        raise BadFieldError("body is not a JSON object")
    messages, model, number = body.get("messages"), body.get("model"), body.get("n")
    if not isinstance(messages, list) or not messages:
        raise BadFieldError("messages is not a list with something in it")
    if model is not None and (not isinstance(model, str) or not model.strip()):
        raise BadFieldError("model is not text")
    if body.get("stream"):
        raise BadFieldError("stream is set: answers are written whole, leave it out")
    if number is not None and number != 1:
        raise BadFieldError(f"n is {number!r}: each line gets one answer, write a line for each that is wanted")


def _texts(message: Any) -> Iterator[str]:
    content = message.get("content") if isinstance(message, dict) else None
    for part in content if isinstance(content, list) else [content]:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            yield text
