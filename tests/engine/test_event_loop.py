"""The event loop of the commands, the fast one where the machine lets it be, and of programs that call them."""

import asyncio
import gc
import math
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncgen.engine import event_loop
from asyncgen.engine.event_loop import COLLECT_AFTER, can_start, may_start, run_loop


async def kind() -> str:
    """Of the loop that runs."""
    return type(asyncio.get_running_loop()).__module__


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few processes are allowed, and no thread can be started: its stack would be larger than any memory."""
    monkeypatch.setattr(event_loop, "may_start", lambda: 100)
    usual = threading.stack_size(1 << 46)
    yield
    threading.stack_size(usual)


def test_uvloop_is_used_where_it_is() -> None:
    """It is faster."""
    pytest.importorskip("uvloop")
    assert run_loop(kind()) == "uvloop"


@pytest.mark.usefixtures("no_thread")
def test_where_threads_lack_the_loop_is_one_that_raises() -> None:
    """Uvloop's library ends the process with SIGABRT at the first look-up of a name."""
    assert run_loop(kind()).startswith("asyncio.")


def test_the_least_limit_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That of the user, or that of the container."""
    of_user = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (of_user, of_user))
    limits = tmp_path / "v2", tmp_path / "v1"
    monkeypatch.setattr(event_loop, "_LIMITS", limits)
    limits[0].write_text("max\n")
    assert may_start() == math.inf
    limits[1].write_text("50\n")
    assert may_start() == 50
    of_user = 6
    assert may_start() == 6


def test_the_threads_that_were_tried_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that could be started too, where the next one could not."""
    before = threading.active_count()
    assert can_start(3)
    start = threading.Thread.start

    def starts_two(thread: threading.Thread) -> None:
        if threading.active_count() == before + 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starts_two)
    assert not can_start(3)
    assert threading.active_count() == before


def test_a_program_has_its_own_thresholds_of_the_collector_back() -> None:
    """They are those of the whole process."""
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)

    async def during() -> tuple[int, int, int]:
        return gc.get_threshold()

    try:
        assert run_loop(during()) == COLLECT_AFTER
        assert gc.get_threshold() == (701, 11, 12)
    finally:
        gc.set_threshold(*before)
