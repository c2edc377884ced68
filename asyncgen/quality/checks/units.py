"""Units: their dimension and size, and how to find one after a number.

A unit is a product of dimensions with a factor to a base unit ("mg/dL" is mass/volume), so that units of the same
dimensions can be converted.
"""

import re

DAY = 86400.0
_TABLE = """
    time 1e-3: milliseconds millisecond msecs msec ms
    time 1: seconds second secs sec s
    time 60: minutes minute mins min
    time 3600: hours hour hrs hr h
    time 86400: days day d
    time 604800: weeks week wks wk
    time 1209600: fortnights fortnight
    time 2626560: months month mos mo
    time 31536000: years year yrs yr yo y/o
    mass 1: grams gram g gm
    mass 1e3: kilograms kilogram kgs kg
    mass 1e-3: milligrams milligram mg
    mass 1e-6: micrograms microgram mcg \u00b5g \u03bcg ug
    mass 1e-9: nanograms nanogram ng
    mass 1e-12: picograms picogram pg
    mass 453.592: pounds pound lbs lb
    mass 28.3495: ounces ounce oz
    volume 1: liters liter litres litre l
    volume 0.1: deciliters deciliter dl
    volume 1e-3: milliliters milliliter millilitres millilitre ml cc
    volume 1e-6: microliters microliter \u00b5l \u03bcl ul mm3 mm\u00b3 \
        cubicmillimeters cubicmillimeter cubicmillimetres cubicmillimetre cubicmm
    volume 1e-15: fl
    length 1: meters meter metres metre m
    length 1e3: kilometers kilometer km
    length 1e-2: centimeters centimeter centimetres cm
    length 1e-3: millimeters millimeter millimetres mm
    length 0.0254: inches inch in " \u2033 \u201d
    length 0.3048: feet foot ft ' \u2032 \u2019
    length 1609.34: miles mile
    pressure 1: mmhg
    pressure 7.50062: kpa
    celsius 1: c celsius
    fahrenheit 1: f fahrenheit
    share 1: % percent
    amount 1: moles mole mol
    amount 1e-3: mmol
    amount 1e-6: \u00b5mol \u03bcmol umol
    amount 1e-9: nmol
    amount 1e-12: pmol
    equivalent 1: eq
    equivalent 1e-3: meq
    activity 1: iu units unit u
    activity 1e-3: mu
    osmole 1e-3: mosmol mosm
    1/time 1: hz
    1/time 1e3: khz
    1/time 0.0166667: bpm
    pack 1: packs pack
    portion 1: tablets tablet tabs tab pills pill capsules capsule
    puff 1: puffs puff drops drop sprays spray
    gray 1: gy gray
    energy 1: kcal
"""


def _by_name(table: str) -> dict[str, tuple[str, float]]:
    units = {}
    for line in table.strip().splitlines():
        unit, _, names = line.partition(":")
        dimension, factor = unit.split()
        units.update({name: (dimension, float(factor)) for name in names.split()})
    return units


_UNITS = _by_name(_TABLE)
# One-letter names are words or letters too: these only as written, directly after their number.
_LETTERS = "sdgmh%"
_CAPITALS = "CFLU"
_LONG = sorted((re.escape(name) for name in _UNITS if len(name) > 1 or name in _LETTERS), key=len, reverse=True)
# "in" is mostly not an inch.
NAME = (
    rf"(?:(?i:cubic\s(?:millimet(?:er|re)s?|mm))\b|(?!in\b(?!$|[.,;:)]|\s(?:\(|tall|long|wide)))(?i:{'|'.join(_LONG)})(?![^\W\d_])"
    rf"|[{_CAPITALS}](?![\w']))"
)
COUNTED = r"(?:\s?(?:beats|breaths|respirations|times|cells|copies))?"
# 5'11": only if both marks are present.
_FOOT, _INCH = "['\u2032\u2019]", '["\u2033\u201d]'
_FEET = rf"{_FOOT}(?=\s?\d{{1,2}}{_INCH})"
_INCHES = rf"(?:(?<={_FOOT}\d)|(?<={_FOOT}\d\d)|(?<={_FOOT}\s\d)|(?<={_FOOT}\s\d\d)){_INCH}"
UNIT = rf"(?:{_FEET}|{_INCHES}|[\s-]?(?:\u00b0\s?|deg(?:rees?|\.)?\s)?(?:mm\s?Hg(?![^\W\d_])|{NAME}))"
_PER = r"(?:\s?/\s?|\sper\s|\sa\s(?=day|week|month|year|hour|minute)|\s(?=daily|weekly|monthly|nightly))"
RATE = rf"{COUNTED}{_PER}(?:{NAME}|daily|weekly|monthly|nightly)"
_BELOW = re.compile(r"/|\bper\b|\ba\b")
_JOINTS = re.compile(r"\s|-|\u00b0|deg(?:rees?|\.)?(?=\s)")


def read_unit(unit: str, rates: str) -> tuple[str, float]:
    """Dimension and factor of a unit and its divisor, as written; ("", 1) for none."""
    dimension, factor = _named(unit)
    for name in _BELOW.split(rates) if rates.strip() else ():
        below, divisor = _named(name)
        if "daily" in name or "nightly" in name:
            below, divisor = "time", DAY
        if below:
            dimension, factor = f"{dimension}/{below}", factor / divisor
    return dimension.removeprefix("1"), factor


def is_unit(word: str) -> bool:
    """Whether a lower-case word is the name of a unit."""
    return word in _UNITS


def _named(name: str) -> tuple[str, float]:
    plain = _JOINTS.sub("", name)
    return _UNITS.get(plain.lower(), ("", 1.0))
