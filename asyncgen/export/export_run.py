"""One export: the examples of a run through template and format into files, in order or shuffled.

Both examples of a pair go to the same side of a split, and so do pairs about the same case. Memory does not grow
with the number of pairs, but for a shuffle: 16 bytes an example, for where its line is and where it goes.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import orjson

from asyncgen.errors import BadDataError, Setting
from asyncgen.export.examples import Example, ExamplePair, ExamplePairs
from asyncgen.export.formats import Format, Record
from asyncgen.export.template import ExportTemplate, LackingError, Turn
from asyncgen.medec.source import IDS
from asyncgen.medec.splits import SIDES, Split, vignette
from asyncgen.storage.staging import Staged

ALL = SIDES[0]
"""The only side if nothing is split."""


class RecordSink(Protocol):
    """Receives the records of a side."""

    def write(self, record: Record) -> None:
        """Append a record."""

    def close(self) -> None:
        """Complete the file."""


class JsonlSink:
    """One JSON object per line."""

    def __init__(self, staged: Staged) -> None:
        self._staged = staged

    def write(self, record: Record) -> None:
        """Append a record."""
        self._staged.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Complete the file."""
        self._staged.flush()


@dataclass(slots=True)
class ExportTally:
    """What was written: examples by side, pairs, those of the corpus (by their ids), those left out."""

    examples: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    of_corpus: int = 0
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Export:
    """What to make of the examples of a run.

    `split` None: one side. `shuffle_seed` None: in input order. `skip_bad`: a pair that lacks what the template
    needs is left out whole, so that CORRECT and INCORRECT stay equal; else it ends the export. `keeps` says of
    each pair (1 or 0) whether it is taken; None: all are.
    """

    examples: ExamplePairs
    template: ExportTemplate
    format: Format
    split: Split | None
    shuffle_seed: int | None
    skip_bad: bool
    keeps: bytes | None = None

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that there will be, empty or not."""
        return (ALL,) if self.split is None else self.split.sides

    def write(self, sinks: Mapping[str, RecordSink]) -> ExportTally:
        """Write every example into the sink of its side.

        Raises:
            BadDataError: a pair lacks what the template needs, or the outputs are not what the run wrote.
        """
        tally = ExportTally()
        for side, turn, example in self._in_order(tally) if self.shuffle_seed is None else self._shuffled(tally):
            sinks[side].write(self.format.record(turn, example))
            tally.examples[side] += 1
        for sink in sinks.values():
            sink.close()
        return tally

    def _in_order(self, tally: ExportTally) -> Iterator[tuple[str, Turn, Example]]:
        for pair, turns in self._rendered(tally):
            for turn, example in zip(turns, (pair.correct, pair.incorrect), strict=False):
                yield self._side(pair), turn, example

    def _shuffled(self, tally: ExportTally) -> Iterator[tuple[str, Turn, Example]]:
        ends = array("Q", [0])
        order = {side: array("Q") for side in self.sides}
        for pair, turns in self._rendered(tally):
            if turns:
                order[self._side(pair)].extend((len(ends), len(ends) + 1))
            ends.extend(pair.ends)
        for side, places in order.items():
            Random(f"{self.shuffle_seed} {side}").shuffle(places)  # noqa: S311 - no secret
            for place in places:
                example = self.examples.at(ends[place - 1], ends[place])
                yield side, self.template.render(example), example

    def _side(self, pair: ExamplePair) -> str:
        # The incorrect note is the input's, byte for byte: the split of `prepare` puts the pair on the same side.
        return ALL if self.split is None else self.split.side(vignette(pair.incorrect.note))

    def _rendered(self, tally: ExportTally) -> Iterator[tuple[ExamplePair, tuple[Turn, ...]]]:
        """Each pair with its two turns, or with none when it is left out."""
        for number, pair in enumerate(self.examples.pairs()):
            if self.keeps is not None and not self.keeps[number]:
                yield pair, ()
                continue
            try:
                turns = (self.template.render(pair.correct), self.template.render(pair.incorrect))
            except LackingError as lack:
                if not self.skip_bad:
                    raise _lacking(pair, self.template.name, lack) from None
                tally.left_out.append(pair.incorrect.note_id)
                yield pair, ()
                continue
            tally.pairs += 1
            tally.of_corpus += pair.incorrect.note_id.startswith(IDS)
            yield pair, turns


def _lacking(pair: ExamplePair, template: str, lack: LackingError) -> BadDataError:
    return BadDataError(
        f"the template {template} cannot be filled for the pair {pair.incorrect.note_id!r}: {lack}; ",
        "choose another ",
        Setting("template"),
        ", run with ",
        Setting("add_reasoning", True),
        " if that is it, or leave such pairs out with ",
        Setting("skip_bad", True),
    )
