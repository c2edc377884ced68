"""Who is measured, what each needs to run, how it is started and where it leaves its results."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.calls import Job
from benchmark.environments import Environment, Peer, Unavailable
from benchmark.serving import SCRIPTS

ENVIRONMENT = {
    "OPENAI_API_KEY": "bench",
    "PYTHONPATH": str(SCRIPTS),
    # Neither telemetry nor a hub: everything stays on this machine.
    "TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "NO_PROXY": "127.0.0.1,127.0.0.2",
    # A terminal's display, which nobody would see.
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
}


def written(output: Path) -> Iterator[str]:
    """Ids of the result of a program that writes it when it has all answers."""
    yield from _ids(output / "result.jsonl", "id")


def documents(output: Path) -> Iterator[str]:
    """Ids of the chunks of datatrove, in the order of the chunks."""
    chunks = (output / "data").glob("*.jsonl")
    for path in sorted(chunks, key=lambda path: int(path.stem.rpartition("_")[2])):
        yield from _ids(path, "id")


def in_step(output: Path) -> Iterator[str]:
    """Ids of our first file, when the three hold the same pairs."""
    correct, incorrect, combined = (
        list(_ids(output / name, "original_note_id"))
        for name in ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
    )
    if correct != incorrect or combined != [note_id for note_id in correct for _ in range(2)]:
        raise ValueError("the three files of asyncgen are not in step")
    yield from correct


def _ids(path: Path, field: str) -> Iterator[str]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            yield str(json.loads(line)[field])


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row of the table.

    `results` is None when it keeps none, `calls` the number of calls of a pair; `limited` and `killed` say whether
    it takes part in these scenarios; `plain_url` leaves out the version that base URLs end with.
    """

    name: str
    title: str
    environment: Environment
    results: Callable[[Path], Iterator[str]] | None = written
    program: str = ""
    calls: int = 1
    limited: bool = False
    killed: bool = False
    by_another_name: bool = False
    plain_url: bool = False

    def command(self, job: Job) -> list[str]:
        """What is run; raises `Unavailable`."""
        program = self.program or self.name.replace("-", "_")
        return [str(self.environment.python()), "-m", f"benchmark.contestants.{program}", *job.words]


class Ours(Contestant):
    """The command line of this repository."""

    def command(self, job: Job) -> list[str]:
        """What a user types."""
        words = ["-m", self.program or "asyncgen", "run", "--input-jsonl", job.pairs, "--num-pairs", job.number]
        words += ["--prompt-file", job.prompts, "--base-url", job.base_url, "--concurrency", job.in_flight]
        words += [*(["--add-reasoning"] if self.calls > 1 else []), "--output-dir", job.output]
        return [str(self.environment.python()), *map(str, words)]


class OfRecipeFile(Ours):
    """The same from a recipe file, without Python."""

    def command(self, job: Job) -> list[str]:
        """What a user types."""
        words = ["-m", "asyncgen", "run", "--input", job.pairs, "--num-pairs", job.number]
        words += ["--output-dir", job.output, "--recipe", job.recipe, "--base-url", job.base_url]
        return [str(self.environment.python()), *map(str, [*words, "--concurrency", job.in_flight])]


class OnRay(Ours):
    """The same on two actors of Ray, which have `in_flight` calls together."""

    def command(self, job: Job) -> list[str]:
        """What a user types."""
        return [*super().command(job), "--engine", "ray", "--actors", "2"]


@dataclass(frozen=True, slots=True)
class Here:
    """The environment of this program, which is that of the repository."""

    package: str

    def python(self) -> Path:
        """The interpreter that runs this."""
        return Path(sys.executable)

    def version(self) -> str:
        """Of the library that the contestant shows."""
        from importlib.metadata import version  # noqa: PLC0415

        return version(self.package)


@dataclass(frozen=True, slots=True)
class Nowhere:
    """What cannot be had."""

    reason: str

    def python(self) -> Path:
        """Never."""
        raise Unavailable(self.reason)

    def version(self) -> str:
        """Unknown."""
        return ""


OURS = Ours("asyncgen", "**asyncgen**", Here("asyncgen"), in_step, limited=True, killed=True)
OURS_THREE = Ours("asyncgen-3", "**asyncgen**, 3 calls a pair", Here("asyncgen"), in_step, calls=3)
OF_RECIPE_FILE = OfRecipeFile(
    "asyncgen-recipe", "**asyncgen**, these 3 calls from a recipe file", Here("asyncgen"), in_step, calls=3
)
OURS_ON_RAY = OnRay("asyncgen-ray", "**asyncgen**, two actors of Ray", Here("asyncgen"), in_step)
OURS_IN_SHARDS = Ours(
    "asyncgen-shards",
    "**asyncgen**, two shards",
    Here("asyncgen"),
    None,
    program="benchmark.contestants.two_shards",
)
BARE = Contestant("bare", "a bare aiohttp loop", Here("aiohttp"), None)
GATHER = Contestant("gather", "`asyncio.gather` over `create`", Here("openai"), limited=True, killed=True)
SEQUENTIAL = Contestant("sequential", "the sequential way, 3 calls a pair", Here("openai"), calls=3)
_DATATROVE = Peer("datatrove")
DATATROVE = Contestant(
    "datatrove",
    "datatrove, as with an API elsewhere",
    _DATATROVE,
    documents,
    limited=True,
    killed=True,
    by_another_name=True,
)
ALL = (
    BARE,
    OURS,
    OURS_THREE,
    OF_RECIPE_FILE,
    Contestant(
        "datatrove-local",
        "datatrove, its own client for localhost",
        _DATATROVE,
        documents,
        program="datatrove",
        plain_url=True,
    ),
    Contestant("flexllm", "flexllm", Peer("flexllm"), limited=True, killed=True),
    DATATROVE,
    Contestant("async-batch-llm", "async-batch-llm", Peer("async-batch-llm"), limited=True, killed=True),
    Contestant(
        "curator", "bespokelabs-curator", Peer("curator", "bespokelabs-curator"), limited=True, killed=True
    ),
    Contestant("data-designer", "data-designer", Peer("data-designer"), limited=True, killed=True),
    Contestant("lm-deluge", "lm-deluge", Peer("lm-deluge"), limited=True, killed=True),
    Contestant("accrue", "accrue", Peer("accrue"), limited=True, killed=True),
    GATHER,
    SEQUENTIAL,
    Contestant("llm-minder", "llm-minder", Nowhere("there is no package of this name on PyPI")),
)


def environment() -> dict[str, str]:
    """The variables of every contestant."""
    return os.environ | ENVIRONMENT
