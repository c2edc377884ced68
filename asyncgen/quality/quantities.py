"""Numbers with their units, read from a text, and whether two of them are the same amount.

A unit is a product of dimensions with a factor to a base unit ("mg/dL" is mass/volume), so that whatever has
the same dimensions can be converted. Months and years are spans of days, since they have no fixed length.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

_DAY = 86400.0
_MONTH = 28 * _DAY
_ROUNDED = 0.03  # share that rounding may change at most
_UNITS: dict[str, tuple[str, float]] = {
    # dimension and factor, by the names of a unit
    "seconds second secs sec s": ("time", 1),
    "minutes minute mins min": ("time", 60),
    "hours hour hrs hr h": ("time", 3600),
    "days day d": ("time", _DAY),
    "weeks week wks wk": ("time", 7 * _DAY),
    "months month mos mo": ("time", 30.4 * _DAY),
    "years year yrs yr yo": ("time", 365 * _DAY),
    "micrograms microgram mcg \u00b5g \u03bcg ug": ("mass", 1e-6),
    "milligrams milligram mg": ("mass", 1e-3),
    "grams gram g gm": ("mass", 1),
    "kilograms kilogram kgs kg": ("mass", 1e3),
    "nanograms nanogram ng": ("mass", 1e-9),
    "picograms picogram pg": ("mass", 1e-12),
    "pounds pound lbs lb": ("mass", 453.592),
    "ounces ounce oz": ("mass", 28.3495),
    "milliliters milliliter millilitres millilitre ml cc": ("volume", 1e-3),
    "deciliters deciliter dl": ("volume", 0.1),
    "liters liter litres litre l": ("volume", 1),
    "microliters microliter \u00b5l \u03bcl ul": ("volume", 1e-6),
    "fl": ("volume", 1e-15),
    "millimeters millimeter millimetres mm": ("length", 1e-3),
    "centimeters centimeter centimetres cm": ("length", 1e-2),
    "meters meter metres metre m": ("length", 1),
    "kilometers kilometer km": ("length", 1e3),
    "inches inch in": ("length", 0.0254),
    "feet foot ft": ("length", 0.3048),
    "miles mile": ("length", 1609.34),
    "mmhg": ("pressure", 1),
    "kpa": ("pressure", 7.50062),
    "c celsius": ("celsius", 1),
    "f fahrenheit": ("fahrenheit", 1),
    "% percent": ("share", 1),
    "moles mole mol": ("amount", 1),
    "mmol": ("amount", 1e-3),
    "\u00b5mol \u03bcmol umol": ("amount", 1e-6),
    "nmol": ("amount", 1e-9),
    "pmol": ("amount", 1e-12),
    "meq": ("equivalent", 1e-3),
    "eq": ("equivalent", 1),
    "iu units unit u": ("activity", 1),
    "mu": ("activity", 1e-3),
    "mosmol mosm": ("osmole", 1e-3),
    "hz": ("1/time", 1),
    "bpm": ("1/time", 1 / 60),
    "mm3": ("volume", 1e-6),
    "packs pack": ("pack", 1),
    "tablets tablet tabs tab pills pill capsules capsule": ("dose form", 1),
    "puffs puff drops drop sprays spray": ("puff", 1),
    "gy gray": ("gray", 1),
    "kcal": ("energy", 1),
}
_BY_NAME = {name: unit for names, unit in _UNITS.items() for name in names.split()}
# Short names are also words or letters: these count only close to their number.
_CASED = {"C": "c", "F": "f", "L": "l", "U": "u"}
_COUNTED = r"(?:\s?(?:beats|breaths|respirations|times|cells|copies))?"

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORD_VALUES = {
    **{word: place + 1 for place, word in enumerate(_ONES)},
    **{ten: 10 * (place + 2) for place, ten in enumerate(_TENS)},
    **{
        f"{ten}{joint}{one}": 10 * (place + 2) + number + 1
        for place, ten in enumerate(_TENS)
        for number, one in enumerate(_ONES[:9])
        for joint in "- "
    },
    "single": 1,
    "half": 0.5,
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
}
_ORDINALS = {
    word: place + 1
    for place, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split())
}
_ROMAN = {
    word: place + 1 for place, word in enumerate("i ii iii iv v vi vii viii ix x xi xii".split())
}

_SHORT = r"[CFLU](?![\w'])"
_NAMES = "|".join(sorted((re.escape(name) for name in _BY_NAME if len(name) > 1 or name in "sdgmh%"), key=len, reverse=True))
# "in" is mostly no inch.
_NAME = rf"(?:(?!in\b(?!$|[.,;:)]|\s(?:tall|long|wide)))(?i:{_NAMES})(?![^\W\d_])|{_SHORT})"
_PER = r"(?:\s?/\s?|\sper\s|\sa\s(?=day|week|month|year|hour|minute)|\s(?=daily|weekly|monthly|nightly))"
_UNIT = rf"(?:[\s-]?(?:\u00b0\s?|degrees\s)?(?:mm\s?Hg(?![^\W\d_])|{_NAME}))"
_RATE = rf"{_COUNTED}{_PER}(?:{_NAME}|daily|weekly|monthly|nightly)"
_WORDS = "|".join(sorted(_WORD_VALUES, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?P<grade>(?i:type|stage|grade|class|nerve|phase|factor|category|degree))\s(?P<roman>[IVX]+)\b"
    rf"|(?P<ordinal>\b(?i:{'|'.join(_ORDINALS)})\b|(?<![\w.,])\d+(?:st|nd|rd|th)\b)"
    rf"|(?P<aged>\b(?i:aged?)\s(?:of\s)?(?=\d))?(?:(?P<sign>(?<![\w)])[-\u2212+](?=\d))?(?P<digits>\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\w)\.\d+)"
    rf"|\b(?P<word>(?i:{_WORDS}))\b|\b(?P<article>(?i:an?|the\spast|the\slast|every|each)(?=\s(?i:{_NAMES})\b)))"
    rf"(?P<unit>{_UNIT}|(?=(?:{_COUNTED}\s?/|{_COUNTED}\sper\s)))?(?P<rates>(?:{_RATE})*)"
)
_FREQUENCY: tuple[tuple[re.Pattern[str], Callable[[float], float]], ...] = (
    (re.compile(r"\b(?:every|each|q)\s?(\d+|" + _WORDS + r")\s?-?(?:hours?|hrs?|h)\b", re.IGNORECASE), lambda n: 24 / n),
    (re.compile(r"\b(?:every|each|q)\s?(\d+|" + _WORDS + r")\s?-?(?:minutes?|mins?)\b", re.IGNORECASE), lambda n: 1440 / n),
    (re.compile(r"\b(\d+|" + _WORDS + r")\stimes\s(?:a\s|per\s|each\s)?(?:day|daily)\b", re.IGNORECASE), lambda n: n),
    (re.compile(r"\b(\d+|" + _WORDS + r")\stimes\s(?:a\s|per\s|each\s)?(?:week|weekly)\b", re.IGNORECASE), lambda n: n / 7),
)
_FREQUENCY_WORDS = (
    (re.compile(r"\bevery other day\b", re.IGNORECASE), 0.5),
    (re.compile(r"\bonce (?:a day|daily|per day|each day)\b|\bq\.?d\b", re.IGNORECASE), 1.0),
    (re.compile(r"\btwice (?:a day|daily|per day|each day)\b|\bb\.?i\.?d\b", re.IGNORECASE), 2.0),
    (re.compile(r"\bthrice (?:a day|daily|per day)\b|\bt\.?i\.?d\b", re.IGNORECASE), 3.0),
    (re.compile(r"\bq\.?i\.?d\b", re.IGNORECASE), 4.0),
    (re.compile(r"\bonce (?:a week|weekly|per week|each week)\b", re.IGNORECASE), 1 / 7),
    (re.compile(r"\btwice (?:a week|weekly|per week|each week)\b", re.IGNORECASE), 2 / 7),
    (re.compile(r"\bonce (?:a month|monthly|per month)\b|\bevery month\b|\bmonthly\b", re.IGNORECASE), 1 / 30),
    (re.compile(r"\bevery week\b|\bweekly\b", re.IGNORECASE), 1 / 7),
    (re.compile(r"\bdaily\b|\bevery day\b|\beach day\b|\bnightly\b|\bevery night\b", re.IGNORECASE), 1.0),
    (re.compile(r"\btwice\b", re.IGNORECASE), -2.0),
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit.

    `factor` is the worth of the unit in base units of `dimension`, `amount` that of the whole quantity, `step` that
    of its last written digit. `text` is how it stands in the note. `soft`: an article or a pronoun that may stand
    for a number ("a week", "one").
    """

    value: float
    dimension: str
    factor: float
    amount: float
    step: float
    text: str
    soft: bool = False

    @property
    def key(self) -> tuple[float, str, float]:
        """Equal for the same number with the same unit, however both are written."""
        return (self.value, self.dimension, round(math.log(max(abs(self.amount), 1e-30)), 3))


def quantities(text: str) -> list[Quantity]:
    """All quantities of a text, in order; parts of one ("5 ft 4 in") are one."""
    rest, found = _frequencies(text)
    places: list[tuple[int, int, Quantity]] = []
    for match in _QUANTITY.finditer(rest):
        quantity = _quantity(match)
        begin, end = match.span()
        if places and _continues(places[-1][2], quantity, rest[places[-1][1] : begin]):
            begin, _, head = places.pop()
            quantity = replace(
                quantity, value=head.value, amount=head.amount + quantity.amount, text=rest[begin:end]
            )
        places.append((begin, end, quantity))
    return [quantity for _, _, quantity in places] + found


def same_amount(was: Quantity, became: Quantity, slack: float = 0.05) -> bool:
    """Whether one is the other in another unit, rounded as it is written; `slack` is in degrees."""
    if {was.dimension, became.dimension} == {"celsius", "fahrenheit"}:
        expected = was.amount * 1.8 + 32 if was.dimension == "celsius" else (was.amount - 32) / 1.8
        return abs(expected - became.amount) <= 0.5 * became.step + slack
    if was.dimension != became.dimension or was.factor == became.factor:
        return False
    difference = abs(was.amount - became.amount)
    largest = max(abs(was.amount), abs(became.amount))
    if was.dimension == "time":
        # Exact, but where months and years come in: these have 28 to 31 and 360 to 366 days in common speech.
        rough = max(was.step, became.step) >= _MONTH
        return difference <= (0.085 if rough else 0.002) * largest
    return difference <= 0.51 * became.step and difference <= _ROUNDED * largest


def _quantity(match: re.Match[str]) -> Quantity:
    text = match[0].strip()
    if match["roman"]:
        value = float(_ROMAN.get(match["roman"].lower(), 0))
        return Quantity(value, "", 1, value, 1, text)
    if match["ordinal"]:
        digits = re.match(r"\d+", match["ordinal"])
        value = float(digits[0]) if digits else float(_ORDINALS[match["ordinal"].lower()])
        return Quantity(value, "ordinal", 1, value, 1, text, soft=value <= 2 and not digits)  # noqa: PLR2004
    value, step, soft = _value(match)
    dimension, factor = _unit(match["unit"] or ("years" if match["aged"] else ""), match["rates"] or "")
    soft = soft or (match["word"] is not None and match["word"].lower() in {"one", "half", "single"} and not dimension)
    return Quantity(value, dimension, factor, value * factor, step * factor, text, soft)


def _value(match: re.Match[str]) -> tuple[float, float, bool]:
    """Value, worth of the last digit, and whether it is only an article."""
    if match["digits"]:
        digits = match["digits"].replace(",", "")
        value = float(digits) * (-1 if match["sign"] in {"-", "\u2212"} else 1)
        return value, 10.0 ** -len(digits.partition(".")[2]), False
    if match["word"]:
        return float(_WORD_VALUES[match["word"].lower()]), 1.0, False
    return 1.0, 1.0, True


def _unit(unit: str, rates: str) -> tuple[str, float]:
    """Dimension and factor of a written unit; ("", 1) for none."""
    dimension, factor = _named(unit)
    for name in re.split(r"/|\bper\b|\ba\b", rates.lower()) if rates.strip() else ():
        below, divisor = _named(name)
        if below:
            dimension, factor = f"{dimension}/{below}", factor / divisor
        elif "daily" in name or "nightly" in name:
            dimension, factor = f"{dimension}/time", factor / _DAY
    return dimension.removeprefix("1"), factor


def _named(name: str) -> tuple[str, float]:
    name = re.sub(r"\s|-|\u00b0|degrees", "", name)
    return _BY_NAME.get(_CASED.get(name, name.lower()), ("", 1.0))


def _continues(head: Quantity, tail: Quantity, between: str) -> bool:
    """Whether two quantities are one: feet and inches, pounds and ounces, hours and minutes."""
    return (
        head.dimension == tail.dimension
        and head.dimension in {"time", "mass", "length"}
        and head.step > tail.step
        and not (head.soft or tail.soft)
        and re.fullmatch(r"\s?(?:and\s|,\s)?-?", between) is not None
    )


def _frequencies(text: str) -> tuple[str, list[Quantity]]:
    """How often something is done, a day; and the text without it."""
    found = []

    def take(match: re.Match[str], times: float) -> str:
        soft = times < 0
        found.append(Quantity(round(abs(times), 4), "times a day", 1, abs(times), 0, match[0], soft))
        return " " * len(match[0])

    for pattern, rate in _FREQUENCY:
        text = pattern.sub(lambda match, rate=rate: take(match, rate(_number(match[1]))), text)
    for pattern, times in _FREQUENCY_WORDS:
        text = pattern.sub(lambda match, times=times: take(match, times), text)
    return text, found


def _number(text: str) -> float:
    return float(text) if text.isdigit() else float(_WORD_VALUES[text.lower()])

