"""What a run has written into its journal when a request goes out, and when an answer is used."""

import asyncio
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.engine.single_run import Run
from asyncgen.errors import DiskError
from asyncgen.recipe import Examples, Generate
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.storage.disk import Disk

AT_ONCE = 8


class Order:
    """Watches one run: what its journal says when a request goes out, and when the recipe has an answer."""

    def __init__(self, directory: Path) -> None:
        self.sent_unwritten: list[int] = []
        self.used_unwritten: list[str] = []
        self.asked = 0
        source = directory / "pairs.jsonl"
        rows = [{"note_id": str(n), "correct_note": f"note @{n}@", "incorrect_note": "wrong"} for n in range(64)]
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self._journals = directory / "out" / ".asyncgen"
        prompts = shipped("prompts", "medec_safe.json")
        endpoint = EndpointConfig(concurrency=AT_ONCE)
        self.config = RunConfig(
            input_jsonl=source, output_dir=directory / "out", prompt_file=prompts, endpoints=(endpoint,)
        )
        self.recipe = Watched(PromptFile.load(prompts), self)

    def journal(self) -> bytes:
        """All of it, as a killed process would leave it."""
        return b"".join(path.read_bytes() for path in sorted(self._journals.glob("journal-*.jsonl")))

    async def answer(self, request: Prepared) -> Completion:
        """The server: all answers of a moment come at once."""
        index = int(request.body.partition(b"note @")[2].partition(b"@")[0])
        self.asked += 1
        if b'"kind":"sent","index":%d,' % index not in self.journal():
            self.sent_unwritten.append(index)
        await asyncio.sleep(0.01)
        return Completion(f"paraphrase-{index}-", Usage(1, 1, 2), "m")

    def run(self, disk: Disk) -> Run:
        """The run."""
        return Run(self.config, self.recipe, [], disk, open_wire=lambda _: ScriptedWire(self.answer))


class Watched(MedecSafe):
    """The recipe; it looks at the journal as soon as it has an answer."""

    def __init__(self, prompts: PromptFile, order: Order) -> None:
        super().__init__(prompts, add_reasoning=False)
        self._order = order

    async def run(self, pair: Any, generate: Generate) -> Examples:
        """As the recipe does."""

        async def watched(step: str, request: Any) -> Completion:
            answer = await generate(step, request)
            if answer.text.encode() not in self._order.journal():
                self._order.used_unwritten.append(answer.text)
            return answer

        return await super().run(pair, watched)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """A run to watch."""
    return Order(tmp_path)


async def test_a_request_goes_out_behind_its_line_and_an_answer_is_used_behind_its_own(
    order: Order, disk: Disk
) -> None:
    """So a process that dies of an answer, wherever that is, has it the next time."""
    await order.run(disk).execute()

    assert order.asked == 64
    assert (order.sent_unwritten, order.used_unwritten) == ([], [])


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
async def test_nothing_is_asked_that_cannot_be_recorded(
    order: Order, disk: Disk, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The disk refuses every line of a call, and on a full one the ballast cannot be used either."""
    write: Callable[..., None] = disk.write_at

    def refusing(fd: int, data: bytes, offset: int, path: Path) -> None:
        if b'"kind":"sent"' in data:
            raise DiskError(f"cannot write {path}", number)
        write(fd, data, offset, path)

    monkeypatch.setattr(disk, "write_at", refusing)
    with pytest.raises(DiskError):
        await order.run(disk).execute()

    assert order.asked == 0
