"""What a user is told of a refusal: its names, and once for each kind what the server says."""

import orjson

from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scrub import scrub


class Explanations:
    """Keeps in mind what was explained already."""

    def __init__(self) -> None:
        self._known: set[tuple[object, ...]] = set()

    def names(self, failure: Failure, request: Prepared, answers: list[str]) -> tuple[str | None, str | None]:
        """Code and param, unless they are words of the row.

        Args:
            failure: what became of an attempt.
            request: what was sent.
            answers: to the same row, which the server may quote too.
        """
        if failure.code is None and failure.param is None:
            return None, None
        private = [_user(request), *answers]
        names = failure.code, failure.param
        code, param = (name if name is None or scrub(name, private) == name else None for name in names)
        return code, param

    def sentence(
        self, failure: Failure, request: Prepared, answers: list[str], names: tuple[str | None, str | None]
    ) -> str | None:
        """What the server says, with the first failure of a kind; None: nothing, or nothing new."""
        key = failure.kind, failure.status, *names
        if failure.sentence is None or key in self._known:
            return None
        self._known.add(key)
        return scrub(failure.sentence, [_user(request), *answers], [_system(request)])


def _user(request: Prepared) -> str:
    return str(orjson.loads(request.body)["messages"][-1]["content"])


def _system(request: Prepared) -> str:
    return str(orjson.loads(request.body)["messages"][0]["content"])
