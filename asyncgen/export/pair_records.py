"""Records of notes with labels: the two examples of each pair, through a template and a format."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from asyncgen.errors import BadDataError, Setting
from asyncgen.export.examples import Example, ExamplePair, ExamplePairs
from asyncgen.export.export_run import ExportTally
from asyncgen.export.formats import Record
from asyncgen.export.template import ExportTemplate, LackingError, Turn
from asyncgen.medec.source import IDS
from asyncgen.medec.splits import vignette


@dataclass(frozen=True, slots=True)
class PairRecords:
    """The records of the pairs of a run.

    `as_record` makes one of an example, and of what the template made of it.
    `skip_bad`: a pair that lacks what the template needs is left out whole, so that CORRECT and INCORRECT stay
    equal; else it ends the export. Pairs about the same case have the same split key.
    """

    examples: ExamplePairs
    template: ExportTemplate
    as_record: Callable[[Turn, Example], Record]
    skip_bad: bool = False

    def blocks(self) -> Iterator[tuple[ExamplePair, Sequence[int]]]:
        """Each pair, in input order; see `RecordSource`."""
        for pair in self.examples.pairs():
            yield pair, pair.ends

    def render(self, block: ExamplePair, _number: int, tally: ExportTally) -> tuple[bytes, Sequence[Record]]:
        """The CORRECT and the INCORRECT record of a pair; see `RecordSource`."""
        both = (block.correct, block.incorrect)
        note_id = block.incorrect.note_id
        try:
            records = [self.as_record(self.template.render(example), example) for example in both]
        except LackingError as lack:
            if not self.skip_bad:
                raise self._lacking(note_id, lack) from None
            tally.left_out.append(note_id)
            return b"", ()
        tally.pairs += 1
        tally.of_corpus += note_id.startswith(IDS)
        # The incorrect note is the input's, byte for byte: the split of `prepare` puts the pair on the same side.
        return vignette(block.incorrect.note), records

    def at(self, start: int, end: int) -> Record:
        """The record of the example between two offsets."""
        example = self.examples.at(start, end)
        return self.as_record(self.template.render(example), example)

    def _lacking(self, note_id: str, lack: LackingError) -> BadDataError:
        return BadDataError(
            f"the template {self.template.name} cannot be filled for the pair {note_id!r}: {lack}; ",
            "choose another ",
            Setting("template"),
            ", run with ",
            Setting("add_reasoning", True),
            " if that is it, or leave such pairs out with ",
            Setting("skip_bad", True),
        )
