"""Holds the data of an output directory to the promises: structure, and the quality of each example.

A caller takes the judged pairs as a stream; memory does not grow with the data but for 72 bytes an example
(the sketches by which near-duplicates are found).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from asyncgen.medec.pair import CORRECT, INCORRECT, Pair
from asyncgen.quality.checks.finding import KINDS
from asyncgen.quality.checks.inspector import Inspector
from asyncgen.quality.checks.judgement import Judgement, State
from asyncgen.quality.checks.permissions import permitted
from asyncgen.quality.checks.reasoning_form import Expected, expect, keys_of_prompt
from asyncgen.quality.checks.reasoning_side import forbids_comparison
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
class Judged:
    """A pair by its index in the input, and what the checks say of it."""

    index: int
    note_id: str
    judgement: Judgement

    @property
    def state(self) -> State:
        """Proven, flagged or open."""
        return self.judgement.state

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its findings, each once."""
        return tuple(dict.fromkeys(finding.kind for finding in self.judgement.findings))

    @property
    def weight(self) -> int:
        """How bad it is; 0 without findings."""
        return sum(KINDS[kind].weight for kind in self.kinds)


class Verification:
    """One look at an output directory; `structure.problems` is complete when `judged` has ended.

    Args:
        directory: the output directory, of a finished or an unfinished run.
        input_jsonl: what the run was made from. None: the structure alone, files against each other.
        prompt_file: says the keys that a reasoning must have, and in `allowed_changes` what a paraphrase may do.
            None: the keys that most reasonings have, and all kinds of changes.

    Raises:
        BadDataError: checkpoint, statistics or prompt file cannot be read.
        UsageError: the input or the prompt file is not there.
    """

    def __init__(self, directory: RunDirectory, input_jsonl: Path | None, prompt_file: Path | None = None) -> None:
        self.structure = Structure(directory, input_jsonl)
        prompts = None if prompt_file is None else PromptFile.load(prompt_file)
        self._inspector = Inspector(
            {label: self._expected(directory, label, prompts) for label in _PROMPTS},
            permitted(None if prompts is None else prompts.remark("allowed_changes")),
        )

    def judged(self) -> Iterator[Judged]:
        """Every pair, in input order; then once more, with that finding alone, those that are near-duplicates."""
        for made in self.structure.made():
            if made.pair is not None:
                yield Judged(
                    made.index, made.pair.note_id, self.judge(made.index, made.pair, made.correct, made.incorrect)
                )
        for index, finding in self._inspector.duplicates():
            yield Judged(index, "", Judgement((finding,)))

    def judge(self, index: int, pair: Pair, correct: dict[str, Any], incorrect: dict[str, Any]) -> Judgement:
        """What the checks say of the two records of a pair."""
        reasonings = {CORRECT: correct.get("reasoning"), INCORRECT: incorrect.get("reasoning")}
        return self._inspector.inspect(index, pair, correct["note"], reasonings)

    def _expected(self, directory: RunDirectory, label: str, prompts: PromptFile | None) -> Expected:
        name, step, needed = _PROMPTS[label]
        prompt = None if prompts is None else prompts.prompt(step, allowed=(needed,), needed=needed, optional=True)
        keys = frozenset[str]() if prompt is None else keys_of_prompt(prompt.system)
        lines = OutputLines(directory, name, self.structure.size(name), Problems())
        expected = expect((line.record.get("reasoning") for line in islice(lines.all(), _SAMPLE)), keys)
        return replace(expected, comparison_forbidden=prompt is None or forbids_comparison(prompt.system))
