"""Check a reasoning against the notes of its pair: quotations, numbers, findings, the side it argues for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from asyncgen.medec.pair import INCORRECT, Pair
from asyncgen.quality.checks.additions import another_name, stem
from asyncgen.quality.checks.change import Change, clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.leak import telling_words
from asyncgen.quality.checks.meanings import normal_word
from asyncgen.quality.checks.note_words import Words, is_content
from asyncgen.quality.checks.quantities import Quantity, quantities, same_amount
from asyncgen.quality.checks.reasoning_contradiction import contradiction
from asyncgen.quality.checks.reasoning_error import SENTENCE_KEYS, check_error
from asyncgen.quality.checks.reasoning_side import comparison, wrong_side
from asyncgen.quality.checks.vocabulary import DENIES, DENIES_TOO, word_set
from asyncgen.text import strings

_QUOTED = re.compile(r"\"([^\"]{12,600})\"|\u201c([^\u201d]{12,600})\u201d|(?<![\w])'([^'\n]{20,600})'(?!\w)")
_SHORT_QUOTED = re.compile(r"[\"\u201c]([^\"\u201d]*\w\s[^\"\u201d]*)[\"\u201d]")
_LEAST_QUOTED = 4  # words: fewer are a term in quotation marks
_SENTENCE_KEYS = re.compile(rf"{SENTENCE_KEYS.pattern}|(?:error|wrong|incorrect)_?location|quote", re.IGNORECASE)
_FACT_KEYS = re.compile(r"summary|finding|fact|presentation|evidence|history|observation|case", re.IGNORECASE)
_FINDING_KEYS = re.compile(r"finding|fact|evidence|observation|feature", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]*\d)")
_ENUMERATED = re.compile(r"^\s*\(?\d{1,2}[.):]\s", re.MULTILINE)
_POWER_OF_TEN = re.compile(r"[x\u00d7*]\s*10\s*(?:\^\s*\d+|[\u00b2\u00b3\u2070-\u2079]+)")
_SMALL = 1  # "1 lesion" is "a lesion"
_LEAST_CONTENT = 2  # words of a finding: one alone is too common
_ARGUMENT = word_set("""
    passage passages wording phrase phrasing sentence sentences statement statements detail details key point
    points question decide decides decisive reading conclusion conclusions reason reasons reasoning reader plan
    support supports supported supporting fit fits match matches consistent consistency agree agrees follow
    follows rest recorded described stated mentioned finding findings picture whole overall together taken weigh
    important central relevant note notes text clinical here this these
""")
"""Words of an argument: they are not findings, whether or not they occur in the notes."""
_INTERPRETATION = word_set("""
    asymptomatic symptomatic adult child infant adolescent elderly young older middle aged pediatric neonatal
    baseline onset course progression progressive acute chronic subacute recurrent episodic intermittent persistent
    exertional exertion exercise nocturnal unilateral bilateral asymmetric focal diffuse systemic constitutional
    stable unstable hemodynamic hemodynamically vital signs febrile afebrile fever pyrexia hypothermia tachycardia
    tachycardic bradycardia bradycardic hypotension hypotensive hypertension hypertensive hypoxia hypoxemia hypoxic
    tachypnea tachypneic leukocytosis leukopenia neutrophilia lymphocytosis eosinophilia anemia anemic microcytic
    macrocytic normocytic thrombocytopenia thrombocytosis pancytopenia hyponatremia hypernatremia hypokalemia
    hyperkalemia hypocalcemia hypercalcemia hyperglycemia hypoglycemia acidosis alkalosis azotemia uremia
    transaminases transaminitis hepatocellular cholestatic proteinuria hematuria pyuria bacteriuria glucosuria
    ketonuria oliguria polyuria dysuria syncope presyncope dyspnea orthopnea dysphagia odynophagia emesis
    hematemesis hemoptysis melena hematochezia jaundice icterus pallor cyanosis edema erythema pruritus urticaria
    pharyngitis rhinorrhea photophobia phonophobia meningismus nuchal paresthesia paresthesias hemiparesis
    hemiplegia ataxia diplopia dysarthria aphasia vertigo amenorrhea menorrhagia nulliparous multiparous
    postpartum postmenopausal gravid obese obesity overweight smoker tobacco alcohol intake exposure consumption
    risk factor factors history personal family comorbidity comorbidities immunocompromised immunosuppressed
    unremarkable normal abnormal elevated increased decreased reduced low high mild moderate severe marked
    conduction sensorineural conductive neurologic neurological cardiac respiratory abdominal hepatic renal
    consistent positive negative absent present
""")
"""What an examination, a value or the course of an illness is called in medicine, where the note describes it."""
_CLAIMING = word_set("""
    patient reports reported reporting endorses complains complaining presents presence present positive has had
    with noted observed seen evidence marked significant prominent severe mild new recent ongoing episode episodes
""")
"""Words with which a finding claims something, and which are none of it."""
_LONGEST_DENIED = 4  # content words: a longer finding is not denied as a whole
_DENIED_BEFORE = 60  # characters between a denial and the finding
_WORD = re.compile(r"[^\W\d_]\w*(?:['\u2019]\w+)*")
_DENIED = re.compile(
    r"\b(?:no|denies|denied|without|never"
    r"|(?:not|n't)(?: (?:have|had|has|having|shown?|reported|noticed|experienced))? any)"
    r"(?: [\w-]+){0,3} \Z"
)
_DENIED_LIST = re.compile(
    r"\b(?:no|denies|denied|denying|without|never had|(?:did|does|do|has|have|had) not)\b"
    r"(?:(?!\b(?:but|however|except|and has|and had|who|which|until|since)\b)[^.;:]){1,120}?"
    r"\b(?:or|nor)\b(?: [\w-]+){1,4}"
)
_DENYING = DENIES | DENIES_TOO | {"absence", "without", "rule", "ruled", "or", "nor"}
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|\u2026|\[[^\]]*\])\s*")


@dataclass(frozen=True)
class Notes:
    """The notes of a pair, prepared for checking its reasonings; made once for both labels.

    `note` is the paraphrase, `error` the change from the correct note to the incorrect one.
    """

    pair: Pair
    note: Words
    error: Change

    @cached_property
    def text(self) -> str:
        """All three notes in one text."""
        return f"{self.note.text}\n{self.pair.correct_note}\n{self.pair.incorrect_note}"

    @cached_property
    def flat(self) -> str:
        """The text in lower case with single blanks, for quotations."""
        return _flat(self.text)

    @cached_property
    def numbers(self) -> frozenset[float]:
        """All numbers in digits in the notes."""
        return frozenset(_value(word) for word in self._words if word[0].isdigit() and _NUMBER.fullmatch(word))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """All quantities of the notes."""
        return tuple(quantities(self.text))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all words."""
        return frozenset(stem(normal_word(word)) for word in self._words)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset((*self.note.words, *self.error.original.words, *self.error.revised.words))

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    def denies(self, word: str) -> bool:
        """Whether a denial directly precedes every occurrence of a word, or a list of what is denied holds it."""
        place, found = self.lower.find(word), False
        while place >= 0:
            if not self.lower[place - 1 : place].isalnum():
                found = True
                before = _DENIED.search(self.lower, max(0, place - _DENIED_BEFORE), place)
                if before is None and not any(begin <= place < end for begin, end in self._denied_lists):
                    return False
            place = self.lower.find(word, place + 1)
        return found

    @cached_property
    def _denied_lists(self) -> tuple[tuple[int, int], ...]:
        """Where lists of what is denied begin and end: "no cough, fever, or weight loss"."""
        return tuple(match.span() for match in _DENIED_LIST.finditer(self.lower))

    @cached_property
    def telling(self) -> tuple[frozenset[str], frozenset[str]]:
        """The words that distinguish the notes of the pair: those of the error, those of its correction."""
        return telling_words(self.error)


def check_facts(
    reasoning: Any, label: str, notes: Notes, *, comparison_forbidden: bool = True, typed: bool = False
) -> Iterator[Finding]:
    """What a reasoning says that the notes do not; one finding of each kind."""
    if not isinstance(reasoning, Mapping):
        return
    if label == INCORRECT and typed:  # others answer another prompt
        yield from check_error(reasoning, notes.pair, notes.telling)
    fields = [(str(key), text) for key, value in reasoning.items() for text in strings(value)]
    seen: set[str] = set()
    for key, text in fields:
        for finding in _field(key, text, label, notes, comparison_forbidden=comparison_forbidden):
            if finding.kind not in seen:
                seen.add(finding.kind)
                yield finding


def _field(key: str, text: str, label: str, notes: Notes, *, comparison_forbidden: bool) -> Iterator[Finding]:
    for quoted in _quotations(key, text, notes.pair):
        if not all(part in notes.flat for part in map(_flat, _ELLIPSIS.split(quoted)) if part):
            yield Finding("reasoning_quote", "", f"{label}: {clip(quoted)}")
    if _FACT_KEYS.search(key):
        for number in _foreign_numbers(text, notes):
            yield Finding("reasoning_number", "", f"{label}: {number}")
        if (against := contradiction(text, notes.lower)) is not None:
            yield Finding("reasoning_finding", "", f"{label}: {clip(against)}")
    if _FINDING_KEYS.search(key) and _is_foreign(text, notes):
        yield Finding("reasoning_finding", "", f"{label}: {clip(text)}")
    if (wrong := wrong_side(key, text, label, notes.telling)) is not None:
        yield Finding("reasoning_side", "", f"{label}: {clip(wrong)}")
    said = comparison(text, label) if comparison_forbidden else ""
    if said and said.lower() not in notes.flat:
        yield Finding("reasoning_comparison", "", f"{label}: {clip(said)}")


def _quotations(key: str, text: str, pair: Pair) -> Iterator[str]:
    """The quotations in a text: between quotation marks, or all of it if the key asks for the error's sentence.

    Without that sentence in the pair, there is nothing to quote.
    """
    marked = [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]
    if pair.error_sentence and not marked and _SENTENCE_KEYS.search(key) and '"' not in text:
        yield text.strip()
    for quoted in marked:
        if len(quoted.split()) >= _LEAST_QUOTED:
            yield quoted


def _flat(text: str) -> str:
    plain = text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"').lower()
    return " ".join(plain.split()).strip(" .,;:!?\"'")


def _foreign_numbers(text: str, notes: Notes) -> Iterator[str]:
    """Numbers that occur in no note, in any unit."""
    found = _NUMBER.findall(_POWER_OF_TEN.sub(" ", _ENUMERATED.sub(" ", text)))
    unknown = [number for number in found if _value(number) not in notes.numbers and _value(number) > _SMALL]
    if not unknown:
        return
    for quantity in quantities(text):
        if any(re.search(rf"(?<!\d){re.escape(number)}(?!\d)", quantity.text) for number in unknown) and not any(
            quantity.key == other.key or same_amount(other, quantity, 0.5) or other.value == quantity.value
            for other in notes.quantities
        ):
            yield quantity.text


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _is_foreign(text: str, notes: Notes) -> bool:
    """Whether no part of a finding occurs in the notes, or all of it is only denied there."""
    words = _WORD.findall(text.lower())
    content = [word for word in words if is_content(word)]
    told = [word for word in content if word not in _ARGUMENT]
    if any(_flat(quoted) in notes.flat for quoted in _SHORT_QUOTED.findall(text)):
        return False
    if not any(map(str.isdigit, text)) and _is_denied(told, words, notes):
        return True
    described = [word for word in told if word not in _INTERPRETATION]
    least = 1 if len(described) == len(told) else _LEAST_CONTENT
    if len(content) < _LEAST_CONTENT or len(described) < least:
        return False
    return not any(
        stem(normal := normal_word(word)) in notes.stems or another_name(normal, notes.stems) for word in told
    )


def _is_denied(told: list[str], words: list[str], notes: Notes) -> bool:
    """Whether a finding claims what the notes deny, all of it."""
    claimed = [word for word in told if word not in _CLAIMING]
    if not claimed or len(claimed) > _LONGEST_DENIED or not _DENYING.isdisjoint(words):
        return False
    return all(map(notes.denies, claimed)) and not any(word.endswith(("n't", "less")) for word in words)
