"""The layout of a preview: for each row its prompts, answers, and the lines that are written."""

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from asyncgen.chat import ChatRequest
from asyncgen.cost import Price, describe
from asyncgen.humanize import plural
from asyncgen.recipes.walk import Walked
from asyncgen.recipes.watched_recipe import Call, WatchedRow
from asyncgen.text import printable

if TYPE_CHECKING:
    from asyncgen.engine.session import Summary

_WIDTH = 78  # columns of a rule


class PreviewView:
    """Prints a preview. A system prompt is printed with the first row that uses it, and named afterwards.

    Args:
        stream: where it goes.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._systems: dict[str, str] = {}

    def addresses(self, lines: list[str]) -> None:
        """Print where the rows are sent: nothing of them goes anywhere else."""
        for line in lines:
            self._print(line)
        self._print("")
        self._stream.flush()  # before anything is sent

    def begin(self, pair: Any) -> None:
        """Print the head of a row."""
        self._print(f"── {pair.note_id or 'row'} ".ljust(_WIDTH, "─"))

    def request(self, step: str, request: ChatRequest) -> None:
        """Print a request."""
        self._print(f"\n[{step}]")
        system = "as for the row before" if self._systems.get(step) == request.system else request.system
        self._systems[step] = request.system
        if request.system:
            self._part("system", system)
        for turn in request.before:
            self._part(turn.role, turn.content)
        self._part("user", request.user)

    def prompts(self, walked: Walked) -> None:
        """Print the requests of a row, as far as they are known without an answer."""
        for step, request in walked.requests:
            self.request(step, request)
        if walked.problem:
            why = "made-up answers reach no further" if walked.requests else "failed"
            self._part(why, f"the recipe raised {walked.problem}")
        self.end_row()

    def row(self, row: WatchedRow, files: list[str]) -> None:
        """Print the requests and answers of a row, and its lines in the files."""
        self.begin(row.pair)
        for call in row.calls:
            self.request(call.step, call.request)
            self._answer(call)
        if row.problem:
            self._part("failed", row.problem)
        if row.examples is None:
            self._print("\nnothing is written for this row")
            self.end_row()
            return
        for name, blob in zip(files, row.examples.blobs, strict=True):
            self._print(f"\n{name}:")
            for line in blob.splitlines():
                self._indented(orjson.dumps(orjson.loads(line), option=orjson.OPT_INDENT_2).decode())
        self.end_row()

    def end_row(self) -> None:
        """Print a blank line before the next row."""
        self._print("")

    def end(self, summary: "Summary", price: Price | None, cache: Path | None) -> None:
        """Print what it took, and what is kept of it."""
        kept = "nothing was kept" if cache is None else f"nothing was kept, but the answers in {cache}"
        self._print(f"{plural(summary.calls, 'call')}, {describe(summary.spend, price)}; {kept}")

    def _answer(self, call: Call) -> None:
        for problem, text in call.rejected:
            self._part(f"answer, which is not accepted ({problem})", text)
        if call.answer is None:
            self._part("failed", call.failure)
            return
        usage = call.answer.usage
        self._part(
            f"answer ({usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out)", call.answer.text
        )

    def _part(self, name: str, text: str) -> None:
        self._print(f"  {name}:")
        self._indented(text)

    def _indented(self, text: str) -> None:
        for line in text.splitlines() or [""]:
            self._print(f"    {line}")

    def _print(self, line: str) -> None:
        self._stream.write(f"{printable(line)}\n".lstrip("\r"))
