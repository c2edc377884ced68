"""What a run leaves for status, report and questions asked later: `events.jsonl` and `calls.jsonl`.

Observability must never end a run: what cannot be written is dropped.
"""

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from asyncgen.checkpoint import timestamp
from asyncgen.disk import Disk
from asyncgen.errors import DiskError
from asyncgen.progress import CallEnded, Event, PairDone

EVENTS = "events.jsonl"
CALLS = "calls.jsonl"


class Telemetry:
    """An observer that keeps lines in memory until `flush`."""

    def __init__(self, disk: Disk, state_directory: Path) -> None:
        self._disk = disk
        self._state_directory = state_directory
        self._pending: dict[str, list[bytes]] = {EVENTS: [], CALLS: []}

    def observe(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, PairDone):
            return  # the samples count them
        fields: dict[str, Any] = asdict(event)
        if isinstance(event, CallEnded):
            for name in ("started", "waited", "took"):
                fields[name] = round(fields[name], 4)
            self._pending[CALLS].append(_line(fields))
        else:
            self._pending[EVENTS].append(_line({"event": type(event).__name__, "time": timestamp(), **fields}))

    async def flush(self) -> None:
        """Append what has come in since the last flush."""
        pending, self._pending = self._pending, {EVENTS: [], CALLS: []}
        if any(pending.values()):
            with suppress(DiskError):
                await self._disk.call(lambda: self._write(pending))

    def _write(self, pending: dict[str, list[bytes]]) -> None:
        for name, lines in pending.items():
            if lines:
                path = self._state_directory / name
                fd = self._disk.open_append(path)
                try:
                    self._disk.write(fd, b"".join(lines), path)
                finally:
                    self._disk.close_descriptor(fd)


def _line(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields, default=str, option=orjson.OPT_APPEND_NEWLINE)
