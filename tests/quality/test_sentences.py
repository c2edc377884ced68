"""The sentences that measure the checks are well-formed, varied and split as they say."""

from collections import Counter
from itertools import product

import pytest

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.inspector import Inspector
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.checks.note_words import split_words
from tests.quality.sentences import Sentence, Verdict, is_held_out, load_sentences

SPLITS: list[tuple[Verdict, bool]] = [*product(("clean", "bad"), (False, True))]
ALL = {split: load_sentences(split[0], held_out=split[1]) for split in SPLITS}
EVERY = [sentence for sentences in ALL.values() for sentence in sentences]

LEAST = 200
MOST_ALIKE = 3
KINDS: dict[Verdict, set[str]] = {
    "clean": {
        "abbreviated",
        "abbreviation_kept_in_brackets",
        "abbreviation_written_out",
        "clauses",
        "indication_named",
        "insertion_at_end",
        "latin_abbreviation",
        "moved",
        "negation_reworded",
        "number_words",
        "sentences",
        "spelling",
        "synonym",
        "time_conversion",
        "typing_error",
        "unit_conversion",
        "voice",
    },
    "bad": {
        "certainty",
        "chronicity",
        "comparison",
        "diagnosis",
        "dose",
        "drug",
        "duration",
        "family_history",
        "finding",
        "finding_gained",
        "finding_lost",
        "frequency",
        "inexact_conversion",
        "laterality",
        "negation",
        "negation_scope",
        "number",
        "ordinal",
        "organism",
        "person",
        "procedure",
        "quantifier",
        "quantities_moved",
        "route",
        "severity",
        "sex",
        "short_code",
        "site",
        "time_order",
        "trend",
        "unit",
    },
}


@pytest.mark.parametrize("verdict", ["clean", "bad"])
def test_there_are_enough_sentences_and_a_third_is_held_out(verdict: Verdict) -> None:
    """At least 200 of each verdict."""
    develop, held_out = len(ALL[verdict, False]), len(ALL[verdict, True])
    assert develop + held_out >= LEAST
    assert 0.3 <= held_out / (develop + held_out) <= 0.4


@pytest.mark.parametrize("verdict", ["clean", "bad"])
def test_each_kind_has_sentences_to_develop_with(verdict: Verdict) -> None:
    """The develop file has all kinds, the held-out one no other."""
    assert {sentence.kind for sentence in ALL[verdict, False]} == KINDS[verdict]
    assert {sentence.kind for sentence in ALL[verdict, True]} <= KINDS[verdict]


def test_ids_are_unique() -> None:
    """Over all files, and they begin with the verdict."""
    assert [one for one, count in Counter(sentence.id for sentence in EVERY).items() if count > 1] == []
    for (verdict, _), sentences in ALL.items():
        assert all(sentence.id.startswith(f"{verdict}-") for sentence in sentences)


def test_a_note_is_on_one_side_only() -> None:
    """On the side that its text says, so that a sentence added later moves no other one."""
    for (_, held_out), sentences in ALL.items():
        assert [sentence.id for sentence in sentences if is_held_out(sentence.note) != held_out] == []


def test_no_paraphrase_stands_twice_or_is_its_note() -> None:
    """Nor is one both clean and bad."""
    assert [sentence.id for sentence in EVERY if sentence.note.split() == sentence.paraphrase.split()] == []
    twice = Counter((sentence.note, sentence.paraphrase) for sentence in EVERY)
    assert [paraphrase for (_, paraphrase), count in twice.items() if count > 1] == []


def test_the_same_words_are_changed_in_few_sentences_only() -> None:
    """Three at most: more would measure one rule again and again."""
    assert [words for words, count in Counter(map(_changed, EVERY)).items() if count > MOST_ALIKE] == []


def states(verdict: Verdict, *, held_out: bool) -> Counter[State]:
    """How many sentences of a file are in each state."""
    return Counter(
        Inspector({}).inspect(0, Pair(one.id, one.note, one.note, "unknown", None, None), one.paraphrase, {}).state
        for one in ALL[verdict, held_out]
    )


@pytest.mark.parametrize(("held_out", "least_proven"), [(False, 0.8), (True, 0.55)])
def test_clean_sentences_are_rarely_flagged_and_mostly_proven(held_out: bool, least_proven: float) -> None:
    """8 % are flagged at most."""
    found = states("clean", held_out=held_out)
    assert found[State.FLAGGED] <= 0.08 * found.total(), found
    assert found[State.PROVEN] >= least_proven * found.total(), found


@pytest.mark.parametrize("held_out", [False, True])
def test_bad_sentences_are_not_proven(held_out: bool) -> None:
    """One of a hundred at most; half of them are flagged."""
    found = states("bad", held_out=held_out)
    assert found[State.PROVEN] <= 0.01 * found.total(), found
    assert found[State.FLAGGED] >= 0.5 * found.total(), found


def _changed(sentence: Sentence) -> tuple[tuple[str, ...], ...]:
    """The words that went and came, in order."""
    hunks = Change(split_words(sentence.note), split_words(sentence.paraphrase)).hunks
    return tuple(side for hunk in hunks for side in (hunk.was, hunk.became))
