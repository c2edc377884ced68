"""All checks of a pair's examples, and those that need the whole file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.codes import check_codes, check_times
from asyncgen.quality.checks.duplicates import Duplicates
from asyncgen.quality.checks.finding import MEANING, Finding
from asyncgen.quality.checks.form import check_form
from asyncgen.quality.checks.judgement import Judgement
from asyncgen.quality.checks.leak import check_leak
from asyncgen.quality.checks.locality import LEAST_KEPT, check_locality
from asyncgen.quality.checks.negation import check_negation
from asyncgen.quality.checks.note_words import split_words
from asyncgen.quality.checks.numbers import check_numbers
from asyncgen.quality.checks.permissions import EVERYTHING, Permission
from asyncgen.quality.checks.polarity import check_polarity
from asyncgen.quality.checks.proof import unproven
from asyncgen.quality.checks.reasoning_facts import Notes, check_facts
from asyncgen.quality.checks.reasoning_form import Expected, check_reasoning
from asyncgen.quality.checks.turning_words import check_wording


@dataclass(slots=True)
class Inspector:
    """Judges pairs one after the other.

    `expected` describes typical reasonings by label, `permitted` lists what the prompt allows a paraphrase to do.
    """

    expected: Mapping[str, Expected]
    permitted: frozenset[Permission] = EVERYTHING
    _duplicates: Duplicates = field(default_factory=Duplicates)

    def inspect(self, index: int, pair: Pair, note: str, reasonings: Mapping[str, Any]) -> Judgement:
        """Judge a pair's examples: the CORRECT note, and the reasonings by label."""
        change = Change(split_words(pair.correct_note), split_words(note))
        error = Change(change.original, split_words(pair.incorrect_note))
        found = [*self._reasoning(Notes(pair, change.revised, error), reasonings)]
        if not note.strip():
            return Judgement((Finding("empty"), *found))
        far = change.kept < LEAST_KEPT
        self._duplicates.add(index, change.revised, asked=far)
        left = unproven(change, self.permitted)
        found += check_locality(change)
        found += check_form(change)
        if not far:
            # In an unrelated text, it is unknown what a word or a number became.
            found += check_leak(change, error)
            if left:
                found += _meaning(change)
        if not left:
            # Checks of single words and numbers give false alarms if every change is accounted for.
            found = [finding for finding in found if finding.kind not in MEANING]
        return Judgement(tuple(found), left)

    def duplicates(self) -> Iterator[tuple[int, Finding]]:
        """Index and finding of each note that nearly equals another example's, after all were inspected."""
        for index, twin in self._duplicates.found():
            yield index, Finding("duplicate", "", f"like pair {twin}")

    def _reasoning(self, notes: Notes, reasonings: Mapping[str, Any]) -> Iterator[Finding]:
        for label, expected in self.expected.items():
            reasoning = reasonings.get(label)
            yield from check_reasoning(reasoning, expected, notes.text, label)
            if expected.keys is not None:
                yield from check_facts(
                    reasoning,
                    label,
                    notes,
                    comparison_forbidden=expected.comparison_forbidden,
                    typed=expected.typed,
                )


def _meaning(change: Change) -> Iterator[Finding]:
    """Changes of meaning shown by changed words and numbers."""
    yield from check_numbers(change)
    yield from list(check_negation(change)) or check_polarity(change)
    yield from check_wording(change)
    yield from check_codes(change)
    yield from check_times(change)
