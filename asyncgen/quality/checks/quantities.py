"""Numbers with their units, read from a text, and whether two of them are the same amount."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from asyncgen.quality.checks.any_of import any_of
from asyncgen.quality.checks.units import COUNTED, DAY, NAME, RATE, UNIT, read_unit
from asyncgen.quality.checks.vocabulary import word_set

_MONTH = 28 * DAY
_ROUNDED = 0.03  # the largest relative change that counts as rounding

_ONES = """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINAL_WORDS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_ROMAN_NUMERALS = "i ii iii iv v vi vii viii ix x xi xii"


def _counted(text: str) -> dict[str, int]:
    return {word: place for place, word in enumerate(text.split(), 1)}


_WORD_VALUES = {
    **_counted(_ONES),
    **{ten: 10 * place + 10 for ten, place in _counted(_TENS).items()},
    **{
        f"{ten}{joint}{one}": 10 * tens + 10 + number
        for ten, tens in _counted(_TENS).items()
        for one, number in _counted(_ONES).items()
        for joint in "- "
        if number < 10  # noqa: PLR2004
    },
    "single": 1,
    "both": 2,
    "half": 0.5,
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
}
_NO_NUMBERS = {"one", "single", "both", "half"}
"""Words that are certainly numbers only before a unit."""
_ORDINALS = _counted(_ORDINAL_WORDS)
_ROMAN = _counted(_ROMAN_NUMERALS)

_BEGINNINGS = (
    frozenset(word.split()[0] for word in _WORD_VALUES)
    | frozenset(_ORDINALS)
    | word_set("""
    a an the every each once twice thrice daily weekly monthly nightly bid tid qid b t aged age type stage
    grade class nerve cn phase factor category degree
""")
)
_WORDS = any_of(_WORD_VALUES)
_QUANTITY = re.compile(
    r"(?i:type|stage|grade|class|nerve|CN|phase|factor|category|degree)\s(?P<roman>[IVX]+)\b"
    # Most places of a text are inside of a word, where nothing below begins: that is seen at once.
    r"|(?=[\d.\-\u2212+]|\b[^\W\d_])"
    rf"(?:(?P<ordinal>\b(?i:{'|'.join(_ORDINALS)})\b|(?<![\w.,])\d+(?:st|nd|rd|th)\b)"
    r"|(?P<aged>\b(?i:aged?)\s(?:of\s)?(?=\d))?"
    r"(?:(?P<sign>(?<![\w)])[-\u2212+](?=\d))?(?P<digits>(?<![^\W\d_])"
    r"(?:\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\w)\.\d+))"
    r"(?P<power>\s?[x\u00d7]\s?10(?:\^(?P<exponent>\d{1,2})|(?P<raised>[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,2})))?"
    rf"|\b(?P<word>(?i:{_WORDS}))\b(?:(?<=half)\san?\b)?(?P<half>\sand\s(?:a|one)\shalf)?"
    rf"|\b(?P<article>(?i:an?|the\spast|the\slast|every|each)(?=\s(?i:{NAME})\b)))"
    rf"(?P<unit>{UNIT}|(?={COUNTED}(?:\s?/|\sper\s)))?(?P<rates>(?:{RATE})*))"
)
_SHORT_VITAL = re.compile(
    r"\b(?:(?P<rate>HR|RR|[Hh]eart rate|[Pp]ulse(?: rate)?|[Rr]espiratory rate|[Rr]espirations)"
    r"|BP|[Bb]lood pressure)(?:\s(?:is|are|was|of))?:?\s(?(rate)|(?:\d+/)?)$"
)
"""What precedes a number whose unit is usually omitted: "HR 96", "BP 98/62"."""
_OTHER_UNIT = re.compile(r"\s?(?!and\b|or\b|at\b|on\b|in\b|with\b|over\b)[A-Za-z]")
_PAIRED = re.compile(r"\s?(?:/|over)\s?\d+\s?mm\s?Hg\b", re.IGNORECASE)
"""What follows the first number of "98/62 mm Hg"."""
_HALF = 0.5  # "and a half"
_AND_A = re.compile(r"\sand\s(?:an?\s|one\s)?")
_SHARES = re.compile(r"\s?(?:to|or|and|by|x|\u00d7|-|\u2013)\s?")
"""What separates numbers that share the unit of the last one."""
_SHARED_DIMENSIONS = {"time", "length", "mass", "volume"}
_RAISED = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "0123456789")
_EVERY = rf"\b(?:every|each|q)\s?(\d+|{_WORDS})\s?-?"
_TIMES = rf"\b(\d+|{_WORDS})\stimes\s(?:a\s|per\s|each\s)?"
_A_DAY: tuple[tuple[str, Callable[[float], float]], ...] = (
    (_EVERY + r"(?:hours?|hrs?|h)\b", lambda hours: 24 / hours),
    (_EVERY + r"(?:minutes?|mins?)\b", lambda minutes: 1440 / minutes),
    (_TIMES + r"(?:day|daily)\b", lambda times: times),
    (_TIMES + r"(?:week|weekly)\b", lambda times: times / 7),
    (r"\b(every other) day\b", lambda _: 0.5),
    (r"\b(once) (?:a day|daily|per day|each day)\b|\bq\.?d\b", lambda _: 1),
    (r"\b(twice) (?:a day|daily|per day|each day)\b|\bb\.?i\.?d\b", lambda _: 2),
    (r"\b(thrice) (?:a day|daily|per day)\b|\bt\.?i\.?d\b", lambda _: 3),
    (r"\bq\.?i\.?d\b", lambda _: 4),
    (r"\b(once) (?:a week|weekly|per week|each week)\b", lambda _: 1 / 7),
    (r"\b(twice) (?:a week|weekly|per week|each week)\b", lambda _: 2 / 7),
    (r"\bonce (?:a month|monthly|per month)\b|\bevery month\b|\bmonthly\b", lambda _: 1 / 30),
    (r"\bevery week\b|\bweekly\b", lambda _: 1 / 7),
    (r"\bdaily\b|\bevery day\b|\beach day\b|\bnightly\b|\bevery night\b", lambda _: 1),
)
_FREQUENCIES = tuple((re.compile(pattern, re.IGNORECASE), rate) for pattern, rate in _A_DAY)
"""How often a day, from the number in a phrase."""
_MAYBE_FREQUENCY = re.compile(
    r"dai|every|each|once|twice|thrice|times|weekly|monthly|nightly|\b[bt]\.?i\.?d|\bq", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit.

    `factor` is the size of the unit in base units of `dimension`, `amount` that of the whole quantity, `step` that
    of its last written digit. `text` is its form in the note. `soft`: an article or a pronoun that may stand for a
    number ("a week", "one").
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


def may_begin(word: str) -> bool:
    """Whether a quantity may begin with a lower-case word."""
    return word[0].isdigit() or word in _BEGINNINGS or word[0] in "q.-+\u2212" or not word.isalnum()


def quantities(text: str) -> list[Quantity]:
    """All quantities of a text, in order; parts of one ("5 ft 4 in") are combined."""
    return [quantity for _, _, quantity in placed_quantities(text)]


def placed_quantities(text: str) -> list[tuple[int, int, Quantity]]:
    """All quantities of a text with their places, in order, frequencies last."""
    rest, found = _frequencies(text)
    places: list[tuple[int, int, Quantity]] = []
    for match in _QUANTITY.finditer(rest):
        begin, end = match.span()
        quantity = _vital(_quantity(match), rest[max(0, begin - 28) : begin], rest[end : end + 20])
        if places and _continues(places[-1][2], quantity, rest[places[-1][1] : begin]):
            begin, _, head = places.pop()
            quantity = replace(
                quantity,
                value=head.value,
                factor=head.factor + quantity.factor,
                amount=head.amount + quantity.amount,
                text=rest[begin:end],
            )
        elif places and quantity.value == _HALF and _AND_A.fullmatch(rest[places[-1][1] : begin]):
            begin, _, head = places.pop()  # "a year and a half"
            quantity = replace(
                head,
                value=head.value + _HALF,
                amount=head.amount + _HALF * head.factor,
                text=rest[begin:end],
                soft=False,
            )
        places.append((begin, end, quantity))
    return _with_shared_units(places, rest) + found


def _with_shared_units(places: list[tuple[int, int, Quantity]], text: str) -> list[tuple[int, int, Quantity]]:
    """The quantities, with one unit shared by several numbers: "2 x 1.5 cm", "3 to 4 days"."""
    shared = list(places)
    for place in range(len(shared) - 2, -1, -1):
        begin, end, quantity = shared[place]
        following = shared[place + 1]
        if not quantity.dimension and not quantity.soft and _SHARES.fullmatch(text[end : following[0]]):
            unit = following[2]
            if unit.dimension.partition("/")[0] in _SHARED_DIMENSIONS and not unit.soft:
                amount, step = quantity.value * unit.factor, quantity.step * unit.factor
                quantity = replace(
                    quantity, dimension=unit.dimension, factor=unit.factor, amount=amount, step=step
                )
                shared[place] = (begin, end, quantity)
    return shared


def same_amount(was: Quantity, became: Quantity, slack: float = 0.05) -> bool:
    """Whether one is the other in another unit, within the rounding of its digits; `slack` is in degrees."""
    if {was.dimension, became.dimension} == {"celsius", "fahrenheit"}:
        expected = was.amount * 1.8 + 32 if was.dimension == "celsius" else (was.amount - 32) / 1.8
        return abs(expected - became.amount) <= 0.5 * became.step + slack
    if was.dimension != became.dimension or was.factor == became.factor:
        return False
    difference = abs(was.amount - became.amount)
    largest = max(abs(was.amount), abs(became.amount))
    if was.dimension == "time":
        # Exact, except for months and years: in common speech these have 28 to 31 and 360 to 366 days.
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
    dimension, factor = read_unit(match["unit"] or ("years" if match["aged"] else ""), match["rates"] or "")
    soft = soft or (match["word"] is not None and match["word"].lower() in _NO_NUMBERS and not dimension)
    return Quantity(value, dimension, factor, value * factor, step * factor, text, soft)


def _vital(quantity: Quantity, before: str, behind: str) -> Quantity:
    """The quantity with the unit implied by the abbreviation before it, or of the other of two numbers."""
    if quantity.dimension:
        return quantity
    short = None if _OTHER_UNIT.match(behind) else _SHORT_VITAL.search(before)
    if short is None and not _PAIRED.match(behind):
        return quantity
    dimension, factor = read_unit("", "/min") if short and short["rate"] else read_unit("mmHg", "")
    return replace(
        quantity, dimension=dimension, factor=factor, amount=quantity.value * factor, step=quantity.step * factor
    )


def _value(match: re.Match[str]) -> tuple[float, float, bool]:
    """Value, size of the last digit, and whether it is only an article."""
    if match["digits"]:
        digits = match["digits"].replace(",", "")
        power = 10.0 ** int(match["exponent"] or match["raised"].translate(_RAISED)) if match["power"] else 1.0
        value = float(digits) * (-1 if match["sign"] in {"-", "\u2212"} else 1)
        return value * power, power * 10.0 ** -len(digits.partition(".")[2]), False
    if match["word"]:
        value = _WORD_VALUES[match["word"].lower()]
        return (value + 0.5, 0.1, False) if match["half"] else (float(value), 1.0, False)
    return 1.0, 1.0, True


def _continues(head: Quantity, tail: Quantity, between: str) -> bool:
    """Whether two quantities are one: feet and inches, pounds and ounces, hours and minutes."""
    return (
        head.dimension == tail.dimension
        and head.dimension in {"time", "mass", "length"}
        and head.step > tail.step
        and not (head.soft or tail.soft)
        and re.fullmatch(r"\s?(?:and\s|,\s)?-?", between) is not None
    )


def _frequencies(text: str) -> tuple[str, list[tuple[int, int, Quantity]]]:
    """How often something is done per day; and the text without it."""
    found: list[tuple[int, int, Quantity]] = []
    if not _MAYBE_FREQUENCY.search(text):
        return text, found
    for pattern, rate in _FREQUENCIES:
        matches = list(pattern.finditer(text))
        for match in matches:
            times = rate(_number(match[1]) if pattern.groups else 1)
            found.append((*match.span(), Quantity(round(times, 4), "times a day", 1, times, 0, match[0])))
        if matches:
            text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text, found


def _number(text: str | None) -> float:
    """The number in a phrase; 1 for other words."""
    word = (text or "").lower()
    return float(word) if word.isdigit() else float(_WORD_VALUES.get(word, 1))
