"""The world around a run: its input, a network that answers by rule, a clock that jumps, and the golden bytes."""

import asyncio
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, Completion, Usage
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import DEFAULT_MODEL, EndpointConfig, RunConfig
from asyncgen.engine import session
from asyncgen.engine import single_run as pipeline
from asyncgen.engine.batch import batch_rounds as rounds
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.errors import Interrupted
from asyncgen.quality.flaws import DirectoryFlaws
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.storage import checkpoint, event_log, resume
from asyncgen.storage.input_file import FileIdentity
from tests.jumping_loop import JumpingLoop

from .batch_server import NOTHING, ModelBatchServer, Remote
from .model_disk import Crash, ModelDisk
from .model_store import Store

OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
ROOT = "/model"
"""The root of the model disk; the output directory is made below it."""
DIRECTORY = Path(ROOT, "out")
_PATH_LENGTH = 200
TOKENS = 7
"""What every answer costs, usable or not."""
OF_THE_NOTE, OF_THE_ANSWER, KEY = "kanarienvogel", "palabra", "sk-papagei"
"""What only the notes, only the answers and only the requests have in them."""

Call = tuple[int, str]
_ANSWER = re.compile(rb"answer-(\d+)-([a-z_]+)")
PROMPTS = {
    "correct_paraphrase_system": "Paraphrase.",
    "correct_paraphrase_user": "{note}",
    "reasoning_system": "Explain.",
    "reasoning_user": "{incorrect_note}",
}


def answers_in(data: bytes) -> frozenset[Call]:
    """The answers of the network that are in some bytes."""
    return frozenset((int(index), step.decode()) for index, step in _ANSWER.findall(data))


# The network


class NetworkDisk:
    """Takes the notes of a network when the disk is a real one."""

    def note(self, *note: Any) -> None:
        """Forget it."""


@dataclass
class Network:
    """Answers every call by its name; `failing` calls never get a usable answer, `flaky` ones not at once.

    It does not say what the answers to the pairs in `silent` cost.

    `asked` holds the calls of the present run in the order in which they went out.
    """

    failing: frozenset[Call] = frozenset()
    flaky: frozenset[Call] = frozenset()
    silent: frozenset[int] = frozenset()
    asked: list[Call] = field(default_factory=list)
    disk: "ModelDisk | NetworkDisk | None" = None

    def answer(self, call: Call, *, json_object: bool, seed: int = 0) -> Completion | Failure:
        """The answer to a call; another one for another seed."""
        assert self.disk is not None
        usage = Usage(3, 4, TOKENS)
        if call in self.failing or call in self.flaky:
            self.flaky -= {call}
            self.disk.note("refused", call)
            return Failure("empty_answer", Action.ASK_AGAIN, 200, usage=usage)
        self.disk.note("answered", call)
        return self.completion(call, json_object=json_object, seed=seed)

    def completion(self, call: Call, *, json_object: bool, seed: int = 0) -> Completion:
        """The usable answer to a call."""
        usage = NO_USAGE if call[0] in self.silent else Usage(3, 4, TOKENS)
        text = (
            f"answer-{call[0]}-{call[1]} " + f"{OF_THE_ANSWER} " * (3 + call[0] % 4) + f"seed {seed} " * bool(seed)
        )
        return Completion(orjson.dumps({"why": text}).decode() if json_object else text, usage, "m")

    async def script(self, request: Prepared) -> Completion | Failure:
        """The answer to a request, as a `ScriptedWire` asks for it."""
        call = self.call_of(request)
        self.sent(call)
        await asyncio.sleep(0.05 + int(request.hash[:2], 16) / 300)
        return self.answered(call, request)

    def call_of(self, request: Prepared) -> Call:
        """The call that a request is."""
        found = re.search(rb"note (\d+) ", request.body)
        assert found is not None
        return int(found.group(1)), request.step

    def sent(self, call: Call) -> None:
        """Note that a call went out."""
        assert self.disk is not None
        self.disk.note("asked", call)
        self.asked.append(call)

    def answered(self, call: Call, request: Prepared) -> Completion | Failure:
        """The answer to a call that has come to its end."""
        seed = orjson.loads(request.body).get("seed", 0)
        return self.answer(call, json_object=request.json_object, seed=seed)


# Runs


@dataclass(frozen=True, slots=True)
class Phase:
    """One command: how many pairs, with which calls failing, and what was special about it."""

    pairs: int
    failing: frozenset[Call] = frozenset()
    restart: bool = False
    remove_checkpoint: bool = False
    flaws: DirectoryFlaws | None = None
    """What a regeneration finds; None: a run."""
    batch: bool = False
    """Through batches."""
    loses_create: bool = False
    """The answer to the first create of a batch is lost."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its error, or the number of failed pairs; and what it asked."""

    error: BaseException | None
    failed_pairs: int
    asked: tuple[Call, ...]
    disk: ModelDisk
    remote: Remote = NOTHING


def _of_one_length(directory: Path) -> Path:
    """A new directory in another one, with a path of always the same length.

    Paths stand in what a run writes, and so decide where a power loss tears it: a seed means the same anywhere.
    """
    below = directory / "_".ljust(_PATH_LENGTH - len(str(directory)) - 1, "_")
    below.mkdir()
    return below


class World:
    """Input, prompts and golden bytes, in a real directory; runs that happen on model disks."""

    def __init__(
        self,
        directory: Path,
        *,
        pairs: int = 8,
        reasoning: bool = False,
        prompts: Mapping[str, str] = MappingProxyType(PROMPTS),
        silent: frozenset[int] = frozenset(),
        model: str = DEFAULT_MODEL,
        behind: str = "",
    ) -> None:
        self.reasoning = reasoning
        self.pairs = pairs
        self.silent = silent
        directory = _of_one_length(directory)
        self.input = directory / "pairs.jsonl"
        self.input.write_bytes(
            b"".join(
                orjson.dumps(
                    {
                        "note_id": f"n{i}",
                        "correct_note": f"note {i} right{behind}",
                        "incorrect_note": f"note {i} wrong{behind}",
                    },
                    option=orjson.OPT_APPEND_NEWLINE,
                )
                for i in range(pairs)
            )
        )
        self.recipe = MedecSafe(PromptFile(dict(prompts), directory / "prompts.json"), add_reasoning=reasoning)
        self.config = RunConfig(
            input_jsonl=self.input,
            output_dir=DIRECTORY,
            prompt_file=directory / "prompts.json",
            save_every=2,
            model=model,
            endpoints=(EndpointConfig(base_url="http://127.0.0.1:1/v1", api_key=KEY, concurrency=3),),
            batch_size=2,
        )
        ended = self.run(Store(ROOT), Phase(pairs))
        assert ended.error is None, ended.error
        files = ended.disk.store.files()
        self._lines = {name: files[f"out/{name}"].splitlines(keepends=True) for name in OUTPUTS}
        self._golden: dict[tuple[int, ...], dict[str, bytes]] = {}

    def golden(self, indexes: Iterable[int]) -> dict[str, bytes]:
        """What the outputs hold of some pairs."""
        places = tuple(indexes)
        if places not in self._golden:
            self._golden[places] = {
                output.name: b"".join(
                    b"".join(self._lines[output.name][i * output.lines : (i + 1) * output.lines]) for i in places
                )
                for output in self.recipe.outputs
            }
        return self._golden[places]

    def run(
        self,
        store: Store,
        phase: Phase,
        flaky: frozenset[Call] = frozenset(),
        remote: Remote = NOTHING,
        network: Network | None = None,
        stop_after: float | None = None,
        **faults: int | None,
    ) -> Ended:
        """Run a command on what is on a disk, which is changed; it is interrupted after so many seconds."""
        disk = ModelDisk(store, **faults)
        network = Network(phase.failing, flaky, self.silent) if network is None else network
        network.disk = disk
        server = ModelBatchServer(remote, network, disk, loses_first=phase.loses_create)
        config = _config(self.config, phase.pairs, phase.restart, phase.batch)
        random.seed(0)  # backoffs draw from it
        error: BaseException | None = None
        failed_pairs = 0
        with stubs():
            run = pipeline.Run(
                config,
                self.recipe,
                [],
                disk,
                open_wire=lambda _: ScriptedWire(network.script),
                batch_access=BatchAccess(lambda *_: server),
            )
            loop = JumpingLoop()
            if stop_after is not None:
                loop.call_later(stop_after, run.stop, Interrupted("stopped"))
            try:
                work = run.execute() if phase.flaws is None else run.regenerate(phase.flaws)
                failed_pairs = loop.run_until_complete(work).failed_pairs
            except (Crash, Exception) as caught:  # noqa: BLE001 - whatever it is, the test looks at it
                error = caught
            except BaseExceptionGroup as caught:
                error = caught
            abandon(loop)
        return Ended(error, failed_pairs, tuple(network.asked), disk, server.remote)


def abandon(loop: JumpingLoop) -> None:
    """End what a crash left running; its disk takes nothing any more."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@lru_cache
def _config(config: RunConfig, pairs: int, restart: bool, batch: bool) -> RunConfig:
    fields = {name: getattr(config, name) for name in RunConfig.__dataclass_fields__}
    return RunConfig(**{**fields, "num_pairs": pairs, "restart": restart, "batch": batch})


@contextmanager
def stubs() -> Iterator[None]:
    """Stand in for what differs from run to run. By hand: `patch` takes ten times as long."""
    kept = [(module, name, getattr(module, name)) for module, name, _ in _STUBS]
    try:
        for module, name, stub in _STUBS:
            setattr(module, name, stub)
        yield
    finally:
        for module, name, original in kept:
            setattr(module, name, original)


_MOMENT = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
_identity = FileIdentity.of
_STUBS: tuple[tuple[Any, str, Any], ...] = (
    (checkpoint, "timestamp", lambda: "2026-01-01T00:00:00+00:00"),
    (event_log, "moment", lambda: _MOMENT),
    (event_log, "time", SimpleNamespace(time=lambda: 1767225600.0)),
    (resume, "datetime", SimpleNamespace(now=lambda _: _MOMENT)),
    (rounds, "new_id", lambda: "d1"),
    (session, "os", SimpleNamespace(getpid=lambda: 1)),
    (FileIdentity, "of", lambda path: replace(_identity(path), inode=1)),
)


def failed_pairs_of(calls: Iterable[Call]) -> set[int]:
    """The pairs that some calls belong to."""
    return {index for index, _ in calls}


def records(lines: bytes) -> Sequence[dict[str, Any]]:
    """JSON lines."""
    return [orjson.loads(line) for line in lines.splitlines()]
