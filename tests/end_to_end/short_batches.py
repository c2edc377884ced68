"""The command with batches that are looked at often and searched for briefly: a program for tests.

The environment may say where it kills itself: KILL_AT="before 3" or "after 3" (a request for files or batches,
counted from 1), or "journal 3" (when the third line about batches is written).
"""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from asyncgen.cli.main import main
from asyncgen.client.batch_http import HttpBatchServer
from asyncgen.engine.batch.delivery import BatchTiming
from asyncgen.storage.segment_writer import SegmentWriter

WHEN, _, NUMBER = os.environ.get("KILL_AT", "never 0").partition(" ")
_asked, _append = HttpBatchServer._asked, SegmentWriter.append
_requests, _lines = count(1), count(1)


def _kill(when: str, number: int) -> None:
    if (when, number) == (WHEN, int(NUMBER)):
        os.kill(os.getpid(), signal.SIGKILL)


@asynccontextmanager
async def _asked_and_killed(self: HttpBatchServer, *args: Any, **options: Any) -> AsyncGenerator[Any, None]:
    number = next(_requests)
    _kill("before", number)
    async with _asked(self, *args, **options) as response:
        _kill("after", number)
        yield response


def _append_and_killed(self: SegmentWriter, line: bytes) -> Any:
    place = _append(self, line)
    if b'{"kind":"batch' in line:
        _kill("journal", next(_lines))
    return place


BatchTiming.__init__.__defaults__ = (0.05, 0.2, 1.0)  # first look, longest, search; runs use the defaults
HttpBatchServer._asked = _asked_and_killed  # type: ignore[method-assign]
SegmentWriter.append = _append_and_killed  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
