"""What a user is told of a refusal: its names, and once for each kind the server's sentence."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scrub import quotes, scrub

LONGEST_WORD = 1_000  # characters: longer text without a blank is encoded data
LEAST_SECRET = 8  # characters: a shorter value, such as a team's number, is no secret
_REQUEST_ID = re.compile(r"[\w.:/+=-]{1,80}", re.ASCII)  # a UUID, `req_…`, a trace id


class Explanations:
    """Tracks which kinds of failure were explained already.

    Args:
        secrets: keys and values of headers, which no one may see.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = [secret for secret in secrets if len(secret) >= LEAST_SECRET]
        self._known: set[tuple[object, ...]] = set()

    def names(
        self, failure: Failure, request: Prepared | None, answers: list[str]
    ) -> tuple[str | None, str | None]:
        """Code and param, unless they are words of the row.

        Args:
            failure: of an attempt.
            request: as sent; None: it was about no row.
            answers: earlier answers to the row, which the server may quote too.
        """
        if failure.code is None and failure.param is None:
            return None, None
        private = self._hidden(request, answers)
        names = failure.code, failure.param
        code, param = (name if name is None or scrub(name, private) == name else None for name in names)
        return code, param

    def named(self, failure: Failure, request: Prepared | None, answers: list[str]) -> Failure:
        """The failure, without names that must not be shown."""
        code, param = self.names(failure, request, answers)
        request_id = self.request_id(failure.request_id, request, answers)
        return replace(failure, code=code, param=param, request_id=request_id)

    def request_id(self, said: str | None, request: Prepared | None, answers: list[str]) -> str | None:
        """The server's name of a request, unless it holds a secret or words of the row.

        Args:
            said: the server's.
            request: as sent; None: it was answered, so nothing is quoted.
            answers: earlier answers to the row.
        """
        if said is None or not _REQUEST_ID.fullmatch(said) or any(secret in said for secret in self._secrets):
            return None
        return None if request is not None and quotes(said, self._hidden(request, answers)) else said

    def _hidden(self, request: Prepared | None, answers: list[str]) -> list[str]:
        return [*([] if request is None else _private(request)), *answers, *self._secrets]

    def sentence(
        self, failure: Failure, request: Prepared, answers: list[str], names: tuple[str | None, str | None]
    ) -> str | None:
        """The server's sentence with the first failure of a kind; None if there is none, or nothing new."""
        # A limit of the day may have the names of one a minute.
        key = failure.kind, failure.status, *names, failure.day_over is not None
        if failure.sentence is None or key in self._known:
            return None
        self._known.add(key)
        common = [] if request.whole or request.conversation else [str(_messages(request)[0]["content"])]
        return scrub(failure.sentence, self._hidden(request, answers), common)


def _private(request: Prepared) -> list[str]:
    """The texts specific to the row: the user's message; all of a conversation, and of a whole request."""
    if not request.whole:
        messages = _messages(request)
        return [str(message["content"]) for message in (messages if request.conversation else messages[-1:])]
    return ["\n".join(_texts({**orjson.loads(request.body), "model": None}))]


def _messages(request: Prepared) -> Any:
    return orjson.loads(request.body)["messages"]


def _texts(value: Any) -> Iterator[str]:
    """All texts in a decoded value, without images: a quoted part of one is cut like a key."""
    if isinstance(value, str):
        if len(value) < LONGEST_WORD or len(value.split(maxsplit=1)) > 1:
            yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
