"""Read in the sentence of a refusal how long to wait, and whether it is a limit of the day. Pure.

Many servers say it nowhere else. The patterns ask for the words around it: a sentence may quote a row.
"""

import re

from asyncgen.limits.rate_headers import DAY

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}
_UNIT = r"ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?"
_PART = re.compile(rf"(\d+(?:\.\d+)?)\s*({_UNIT})(?![a-z])", re.IGNORECASE)
_WAIT = re.compile(
    r"(?:\b(?:try again|retry) (?:in|after)|\bplease wait(?: for)?)\s+"
    rf"((?:\d{{1,12}}(?:\.\d{{1,12}})?\s*(?:{_UNIT})(?![a-z])\s*)+)",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?<=[a-z])(?=\d)")  # 1m9.696s
_OF_THE_DAY = re.compile(
    r"\b(?:requests|tokens|calls) per day\b|\bdaily (?:\w+ ){0,2}(?:limit|quota|allocation)\b"
    r"|\b(?:limit|quota)s? per day\b|-per-day\b|ByDay\b"
    r"|\brequest reached TPD rate limit\b"  # Moonshot
    r"|^\s*you(?:'ve| \([^()]{1,80}\) have) reached your (?:hourly|session|daily) usage limit\b"  # Ollama's cloud
    r"|\bexceeded today's quota\b"  # ModelScope
    r"|\busage exceeded, resets at midnight\b"  # OpenCode Zen
    r"|^\s*usage limit exceeded(?=\W*$|.*\bhour|.*\b2056\b)"  # MiniMax's plans
    r"|^\s*Usage limit reached for \d+ hours?\b|^\s*已达到 ?\d+ ?小时的使用上限",  # Zhipu's plans
    re.IGNORECASE,
)


def wait_in_words(sentence: str) -> float | None:
    """Seconds to wait, such as 69.7 in "Please try again in 1m9.7s"; None: the sentence names none."""
    found = _WAIT.search(_GLUED.sub(" ", sentence))
    return (
        None if found is None else sum(float(number) * _seconds(unit) for number, unit in _PART.findall(found[1]))
    )


def is_of_the_day(sentence: str) -> bool:
    """Whether the limit that refused is one of the day."""
    return _OF_THE_DAY.search(sentence) is not None


def _seconds(unit: str) -> float:
    unit = unit.lower()
    return 0.001 if unit.startswith(("ms", "mil")) else _UNITS[unit[0]]
