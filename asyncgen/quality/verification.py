"""Holds the data of an output directory to the promises: structure, and the quality of each example.

A caller takes the flagged pairs as a stream; memory does not grow with the data but for 72 bytes an example
(the sketches by which near-duplicates are found).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from asyncgen.medec.pair import CORRECT, INCORRECT, Pair
from asyncgen.quality.checks.finding import KINDS, Finding
from asyncgen.quality.checks.inspector import Inspector
from asyncgen.quality.checks.reasoning import Expected, expect, keys_of_prompt
from asyncgen.quality.output_lines import OutputLines, Problems
from asyncgen.quality.structure import Structure
from asyncgen.recipes.medec_safe import CORRECT_FILE, INCORRECT_FILE
from asyncgen.recipes.prompts import PromptFile
from asyncgen.storage.layout import RunDirectory

_SAMPLE = 200
_PROMPTS = {
    CORRECT: (CORRECT_FILE, "correct_reasoning", "paraphrased_note"),
    INCORRECT: (INCORRECT_FILE, "reasoning", "incorrect_note"),
}
"""By label: the file, the step in a prompt file, and the placeholder that this step needs."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A pair with findings, by its index in the input."""

    index: int
    note_id: str
    findings: tuple[Finding, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its findings, each once."""
        return tuple(dict.fromkeys(finding.kind for finding in self.findings))

    @property
    def weight(self) -> int:
        """How bad it is."""
        return sum(KINDS[kind].weight for kind in self.kinds)


class Verification:
    """One look at an output directory; `structure.problems` is complete when `flagged` has ended.

    Args:
        directory: the output directory, of a finished or an unfinished run.
        input_jsonl: what the run was made from. None: the structure alone, files against each other.
        prompt_file: says the keys that a reasoning must have; None: those that most of them have.

    Raises:
        BadDataError: checkpoint, statistics or prompt file cannot be read.
        UsageError: the input or the prompt file is not there.
    """

    def __init__(self, directory: RunDirectory, input_jsonl: Path | None, prompt_file: Path | None = None) -> None:
        self.structure = Structure(directory, input_jsonl)
        prompts = None if prompt_file is None else PromptFile.load(prompt_file)
        self._inspector = Inspector({label: self._expected(directory, label, prompts) for label in _PROMPTS})
        self.judged = 0

    def flagged(self) -> Iterator[Flagged]:
        """Pairs with findings, in input order; then once more those that are near-duplicates."""
        for made in self.structure.made():
            if made.pair is None:
                continue
            self.judged += 1
            findings = self.inspect(made.index, made.pair, made.correct, made.incorrect)
            if findings:
                yield Flagged(made.index, made.pair.note_id, findings)
        for index, finding in self._inspector.duplicates():
            yield Flagged(index, "", (finding,))

    def inspect(
        self, index: int, pair: Pair, correct: dict[str, Any], incorrect: dict[str, Any]
    ) -> tuple[Finding, ...]:
        """What is wrong with the two records of a pair."""
        reasonings = {CORRECT: correct.get("reasoning"), INCORRECT: incorrect.get("reasoning")}
        return self._inspector.inspect(index, pair, correct["note"], reasonings)

    def _expected(self, directory: RunDirectory, label: str, prompts: PromptFile | None) -> Expected:
        name, step, needed = _PROMPTS[label]
        prompt = None if prompts is None else prompts.prompt(step, allowed=(needed,), needed=needed, optional=True)
        keys = frozenset[str]() if prompt is None else keys_of_prompt(prompt.system)
        lines = OutputLines(directory, name, self.structure.size(name), Problems())
        return expect((line.record.get("reasoning") for line in islice(lines.all(), _SAMPLE)), keys)
