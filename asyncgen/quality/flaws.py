"""Which pairs a regeneration asks anew, and whether what comes is better: by the findings of `verification`."""

from heapq import nsmallest
from pathlib import Path
from typing import Any

import orjson

from asyncgen.errors import BadDataError
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.structure import Made
from asyncgen.quality.verification import Judged, Verification
from asyncgen.recipe import Examples
from asyncgen.recipes.contents import Contents
from asyncgen.rows import Row
from asyncgen.storage.layout import RunDirectory


class DirectoryFlaws:
    """The findings in an output directory, by pair.

    Args:
        input_jsonl: what the run was made from.
        contents: what the files hold.
        prompt_file: that of the run, where it has one.
        most: rows of a round at most.
    """

    def __init__(self, input_jsonl: Path, contents: Contents, prompt_file: Path | None, most: int) -> None:
        self._input = input_jsonl
        self._contents = contents
        self._prompts = prompt_file
        self._most = most
        self._weights: dict[int, int] = {}
        self._judged = 0

    def find(self, directory: RunDirectory) -> None:
        """Read the whole directory; everything else here needs that first.

        Raises:
            BadDataError: the files are not what the run wrote.
        """
        self._verification = Verification(directory, self._input, self._contents, self._prompts)
        last = -1
        for judged in self._verification.judged():
            self._judged += judged.index > last
            last = max(last, judged.index)
            if judged.state is State.FLAGGED:
                # A twin of another example is another text than its original too, and that has been weighed.
                self._weights.setdefault(judged.index, judged.weight)
        if self._verification.structure.problems.counts:
            row = self._contents.nouns.one
            raise BadDataError(
                f"the files in {directory} are broken, as asyncgen verify shows; no {row} is asked anew"
            )

    def __str__(self) -> str:
        return f"{len(self._weights):,} of {self._judged:,} {self._contents.nouns.many} are flagged"

    def worst(self) -> tuple[int, ...]:
        """The indexes of the worst pairs, in input order."""
        return tuple(sorted(nsmallest(self._most, self._weights, key=lambda i: (-self._weights[i], i))))

    def better(self, row: Row[Any], examples: Examples) -> bool:
        """Whether less is wrong with new examples of a pair than with those in the files."""
        contents = self._verification.structure.contents
        records = {
            (name, number): orjson.loads(line)
            for name, blob in zip(contents.files, examples.blobs, strict=True)
            for number, line in enumerate(blob.splitlines())
            if contents.files[name][number].copy_of is None
        }
        judgement = self._verification.judge(Made(row.index, row.pair.note_id, row.pair, records))
        if judgement is None:
            return False
        return Judged(row.index, row.pair.note_id, judgement).weight < self._weights.get(row.index, 0)
