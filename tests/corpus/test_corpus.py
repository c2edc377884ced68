"""The own corpus is what it says it is: the same each time, of all kinds, and ours."""

import json
import re
from collections.abc import Iterator
from random import Random
from statistics import mean

import pytest

from tests.corpus.__main__ import main
from tests.corpus.files import CSV_NAME, PAIRS_NAME, pairs_jsonl, published_csv
from tests.corpus.notes import ERROR_TYPES, compose
from tests.corpus.real import REAL_CORPUS


@pytest.fixture(scope="module")
def pairs() -> list[dict[str, str]]:
    """The decoded pairs."""
    return [json.loads(line) for line in pairs_jsonl().split(b"\n")[:-1]]


def test_a_seed_gives_the_same_bytes_and_another_one_others(tmp_path) -> None:
    """From the command line too."""
    assert main([str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / PAIRS_NAME).read_bytes() == pairs_jsonl() != pairs_jsonl(24)
    assert (tmp_path / "new" / CSV_NAME).read_bytes() == published_csv() != published_csv(24)


def test_notes_are_as_long_and_as_many_as_real_ones(pairs: list[dict[str, str]]) -> None:
    """90 to 4,000 characters, 780 in the mean; all types of error; no note twice."""
    lengths = [len(pair["correct_note"]) for pair in pairs]
    assert 90 <= min(lengths) < 150
    assert 3000 < max(lengths) <= 4000
    assert 740 < mean(lengths) < 820
    assert {pair.get("error_type") for pair in pairs} == {None, *map(str.lower, ERROR_TYPES)}
    assert len({pair["correct_note"] for pair in pairs}) == len({pair["incorrect_note"] for pair in pairs}) >= 400


def test_the_error_is_all_that_differs(pairs: list[dict[str, str]]) -> None:
    """The incorrect note is the correct one with the sentence exchanged, once."""
    named = [pair for pair in pairs if pair["error_sentence"]]
    assert len(named) < len(pairs)
    for pair in named:
        assert pair["correct_note"].count(pair["corrected_sentence"]) == 1
        spoilt = pair["correct_note"].replace(pair["corrected_sentence"], pair["error_sentence"])
        assert spoilt == pair["incorrect_note"] != pair["correct_note"]


def test_what_is_odd_in_real_files_is_odd_here(pairs: list[dict[str, str]]) -> None:
    """Characters, fields and ids."""
    text = "\n".join(pair["correct_note"] for pair in pairs)
    for odd in ("\u00b0", "\u00b5", "\u2265", '"', "{", "\\", "\u2028", "\r\n", "\u00a0", "\u00c2\u00b0", "\t"):
        assert odd in text, repr(odd)
    ids = [pair.get("note_id") for pair in pairs]
    assert 5 < ids.count(None) == sum("text_id" in pair for pair in pairs)
    assert len(set(ids) - {None}) < len(ids) - ids.count(None)


@pytest.mark.parametrize("error_type", ERROR_TYPES)
def test_every_slot_of_every_sentence_is_filled(error_type: str) -> None:
    """Whatever is drawn; what looks like a slot in a sentence with odd characters stays."""
    draw = Random(error_type)
    for _ in range(100):
        note = compose(error_type, draw)
        for sentence in (*note.right, note.error_sentence):
            assert not re.search(
                r"<[^<>]*[|-][^<>]*>|\{[A-Za-z]\w*\}|[\x01\x02]", sentence.replace("{name}, {date}", "")
            )


def _sentences(text: str) -> Iterator[str]:
    """Sentences of four words and more, by their letters and digits."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        words = re.findall(r"\w+", sentence.lower())
        if len(words) >= 4 and sentence.endswith((".", "!", "?")):
            yield f" {' '.join(words)} "


if REAL_CORPUS is not None:  # nothing to be told, and so no skip, without them

    def test_no_sentence_is_one_of_the_real_data(pairs: list[dict[str, str]]) -> None:
        """Values of a table aside: they are figures."""
        real = (REAL_CORPUS / PAIRS_NAME).read_text() + (REAL_CORPUS / CSV_NAME).read_text()
        words = re.findall(r"\w+", real.replace("\\/", "/").lower())
        known = " ".join(words)
        beginnings = set(zip(words, words[1:], words[2:], words[3:], strict=False))
        ours = {
            sentence for pair in pairs for sentence in _sentences(pair["correct_note"] + pair["incorrect_note"])
        }
        # To look for each of them in the whole text would take seconds.
        maybe = [sentence for sentence in ours if tuple(sentence.split()[:4]) in beginnings]
        assert maybe
        assert [sentence for sentence in maybe if sentence in known] == []
