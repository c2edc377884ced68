"""Lines of events as a run writes them, at seconds of one evening."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from asyncgen.events import Sample

EVENING = datetime(2026, 11, 22, 21, 0, tzinfo=UTC).timestamp()


def line(second: float, event: str, **fields: Any) -> bytes:
    """A line of an event."""
    time = datetime.fromtimestamp(EVENING + second, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"event": event, "time": time, **fields}, separators=(",", ":")).encode() + b"\n"


def sampled(second: float, sample: Sample) -> bytes:
    """A line of a sample."""
    return line(second, "Sample", **asdict(sample))


def started(second: float, pid: int = 1, first: int = 0, **settings: Any) -> bytes:
    """The lines with which a process begins."""
    process = line(second, "ProcessStarted", version="0.1.0", pid=pid, command="asyncgen run …", settings=settings)
    return process + line(second, "RunStarted", first=first, total=100, resumed=first > 0)


def ended(second: float, exit_code: int = 0, reason: str = "") -> bytes:
    """The line with which it ends."""
    return line(second, "ProcessEnded", exit_code=exit_code, reason=reason)


def paused(second: float, seconds: float) -> bytes:
    """The server asks to wait."""
    return line(second, "Paused", seconds=seconds, kind="rate_limit")
