"""Quantities as a person reads them: times, money, shares, and lines that fit a width."""

import math
import re
from collections.abc import Sequence
from datetime import datetime

NO_PRICE = "no price for this model"
MINUTE = 60
CENT = 0.01
_LITTLE = 10  # below this, three figures need two decimals
_NOT_PLAIN = re.compile(
    "^..?.?$|(?:ss|us|is|[ae]ches|[ey]ses|gnoses|zzes|(?:hal|li|lea|kni|shel|wol|loa|thie|wi|cal)ves|news|series|species)$"
)
"""Plurals whose singular has another form or is not told by its ending (analyses, halves), or no plurals (bus)."""
_WITH_ES = ("sses", "xes", "ches", "shes")
_Y_BEHIND_A_CONSONANT = re.compile("[^aeiou]y$")


def duration(seconds: float) -> str:
    """`12.3 s`, `4 min 05 s`, `3 h 07 min`, `2 d 03 h`."""
    if round(seconds, 1) < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, left = divmod(hours, 24)
    if days:
        return f"{days} d {left:02} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def brief(seconds: float) -> str:
    """A duration in a few characters: `12s`, `4m05s`, `3h07m`, `2d03h`."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole}s"
    return "".join(duration(whole).replace("min", "m").split())


def rate(number: float) -> str:
    """Three figures: `0.0421`, `2.14`, `31.0`, `1,240`."""
    rounded = float(f"{number:.3g}")
    if rounded >= 100:  # noqa: PLR2004
        return f"{number:,.0f}"
    return _figures(number) if rounded < 1 else f"{number:.1f}" if rounded >= _LITTLE else f"{number:.2f}"


def compact(number: float) -> str:
    """Short, for an axis: `0`, `0.25`, `40`, `1.5k`, `2M`."""
    rounded = float(f"{number:.3g}")
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rounded >= size:
            return f"{_figures(rounded / size)}{unit}"
    return _figures(rounded)


def _figures(number: float) -> str:
    """Three figures at most, without an exponent."""
    text = f"{number:.3g}"
    if "e-" in text:
        return f"{number:.{2 - math.floor(math.log10(number))}f}".rstrip("0")
    return f"{number:,.0f}" if "e" in text else text


def usd(cost: float | None) -> str:
    """`0.0042 USD`, `12.40 USD`; or a note that there is no price."""
    return NO_PRICE if cost is None else f"{amount(cost)} USD"


def amount(cost: float) -> str:
    """Money without its unit: `0.0042`, `12.40`, `<0.0001`."""
    return _money(cost, 1)


def dollars(cost: float) -> str:
    """`$0.42`, `$0.0042`, `<$0.0001`: for narrow places."""
    return _money(cost, CENT, "$")


def _money(cost: float, two_decimals_from: float, sign: str = "") -> str:
    if cost > 0 and not round(cost, 4):
        return f"<{sign}0.0001"
    return f"{sign}{cost:,.{2 if not cost or round(cost, 4) >= two_decimals_from else 4}f}"


def earlier_included(cost: float | None, total: float | None) -> float | None:
    """The cost of all starts, if it reads differently from that of this one; else None."""
    if cost is None or total is None or dollars(total) == dollars(cost):
        return None
    return total


def many_of(rows: str) -> str:
    """The plural noun without its adjectives ("new mails": "mails")."""
    return rows.rsplit(maxsplit=1)[-1]


def one_of(rows: str) -> str:
    """The singular noun without its adjectives ("new mails": "mail"); unchanged if its form is not plain."""
    noun = many_of(rows)
    if not noun.endswith("s") or _NOT_PLAIN.search(noun):
        return noun
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun[: -2 if noun.endswith(_WITH_ES) else -1]


def counted(number: int, rows: str, kind: str = "") -> str:
    """`1 pair`, `2,000 open pairs`: of `rows` in the plural, which is never made from the singular."""
    noun = one_of(rows) if number == 1 else many_of(rows)
    return f"{number:,} {kind}{' ' * bool(kind)}{noun}"


def with_article(noun: str) -> str:
    """`a pair`, `an answer`."""
    return f"a{'n' * noun.startswith(tuple('aeiou'))} {noun}"


def plural(number: int, noun: str) -> str:
    """`1 call`, `2,000 calls`, `3 batches`, `4 entries`."""
    if number != 1:
        ends_in_y = _Y_BEHIND_A_CONSONANT.search(noun)
        noun = f"{noun[:-1]}ies" if ends_in_y else f"{noun}{'es' if noun.endswith('ch') else 's'}"
    return f"{number:,} {noun}"


def percent(share: float) -> str:
    """`97 %`."""
    return f"{100 * share:.0f} %"


def clock(at: float) -> str:
    """Local time of day of seconds since the epoch: `21:04:30`; with the date if it is another day."""
    moment = datetime.fromtimestamp(at).astimezone()
    here = datetime.now().astimezone()
    return f"{moment:%H:%M:%S}" if moment.date() == here.date() else f"{moment:%Y-%m-%d %H:%M:%S}"


def fit(parts: Sequence[tuple[int, str]], width: int, separator: str = "  ") -> str:
    """As many parts as fit the width, in their order.

    Args:
        parts: rank and text; parts of higher rank are left out first. Empty ones are skipped.
        width: characters.
        separator: between the parts.
    """
    kept = [part for part in parts if part[1]]
    while kept and len(separator.join(text for _, text in kept)) > width:
        kept.remove(max(kept, key=lambda part: part[0]))
    return separator.join(text for _, text in kept)
