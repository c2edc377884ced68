"""Which rows to regenerate, and whether the new examples are better: by the findings of `verification`."""

from heapq import nsmallest
from pathlib import Path
from typing import Any

import orjson

from asyncgen.errors import BadDataError
from asyncgen.quality.checks.finding import in_words
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.case import Case
from asyncgen.quality.judge.trust import Trust
from asyncgen.quality.judge.verdict_file import VerdictFile
from asyncgen.quality.structure import Made
from asyncgen.quality.verification import Judged, Verification
from asyncgen.recipe import Examples
from asyncgen.recipes.contents import Contents
from asyncgen.rows import Row
from asyncgen.storage.layout import RunDirectory

REJECTED_WEIGHT = 3  # the same as a change of meaning by the rules: a rejected row is no better


class DirectoryFlaws:
    """The findings in an output directory and the judge's rejections, by row.

    Args:
        input_jsonl: the input of the run.
        contents: what the files hold.
        prompt_file: the run's, if it has one.
        most: rows of a round at most.
    """

    def __init__(self, input_jsonl: Path, contents: Contents, prompt_file: Path | None, most: int) -> None:
        self._input = input_jsonl
        self._contents = contents
        self._prompts = prompt_file
        self._most = most
        self._weights: dict[int, int] = {}
        self._reasons: dict[int, str] = {}
        self._rejected: dict[int, str] = {}
        self._judged = 0

    def find(self, directory: RunDirectory) -> None:
        """Read the whole directory; must be called first.

        Raises:
            BadDataError: the files are not what the run wrote.
        """
        self._verification = Verification(directory, self._input, self._contents, self._prompts)
        last = -1
        for judged in self._verification.judged():
            self._judged += judged.index > last
            last = max(last, judged.index)
            if judged.state is State.FLAGGED:
                # A near duplicate of another example also differs from its own original, which has been weighed.
                self._weights.setdefault(judged.index, judged.weight)
                self._reasons.setdefault(judged.index, in_words(judged.judgement.findings))
        if self._verification.structure.problems.counts:
            row = self._contents.nouns.one
            raise BadDataError(
                f"the files in {directory} are broken, as asyncgen verify shows; no {row} is asked again"
            )

        self._add_rejected(directory)

    def _add_rejected(self, directory: RunDirectory) -> None:
        """Add the judge's rejections, if its verdicts are about these files."""
        verdicts, state = VerdictFile(directory), self._verification.structure.state
        if state is None or verdicts.figures(state) is None:
            return
        for row in verdicts.rows():
            if row.trust is Trust.REJECTED and row.case is not None:
                self._rejected[row.index] = row.case
                self._weights[row.index] = self._weights.get(row.index, 0) + REJECTED_WEIGHT
                said = f"the meaning is not that of the original ({row.kind.replace('_', ' ')})"
                self._reasons[row.index] = "; ".join(filter(None, (said, self._reasons.get(row.index))))

    def __str__(self) -> str:
        rejected = f", {len(self._rejected):,} of them rejected by the judge" if self._rejected else ""
        return f"{len(self._weights):,} of {self._judged:,} {self._contents.nouns.many} are flagged{rejected}"

    def reason(self, index: int) -> str:
        """Why a row is asked again, in words for the model."""
        return self._reasons.get(index, "")

    def worst(self) -> tuple[int, ...]:
        """The indexes of the worst rows, in input order."""
        return tuple(sorted(nsmallest(self._most, self._weights, key=lambda i: (-self._weights[i], i))))

    def better(self, row: Row[Any], examples: Examples) -> bool:
        """Whether new examples of a row have fewer flaws than those in the files."""
        contents = self._verification.structure.contents
        records = {
            (name, number): orjson.loads(line)
            for name, blob in zip(contents.files, examples.blobs, strict=True)
            for number, line in enumerate(blob.splitlines())
            if contents.files[name][number].copy_of is None
        }
        made = Made(row.index, row.pair.note_id, row.pair, records)
        judgement, texts = self._verification.judge(made), self._verification.texts(made)
        if judgement is None:
            return False
        if texts is not None and Case(texts.original, texts.revised).key == self._rejected.get(row.index):
            return False  # the same words again
        return Judged(row.index, row.pair.note_id, judgement).weight < self._weights.get(row.index, 0)
