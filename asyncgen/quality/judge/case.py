"""A case for the judge: a note and what was made of it, known by their words alone."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import orjson

from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.note_words import split_words


@dataclass(frozen=True)
class Case:
    """A note and its revision. Equal texts are one case: they are judged once, whatever rows they stand for."""

    original: str
    revised: str

    @cached_property
    def key(self) -> str:
        """By which its verdict is found again (hex)."""
        texts = (self.original.encode(errors="replace"), self.revised.encode(errors="replace"))
        return blake2b(b"\0".join(texts), digest_size=12).hexdigest()

    def line(self) -> bytes:
        """The line of the judge's input; nothing in it says where the case comes from."""
        change = Change(split_words(self.original), split_words(self.revised))
        passages = [(place.was, place.became) for place in change.passages]
        record = {"id": self.key, "first": self.original, "second": self.revised, "passages": passages}
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
