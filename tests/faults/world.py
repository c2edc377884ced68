"""Runs of the whole program over the scripted wire, on a model disk and a clock that jumps."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import openai
import orjson

from asyncgen.client import http_client
from asyncgen.client.http_client import HttpClient
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine.single_run import Run
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from tests.storage.model_disk import ModelDisk
from tests.storage.model_store import Store
from tests.storage.world import DIRECTORY, OUTPUTS, ROOT, JumpingLoop

from .wire import STEPS, Call, Fault, Server, Wire

PROMPTS = {
    "correct_paraphrase_system": "Paraphrase.",
    "correct_paraphrase_user": "{note}",
    "reasoning_system": "Explain.",
    "reasoning_user": "{incorrect_note}",
    "correct_reasoning_system": "Justify.",
    "correct_reasoning_user": "{original_note} {paraphrased_note}",
    "required_keys": {"error_reasoning": ["why"], "correct_reasoning": ["why"]},
}
PAIRS = 8
TIMEOUT = 20.0
MAX_ATTEMPTS = 4
PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its error or the number of failed pairs, what the server saw, and seconds it took."""

    error: BaseException | None
    failed_pairs: int
    server: Server
    seconds: float
    store: Store

    def outputs(self) -> dict[str, bytes]:
        """The bytes of the three files."""
        files = self.store.files()
        return {name: files.get(f"out/{name}", b"") for name in OUTPUTS}

    def calls(self) -> Counter[Call]:
        """How many attempts of each call the program tells of in `calls.jsonl`."""
        lines = self.store.files().get("out/.asyncgen/calls.jsonl", b"").splitlines()
        return Counter((record["index"], record["step"]) for record in map(orjson.loads, lines))

    def failures(self) -> dict[int, tuple[str, str, int]]:
        """Step, kind and attempts of each failed pair, by index."""
        lines = self.store.files().get("out/failed.jsonl", b"").splitlines()
        records = [orjson.loads(line) for line in lines]
        return {record["index"]: (record["step"], record["error"], record["attempts"]) for record in records}


class World:
    """Pairs, prompts and golden bytes in a real directory; the output is on model disks."""

    def __init__(self, directory: Path, pairs: int = PAIRS) -> None:
        self.pairs = pairs
        self.calls: list[Call] = [(index, step) for index in range(pairs) for step in STEPS.values()]
        source = directory / "pairs.jsonl"
        rows = [
            {"note_id": f"n{i}", "correct_note": f"pair-{i}: right", "incorrect_note": f"pair-{i}: wrong"}
            for i in range(pairs)
        ]
        source.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        self._recipe = MedecSafe(PromptFile(PROMPTS, directory / "prompts.json"), add_reasoning=True)
        self._config = RunConfig(
            input_jsonl=source,
            output_dir=DIRECTORY,
            prompt_file=directory / "prompts.json",
            endpoints=(EndpointConfig(base_url="http://127.0.0.1:1/v1", api_key="key", concurrency=4),),
            max_attempts=MAX_ATTEMPTS,
            timeout=TIMEOUT,
            patience=PATIENCE,
        )
        ended = self.run(None, lambda *_: False)
        assert ended.error is None
        assert not ended.failed_pairs
        self._golden = {name: data.splitlines(keepends=True) for name, data in ended.outputs().items()}

    def golden(self, left_out: Callable[[int], bool] = lambda _: False) -> dict[str, bytes]:
        """What the outputs hold, but for some pairs."""
        return {
            output.name: b"".join(
                line for place, line in enumerate(self._golden[output.name]) if not left_out(place // output.lines)
            )
            for output in self._recipe.outputs
        }

    def run(
        self,
        fault: Fault | None,
        hits: Callable[[Call, int], bool],
        store: Store | None = None,
        **config: Any,
    ) -> Ended:
        """Run the command once, on an empty disk or on what an earlier run left."""
        store = Store(ROOT) if store is None else store
        server = Server(fault, hits)
        random.seed(0)  # backoffs draw from it
        error: BaseException | None = None
        failed_pairs = 0
        loop = JumpingLoop()
        with _stubs(server):
            run = Run(replace(self._config, **config), self._recipe, [], ModelDisk(store))
            try:
                failed_pairs = loop.run_until_complete(run.execute()).failed_pairs
            except (Exception, BaseExceptionGroup) as caught:  # noqa: BLE001 - whatever it is, the test looks at it
                error = caught
            seconds = loop.time()
            loop.run_until_complete(loop.shutdown_asyncgens())
            assert not asyncio.all_tasks(loop)
            loop.close()
        return Ended(error, failed_pairs, server, seconds, store)


@contextmanager
def _stubs(server: Server) -> Iterator[None]:
    def inline(function: Callable[[], Any]) -> Callable[[], Any]:
        async def call() -> Any:
            return function()

        return call

    with (
        patch.object(HttpClient, "_open", lambda _client, _scheme: Wire(server)),
        patch.object(http_client, "are_possible", lambda: False),  # all goes by way of what is opened
        # The SDK looks at the platform on a thread, which would wake a loop that has no way to be woken.
        patch.object(openai._base_client, "asyncify", inline),
    ):
        yield
