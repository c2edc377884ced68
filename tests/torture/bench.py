"""What all attacks share: servers, zygotes, the input, the golden files, prepared directories."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Self

from . import tree
from .points import Point, injecting, listed, watching
from .program import Ended, Tracer, Zygote, start_cold
from .scenarios import CONCURRENCY, PAIRS, Before, Scenario, command, write_pairs
from .servers import Servers

WORKERS = 2


class Bench:
    """Used by several threads at once, as many as `WORKERS`.

    Args:
        directory: for everything; its path must have no symbolic link in it, as `strace` looks at paths.
    """

    def __init__(self, directory: Path) -> None:
        self.servers = Servers()
        self.golden: dict[str, bytes] = {}
        self._directory = directory
        self._input = write_pairs(directory / "pairs.jsonl", PAIRS)
        self._numbers = count()
        self._zygotes: SimpleQueue[Zygote] = SimpleQueue()
        self._preparing = Lock()
        self._prepared: dict[str, tuple[Path, Counter[int]]] = {}
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.servers)
            for _ in range(WORKERS):
                self._zygotes.put(stack.enter_context(Zygote(self.new_path())))
            self.golden = self.make_golden(self._input)
            self._exits = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def new_path(self) -> Path:
        """A path where nothing is yet."""
        return self._directory / str(next(self._numbers))

    def make_golden(self, source: Path) -> dict[str, bytes]:
        """The outputs of a run that nothing happens to, started cold, with one call in flight."""
        target, log = self.new_path(), self.new_path()
        with self.servers.serve(latency=0.0) as served:
            words = command(source, target, served.base_url, "--concurrency", "1")
            assert start_cold(words, log).wait(60) == 0, log.read_text()
        return tree.outputs(target)

    def run(
        self,
        target: Path,
        *more: str,
        source: Path | None = None,
        failing: bool = False,
        tracer: Tracer | None = None,
    ) -> tuple[Ended, Counter[int], int]:
        """Run a job on a server of its own: how it ended, what was answered, the number of requests."""
        words = ("--concurrency", str(CONCURRENCY), "--save-every", "1", *more)
        with self._zygote() as zygote, self.servers.serve(failing=failing) as served:
            ended = zygote.run(command(source or self._input, target, served.base_url, *words), tracer)
        # Only now: what a killed run had sent may have been read by the server afterwards.
        return ended, served.answers, served.requests

    def hit(
        self, target: Path, point: Point, *more: str, failing: bool = False
    ) -> tuple[Ended, Counter[int], str]:
        """Run a job and hit it at a point: how it ended, what was answered, the trace."""
        log = self.new_path()
        ended, answers, _ = self.run(
            target, *more, failing=failing, tracer=lambda pid: injecting(pid, log, target, point)
        )
        return ended, answers, log.read_text(errors="replace")

    def points(self, scenario: Scenario) -> list[Point]:
        """All points of a scenario, from a run that nothing happens to."""
        target, log = self.copy(scenario), self.new_path()
        ended, _, _ = self.run(target, failing=scenario.failing, tracer=lambda pid: watching(pid, log))
        assert ended.code == scenario.code, ended
        return listed(log.read_text(errors="replace"), target)

    def copy(self, scenario: Scenario) -> Path:
        """A directory for the run that is attacked."""
        source, target = self._before(scenario)[0], self.new_path()
        if source.exists():
            shutil.copytree(source, target)
        return target

    def answered_before(self, scenario: Scenario) -> Counter[int]:
        """What was answered to the run before the one that is attacked."""
        return self._before(scenario)[1]

    def _before(self, scenario: Scenario) -> tuple[Path, Counter[int]]:
        with self._preparing:
            if scenario.name not in self._prepared:
                self._prepared[scenario.name] = self._prepare(scenario.before)
            return self._prepared[scenario.name]

    def _prepare(self, before: Before | None) -> tuple[Path, Counter[int]]:
        target = self.new_path()
        if before is None:
            return target, Counter()
        more = ("--num-pairs", str(before.pairs))
        if before.killed_at is None:
            ended, answers, _ = self.run(target, *more, failing=before.failing)
        else:
            ended, answers, _ = self.hit(target, before.killed_at, *more, failing=before.failing)
        assert ended.code == before.code, ended
        return target, answers

    @contextmanager
    def _zygote(self) -> Iterator[Zygote]:
        zygote = self._zygotes.get()
        try:
            yield zygote
        finally:
            self._zygotes.put(zygote)
