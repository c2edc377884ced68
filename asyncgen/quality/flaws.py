"""Which pairs a regeneration asks anew, and whether what comes is better: by the findings of `verification`."""

from heapq import nsmallest
from pathlib import Path

import orjson

from asyncgen.errors import BadDataError
from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.verification import Judged, Verification
from asyncgen.recipe import Examples
from asyncgen.rows import Row
from asyncgen.storage.layout import RunDirectory


class DirectoryFlaws:
    """The findings in an output directory, by pair.

    Args:
        input_jsonl: what the run was made from.
        prompt_file: that of the run.
        most: pairs of a round at most.
    """

    def __init__(self, input_jsonl: Path, prompt_file: Path, most: int) -> None:
        self._input = input_jsonl
        self._prompts = prompt_file
        self._most = most
        self._weights: dict[int, int] = {}
        self._judged = 0

    def find(self, directory: RunDirectory) -> None:
        """Read the whole directory; everything else here needs that first.

        Raises:
            BadDataError: the files are not what the run wrote.
        """
        self._verification = Verification(directory, self._input, self._prompts)
        last = -1
        for judged in self._verification.judged():
            self._judged += judged.index > last
            last = max(last, judged.index)
            if judged.state is State.FLAGGED:
                # A twin of another example is another text than its original too, and that has been weighed.
                self._weights.setdefault(judged.index, judged.weight)
        if self._verification.structure.problems.counts:
            raise BadDataError(
                f"the files in {directory} are broken, as asyncgen verify shows; no pair is asked anew"
            )

    def __str__(self) -> str:
        return f"{len(self._weights):,} of {self._judged:,} pairs are flagged"

    def worst(self) -> tuple[int, ...]:
        """The indexes of the worst pairs, in input order."""
        return tuple(sorted(nsmallest(self._most, self._weights, key=lambda i: (-self._weights[i], i))))

    def better(self, row: Row[Pair], examples: Examples) -> bool:
        """Whether less is wrong with new examples of a pair than with those in the files."""
        correct, incorrect = map(orjson.loads, examples.blobs[:2])
        judgement = self._verification.judge(row.index, row.pair, correct, incorrect)
        return Judged(row.index, row.pair.note_id, judgement).weight < self._weights.get(row.index, 0)
