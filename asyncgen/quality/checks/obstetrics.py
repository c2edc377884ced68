"""Pregnancies and births in one notation: "a G2P1 woman" is "a woman, gravida 2, para 1"."""

import re

_PREGNANCIES = re.compile(
    r"\b(?:G(?P<g>\d{1,2})\s?,?\s?P(?P<p>\d{1,2})|gravida (?P<gravida>\d{1,2}),? para (?P<para>\d{1,2}))"
    r"(?![\w.]*\d),?(?: (?P<who>woman|female|lady)\b)?"
)


def written_out(text: str) -> str:
    """The text with "gravida" and "para" after the woman."""
    return _PREGNANCIES.sub(_in_words, text)


def _in_words(match: re.Match[str]) -> str:
    numbers = f"gravida {match['g'] or match['gravida']}, para {match['p'] or match['para']}"
    return f"{match['who']}, {numbers}," if match["who"] else numbers
