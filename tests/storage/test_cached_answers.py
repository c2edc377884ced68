"""A cache on an event loop: what becomes of errors that its thread meets."""

from pathlib import Path

import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.events import Event, Notice
from asyncgen.storage.cache.cached_answers import CachedAnswers
from asyncgen.storage.cache.store import AnswerStore
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

ANSWER = Completion("text", Usage(1, 1, 2), "scripted")


async def test_an_answer_that_cannot_be_added_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, disk: Disk
) -> None:
    """Nobody waits for an addition, so nobody else would ever hear of its error; the run goes on."""

    def broken(*_: object) -> None:
        raise TypeError("a bug")

    monkeypatch.setattr(AnswerStore, "add", broken)
    directory = RunDirectory(disk, tmp_path / "out")
    directory.make()
    said: list[Event] = []
    cache = await CachedAnswers.open(tmp_path / "answers.db", directory, "server", said.append)
    for row in range(2):
        cache.keep("hash", 0, row, ANSWER)
        assert await cache.find("other", 0, row) is None
    await cache.close()

    warnings = [str(event.text) for event in said if isinstance(event, Notice) and event.warning]
    assert warnings == [
        f"cannot add answers to the cache {tmp_path / 'answers.db'} (TypeError: a bug): some are not in it"
    ]
