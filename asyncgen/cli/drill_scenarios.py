"""The scenarios of `drill`: each predicts how a run survives a failure, and checks it.

A scenario is a run (or two) against a simulator in this process. What the simulator grants is known, so every
prediction is a number.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asyncgen.cli.hints import explanation
from asyncgen.cli.rehearsal import Rehearsal, rehearse
from asyncgen.cli.setting_names import in_flags
from asyncgen.config import RunConfig
from asyncgen.errors import Exit
from asyncgen.events import WAITED_FOR
from asyncgen.recipes import build
from asyncgen.recipes.repeated_rows import write_rows
from asyncgen.simulator import Faults, Latency, Limits, Profile, Simulator, Storm

RATE = 100.0  # requests a second granted in limited scenarios
LIMITS = Limits(rpm=int(60 * RATE), burst_s=1.0)
LATENCY = Latency(median_s=0.2)
QUICK = Latency(median_s=0.05)
WARM_UP = 3.0  # seconds until a run has found the limit
RETRY_AFTER = 1.0  # seconds that the refusals of a storm ask for
DEADLINE = 3.0  # seconds of an attempt when sockets hang: a busy machine may stand still for one of them
FAILING = 0.3  # of the attempts: enough for calls that fail several times in a row

# The predictions, as shares; a busy machine costs some of the first.
STEADY_USED, STEADY_REFUSED = 0.97, 0.005
SHARED_USED, SHARED_REFUSED = 0.93, 0.02  # lower and higher: the other client heeds no refusal
STORM_WASTED, STORM_RECOVERED, STORM_SECONDS = 0.02, 0.95, 3.0  # calls of those before, of the rate, after it
ATTEMPTS_SCATTER = 0.15  # relative deviation that chance allows in so few calls


@dataclass(frozen=True, slots=True)
class DrillVerdict:
    """The result of a scenario in words, and whether it was predicted."""

    actual: str
    passed: bool


class UnansweredError(Exception):
    """No call of a run was answered, so there is nothing to compare with the prediction; the text says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The setting of a scenario: a run of the user's files in its own directory; `long` ones last a minute."""

    config: RunConfig
    directory: Path
    long: bool

    def job(self, simulator: Simulator, pairs: int, output: str = "out", **changes: Any) -> RunConfig:
        """A run over so many rows, made from the user's."""
        target = self.directory / f"pairs-{pairs}.jsonl"
        if not target.exists():
            write_rows(self.config.input_jsonl, build(self.config), pairs, target)
        served = self.config.with_endpoints(base_url=simulator.base_url)
        return replace(served, input_jsonl=target, output_dir=self.directory / output, **changes)

    def output(self, output: str = "out") -> bytes:
        """The bytes of all files of a run."""
        names = [file.name for file in build(self.config).outputs]
        return b"".join((self.directory / output / name).read_bytes() for name in names)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name, the prediction, and the play."""

    name: str
    predicted: str
    play: Callable[[Stage], Awaitable[DrillVerdict]]

    async def verdict(self, stage: Stage) -> DrillVerdict:
        """Play it; without an answered call it fails, whatever was predicted."""
        try:
            return await self.play(stage)
        except UnansweredError as error:
            return DrillVerdict(str(error), passed=False)


async def steady(stage: Stage) -> DrillVerdict:
    """A limit enforced by the second."""
    seconds = 60.0 if stage.long else 12.0
    async with Simulator(Profile(latency=LATENCY, limits=LIMITS)) as simulator:
        done = await rehearse(stage.job(simulator, _enough(seconds)), seconds)
    _check_answered(done)
    used = done.within(WARM_UP, done.lasted).answered / (RATE * (done.lasted - WARM_UP))
    refused = done.refused / len(done.calls)
    return DrillVerdict(
        f"{used:.1%} used, {refused:.2%} refused", used >= STEADY_USED and refused <= STEADY_REFUSED
    )


async def shared_key(stage: Stage) -> DrillVerdict:
    """Another client with the same key uses half of the limit for a while, regardless of refusals."""
    seconds, start, end = (60.0, 20.0, 40.0) if stage.long else (15.0, 5.0, 11.0)
    async with Simulator(Profile(latency=LATENCY, limits=LIMITS)) as simulator:
        loop = asyncio.get_running_loop()
        greedy = asyncio.create_task(_greedy(simulator, loop.time() + start, loop.time() + end))
        done = await rehearse(stage.job(simulator, _enough(seconds)), seconds)
        offset, taken = await greedy
    _check_answered(done)
    shift = offset - done.began
    both = done.within(shift + 2, shift + end - start)
    used = (both.answered + taken * (1 - 2 / (end - start))) / (RATE * (end - start - 2))
    refused = both.refused / max(1, len(both.calls))
    return DrillVerdict(
        f"{used:.1%} used by both, {refused:.2%} refused", used >= SHARED_USED and refused <= SHARED_REFUSED
    )


async def storm(stage: Stage) -> DrillVerdict:
    """Everything is refused for a while."""
    start, length = 4.0, 60.0 if stage.long else 8.0
    seconds = start + length + 6.0
    profile = Profile(
        latency=LATENCY,
        limits=LIMITS,
        storm=Storm(start_s=start, duration_s=length, retry_after_s=RETRY_AFTER),
    )
    async with Simulator(profile) as simulator:
        done = await rehearse(stage.job(simulator, _enough(seconds)), seconds)
    _check_answered(done)
    before = min(RATE, done.within(start - 2, start).answered / 2)  # a burst of the first seconds does not count
    wasted = done.within(start, start + length).refused
    allowed = _in_flight(done, start) + STORM_WASTED * before * length
    back = _recovered(done, start + length, STORM_RECOVERED * before)
    failed = sum(call.outcome not in {"ok", "rate_limit"} for call in done.calls)
    return DrillVerdict(
        f"{wasted} wasted (allowed {allowed:.0f}), back in {back:.1f} s",
        wasted <= allowed and back <= STORM_SECONDS + RETRY_AFTER and not failed,
    )


async def errors(stage: Stage) -> DrillVerdict:
    """Three attempts in ten fail at the server."""
    pairs = 1000 if stage.long else 150
    async with Simulator(Profile(latency=QUICK, faults=Faults(server_error=FAILING))) as simulator:
        done = await rehearse(stage.job(simulator, pairs, max_attempts=12))
        again = simulator.counts.answered_again
    _check_answered(done)
    failed = _failed(done)
    share = (1 - FAILING) * len(done.calls) / done.answered
    return DrillVerdict(
        f"{failed} pairs failed, {len(done.calls) / done.answered:.2f} attempts a call, {again} paid twice",
        failed == 0 and again == 0 and abs(share - 1) < ATTEMPTS_SCATTER,
    )


async def hung_sockets(stage: Stage) -> DrillVerdict:
    """Some connections never answer."""
    pairs = 1000 if stage.long else 150
    async with Simulator(Profile(latency=QUICK, faults=Faults(hang=0.05))) as simulator:
        done = await rehearse(stage.job(simulator, pairs, timeout=DEADLINE, max_attempts=12))
        again = simulator.counts.answered_again
    _check_answered(done)
    failed, longest = _failed(done), max(call.took for call in done.calls)
    hung = sum(call.outcome == "timeout" for call in done.calls)
    return DrillVerdict(
        f"{hung} hung, the longest {longest:.1f} s; {failed} pairs failed, {again} paid twice",
        hung > 0 and longest < 2 * DEADLINE and failed == 0 and again == 0,
    )


async def quota(stage: Stage) -> DrillVerdict:
    """The credit ends in the middle, and is renewed later."""
    pairs = 1000 if stage.long else 100
    async with Simulator(Profile(latency=QUICK, faults=Faults(quota_after=pairs))) as simulator:
        first = await rehearse(stage.job(simulator, pairs))
    _check_answered(first)
    code = None if first.reason is None else first.reason.exit_code
    async with Simulator(Profile(latency=QUICK)) as simulator:
        second = await rehearse(stage.job(simulator, pairs))
        same = await _undisturbed(stage, simulator, pairs, second)
    twice = first.answered + second.answered - _calls(stage, pairs)
    return DrillVerdict(
        f"exit {'?' if code is None else int(code)}, resumed, {twice} paid twice, {_bytes(same=same)}",
        code == Exit.KEY_OR_QUOTA and _failed(second) == 0 and twice == 0 and same,
    )


async def restart(stage: Stage) -> DrillVerdict:
    """The run is stopped in the middle of a storm, and restarted before that is over."""
    length = 60.0 if stage.long else 6.0
    pairs = 150
    refusals = Storm(start_s=0.5, duration_s=length, retry_after_s=RETRY_AFTER)
    async with Simulator(Profile(latency=QUICK, limits=LIMITS, storm=refusals)) as simulator:
        first = await rehearse(stage.job(simulator, pairs), length / 2)
        second = await rehearse(stage.job(simulator, pairs))
    _check_answered(second)
    async with Simulator(Profile(latency=QUICK)) as simulator:
        same = await _undisturbed(stage, simulator, pairs, second)
    twice = first.answered + second.answered - _calls(stage, pairs)
    failed, wasted = _failed(second), first.refused + second.refused
    return DrillVerdict(
        f"{wasted} wasted, {failed} pairs failed, {twice} paid twice, {_bytes(same=same)}",
        first.reason is not None and failed == 0 and twice == 0 and same,
    )


SCENARIOS = (
    Scenario("steady", f"≥ {STEADY_USED:.0%} used, ≤ {STEADY_REFUSED:.1%} refused", steady),
    Scenario("shared-key", f"≥ {SHARED_USED:.0%} used by both, ≤ {SHARED_REFUSED:.0%} refused", shared_key),
    Scenario("storm", f"few wasted, back in ≤ {STORM_SECONDS + RETRY_AFTER:.0f} s, no pair failed", storm),
    Scenario("errors", f"no pair failed, {1 / (1 - FAILING):.2f} attempts a call, none paid twice", errors),
    Scenario("hung-sockets", f"ended at the deadline of {DEADLINE:.0f} s, no pair failed", hung_sockets),
    Scenario("quota", "exit 77, resumed, none paid twice, same bytes", quota),
    Scenario("restart", "no pair failed, none paid twice, same bytes", restart),
)


def _enough(seconds: float) -> int:
    """More rows than a limited run processes in so many seconds."""
    return int(1.5 * RATE * seconds)


def _check_answered(done: Rehearsal) -> None:
    if not done.answered:
        raise UnansweredError(f"no call was answered: {_why_none(done)}")


def _why_none(done: Rehearsal) -> str:
    """The explanation of the most frequent failure of a call, else the reason of the run."""
    kinds = Counter(call.outcome for call in done.calls if call.outcome not in WAITED_FOR)
    for kind, _ in kinds.most_common(1):
        return next(filter(None, (explanation(call) for call in done.calls if call.outcome == kind)), kind)
    return "the run ended before" if done.reason is None else in_flags(done.reason)


def _failed(done: Rehearsal) -> int:
    """Rows that failed; all of them if the run did not reach its end."""
    return len(done.calls) if done.summary is None else done.summary.failed_pairs


def _calls(stage: Stage, pairs: int) -> int:
    return 3 * pairs if stage.config.add_reasoning else pairs


def _in_flight(done: Rehearsal, at: float) -> int:
    """Calls in flight so many seconds after the first."""
    moment = done.began + at
    return sum(call.started < moment < call.started + call.took for call in done.calls)


def _recovered(done: Rehearsal, start: float, rate: float) -> float:
    """Seconds from `start` to the beginning of the first whole second at this rate; infinite without one."""
    moment = done.began + start
    after = [call.started - moment for call in done.calls if call.outcome == "ok" and call.started >= moment]
    return next((at for at in sorted(after) if sum(at <= other < at + 1 for other in after) >= rate), float("inf"))


def _bytes(*, same: bool) -> str:
    return "same bytes" if same else "other bytes"


async def _undisturbed(stage: Stage, simulator: Simulator, pairs: int, resumed: Rehearsal) -> bool:
    """Whether an undisturbed run makes the same output as the resumed one; there is none before the end."""
    other = await rehearse(stage.job(simulator, pairs, "undisturbed"))
    ended = resumed.summary is not None and other.summary is not None
    return ended and stage.output() == stage.output("undisturbed")


async def _greedy(simulator: Simulator, start: float, end: float) -> tuple[float, int]:
    """Send half of the limit from `start` to `end` whatever comes back; returns its start and its answers."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(start - loop.time())
    began = loop.time()
    calls: list[asyncio.Task[bool]] = []
    while loop.time() < end:
        calls.append(asyncio.create_task(_post(simulator.base_url, len(calls))))
        await asyncio.sleep(max(0.0, began + len(calls) / (RATE / 2) - loop.time()))
    return began, sum(await asyncio.gather(*calls))


async def _post(base_url: str, number: int) -> bool:
    """One call on its own connection; returns whether it was answered."""
    host, port = base_url.removeprefix("http://").removesuffix("/v1").split(":")
    body = f'{{"model":"m","messages":[{{"role":"user","content":"greedy {number}"}}],"max_tokens":1}}'
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n{body}".encode())
        return b" 200 " in await reader.readline()
    finally:
        writer.close()
