"""The calls that a recipe makes for one row: each is durable, and varied until its answer is accepted.

A recipe that gathers calls leaves the others behind when one of them fails, is put off, or is not sent. They are
waited for: what they cost belongs to the row, and nothing else keeps the transport open for them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Protocol

from asyncgen.chat import NOT_ACCEPTED, ChatRequest, Completion, numbered
from asyncgen.client.caller import Caller
from asyncgen.client.encoding import Prepared
from asyncgen.client.retry import BAD_ANSWERS
from asyncgen.engine.cached_calls import CachedCalls
from asyncgen.errors import AsyncgenError, CallFailed, Stopping, WrongResultError
from asyncgen.storage.journal import Journal

RAISED = "raised"


class Asker(Protocol):
    """Answers calls: a `ChatClient`, or a substitute."""

    def prepare(self, step: str, request: ChatRequest) -> Prepared:
        """Encode a request for `complete`."""

    async def complete(self, caller: Caller, request: Prepared) -> Completion:
        """The answer; it is in the journal when this returns."""


class RowCalls:
    """The calls of a row; `tokens` counts all its answers.

    `raised` is what a check of the recipe has raised, `defect` an unexpected error of our own.

    Args:
        caller: the row.
        client: makes the calls.
        journal: knows earlier answers, and how often an answer was rejected.
        generation: raised when a flagged row is asked again.
        cache: may have answers to other runs.
    """

    def __init__(
        self,
        caller: Caller,
        client: Asker,
        journal: Journal,
        generation: int,
        cache: CachedCalls | None = None,
    ) -> None:
        self._client = client
        self._journal = journal
        self._generation = generation
        self._cache = cache
        self._caller = caller
        self._under_way = 0
        self._back: asyncio.Future[None] | None = None
        self._over = False
        self.tokens = 0
        self.raised: Exception | None = None
        self.defect: Exception | None = None

    async def generate(self, step: str, request: ChatRequest) -> Completion:
        """Make a call; this is the `generate` of recipes."""
        if self._over:
            raise Stopping
        self._under_way += 1
        try:
            if request.check is not None:
                check = partial(self._check, request.check)
                return await self._ask_until_accepted(step, replace(request, check=check))
            prepared = self._prepare(step, request, 0)
            del request  # its texts are in the body; thousands may wait here
            return await self._answer(step, prepared)
        finally:
            self._under_way -= 1
            if self._back is not None and not self._back.done():
                self._back.set_result(None)

    async def end(self) -> None:
        """Wait for the calls that are under way; the recipe can make no more."""
        while self._under_way:
            self._back = asyncio.get_running_loop().create_future()
            await self._back
        self._over = True

    async def _ask_until_accepted(self, step: str, request: ChatRequest) -> Completion:
        """Ask for another answer until one is accepted; each request is varied, as the same one would repeat.

        Answers that were rejected in an earlier start, or out of batches, count as if it had been here.
        """
        bad_answers = self._journal.bad_answers(self._caller.index, step)
        rejections = self._journal.rejections(self._caller.index, step)
        earlier = not self._journal.has_failed_here(self._caller.index)
        if rejections and rejections[-1] == NOT_ACCEPTED + RAISED:
            raise CallFailed("recipe", "recipe_error", 0, earlier=earlier)
        if rejections and bad_answers % BAD_ANSWERS == 0:
            raise CallFailed(step, rejections[-1], len(rejections), HTTPStatus.OK, earlier=earlier)
        attempts = len(rejections)
        while True:
            try:
                return await self._answer(step, self._prepare(step, request, bad_answers))
            except CallFailed as failed:
                bad_answers += 1
                last = self.raised is not None or bad_answers % BAD_ANSWERS == 0
                if last or not failed.kind.startswith(NOT_ACCEPTED):
                    raise failed.after(attempts) from None
                attempts += failed.attempts

    def _prepare(self, step: str, request: ChatRequest, bad_answers: int) -> Prepared:
        return self._client.prepare(step, numbered(request, self._generation, bad_answers))

    async def _answer(self, step: str, prepared: Prepared) -> Completion:
        try:
            completion = self._journal.known(self._caller.index, step, prepared.hash)
            if self._cache is not None:
                completion = await self._cache.answer(prepared, completion, self._client.complete)
            elif completion is None:
                completion = await self._client.complete(self._caller, prepared)
        except (CallFailed, Stopping, AsyncgenError):
            raise
        except Exception as error:
            self.defect = error  # else it would pass for an error of the recipe
            raise
        self.tokens += completion.usage.total_tokens
        return completion if completion.request else replace(completion, request=prepared.hash)

    def _check(self, check: Callable[[str], str | None], text: str) -> str | None:
        """The check of a recipe; one that raises accepts nothing."""
        try:
            problem = check(text)
            if problem is not None and not isinstance(problem, str):
                raise WrongResultError(f"a check returned {type(problem).__name__}, not a word or None")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - it is the user's code
            self.raised = error
            return RAISED
        return problem
