"""The lines of answers in the journal, broken."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from asyncgen.storage.journal import Journal
from asyncgen.storage.segment_writer import LinePlace, SegmentWriter

from .catalogue import Catalogue

ANSWERS = Catalogue()


@ANSWERS.add("an answer is used but not journaled", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    append_soon = SegmentWriter.append_soon

    def forgetful(self: SegmentWriter, line: bytes, moved: Callable[[LinePlace], None]) -> LinePlace:
        answer = b'"kind":"answer"' in line
        return LinePlace(self._current, 0, 0) if answer else append_soon(self, line, moved)

    patch.setattr(SegmentWriter, "append_soon", forgetful)


@ANSWERS.add("the lines of calls are written only for the next sync", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    async def written(_: Journal) -> None:
        await asyncio.sleep(0)

    patch.setattr(SegmentWriter, "_flush_when_due", lambda self: setattr(self, "_due", False))
    patch.setattr(Journal, "written", written)


@ANSWERS.add("an answer is journaled only after the next one has come", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    answered = Journal.answered

    def late(self: Journal, *answer: Any) -> None:
        held = getattr(self, "held_back", None)
        if held is not None:
            answered(self, *held)
        self.held_back = answer  # type: ignore[attr-defined]

    patch.setattr(Journal, "answered", late)
