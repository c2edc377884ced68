"""A process at work in an output directory: when it holds the lock, and what it tells."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.engine.session import RunSession, Summary
from asyncgen.errors import AsyncgenError, BadDataError, Exit, TryLaterError
from asyncgen.events import Event, ProcessEnded, ProcessStarted, Sample
from asyncgen.storage.checkpoint import RunState, save_checkpoint
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

STATE = RunState(9, 100, "chain", {}, {"total_pairs": 10}, failed_pairs=2)


def sample_of(calls: int) -> Sample:
    """A sample of so many calls, three tokens each."""
    told = dict.fromkeys(
        ("done", "failed", "total", "in_flight", "concurrency", "waiting", "refused", "retried"), 0
    )
    tokens = {"prompt_tokens": calls, "completion_tokens": 2 * calls, "tokens": 3 * calls}
    return Sample(calls=calls, waiting_on=None, oldest=None, cost=None, **told, **tokens)


class Told:
    """A session whose events are kept; what it checks and works on is said by the test."""

    def __init__(self, directory: RunDirectory) -> None:
        self.directory = directory
        self.events: list[Event] = []
        self.locked: list[bool] = []
        self.session = RunSession(directory, [self.events.append, self._look], "command", {"model": "m"})

    def _look(self, event: Event) -> None:
        if isinstance(event, ProcessEnded):
            self.locked.append(self.directory.locked())

    async def carry_out(self, checks: Callable[[bool], None], works: Callable[[], RunState]) -> Summary:
        """Check and work."""

        async def check(begun: bool) -> str:
            checks(begun)
            return "checked"

        async def work(checked: str) -> tuple[RunState, bool]:
            assert checked == "checked"
            assert self.directory.locked()
            return works(), True

        return await self.session.carry_out(check, work)

    @property
    def ends(self) -> list[tuple[int, str]]:
        """How it has ended; told once for each begin."""
        begins = [event for event in self.events if isinstance(event, ProcessStarted)]
        ends = [event for event in self.events if isinstance(event, ProcessEnded)]
        assert len(begins) == len(ends)
        return [(event.exit_code, str(event.reason)) for event in ends]


@pytest.fixture
def told(disk: Disk, tmp_path: Path) -> Told:
    """A session in a directory that is not there yet."""
    return Told(RunDirectory(disk, tmp_path / "out"))


def never() -> RunState:
    """What must not be worked on."""
    pytest.fail("it works")


async def test_a_fresh_directory_is_made_after_the_check_and_a_begun_one_locked_before(told: Told) -> None:
    """The end is told of under the lock, which is free afterwards."""
    seen: list[tuple[bool, bool]] = []
    for _ in range(2):
        await told.carry_out(lambda begun: seen.append((begun, told.directory.locked())), lambda: STATE)
        assert not told.directory.locked()
    assert seen == [(False, False), (True, True)]
    assert told.locked == [True, True]
    assert told.ends == [(Exit.SOME_FAILED, "")] * 2


async def test_the_last_sample_says_what_the_process_has_used(told: Told) -> None:
    """Its calls and tokens; a process that took no sample has used nothing."""

    def works() -> RunState:
        for calls in (1, 4):
            told.session.observe(sample_of(calls))
        return STATE

    idle = await told.carry_out(lambda _: None, lambda: STATE)
    busy = await told.carry_out(lambda _: None, works)
    assert (idle.calls, idle.refused, idle.tokens) == (0, 0, 0)
    assert (busy.calls, busy.refused, busy.tokens) == (4, 0, 12)
    assert (busy.stats, busy.failed_pairs, busy.already_complete) == (STATE.stats, 2, False)


async def test_bad_input_leaves_no_directory(told: Told) -> None:
    """But it is told of."""

    def refuse(_begun: bool) -> None:
        raise BadDataError("no pair")

    with pytest.raises(BadDataError):
        await told.carry_out(refuse, never)
    assert told.ends == [(Exit.BAD_DATA, "no pair")]
    assert not told.directory.path.exists()


async def test_who_was_overtaken_while_checking_gives_way(told: Told) -> None:
    """Its check knew nothing of what is in the directory now."""

    def overtake(_begun: bool) -> None:
        told.directory.make()
        save_checkpoint(told.directory, STATE)

    with pytest.raises(TryLaterError, match="another run has just begun"):
        await told.carry_out(overtake, never)
    assert [code for code, _ in told.ends] == [Exit.TRY_LATER]
    assert not told.directory.locked()


async def test_a_directory_in_use_is_refused_with_the_process_that_uses_it(told: Told) -> None:
    """Nothing is checked or written, and the other one keeps the lock."""
    told.directory.make()
    with told.directory.lock():
        with pytest.raises(TryLaterError, match=f"process {os.getpid()}"):
            await told.carry_out(lambda _: pytest.fail("it checks"), never)
        assert told.directory.locked()
    assert [code for code, _ in told.ends] == [Exit.TRY_LATER]
    assert told.directory.disk.list_directory(told.directory.state_directory) == ["lock"]


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (AsyncgenError("stopped"), (AsyncgenError.exit_code, "stopped")),
        (ValueError("a note"), (Exit.BUG, "ValueError")),
    ],
)
async def test_an_error_ends_it_and_frees_the_lock(told: Told, error: Exception, end: tuple[int, str]) -> None:
    """Of one that is a bug only the kind is told: its text may be that of a note."""

    def fail() -> RunState:
        raise error

    with pytest.raises(type(error)):
        await told.carry_out(lambda _: None, fail)
    assert told.ends == [end]
    assert told.locked == [True]
    assert not told.directory.locked()
