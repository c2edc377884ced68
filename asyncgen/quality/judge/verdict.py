"""The judge's verdict on a case, from its answers in both orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Meaning(StrEnum):
    """SAME and DIFFERENT if both orders agree; else OPEN."""

    SAME = "same"
    DIFFERENT = "different"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict; if the answers differ, kind, severity and quotes are those of the objecting one.

    `was` is quoted from the original, `became` from its revision.
    """

    meaning: Meaning
    kind: str = ""
    severity: str = ""
    was: str = ""
    became: str = ""

    @classmethod
    def of(cls, forward: Mapping[str, Any], backward: Mapping[str, Any]) -> "Verdict":
        """Combine the two answers; the second one was shown the revision first."""
        same = [answer["same_meaning"] for answer in (forward, backward)]
        if all(same):
            return cls(Meaning.SAME)
        meaning = Meaning.OPEN if any(same) else Meaning.DIFFERENT
        if not forward["same_meaning"]:
            said, was, became = forward, forward["before"], forward["after"]
        else:
            said, was, became = backward, backward["after"], backward["before"]
        return cls(meaning, str(said["kind"]), str(said["severity"]), str(was), str(became))
