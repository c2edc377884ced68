"""Defects planted into examples of a corpus are found, and clean examples are left alone."""

from collections import Counter
from random import Random

import pytest

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.inspector import Inspector
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.checks.note_words import split_words
from asyncgen.quality.checks.proof import unproven
from asyncgen.quality.checks.reasoning_form import Expected
from asyncgen.simulator.paraphrase import paraphrase
from tests.effort import PLANTINGS, SEEDS
from tests.quality.defects import DEFECTS, Defect, Example, clean_example
from tests.quality.edits import clean_paraphrase
from tests.quality.reasoning_defects import REASONING_DEFECTS

MOST_MISSED = 1
MOST_FLAGGED = 0.01
MOST_PROVEN = 0.005
LEAST_PROVEN = 0.75


def inspect(example: Example, expected: dict[str, Expected]) -> set[str]:
    """The kinds found in one example."""
    reasonings = {"CORRECT": example.correct, "INCORRECT": example.incorrect}
    return {
        finding.kind for finding in Inspector(expected).inspect(0, example.pair, example.note, reasonings).findings
    }


@pytest.mark.parametrize("defect", [*DEFECTS, *REASONING_DEFECTS], ids=lambda defect: defect.name)
def test_a_planted_defect_is_found(defect: Defect, clean: list[Example], expected: dict[str, Expected]) -> None:
    """By a kind that names it, in all plantings but one at most."""
    draw = Random(defect.name)
    planted = []
    while len(planted) < PLANTINGS:
        example = defect.plant(draw.choice(clean), draw)
        if example is not None:
            planted.append(example)
    missed = [example.note for example in planted if not inspect(example, expected) & defect.kinds]
    assert len(missed) <= MOST_MISSED, missed


@pytest.mark.parametrize("seed", SEEDS)
def test_clean_examples_are_left_alone(seed: int, pairs: list[Pair], expected: dict[str, Expected]) -> None:
    """Of all pairs, with many kinds of legal changes and reasonings, one in a hundred is flagged at most."""
    draw = Random(seed)
    flagged = Counter[str]()
    inspector = Inspector(expected)
    for index, pair in enumerate(pairs):
        example = clean_example(pair, (), draw)
        reasonings = {"CORRECT": example.correct, "INCORRECT": example.incorrect}
        findings = inspector.inspect(index, pair, example.note, reasonings).findings
        flagged.update({str((index, finding)) for finding in findings[:1]})
    assert not list(inspector.duplicates())
    assert flagged.total() <= MOST_FLAGGED * len(pairs), flagged


def test_the_paraphrases_of_the_simulator_are_left_alone(pairs: list[Pair]) -> None:
    """All of them."""
    draw = Random("simulator")
    inspector = Inspector({})
    notes = [paraphrase(pair.correct_note.strip(), draw.getrandbits(64)) for pair in pairs]
    found = [inspector.inspect(index, pair, notes[index], {}).findings for index, pair in enumerate(pairs)]
    assert [findings for findings in found if findings] == []
    assert list(inspector.duplicates()) == []


def test_the_errors_of_doctors_are_not_proven(pairs: list[Pair]) -> None:
    """The incorrect note as a paraphrase of the correct one: one of 200 at most, without its error too."""
    judged = [Inspector({}).inspect(0, pair, pair.incorrect_note, {}) for pair in pairs]
    assert sum(judgement.state is State.PROVEN for judgement in judged) <= MOST_PROVEN * len(pairs)
    unaware = [Change(split_words(pair.correct_note), split_words(pair.incorrect_note)) for pair in pairs]
    assert sum(not unproven(change) for change in unaware) <= MOST_PROVEN * len(pairs)


def test_clean_paraphrases_are_mostly_proven(pairs: list[Pair]) -> None:
    """Three of four: the edits were written without a look at the lexicon."""
    draw = Random("proven")
    notes = [clean_paraphrase(pair.correct_note, draw)[0] for pair in pairs]
    states = [Inspector({}).inspect(0, pair, note, {}).state for pair, note in zip(pairs, notes, strict=True)]
    assert states.count(State.PROVEN) >= LEAST_PROVEN * len(pairs)


def test_an_answer_given_to_two_pairs_is_a_duplicate(pairs: list[Pair]) -> None:
    """Wherever the two stand: the one whose original is another is named, with the other one."""
    draw = Random("twins")
    for _ in range(5):
        inspector = Inspector({})
        notes = [paraphrase(pair.correct_note.strip(), draw.getrandbits(64)) for pair in pairs[:200]]
        planted = {}
        for victim, source in zip(draw.sample(range(100), 20), draw.sample(range(100, 200), 20), strict=True):
            if draw.random() < 0.5:
                victim, source = source, victim  # noqa: PLW2901 - before or behind the one it is like
            notes[victim] = paraphrase(pairs[source].correct_note.strip(), draw.getrandbits(64))
            planted[victim] = source
        for index, note in enumerate(notes):
            inspector.inspect(index, pairs[index], note, {})
        found = {index: finding.became for index, finding in inspector.duplicates()}
        assert found == {victim: f"like pair {source}" for victim, source in planted.items()}
