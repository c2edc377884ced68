"""The paraphrase of every note of a corpus: one legal change each."""

import re
from collections.abc import Iterator
from pathlib import Path

import orjson

from asyncgen.simulator.draws import body_key
from asyncgen.simulator.paraphrase import find_note, paraphrase

_CONVERSIONS = {"day": ("hour", 24), "week": ("day", 7)}


def changes(pairs: Path) -> Iterator[tuple[str, str, str, str]]:
    """Each note, its paraphrase, and the words in which they differ."""
    for line in pairs.read_bytes().splitlines():
        message = f"<note>\n{orjson.loads(line)['correct_note']}\n</note>"
        note = find_note(message)
        answer = paraphrase(note, body_key(message.encode()))
        before, after = re.split(r"(\s+)", note), re.split(r"(\s+)", answer)
        while before and after and before[0] == after[0]:
            del before[0], after[0]
        while before and after and before[-1] == after[-1]:
            del before[-1], after[-1]
        yield note, answer, "".join(before), "".join(after)


def legal(old: str, new: str) -> bool:
    """Whether the numbers of a change are the same, or converted with their unit."""
    if re.findall(r"\d+", old) == re.findall(r"\d+", new):
        return True
    was, now = re.search(r"(\d+)[ -](\w+?)s?\b", old), re.search(r"(\d+)[ -](\w+?)s?\b", new)
    if was is None or now is None:
        return False
    unit, factor = _CONVERSIONS[was[2]]
    return now[2] == unit and int(now[1]) == int(was[1]) * factor


def test_every_note_changes_in_one_legal_place(each_medec_pairs: Path) -> None:
    """All notes differ from their paraphrase, in a few words, with every number kept or converted."""
    count = 0
    last_resorts = 0
    for note, answer, old, new in changes(each_medec_pairs):
        count += 1
        assert answer != note
        assert len(old) <= 40
        assert len(new) <= 40
        assert legal(old, new), (old, new)
        last_resorts += answer.startswith("Per the chart: ")
    assert count >= 400
    assert last_resorts < 0.02 * count
