"""What a good model answers: one localized, legal change, drawn by a seed from many kinds.

Written without a look at the tables of the checks: phrases as clinicians use them, conversions by arithmetic.
"""

# ruff: noqa: E501 - tables are read across

import re
from collections.abc import Callable
from random import Random

Edit = Callable[[str, Random], str | None]
"""A note and a source of chance; the changed note, or None where this edit has nothing to change."""

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")

SYNONYMS = """
comes to the physician => presents to the physician; comes to the physician => visits the physician
comes to the emergency department => presents to the emergency room; emergency department => ED
is brought to => is taken to; because of => due to; because of => owing to; complains of => reports
reports that => states that; has had => has experienced; shows => reveals; shows => demonstrates; showed => revealed
physical examination => physical exam; Physical examination => Physical exam
blood pressure => BP; temperature is => temp is; pulse is => heart rate is; respirations are => respiratory rate is
The patient => This patient; the patient => this patient; She has => The patient has; He has => The patient has
She is => The patient is; He is => The patient is; her mother => the mother; year-old man => year-old male
year-old woman => year-old female; year-old boy => year-old male child; year-old girl => year-old female child
shortness of breath => dyspnea; shortness of breath => SOB; hypertension => high blood pressure; hypertension => HTN
hyperlipidemia => high cholesterol; diabetes mellitus => DM; type 2 diabetes mellitus => T2DM
coronary artery disease => CAD; chronic obstructive pulmonary disease => COPD; urinary tract infection => UTI
x-ray of the chest => chest radiograph; chest x-ray => chest radiograph; ECG => electrocardiogram
MRI => magnetic resonance imaging; CT scan => computed tomography scan; magnetic resonance imaging => MRI
computed tomography => CT; electrocardiogram => ECG; intravenous => IV; intravenously => IV; IV => intravenous
does not smoke => is a nonsmoker; does not drink alcohol => abstains from alcohol; has no history of => has never had
denies => reports no; denies => does not report; She denies => The patient denies; has not had => has had no
There is no => There is not any; is not => isn't; does not => doesn't; cannot => is unable to; is unable to => cannot
within normal limits => normal; within normal limits => unremarkable; are normal => are within normal limits
is unremarkable => is normal; unremarkable => within normal limits; shows no abnormalities => is normal
shows no abnormalities => is unremarkable; are unremarkable => are normal; nontender => not tender
bilaterally => on both sides; both eyes => the eyes bilaterally; in both => bilaterally in the
increased => elevated; elevated => raised; decreased => reduced; diminished => decreased; high => elevated
low => reduced; worsening => progressively worse; sudden onset of => sudden-onset; significant for => notable for
remarkable for => notable for; unchanged => the same; immediately => at once; currently => at present; prior to => before
following => after; after => following; approximately => about; over the past => during the past; mg daily => mg every day
mg daily => mg once a day; twice daily => two times a day; twice daily => twice a day; weekly => every week; twice a day => bid
every 8 hours => three times a day; one => a single; three => 3; two => 2; mm Hg => mmHg; /min => per minute
beats/min => beats per minute; breaths/min => breaths per minute; % => percent
medications include => medications are; takes no medications => is on no medications; is prescribed => is given
was prescribed => was given; is started on => is placed on; was started on => was begun on; is administered => is given
was performed => was done; is performed => is done; is diagnosed with => receives the diagnosis of; swelling => edema
vomiting => emesis; itching => pruritus; fainting => syncope; rash => skin eruption; fatigue => tiredness; fever => pyrexia
nosebleeds => epistaxis; jaundice => icterus; headache => cephalgia; heart attack => myocardial infarction
appears => looks; alert and oriented => awake and oriented; well-developed => well developed; notes => mentions
noticed => observed; family history => FH; past medical history => PMH; medical history => history; mother => mom
laboratory studies => lab studies; Laboratory studies => Laboratory tests; leukocyte count => white blood cell count
hemoglobin => Hgb; auscultation => listening with the stethoscope; for evaluation of => to be evaluated for
since => as; while => when; several => a number of; began => started; started => began; stopped => discontinued
further => additional; underwent => had; consistent with => compatible with; lives with => resides with
lower extremities => legs; upper extremities => arms; abdomen => belly; examination => exam; evaluation => assessment
history of => past history of; accompanied by => together with; associated with => accompanied by; slightly => mildly
"""
PHRASES = tuple(
    (old.strip(), new.strip())
    for old, _, new in (part.partition("=>") for part in re.split(r"[;\n]", SYNONYMS))
    if new.strip()
)
NUMERALS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def synonym(note: str, draw: Random) -> str | None:
    """One phrase becomes another that says the same."""
    phrases = [(old, new) for old, new in PHRASES if old in note]
    draw.shuffle(phrases)
    for old, new in phrases:
        edge = r"\b" if old[0].isalnum() else r"(?<=\d)"
        tail = r"\b" if old[-1].isalnum() else ""  # "/min" is no "/minute"
        found = list(re.finditer(edge + re.escape(old) + tail, note))
        if found:
            match = draw.choice(found)
            joint = " " if old[0] in "/%" else ""
            return note[: match.start()] + joint + new + note[match.end() :]
    return None


def _convert(pattern: str, convert: Callable[[re.Match[str]], str | None]) -> Edit:
    compiled = re.compile(pattern)

    def edit(note: str, draw: Random) -> str | None:
        found = [(match, new) for match in compiled.finditer(note) if (new := convert(match)) is not None]
        if not found:
            return None
        match, new = draw.choice(found)
        return note[: match.start()] + new + note[match.end() :]

    return edit


def _number(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


_ALONE = r"(?<![\d.,/-])(?<!to )(?<!and )(?<!or )(?<!by )"
_NO_PAIR = r"(?!\s*\()(?!\S*/)"
CONVERSIONS = {
    "days to hours": _convert(_ALONE + r"\b([1-7])([ -])days?\b(?! a| per| of)", lambda m: f"{int(m[1]) * 24}{m[2]}hour{'s' * (m[2] == ' ')}"),
    "weeks to days": _convert(_ALONE + r"\b([1-8])([ -])weeks?\b(?! of|'|\u2019)", lambda m: f"{int(m[1]) * 7}{m[2]}day{'s' * (m[2] == ' ')}"),
    "years to months": _convert(_ALONE + r"\b([1-3])([ -])years?\b(?![ -]old)", lambda m: f"{int(m[1]) * 12}{m[2]}month{'s' * (m[2] == ' ')}"),
    "hours to minutes": _convert(_ALONE + r"\b([1-6])([ -])hours?\b", lambda m: f"{int(m[1]) * 60}{m[2]}minute{'s' * (m[2] == ' ')}"),
    "kg to lb": _convert(_ALONE + r"\b(\d+(?:\.\d)?) kg\b" + _NO_PAIR, lambda m: f"{_number(float(m[1]) / 0.45359237)} lb"),
    "fahrenheit first": _convert(r"(?<![\d.])(\d\d(?:\.\d)?\s?\u00b0?C) \((\d\d\d?(?:\.\d)?\s?\u00b0?F)\)", lambda m: f"{m[2]} ({m[1]})"),
    "only celsius": _convert(r"(?<![\d.])(\d\d(?:\.\d)?\s?\u00b0?C) \((\d\d\d?(?:\.\d)?\s?\u00b0?F)\)", lambda m: m[1]),
    "celsius to fahrenheit": _convert(r"(?<!\()\b(3\d\.\d)\s?\u00b0?C\b(?! \()", lambda m: f"{float(m[1]) * 1.8 + 32:.1f} \u00b0F"),
    "fahrenheit to celsius": _convert(r"(?<!\()\b(9\d\.\d|10\d\.\d)\s?\u00b0?F\b(?! \()", lambda m: f"{(float(m[1]) - 32) / 1.8:.1f} \u00b0C"),
    "per dL to per L": _convert(r"\b(\d+(?:\.\d)?) g/dL\b", lambda m: f"{_number(float(m[1]) * 10)} g/L"),
    "cm to mm": _convert(_ALONE + r"\b(\d(?:\.\d)?)([ -])cm\b" + _NO_PAIR, lambda m: f"{_number(float(m[1]) * 10)}{m[2]}mm"),
    "mg to g": _convert(r"\b([1-9]\d{2,3}) mg\b(?!/)", lambda m: f"{_number(int(m[1]) / 1000, 3)} g"),
    "digit to word": _convert(_ALONE + r"\b([2-9])(?= (?:days|weeks|months|years|hours)\b|-(?:day|week|month|year|hour)\b)", lambda m: NUMERALS[int(m[1])]),
    "word to digit": _convert(r"\b(two|three|four|five|six|seven|eight|nine)\b(?= (?:days|weeks|months|years|hours)\b)", lambda m: str(NUMERALS.index(m[1]))),
    "mmHg": _convert(r"(\d+/\d+)\s?mm Hg", lambda m: f"{m[1]} mmHg"),
    "bpm": _convert(r"pulse is (\d+)/min", lambda m: f"pulse is {m[1]} beats per minute"),
    "year-old": _convert(r"\bA (\d+)-year-old (man|woman)\b", lambda m: f"A {m[2]} aged {m[1]} years"),
    "the patient is": _convert(r"\A(An? \d+-(?:year|month|week|day)-old (?:\w+-?)+?) (comes|presents|is brought)", lambda m: f"The patient is {m[1][0].lower()}{m[1][1:]} who {m[2]}"),
}  # fmt: skip


def reorder(note: str, draw: Random) -> str | None:
    """A phrase in front of a sentence goes to its end."""
    sentences = SENTENCE.split(note)
    places = [
        place
        for place, sentence in enumerate(sentences)
        if re.fullmatch(
            r"(?:For|Over|During|On|In|At|After|Since|Upon) [^,.]{3,50}, (?:he|she|the|her|his|there) [^,]{5,200}\.",
            sentence,
        )
    ]
    if not places:
        return None
    place = draw.choice(places)
    sentence = sentences[place]
    front, _, rest = sentence.removesuffix(".").partition(", ")
    moved = f"{rest[0].upper()}{rest[1:]} {front[0].lower()}{front[1:]}."
    return note.replace(sentence, moved, 1)


def swap_list(note: str, draw: Random) -> str | None:
    """Two things that stand beside each other change places."""
    found = list(re.finditer(r"\b([a-z]{4,}) (and|or) ([a-z]{4,})(?=[.,])", note))
    if not found:
        return None
    match = draw.choice(found)
    return f"{note[: match.start()]}{match[3]} {match[2]} {match[1]}{note[match.end() :]}"


def swap_series(note: str, draw: Random) -> str | None:
    """The first two of a series change places."""
    found = list(re.finditer(r"\b([a-z]{4,}), ([a-z]{4,}), (and|or)\b", note))
    if not found:
        return None
    match = draw.choice(found)
    return f"{note[: match.start()]}{match[2]}, {match[1]}, {match[3]}{note[match.end() :]}"


def join_sentences(note: str, draw: Random) -> str | None:
    """Two sentences become one."""
    found = list(re.finditer(r"(?<=[a-z])\. (She|He) (?=has|is|does|denies|reports|takes|was|had)", note))
    if not found:
        return None
    match = draw.choice(found)
    return f"{note[: match.start()]}, and {match[1].lower()} {note[match.end() :]}"


def split_sentence(note: str, draw: Random) -> str | None:
    """One sentence becomes two."""
    found = list(re.finditer(r",? (?:and|but) (she|he) (?=has|is|does|denies|reports|takes|was|had)", note))
    if not found:
        return None
    match = draw.choice(found)
    return f"{note[: match.start()]}. {match[1].capitalize()} {note[match.end() :]}"


def passive(note: str, draw: Random) -> str | None:
    """A passive sentence about the patient is turned round."""
    found = list(
        re.finditer(
            r"(?:(?<=\. )|\A)([A-Z][a-z]{4,}(?: [a-z]+)?) (?:is|was) (?:prescribed|administered|given)(?=\.)", note
        )
    )
    if not found:
        return None
    match = draw.choice(found)
    return f"{note[: match.start()]}The patient was given {match[1][0].lower()}{match[1][1:]}{note[match.end() :]}"


EDITS: dict[str, Edit] = {
    "synonym": synonym,
    "another synonym": synonym,
    "one more synonym": synonym,
    **CONVERSIONS,
    "reorder": reorder,
    "swap list": swap_list,
    "swap series": swap_series,
    "join sentences": join_sentences,
    "split sentence": split_sentence,
    "passive": passive,
}


def clean_paraphrase(note: str, draw: Random) -> tuple[str, str]:
    """The note with one legal change, and the name of its kind."""
    names = list(EDITS)
    draw.shuffle(names)
    for name in names:
        edited = EDITS[name](note.strip(), draw)
        if edited is not None and edited.split() != note.split():
            return edited, name
    return f"Per the chart: {note.strip()}", "last resort"
