"""The logs for status, report and later questions: `events.jsonl` and `calls.jsonl`.

Times are wall-clock times: each process has its own loop clock. Logging must never end a run: what cannot be
written is dropped. A flush takes its lines on the disk's thread: one that is cancelled before that leaves them to
the next one.
"""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import orjson

from asyncgen.errors import DiskError
from asyncgen.events import CacheHit, CallEnded, CheckpointSaved, Event, PairDone, RepairStarted, RunStarted
from asyncgen.storage.layout import RunDirectory
from asyncgen.text import dumps

CACHED = "cached"
"""The outcome, in `calls.jsonl`, of a request that was answered from the cache."""
_FIELDS: dict[type, tuple[str, ...]] = {kind: tuple(one.name for one in fields(kind)) for kind in get_args(Event)}


class EventLog:
    """An observer that keeps lines in memory until `flush`.

    Args:
        directory: the output directory.
        wording: turns a message, or another type that JSON does not have, into text.
    """

    def __init__(self, directory: RunDirectory, wording: Callable[[Any], str] = str) -> None:
        self._wording = wording
        self._disk = directory.disk
        self._events: deque[bytes] = deque()
        self._calls: deque[bytes] = deque()
        self._pending = {directory.events: self._events, directory.calls: self._calls}
        self._written: set[Path] = set()
        self._working = False

    def observe(self, event: Event) -> None:
        """Record an event."""
        if isinstance(event, CallEnded):
            self._calls.append(self._line(_call(event)))
        elif isinstance(event, CacheHit):
            self._calls.append(self._line(_hit(event)))
        elif not isinstance(event, (PairDone, CheckpointSaved)):  # the samples count them
            self._working = self._working or isinstance(event, (RunStarted, RepairStarted))
            now = moment().isoformat(timespec="milliseconds")
            said = {name: getattr(event, name) for name in _FIELDS[type(event)]}
            self._events.append(self._line({"event": type(event).__name__, "time": now, **said}))

    async def flush(self) -> None:
        """Append what has come in since the last flush. A process that finds nothing to do writes nothing."""
        if not self._working:
            return
        if any(self._pending.values()):
            with suppress(DiskError):
                await self._disk.call(self._write)

    def _write(self) -> None:
        """Write the lines on the disk's thread while the loop appends more, which a deque allows."""
        for path, pending in self._pending.items():
            lines = [pending.popleft() for _ in range(len(pending))]
            if lines:
                end = b"" if path in self._written else self._end_of_torn_line(path)
                self._written.discard(path)  # a full disk may take half a line
                fd = self._disk.open_append(path)
                try:
                    self._disk.write(fd, b"".join([end, *lines]), path)
                    self._written.add(path)
                finally:
                    self._disk.close_descriptor(fd)

    def _line(self, fields: dict[str, Any]) -> bytes:
        return dumps(fields, default=self._wording, option=orjson.OPT_APPEND_NEWLINE)

    def _end_of_torn_line(self, path: Path) -> bytes:
        """The bytes before the first line of this process: a crash may have left half a line."""
        size = self._disk.size(path)
        return b"" if not size or self._disk.read(path, size - 1, 1) == b"\n" else b"\n"


def moment() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def _call(event: CallEnded) -> dict[str, Any]:
    """The line of a call, `time` (when it was sent) in seconds since the epoch. By hand: `fields` is slower."""
    return {
        "time": round(time.time() - event.took, 3),
        "index": event.index,
        "step": event.step,
        "request": event.request,
        "attempt": event.attempt,
        "outcome": event.outcome,
        "status": event.status,
        "request_id": event.request_id,
        "started": round(event.started, 4),
        "waited": round(event.waited, 4),
        "took": round(event.took, 4),
        "usage": event.usage,
        **({"endpoint": event.endpoint} if event.endpoint else {}),
        **({"batch": event.batch} if event.batch else {}),
        **({"removed": event.removed} if event.removed else {}),
        **_refusal(event),
    }


def _hit(event: CacheHit) -> dict[str, Any]:
    """The line of an answer from the cache: like that of a call, but nothing was sent."""
    return {
        "time": round(time.time(), 3),
        "index": event.index,
        "step": event.step,
        "request": event.request,
        "attempt": 0,
        "outcome": CACHED,
        "status": None,
        "request_id": None,
        "started": round(event.started, 4),
        "waited": 0.0,
        "took": 0.0,
        "usage": event.usage,
    }


def _refusal(event: CallEnded) -> dict[str, str]:
    said = {"code": event.code, "param": event.param, "sentence": event.sentence}
    return {name: text for name, text in said.items() if text is not None}
