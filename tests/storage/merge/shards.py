"""Runs of shards with scripted answers, and what they leave."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import orjson

from asyncgen.chat import Completion, Usage
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import DEFAULT_BASE_URL, EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.engine.session import Summary
from asyncgen.engine.single_run import Run
from asyncgen.errors import Interrupted
from asyncgen.events import PairDone
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.shard import Shard
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import FAILED, RunDirectory
from tests.engine.test_single_run import index_of

PAIRS, OF = 31, 3
USAGE = Usage(3, 1, 4)
PROMPTS, OTHER_PROMPTS = shipped("prompts", "medec_safe.json"), shipped("prompts", "medec_small.json")
STEPS = ("paraphrase", "correct_reasoning", "error_reasoning")
OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")

Go = Callable[..., Awaitable[Summary]]


class ScriptedSteps:
    """Fails the reasoning of pairs in `failing`, and refuses a field; all else is answered at random times."""

    def __init__(self) -> None:
        self.failing: set[int] = set()
        self.refuses = ""
        self.refused = 0
        self.answered = 0
        self.steps: list[tuple[int, str]] = []

    def open(self, _config: RunConfig) -> ScriptedWire:
        """What a run takes as `open_wire`."""
        return ScriptedWire(self._answer)

    async def _answer(self, request: Prepared) -> Completion | Failure:
        index = index_of(request)
        self.steps.append((index, request.step))
        await asyncio.sleep(random.Random(f"{index} {request.step}").random())
        if self.refuses and self.refuses in orjson.loads(request.body):
            self.refused += 1
            return Failure("bad_request", Action.GIVE_UP, 400, "unsupported_parameter", param=self.refuses)
        if index in self.failing and request.step == "error_reasoning":
            return Failure("bad_request", Action.GIVE_UP, 400)
        self.answered += 1
        text = '{"why": "because"}' if request.json_object else f"Paraphrase {index}."
        return Completion(text, USAGE, "scripted")


def runs_in(place: Path, disk: Disk, client: ScriptedSteps) -> Go:
    """What runs a shard or the whole into the directory of a name, in this one."""

    def write(pairs: int, edited: int | None) -> Path:
        rows = [
            {"note_id": str(n), "correct_note": f"right {n}" + "!" * (n == edited), "incorrect_note": f"wrong {n}"}
            for n in range(pairs)
        ]
        source = place / "pairs.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return source

    async def run(
        name: str,
        shard: Shard | None = None,
        *,
        pairs: int = PAIRS,
        edited: int | None = None,
        stop_after: int | None = None,
        reasoning: bool = True,
        prompts: Path = PROMPTS,
        base_url: str = DEFAULT_BASE_URL,
        **settings: Any,
    ) -> Summary:
        config = RunConfig(
            input_jsonl=write(pairs, edited),
            output_dir=place / name,
            prompt_file=prompts,
            shard=shard,
            endpoints=(EndpointConfig(base_url=base_url, concurrency=3),),
            max_failed_share=1.0,
            **settings,
        )
        recipe = MedecSafe(PromptFile.load(prompts), add_reasoning=reasoning)
        done = 0

        def observe(event: object) -> None:
            nonlocal done
            done += isinstance(event, PairDone)
            if done == stop_after:
                work.stop(Interrupted("asked to"))

        work = Run(config, recipe, [observe], disk, open_wire=client.open)
        return await work.execute()

    return run


def on(disk: Disk, places: Iterable[Path]) -> list[RunDirectory]:
    """Directories on a disk."""
    return [RunDirectory(disk, place) for place in places]


def files(directory: Path) -> dict[str, bytes]:
    """The files in step that there are."""
    return {name: path.read_bytes() for name in (*OUTPUTS, FAILED) if (path := directory / name).exists()}


async def all_shards(go: Go, of: int = OF) -> list[str]:
    """Run every shard; the names of their directories, in disorder."""
    names = [f"out-{number}" for number in range(1, of + 1)]
    for number, name in enumerate(names, 1):
        await go(name, Shard(number, of))
    return names[::-1]
