"""The checks of an answer in a recipe file, beyond its schema. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from asyncgen.recipes.prompt_template import Template


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """The checks of a step; each has a name, which is reported if it fails."""

    max_words: int | None = None
    min_words: int | None = None
    matches: re.Pattern[str] | None = None
    not_matches: re.Pattern[str] | None = None
    differs_from: Template | None = None

    @property
    def asks(self) -> bool:
        """Whether there is anything to check."""
        return self != NO_CHECK

    def problem(self, text: str, values: Mapping[str, str]) -> str | None:
        """The name of the first check that a text fails; None if it passes.

        Args:
            text: the answer; for a JSON object, all its texts.
            values: the row's, for `differs_from`.
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
        return None


NO_CHECK = AnswerCheck()


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ at most in blanks."""
    return one == other or one.split() == other.split()
