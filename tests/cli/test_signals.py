"""Signals that end a run."""

import asyncio
import os
import signal

import pytest

from asyncgen.cli.execution import TWIN, handle_signals
from asyncgen.errors import AsyncgenError


def test_a_signal_that_is_sent_twice_at_once_stops_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """`timeout` signals the process and then its group; the user who asks again later leaves at once."""
    left: list[int] = []
    stops: list[AsyncgenError] = []
    monkeypatch.setattr(os, "_exit", left.append)

    async def passes() -> None:
        for _ in range(20):  # of the loop, which hears of a signal by a pipe
            await asyncio.sleep(0)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: now)
        handle_signals(stops.append)
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        await passes()
        assert len(stops) == 1
        now += 2 * TWIN
        signal.raise_signal(signal.SIGINT)
        await passes()

    asyncio.run(main())
    assert left == [130]
    assert {str(stop) for stop in stops} == {"interrupted; everything paid is saved"}
