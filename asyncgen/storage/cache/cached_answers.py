"""The answers of a cache, for a run on an event loop: looked up and added without blocking the loop.

The file has its own thread, as another process may make it wait; the disk's thread must not wait with it. What
arrives while the thread is busy goes to it in one batch, in order of arrival.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from asyncgen.chat import Completion
from asyncgen.events import Notice, Observer
from asyncgen.storage.answer_record import answer_of, answer_record
from asyncgen.storage.cache.store import AnswerStore, Asked, StoredAnswer
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import encode_line


def introduced(path: Path, content: str = "") -> Notice:
    """The notice about a cache before it is used; `content` describes what is in it."""
    return Notice(f"Cache:   {path}{content}; it holds text of the rows, which only you can read")


class CachedAnswers:
    """The answers of a cache that is open for a run.

    Args:
        store: the file.
        thread: the one that works with it.
        scope: what answers depend on beside their requests: the server, the model file.
        observe: called with problems of the file.
    """

    def __init__(self, store: AnswerStore, thread: ThreadPoolExecutor, scope: str, observe: Observer) -> None:
        self._store = store
        self._thread = thread
        self._scope = blake2b(scope.encode(), digest_size=16)
        self._observe = observe
        self._questions: list[tuple[Asked, asyncio.Future[dict[str, Any] | None]]] = []
        self._paid: list[StoredAnswer] = []
        self._working: asyncio.Future[Any] | None = None
        self._found_last = False

    @classmethod
    async def open(cls, path: Path, directory: RunDirectory, scope: str, observe: Observer) -> "CachedAnswers":
        """Open the file for the run of a directory, which is locked, and report that it holds text.

        Raises:
            UsageError: there is something else at the path.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="cache")
        try:
            loop = asyncio.get_running_loop()
            store = await loop.run_in_executor(thread, partial(AnswerStore, path, directory))
        except BaseException:
            thread.shutdown()
            raise
        if store.is_open:
            observe(introduced(path, f" ({store.answers:,} kept)"))
        opened = cls(store, thread, scope, observe)
        opened._tell()
        return opened

    async def find(self, request_hash: str, turn: int, row: int) -> Completion | None:
        """The answer to a request of a row, if there is one that no other row of the run has.

        Args:
            request_hash: of the request.
            turn: how often the row has made the same request before.
            row: its index.
        """
        answer: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self._questions.append((Asked(self._key(request_hash, turn), row), answer))
        self._work()
        record = await answer
        return None if record is None else answer_of(record)

    def keep(self, request_hash: str, turn: int, row: int, completion: Completion) -> None:
        """Add a paid answer of a row, in the background."""
        record = answer_record(completion)
        self._paid.append(StoredAnswer(Asked(self._key(request_hash, turn), row), encode_line(record)))
        self._work()

    async def close(self) -> None:
        """Add what is left, and close the file."""
        while self._working is not None:
            await asyncio.wait([self._working])
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
        self._thread.shutdown()
        self._tell()

    def _key(self, request_hash: str, turn: int) -> bytes:
        key = self._scope.copy()
        key.update(f"{request_hash} {turn}".encode())
        return key.digest()

    def _work(self) -> None:
        """Hand the thread what has arrived, lookups and additions in turn, unless it is busy."""
        if self._working is not None or not (self._questions or self._paid):
            return
        loop = asyncio.get_running_loop()
        asked: list[tuple[Asked, asyncio.Future[dict[str, Any] | None]]] = []
        if self._questions and not (self._paid and self._found_last):
            asked, self._questions = self._questions, []
            find = partial(self._store.find, [question for question, _ in asked])
            self._working = loop.run_in_executor(self._thread, find)
        else:
            paid, self._paid = self._paid, []
            self._working = loop.run_in_executor(self._thread, partial(self._store.add, paid))
        self._found_last = bool(asked)
        self._working.add_done_callback(partial(self._done, [answer for _, answer in asked]))

    def _done(self, answers: list[asyncio.Future[dict[str, Any] | None]], work: asyncio.Future[Any]) -> None:
        self._working = None
        error = work.exception()
        if error is not None and not answers:
            self._store.failed_to_add(error)  # nobody waits for it
        for place, answer in enumerate(answers):
            if answer.done():
                continue  # its caller was cancelled
            if error is None:
                answer.set_result(work.result()[place])
            else:
                answer.set_exception(error)
        self._tell()
        self._work()

    def _tell(self) -> None:
        while self._store.notices:
            self._observe(self._store.notices.popleft())
