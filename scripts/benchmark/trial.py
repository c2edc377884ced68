"""One run of one contestant against a server of its own."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.calls import Job
from benchmark.environments import Unavailable
from benchmark.measure import Taken, take
from benchmark.outcome import Rows, judge
from benchmark.registry import Contestant, environment
from benchmark.server import Statistics
from benchmark.serving import Mode, Served, serving

ASK_EVERY = 0.5  # seconds: whoever asks takes some of a core that a contestant may need


@dataclass(frozen=True, slots=True)
class Trial:
    """A run: of how many calls, what it took, what the server saw, what is in the result (None: none is kept)."""

    calls: int
    in_flight: int
    taken: Taken
    seen: Statistics
    rows: Rows | None

    @property
    def span(self) -> float:
        """Seconds from the first call to the last answer."""
        return self.seen.last - self.seen.first

    @property
    def rate(self) -> float:
        """Answered calls a second."""
        return self.seen.answered / self.span

    @property
    def paid_twice(self) -> int:
        """Calls sent again beyond those in flight, of which no client can know whether they were paid."""
        return max(0, self.seen.repeated - self.in_flight)

    @property
    def server_load(self) -> float:
        """The share of a core that the server used."""
        return self.seen.cpu / self.span

    @property
    def flaw(self) -> str:
        """What is wrong with it; empty when every row is there."""
        if self.taken.ended not in {"", "idle"}:
            return f"{self.taken.ended}, {self.seen.answered} of {self.calls} calls answered"
        if self.rows is not None and self.rows.lost:
            return f"{self.rows.lost} of {self.rows.wanted} rows missing (exit code {self.taken.code})"
        return ""


def run(
    contestant: Contestant, material: Path, number: int, mode: Mode, *, in_flight: int, limit: float = 90.0
) -> Trial:
    """Run a contestant on so many pairs.

    Raises:
        Unavailable: it cannot be run here, or it made no call at all.
    """
    with _arena(contestant, material, number, mode, in_flight) as (job, served):
        taken = take(
            contestant.command(job),
            environment(),
            job.output.parent,
            limit=limit,
            done=_now_and_then(lambda: _all_answered(served, number * contestant.calls)),
        )
        return _trial(contestant, job, taken, served)


def run_killed(
    contestant: Contestant, material: Path, number: int, mode: Mode, *, in_flight: int, limit: float = 90.0
) -> Trial:
    """Run a contestant, kill it when half of the calls are answered, run it again: both as one trial."""
    with _arena(contestant, material, number, mode, in_flight) as (job, served):
        command, half = contestant.command(job), number * contestant.calls // 2
        first = take(
            command,
            environment(),
            job.output.parent,
            limit=limit,
            killed_when=lambda: served.statistics().answered >= half,
        )
        if first.ended != "killed":
            raise Unavailable(f"it ended before it was killed ({first.ended or f'exit code {first.code}'})")
        answered = served.statistics().answered
        taken = take(
            command,
            environment(),
            job.output.parent,
            limit=limit,
            # The second run may have nothing left to ask: only then is there no more than before.
            done=_now_and_then(lambda: _all_answered(served, max(answered, number * contestant.calls))),
        )
        return _trial(contestant, job, taken, served)


def _trial(contestant: Contestant, job: Job, taken: Taken, served: Served) -> Trial:
    seen = served.statistics()
    if not seen.answered:
        lines = (job.output.parent / "output.log").read_text("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
        raise Unavailable(f"no call was answered; exit code {taken.code}: {last[:160]}")
    rows = None
    if contestant.results is not None:
        try:
            rows = judge([pair["note_id"] for pair in job.pairs_read()], list(contestant.results(job.output)))
        except ValueError as error:
            raise Unavailable(f"its result cannot be read: {error}") from error
    return Trial(job.number * contestant.calls, job.in_flight, taken, seen, rows)


@contextmanager
def _arena(
    contestant: Contestant, material: Path, number: int, mode: Mode, in_flight: int
) -> Iterator[tuple[Job, Served]]:
    with tempfile.TemporaryDirectory() as directory, serving(mode) as served:
        output = Path(directory, "out")
        output.mkdir(mode=0o700)
        base_url = served.base_url(by_another_name=contestant.by_another_name)
        if contestant.plain_url:
            base_url = base_url.removesuffix("/v1")
        yield Job(material, number, output, base_url, in_flight, mode.rpm), served


def _all_answered(served: Served, calls: int) -> bool:
    seen = served.statistics()
    return seen.answered >= calls and not seen.in_flight


def _now_and_then(question: Callable[[], bool]) -> Callable[[], bool]:
    """The question, asked no more than a few times a second, and not after a yes."""
    asked, answer = 0.0, False

    def ask() -> bool:
        nonlocal asked, answer
        if not answer and time.monotonic() - asked > ASK_EVERY:
            asked, answer = time.monotonic(), question()
        return answer

    return ask
