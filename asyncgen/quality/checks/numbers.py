"""Numbers, doses and units: each one in the original must still be there, unchanged or converted."""

import re
from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.checks.change import Change, Hunk
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.obstetrics import written_out
from asyncgen.quality.checks.quantities import Quantity, quantities, same_amount
from asyncgen.quality.checks.units import is_unit

_NAME = re.compile(r"\b(?:type|stage|grade|class|group|phase|factor|category|degree)\s(?:\d+|[IVX]+)\b")
"""A number that is part of a name: "type 2 diabetes" may be repeated if it occurs elsewhere."""
_DOSED = {"mass", "volume", "activity", "amount", "equivalent", "portion", "puff", "times a day", "gray"}


def check_numbers(change: Change) -> Iterator[Finding]:
    """Compare the quantities in the changed passages."""
    # Outside the changed passages both sides are the same, so this compares the whole notes.
    before = [quantity for place in change.passages for quantity in quantities(written_out(place.was))]
    after = [quantity for place in change.passages for quantity in quantities(written_out(place.became))]
    lost = _without(before, Counter(quantity.key for quantity in after))
    gained = _without(after, Counter(quantity.key for quantity in before))
    lost, gained = _drop_converted(lost, gained)
    if "none" in change.gained:
        lost = [one for one in lost if one.value != 0]
    # A value beside its conversion, "37.8 °C (100 °F)", may be added or dropped; originals often round it badly.
    lost = [one for one in lost if not _restates(one, before, lost, slack=1.0)]
    gained = [one for one in gained if not _restates(one, after, gained, slack=0.05)]
    names = {name for place in change.passages for name in _NAME.findall(place.became)}
    known = {name.split()[1] for name in names if re.search(rf"\b{name}\b", change.original.text)}
    gained = [one for one in gained if one.text not in known]
    yield from _judge(lost, gained)
    if not lost and not gained and _swapped(change, before, after):
        yield Finding("number", *change.shown(*(hunk for hunk in change.hunks if _bare_numbers(hunk))))


def _without(quantity_list: list[Quantity], others: Counter[tuple[float, str, float]]) -> list[Quantity]:
    left = []
    for quantity in quantity_list:
        if others[quantity.key] > 0:
            others[quantity.key] -= 1
        else:
            left.append(quantity)
    return left


def _drop_converted(lost: list[Quantity], gained: list[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """Remove pairs of the same amount, and then what may not be a number at all."""
    left: list[Quantity] = []
    for one in lost:
        match = next((other for other in gained if _same(one, other)), None)
        if match is None:
            left.append(one)
        else:
            gained = [other for other in gained if other is not match]
    return [one for one in left if not one.soft], [one for one in gained if not one.soft]


def _restates(one: Quantity, side: list[Quantity], changed: list[Quantity], slack: float) -> bool:
    """Whether a quantity repeats the amount of an adjacent one that stays."""
    if one.dimension == "time":
        return False  # adjacent durations need not be the same one
    place = next(place for place, other in enumerate(side) if other is one)
    beside = [*side[max(0, place - 1) : place], *side[place + 1 : place + 2]]
    # Rounded as either of them is written: which one was measured and which converted is unknown.
    return any(
        (same_amount(one, other, slack) or same_amount(other, one, slack))
        and not any(other is lost for lost in changed)
        for other in beside
    )


def _same(was: Quantity, became: Quantity) -> bool:
    if same_amount(was, became):
        return True
    if was.value != became.value:
        return False
    return was.soft or became.soft  # "the first", "one of them"


def _judge(lost: list[Quantity], gained: list[Quantity]) -> Iterator[Finding]:
    """Name the rest: pairs with the same number first, then in order."""
    gained = list(gained)
    for was in lost:
        became = next((one for one in gained if one.value == was.value), gained[0] if gained else None)
        if became is None:
            yield Finding("dose" if _dosed(was) else "number", was.text)
            continue
        gained.remove(became)
        if was.value == became.value:
            yield Finding("unit", was.text, became.text)
        else:
            yield Finding("dose" if _dosed(was) or _dosed(became) else "number", was.text, became.text)
    for became in gained:
        yield Finding("dose" if _dosed(became) else "number", "", became.text)


def _dosed(quantity: Quantity) -> bool:
    return quantity.dimension.partition("/")[0] in _DOSED and "/volume" not in quantity.dimension


def _swapped(change: Change, before: list[Quantity], after: list[Quantity]) -> bool:
    """Whether numbers of one unit were exchanged while the words around them were not."""
    if not any(map(_bare_numbers, change.hunks)):
        return False
    was_counts, became_counts = (Counter(one.key for one in side) for side in (before, after))
    common = {key for key, number in was_counts.items() if became_counts[key] == number}
    was, became = (_by_unit(side, common) for side in (before, after))
    return was != became


def _by_unit(side: list[Quantity], common: set[tuple[float, str, float]]) -> dict[tuple[str, float], list[float]]:
    values: dict[tuple[str, float], list[float]] = {}
    for one in side:
        if one.key in common:
            values.setdefault((one.dimension, one.factor), []).append(one.value)
    return values


def _bare_numbers(hunk: Hunk) -> bool:
    """Whether a hunk has numbers, and no words except units."""
    words = (*hunk.was, *hunk.became)
    return any(word[0].isdigit() for word in words) and not any(
        word[0].isalpha() and not is_unit(word) for word in words
    )
