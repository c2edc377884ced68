"""One valid, local change to a clinical note: what a careful model would answer.

Every rewrite keeps the meaning: no number, dose, side or diagnosis changes, but days may be converted into hours,
and weeks into days.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from asyncgen.simulator.draws import pick

_NOTE = re.compile(r"<note>(.*?)</note>", re.DOTALL)
_FENCED = re.compile(r"(?P<fence>```|\"\"\")(?:\w*\n)?(.*?)(?P=fence)", re.DOTALL)
# Up to the last line that ends with a colon; a line that mentions a note precedes a heading inside a note.
_LEAD_INS = (
    re.compile(r"\A(?:.*\n)?[^\n]*\bnote\b[^\n]*:[^\S\n]*\n", re.DOTALL | re.IGNORECASE),
    re.compile(r"\A.*:[^\S\n]*\n", re.DOTALL),
)

_PHRASES = (
    ("comes to", "presents to"),
    ("is brought to", "is taken to"),
    ("brought into", "taken into"),
    ("because of", "due to"),
    ("because he has", "since he has"),
    ("because she has", "since she has"),
    ("shows", "reveals"),
    ("showed", "demonstrated"),
    ("reveals", "shows"),
    ("demonstrates", "shows"),
    ("Physical examination", "Physical exam"),
    ("physical examination", "physical exam"),
    ("Physical exam", "Physical examination"),
    ("physical exam", "physical examination"),
    ("On examination", "On exam"),
    ("On exam", "On examination"),
    ("is notable for", "is remarkable for"),
    ("complaining of", "reporting"),
    ("Current medications include", "Medications currently include"),
    ("Over the past", "During the past"),
    ("over the past", "during the past"),
    ("for the past", "over the past"),
    ("past medical history", "prior medical history"),
    ("Vital signs", "Vitals"),
    ("is diagnosed with", "receives a diagnosis of"),
    ("was diagnosed with", "received a diagnosis of"),
    ("is started", "is initiated"),
    ("was started", "was initiated"),
    ("is administered", "is given"),
    ("are administered", "are given"),
    ("is performed", "is carried out"),
    ("was performed", "was carried out"),
    ("is within normal limits", "is normal"),
    ("are within normal limits", "are normal"),
    ("is concerned", "is worried"),
    ("approximately", "about"),
    ("The patient", "This patient"),
    ("the patient", "this patient"),
    ("Laboratory studies", "Laboratory tests"),
    ("is scheduled for", "is booked for"),
    ("is ordered", "is requested"),
)


class _Rewrite(NamedTuple):
    marker: str  # searched for before the slower pattern is tried
    pattern: re.Pattern[str]
    new: Callable[[re.Match[str]], str]


def _phrase(old: str, new: str) -> _Rewrite:
    return _Rewrite(old, re.compile(rf"\b{re.escape(old)}\b"), lambda _: new)


def _span(marker: str, unit: str, factor: int) -> _Rewrite:
    # Not in a range ("2 to 3 days"), a frequency ("3 days a week") or a pregnancy, where weeks are the unit; up to
    # 7, as larger numbers need another article in one of the forms.
    before = r"(?<=[^\d\s] )(?<!\bto )(?<!\bor )(?<!\band )(?<!\bby )"
    after = r"\b(?!['\u2019]| a\b| per\b| each\b| out\b| of gest| gest| pregnant)"
    pattern = re.compile(rf"{before}([1-7]){re.escape(marker)}{after}")
    return _Rewrite(marker, pattern, lambda match: f"{int(match[1]) * factor}{unit}")


_REWRITES = (
    _span("-day history", "-hour history", 24),
    _span("-week history", "-day history", 7),
    _span(" days", " hours", 24),
    _span(" weeks", " days", 7),
    *(_phrase(old, new) for old, new in _PHRASES),
)
_LAST_RESORT = "Per the chart: "
_FINDINGS = (
    "Lithium is taken daily.",
    "There is a latex allergy.",
    "The spleen is enlarged.",
    "Gait is unsteady.",
)
_OPENINGS = ("It is so:", "In short:", "One may say:", "To begin with:", "As is known:", "Seen in full:")


def find_note(message: str) -> str:
    """The note in a user message: between tags, in a fence, after a lead-in with a colon, or all of it."""
    if notes := _NOTE.findall(message):
        # The instructions may mention the tags themselves, but with less text between them.
        return str(max(notes, key=len)).strip()
    if match := _FENCED.search(message):
        return match[2].strip()
    lead_in = next(filter(None, (pattern.match(message) for pattern in _LEAD_INS)), None)
    return message[lead_in.end() if lead_in else 0 :].strip()


def reply(message: str, key: int) -> str:
    """The paraphrase of the note in a message; without a note, an answer that differs by key."""
    note = find_note(message)
    answer = paraphrase(note, key)
    if note != message.strip() or answer != _LAST_RESORT + note:
        return answer
    return f"{_OPENINGS[pick(key, 'opening', len(_OPENINGS))]} {note}"


def add_finding(note: str, key: int) -> str:
    """The note preceded by a finding that it does not contain, chosen by the key of the request."""
    return f"{_FINDINGS[pick(key, 'finding', len(_FINDINGS))]} {note}"


def is_paraphrase(note: str, other: str) -> bool:
    """Whether one of the rewrites here turns one text into the other."""
    return (
        any(
            source[: match.start()] + rewrite.new(match) + source[match.end() :] == target
            for source, target in ((note, other), (other, note))
            for rewrite in _REWRITES
            if rewrite.marker in source
            for match in rewrite.pattern.finditer(source)
        )
        or {_LAST_RESORT + note, _LAST_RESORT + other} & {note, other} != set()
    )


def paraphrase(note: str, key: int) -> str:
    """The note with exactly one change, chosen by the key of the request."""
    found = [rewrite for rewrite in _REWRITES if rewrite.marker in note and rewrite.pattern.search(note)]
    if not found:
        return _LAST_RESORT + note
    rewrite = found[pick(key, "rewrite", len(found))]
    matches = list(rewrite.pattern.finditer(note))
    match = matches[pick(key, "occurrence", len(matches))]
    return note[: match.start()] + rewrite.new(match) + note[match.end() :]
