"""Answer the calls of a row from a cache: a hit is journaled, then used, and costs nothing.

Answers that a check of the recipe rejects are cached too: taken from the cache they are judged anew, and the
outcome is the same as if the server had given them again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from asyncgen.chat import NOT_ACCEPTED, Completion
from asyncgen.client.answer_body import json_problem
from asyncgen.client.caller import Caller
from asyncgen.client.encoding import Prepared
from asyncgen.errors import CallFailed
from asyncgen.events import CacheHit, Observer
from asyncgen.storage.journal import Journal

if TYPE_CHECKING:
    from asyncgen.storage.cache.cached_answers import CachedAnswers

Complete = Callable[[Caller, Prepared], Awaitable[Completion]]


class CachedCalls:
    """The calls of one row, with a cache.

    Args:
        answers: the cache's.
        journal: the run's.
        caller: the row.
        observe: called for each hit.
    """

    def __init__(self, answers: "CachedAnswers", journal: Journal, caller: Caller, observe: Observer) -> None:
        self._answers = answers
        self._journal = journal
        self._caller = caller
        self._observe = observe
        self._turns: Counter[str] = Counter()

    async def answer(self, request: Prepared, known: Completion | None, complete: Complete) -> Completion:
        """The answer to a request: the journal's, the cache's, or a new one.

        Args:
            request: the prepared request.
            known: the journal's answer, if any.
            complete: makes the call.

        Raises:
            CallFailed: the call was given up.
            Stopping: the run is stopping.
        """
        turn = self._turns[request.hash]  # a row that makes one request in two steps wants two answers
        self._turns[request.hash] += 1
        # An answer that was kept without what the model thought is of no use where that is wanted.
        name = f"{request.hash} thinking" if request.keep_thinking else request.hash
        if known is None:
            found = await self._answers.find(name, turn, self._caller.index)
            if found is not None and self._fits(request, found):
                return self._take(request, found)
            try:
                known = await complete(self._caller, request)
            except CallFailed:
                refused = self._caller.not_accepted.pop(request.step, None)
                if refused is not None:
                    self._answers.keep(name, turn, self._caller.index, refused)
                raise
        # Journaled answers too: a killed process may not have reached this line.
        self._answers.keep(name, turn, self._caller.index, known)
        return known

    def _fits(self, request: Prepared, found: Completion) -> bool:
        """Whether the answer has the requested form, which differs by recipe and is not in the request's hash."""
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
            raise CallFailed(step, NOT_ACCEPTED + problem, 1, HTTPStatus.OK)
        return found
