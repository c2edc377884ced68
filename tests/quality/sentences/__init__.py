"""Notes of our own with paraphrases as language models write them, and whether the meaning is kept.

Each line of `clean*.jsonl` is a paraphrase that a clinician accepts, each line of `bad*.jsonl` one that changes
the meaning. Rules are written with the develop files alone; the held-out ones only measure them. All lines of one
note are on the same side.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import orjson

Verdict = Literal["clean", "bad"]

_DIRECTORY = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sentence:
    """A note, its paraphrase, the kind of the change and the reason of the verdict.

    `allowed` names the permission that a clean change needs: `added_indication` and `typing_error` are not given
    by every prompt file.
    """

    id: str
    kind: str
    note: str
    paraphrase: str
    why: str
    allowed: str | None = None


def load_sentences(verdict: Verdict, *, held_out: bool) -> tuple[Sentence, ...]:
    """The sentences of one file."""
    name = f"{verdict}_held_out.jsonl" if held_out else f"{verdict}.jsonl"
    return tuple(Sentence(**orjson.loads(line)) for line in (_DIRECTORY / name).read_bytes().splitlines())


def is_held_out(note: str) -> bool:
    """On which side the sentences of a note are; about a third of the notes is held out."""
    return int.from_bytes(sha256(note.encode()).digest(), "big") % 3 == 2
