"""Fields of a request that users set: in a prompt or recipe file, or by the setting `params`.

They are checked by type. The value None leaves a field out. Fields that cannot be set belong to the recipe or to
the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from asyncgen.chat import Sampling
from asyncgen.errors import BadDataError

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
MOST_TOKENS = 10_000_000  # more is a typing mistake: no model writes that much
RESERVED = ("model", "messages", "stream", "n")
_NUMBERS = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
}
_TEXTS = ("reasoning_effort", "verbosity", "service_tier", "prompt_cache_key")
_OBJECTS = ("logit_bias", "extra_body")
NAMES = (
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "stop",
    *_TEXTS,
    *_OBJECTS,
    "presence_penalty",
    "frequency_penalty",
)


@dataclass(frozen=True, slots=True)
class Params:
    """What was set: `fields` are sent (None: left out), `ignored` are the other names, each with the reason."""

    fields: Mapping[str, Any]
    ignored: tuple[str, ...]


def check_params(said: Mapping[str, Any], where: str) -> Params:
    """The API's fields in an object, as far as their values fit; other entries are reported as ignored.

    Users keep notes of their own in this place, so unfit values are ignored too; but temperature, top_p and
    max_tokens were always checked.

    Args:
        said: names and values.
        where: the name of the object, for messages.

    Raises:
        BadDataError: one of the three does not fit, or a field cannot be set.
    """
    for name in _OWN:
        problem = "" if said.get(name) is None else problem_of(name, said[name])
        if problem:
            raise BadDataError(f"{where}.{name} must be {problem}")
    fits = {
        name for name, value in said.items() if name in NAMES and (value is None or not problem_of(name, value))
    }
    reserved = next((name for name in RESERVED if name in said), None)
    if reserved is not None:
        raise BadDataError(f"{where}.{reserved} cannot be set: the recipe and the run say it")
    return Params(
        {name: value for name, value in said.items() if name in fits},
        tuple(f"{name} ({_why_ignored(name, said[name])})" for name in said if name not in fits),
    )


def _why_ignored(name: str, value: Any) -> str:
    problem = problem_of(name, value)
    if problem:
        return f"it must be {problem}"
    near = meant(name)
    return "not a field of the API" + ("" if near is None else f"; did you mean {near}?")


def meant(name: str) -> str | None:
    """The field whose name was probably meant; None if this is one, or none is near.

    A letter that is missing, too many or at another place, dashes and capitals; not another letter: top_k is no
    top_p.
    """
    if name in NAMES:
        return None
    letters = _letters(name)
    return next((known for known in NAMES if _is_misspelt(letters, _letters(known))), None)


def _letters(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_misspelt(one: str, other: str) -> bool:
    if len(one) == len(other):
        return sorted(one) == sorted(other)
    short, long = sorted((one, other), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def sampling_of(fields: Mapping[str, Any]) -> Sampling:
    """The sampling of a request with these checked fields."""
    more = {name: value for name, value in fields.items() if name not in _OWN and value is not None}
    limit = fields.get("max_tokens")
    return Sampling(
        temperature=fields.get("temperature"),
        top_p=fields.get("top_p"),
        max_tokens=None if limit is None else int(limit),
        more=tuple(
            (name, orjson.dumps(more[name], option=orjson.OPT_SORT_KEYS).decode()) for name in sorted(more)
        ),
    )


_OWN = ("temperature", "top_p", "max_tokens")


def problem_of(name: str, value: Any) -> str:
    """What the value of a field should be; empty if it is that, and for unknown fields with any value of JSON."""
    try:
        orjson.dumps(value)
    except TypeError:
        return "JSON, with integers of at most 64 bits"
    if name not in NAMES:
        return ""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        return "" if number and low <= value <= high else f"a number from {low:g} to {high:g}"
    if name == "max_tokens":
        if not (number and 1 <= value <= MOST_TOKENS):
            return "a number from 1 to 10000000"
        return "" if value == int(value) else "a whole number"
    if name == "seed":
        return "" if number and isinstance(value, int) else "a whole number"
    if name == "stop":
        texts = value if isinstance(value, list) else [value]
        return (
            "" if texts and all(isinstance(text, str) and text for text in texts) else "a text or a list of texts"
        )
    if name in _OBJECTS:
        return _object_problem(name, value)
    if not (isinstance(value, str) and value):
        return "a text"
    return "" if name != "reasoning_effort" or value in EFFORTS else f"one of {', '.join(EFFORTS)}"


def _object_problem(name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return "an object"
    if name == "extra_body" and (reserved := next((one for one in RESERVED if one in value), None)):
        return f"an object without {reserved}"
    return ""
