"""Composes invented clinical notes with an error that a doctor could make in one sentence, drawn by a seed.

The sentences are in `cases.toml` (what belongs to one illness) and `sentences.toml` (what any note may say).
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = tomllib.loads((HERE / "cases.toml").read_text("utf-8"))["case"]
SENTENCES: dict[str, Any] = tomllib.loads((HERE / "sentences.toml").read_text("utf-8"))

ERROR_TYPES = {
    "management": "management",
    "diagnosis": "diagnosis",
    "pharmacotherapy": "drug",
    "treatment": "treatment",
    "causalOrganism": "organism",
}
"""As MEDEC spells them, with the key of a case that has the right and the wrong terms."""

# Place in the note, sentences at most, and how readily they are taken. A case's own sentences come first.
_SECTIONS = {
    "review": (2, 8, 1.0),
    "past": (3, 3, 0.7),
    "medication": (4, 1, 1.0),
    "social": (5, 2, 0.7),
    "family": (6, 2, 0.7),
    "vitals": (7, 1, 3.0),
    "size": (8, 1, 1.5),
    "general": (9, 1, 2.0),
    "exam": (11, 17, 0.6),
    "lab": (13, 15, 0.5),
    "imaging": (14, 7, 0.7),
    "course": (15, 12, 0.6),
    "odd": (14, 2, 0.15),
    "rare": (15, 1, 0.05),
}
_CHILD = {"past": "past_child", "size": "size_child", "opening": "opening_child"}
_NOT_FOR_CHILDREN = {"social", "family", "medication"}
_ADULT = 18
_AS_IT_STANDS = {"odd", "rare"}
_ANSWER_PLACES = (9.5, 12.5, 12.5, 14.5, 16.0)
_TERSE = 60  # characters beside the answer: a remark, without an opening
_NUMERALS = ("two", "three", "four", "five", "six")


@dataclass(frozen=True, slots=True)
class Note:
    """A note twice: as it is right, and with the error; `place` is the number of the sentence that differs."""

    right: tuple[str, ...]
    error_type: str
    place: int
    error_sentence: str
    joint: str
    tail: str

    @property
    def corrected_sentence(self) -> str:
        """The sentence that the error spoils."""
        return self.right[self.place]

    @property
    def wrong(self) -> tuple[str, ...]:
        """The sentences with the error."""
        return (*self.right[: self.place], self.error_sentence, *self.right[self.place + 1 :])

    def text(self, sentences: tuple[str, ...]) -> str:
        """The sentences as one text. A table of values stands in lines of its own."""
        text = sentences[0]
        for before, sentence in pairwise(sentences):
            text += ("\n" if "\n" in before else self.joint) + sentence
        return text + self.tail


def compose(error_type: str, draw: Random) -> Note:
    """A note with an error of a type (a key of `ERROR_TYPES`)."""
    key = ERROR_TYPES[error_type]
    case = draw.choice([case for case in CASES if key in case])
    patient = _Patient(case, draw)
    right, wrong = _answers(case[key], SENTENCES["answer"][key], patient, draw)
    taken = _fill(case, patient, draw, _length(draw) - len(right))
    place = draw.choice(_ANSWER_PLACES)
    ordered = sorted([*taken, (place, right)], key=lambda one: one[0])
    sentences = tuple(text for _, text in ordered)
    joint = "\n" if len(sentences) > 24 and draw.random() < 0.5 else " "
    return Note(
        sentences, error_type, ordered.index((place, right)), wrong, joint, draw.choice(("", " ", "", "\n"))
    )


def _length(draw: Random) -> float:
    """The characters of a note: most as a vignette, few as a remark or a consultation."""
    kind = draw.random()
    if kind < 0.03:
        return draw.uniform(60, 250)
    if kind < 0.05:
        return draw.uniform(1500, 3800)
    return min(1500.0, max(330.0, draw.gauss(718, 215)))


def _answers(terms: list[str], frames: list[str], patient: "_Patient", draw: Random) -> tuple[str, str]:
    frame = patient.tell(draw.choice(frames).replace("{x}", "\x01").replace("{X}", "\x02"))
    wrong = draw.choice(terms[1:])
    right, spoilt = (
        frame.replace("\x01", term).replace("\x02", term[0].upper() + term[1:]) for term in (terms[0], wrong)
    )
    return right, spoilt


def _fill(case: dict[str, Any], patient: "_Patient", draw: Random, length: float) -> list[tuple[float, str]]:
    """Sentences with their places, until the length is reached."""
    opening = draw.choice(case["exam"] if length < _TERSE else SENTENCES[patient.pool("opening")])
    taken = [(0.0, patient.tell(opening))]
    written = len(taken[0][1])
    counts: dict[str, int] = {}
    for name, place, most, template in _candidates(case, patient, draw):
        if written >= length:
            break
        if counts.get(name, 0) == most:
            continue
        counts[name] = counts.get(name, 0) + 1
        text = template if name in _AS_IT_STANDS else patient.tell(template)
        if name == "lab" and counts[name] == 1 and draw.random() < 0.35:
            text = "\n".join(["Laboratory studies show:", *map(patient.tell, draw.sample(SENTENCES["panel"], 6))])
        taken.append((place, text))
        written += len(text) + 1
    return taken


def _candidates(case: dict[str, Any], patient: "_Patient", draw: Random) -> Iterator[tuple[str, float, int, str]]:
    """Section, place, sentences at most, template: all that there are, in an order that is drawn."""
    pool = [
        (name, place, 9, 5.0, text)
        for name, place in (("story", 1.0), ("exam of the case", 10.0), ("tests", 12.0))
        for text in case[name.split()[0]]
    ]
    for name, (place, most, weight) in _SECTIONS.items():
        if not (patient.child and name in _NOT_FOR_CHILDREN):
            pool += [(name, place, most, weight, text) for text in SENTENCES[patient.pool(name)]]
    pool.sort(key=lambda one: draw.random() ** (1 / one[3]), reverse=True)
    return ((name, place, most, text) for name, place, most, _, text in pool)


class _Patient:
    """The facts of a note, and its sentences with them."""

    def __init__(self, case: dict[str, Any], draw: Random) -> None:
        self._draw = draw
        age = draw.randint(*case["age"])
        self.child = age < _ADULT and case["age"][1] < _ADULT
        female = case.get("sex", draw.choice(("female", "male"))) == "female"
        person = ("girl" if female else "boy") if age < _ADULT else ("woman" if female else "man")
        he, his, him = ("she", "her", "her") if female else ("he", "his", "him")
        span = self._span()
        article = "an" if age in {8, 11, 18} or age // 10 == 8 else "a"
        self._drugs = draw.sample(SENTENCES["drugs"], len(SENTENCES["drugs"]))
        self._facts = {"age": str(age), "person": person, "side": draw.choice(("left", "right"))}
        self._facts |= {"a": article, "he": he, "his": his, "him": him, "span": span}
        self._facts["span_history"] = re.sub(r"s\Z", "", span).replace(" ", "-")
        self._facts["complaint"] = self.tell(draw.choice(case["complaint"]))

    def pool(self, name: str) -> str:
        """The key of a section's sentences."""
        return _CHILD.get(name, name) if self.child else name

    def tell(self, template: str) -> str:
        """The sentence with facts and draws put in."""
        said = re.sub(r"\{(\w+)\}", lambda match: self._fact(match[1]), template)
        said = re.sub(r"<([^<>]+)>", lambda match: self._drawn(match[1]), said)
        return said[0].upper() + said[1:] if template[0] in "{<" and template[1:2].isupper() else said

    def _fact(self, name: str) -> str:
        if name[0].isupper():
            fact = self._fact(name[0].lower() + name[1:])
            return fact[0].upper() + fact[1:]
        if name.startswith("drug"):
            return self._drugs.pop()
        return self._facts[name] if name in self._facts else getattr(self, f"_{name}")()

    def _drawn(self, slot: str) -> str:
        """One of several wordings, or a number of a range, as precise as its ends."""
        bounds = re.fullmatch(r"([\d.,]+)-([\d.,]+)", slot)
        if bounds is None:
            return self._draw.choice(slot.split("|"))
        low, high = (float(bound.replace(",", "")) for bound in bounds.groups())
        if "," in slot:
            return f"{self._draw.randint(int(low) // 100, int(high) // 100) * 100:,}"
        digits = len(bounds[1].partition(".")[2])
        return (
            f"{self._draw.uniform(low, high):.{digits}f}"
            if digits
            else str(self._draw.randint(int(low), int(high)))
        )

    def _span(self) -> str:
        number = self._draw.randint(2, 6)
        written = _NUMERALS[number - 2] if self._draw.random() < 0.2 else str(number)
        return f"{written} {self._draw.choice(('hours', 'days', 'days', 'days', 'weeks', 'weeks', 'months'))}"

    def _temperature(self) -> str:
        celsius = round(self._draw.uniform(36.2, 39.6), 1)
        fahrenheit = f"{celsius * 1.8 + 32:.1f}"
        forms = ("{} \u00b0C ({} \u00b0F)", "{} \u00b0C ({} \u00b0F)", "{}\u00b0C ({}\u00b0F)", "{} C ({} F)")
        return self._draw.choice(forms).format(celsius, fahrenheit)

    def _pulse(self) -> str:
        return str(self._draw.randint(88, 142) if self.child else self._draw.randint(52, 124))

    def _breaths(self) -> str:
        return str(self._draw.randint(18, 36) if self.child else self._draw.randint(11, 28))

    def _pressure(self) -> str:
        if self.child:
            return f"{self._draw.randint(84, 112)}/{self._draw.randint(48, 72)}"
        return f"{self._draw.randint(94, 172)}/{self._draw.randint(56, 102)}"
