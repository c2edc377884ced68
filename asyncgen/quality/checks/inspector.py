"""All checks of one pair's examples, and those that need the whole file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.duplicates import Duplicates
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.form import check_form
from asyncgen.quality.checks.leak import check_leak
from asyncgen.quality.checks.locality import LEAST_KEPT, check_locality
from asyncgen.quality.checks.negation import check_negation
from asyncgen.quality.checks.numbers import check_numbers
from asyncgen.quality.checks.reasoning import Expected, check_reasoning
from asyncgen.quality.checks.wording import check_wording
from asyncgen.quality.checks.words import split_words


@dataclass(slots=True)
class Inspector:
    """Judges pairs one after the other; `expected` says by label what reasonings should be like."""

    expected: Mapping[str, Expected]
    _duplicates: Duplicates = field(default_factory=Duplicates)

    def inspect(self, index: int, pair: Pair, note: str, reasonings: Mapping[str, Any]) -> tuple[Finding, ...]:
        """What is wrong with a pair's examples: the CORRECT note, and the reasonings by label."""
        found = [*self._reasoning(pair, note, reasonings)]
        if not note.strip():
            return (Finding("empty"), *found)
        change = Change(split_words(pair.correct_note), split_words(note))
        far = change.kept < LEAST_KEPT
        self._duplicates.add(index, change.revised, asked=far)
        found += check_locality(change)
        found += check_form(change)
        if not far:
            # In another text there is no telling what a word or a number became.
            found += [
                *check_numbers(change),
                *check_negation(change),
                *check_wording(change),
                *check_leak(change, pair),
            ]
        return tuple(found)

    def duplicates(self) -> Iterator[tuple[int, Finding]]:
        """Index and finding of each note that is nearly another example's, when all have been inspected."""
        for index, twin in self._duplicates.found():
            yield index, Finding("duplicate", "", f"like pair {twin}")

    def _reasoning(self, pair: Pair, note: str, reasonings: Mapping[str, Any]) -> Iterator[Finding]:
        notes = f"{note}\n{pair.correct_note}\n{pair.incorrect_note}"
        for label, expected in self.expected.items():
            yield from check_reasoning(reasonings.get(label), expected, notes, label)
