"""The calls of a row that may be answered from a cache: what it has is journaled, then used, and costs nothing.

What a check of the recipe does not accept is kept too: it is judged anew when it comes out of the cache, and what
follows is the same as if the server had said it again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from asyncgen.chat import NOT_ACCEPTED, Completion
from asyncgen.client.chat_client import Caller
from asyncgen.client.classify import json_problem
from asyncgen.client.encoding import Prepared
from asyncgen.errors import CallFailed
from asyncgen.events import CacheHit, Observer
from asyncgen.storage.journal import Journal

if TYPE_CHECKING:
    from asyncgen.storage.cache.cached_answers import CachedAnswers

Complete = Callable[[Caller, Prepared], Awaitable[Completion]]


class CachedCalls:
    """The calls of one row.

    Args:
        answers: of the cache.
        journal: of the run.
        caller: the row.
        observe: told of what came from the cache.
    """

    def __init__(self, answers: "CachedAnswers", journal: Journal, caller: Caller, observe: Observer) -> None:
        self._answers = answers
        self._journal = journal
        self._caller = caller
        self._observe = observe
        self._turns: Counter[str] = Counter()

    async def answer(self, request: Prepared, known: Completion | None, complete: Complete) -> Completion:
        """The answer to a request: the journal's, the one in the cache, or a new one.

        Args:
            request: what is asked.
            known: what the journal has.
            complete: asks the server.

        Raises:
            CallFailed: the call was given up.
            Stopping: the run stops.
        """
        turn = self._turns[request.hash]  # a row that asks the same in two steps wants two answers
        self._turns[request.hash] += 1
        if known is None:
            found = await self._answers.find(request.hash, turn, self._caller.index)
            if found is not None and self._fits(request, found):
                return self._take(request, found)
            try:
                known = await complete(self._caller, request)
            except CallFailed:
                refused = self._caller.not_accepted.pop(request.step, None)
                if refused is not None:
                    self._answers.keep(request.hash, turn, self._caller.index, refused)
                raise
        # Also what the journal had: a process that was killed may not have come to it.
        self._answers.keep(request.hash, turn, self._caller.index, known)
        return known

    def _fits(self, request: Prepared, found: Completion) -> bool:
        """Whether it is of the form that is wanted: what the request does not say, another recipe may not want."""
        if request.whole and not found.choices:
            return False
        return not request.json_object or json_problem(found.text, request.required_keys) is None

    def _take(self, request: Prepared, found: Completion) -> Completion:
        """Journal an answer, and judge it."""
        index, step = self._caller.index, request.step
        problem = None if request.check is None else request.check(found.text)
        if problem is not None:
            self._journal.failed(index, step, NOT_ACCEPTED + problem, found.usage, cached=True)
        else:
            self._journal.answered(index, step, request.hash, found, cached=True)
        self._caller.answers.append(found.text)
        now = asyncio.get_running_loop().time()
        self._observe(CacheHit(index, self._caller.note_id, step, request.hash, now, found.usage))
        if problem is not None:
            raise CallFailed(step, NOT_ACCEPTED + problem, 1)
        return found
