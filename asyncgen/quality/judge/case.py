"""A case for the judge: a note and its revision, identified by their words alone."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import orjson

from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.note_words import split_words


@dataclass(frozen=True)
class Case:
    """A note and its revision. Equal texts are one case: they are judged once, whatever rows they belong to."""

    original: str
    revised: str

    @cached_property
    def key(self) -> str:
        """The key of its verdict (hex)."""
        texts = (self.original.encode(errors="replace"), self.revised.encode(errors="replace"))
        return blake2b(b"\0".join(texts), digest_size=12).hexdigest()

    def line(self) -> bytes:
        """The line of the judge's input; it does not show where the case comes from."""
        change = Change(split_words(self.original), split_words(self.revised))
        passages = [(place.was, place.became) for place in change.passages]
        record = {"id": self.key, "first": self.original, "second": self.revised, "passages": passages}
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
