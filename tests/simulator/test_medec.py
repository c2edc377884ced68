"""The paraphrase of every note of the real data: one legal change each. Skipped where the data are absent."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from asyncgen.simulator.draws import body_key
from asyncgen.simulator.paraphrase import find_note, paraphrase

_BESIDE = Path(__file__).parents[3] / "shared" / "data" / "medec_ms"
DATA = Path(os.environ.get("ASYNCGEN_MEDEC_DIR", _BESIDE)) / "medec_pairs_train.jsonl"
_CONVERSIONS = {"day": ("hour", 24), "week": ("day", 7)}

pytestmark = pytest.mark.skipif(
    not DATA.is_file(), reason="the MEDEC data are not here: set ASYNCGEN_MEDEC_DIR to their directory"
)


def changes() -> Iterator[tuple[str, str, str, str]]:
    """Each note, its paraphrase, and the words in which they differ."""
    for line in DATA.read_bytes().splitlines():
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


def test_every_note_changes_in_one_legal_place() -> None:
    """All notes differ from their paraphrase, in a few words, with every number kept or converted."""
    count = 0
    last_resorts = 0
    for note, answer, old, new in changes():
        count += 1
        assert answer != note
        assert len(old) <= 40
        assert len(new) <= 40
        assert legal(old, new), (old, new)
        last_resorts += answer.startswith("Per the chart: ")
    assert count == 1219
    assert last_resorts < 25
