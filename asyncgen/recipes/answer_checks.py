"""The checks of an answer in a recipe file, beyond its schema. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from unicodedata import normalize

from asyncgen.recipes.prompt_template import Template


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """The checks of a step; each has a name, which is reported if it fails."""

    max_words: int | None = None
    min_words: int | None = None
    matches: re.Pattern[str] | None = None
    not_matches: re.Pattern[str] | None = None
    differs_from: Template | None = None
    contains: Template | None = None

    @property
    def asks(self) -> bool:
        """Whether there is anything to check."""
        return self != NO_CHECK

    @property
    def templates(self) -> tuple[Template, ...]:
        """Of the texts that an answer is compared with."""
        return tuple(template for template in (self.differs_from, self.contains) if template is not None)

    @property
    def names(self) -> frozenset[str]:
        """Of the values in these templates."""
        return frozenset[str]().union(*(template.names for template in self.templates))

    def where_known(self, names: Collection[str]) -> "AnswerCheck":
        """What can be checked where no values but these are known."""

        def known(template: Template | None) -> Template | None:
            return template if template is None or template.names.issubset(names) else None

        return replace(self, differs_from=known(self.differs_from), contains=known(self.contains))

    def problem(self, text: str, values: Mapping[str, str]) -> str | None:
        """The name of the first check that a text fails; None if it passes.

        Args:
            text: the answer; for a JSON object, all its texts.
            values: those of `names`.
        """
        words = len(text.split()) if self.max_words is not None or self.min_words is not None else 0
        if self.max_words is not None and words > self.max_words:
            return "max_words"
        if self.min_words is not None and words < self.min_words:
            return "min_words"
        if self.matches is not None and not self.matches.search(text):
            return "matches"
        if self.not_matches is not None and self.not_matches.search(text):
            return "not_matches"
        if self.differs_from is not None and same_words(text, self.differs_from.render(values)):
            return "differs_from"
        if self.contains is not None and not stands_in(text, self.contains.render(values)):
            return "contains"
        return None


NO_CHECK = AnswerCheck()


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ at most in blanks."""
    return one == other or one.split() == other.split()


def stands_in(text: str, part: str) -> bool:
    """Whether a text holds another one, up to case, blanks and the form of accents; no number within another."""
    words = [re.escape(_folded(word)) for word in part.split()]
    pattern = r"\s+".join(words)
    if part.strip()[:1].isdigit():
        pattern = rf"(?<!\d)(?<!\d[.,]){pattern}"
    if part.strip()[-1:].isdigit():
        pattern = rf"{pattern}(?!\d|[.,]\d)"
    return re.search(pattern, _folded(text)) is not None


def _folded(text: str) -> str:
    return normalize("NFC", text).casefold()
