"""JSON and text from outside: lone surrogates, markdown fences, control characters, marks of thinking."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, NoReturn

import orjson

_FENCE = "```"
_FENCED = re.compile(r"^```[A-Za-z]*[ \t]*\n(.*?)\n```[ \t]*$", re.MULTILINE | re.DOTALL)
_MARKS = " \t\r\n`~"  # of a fence, which may be left open
_LARGE = 1 << 16  # characters; shorter texts need too little memory to check for
_ROOM = 16  # bytes for a character: 8 that orjson sets aside for one, doubled
_LEAST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**64 - 1
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_NO_BREAK = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # control characters that no text has
_SURROGATE = re.compile("[\ud800-\udfff]")
THINKING_TAGS = "think|thinking|thought|thoughts|reasoning|reflection|seed:think|mm:think|longcat_think"
"""The names of tags in which models think, for a pattern."""
THINKING_MARK = re.compile(
    rf"</?\s*(?:{THINKING_TAGS})(?:\s[^>]*)?>|\[/?think\]|◁/?think▷|<\|(?:START|END)_THINKING\|>|<\|?channel\|?>"
    r"|<\|(?:open|close)\|>think|<\|(?:begin|end)_of_thought\|>|&lt;/?think(?:ing)?&gt;|<details\b[^>]*\btype=\"reasoning\""
    r"|<\|/?think(?:ing)?\|>|<\|inner_(?:prefix|suffix)\|>|<unused9[45]>",
    re.IGNORECASE,
)
"""A mark of thinking, opening or closing, wherever it stands."""


def loads(data: bytes | str) -> Any:
    """Decode JSON; lone surrogates, which UTF-8 cannot hold, become U+FFFD.

    Raises:
        MemoryError: there is not enough memory.
        ValueError: not JSON, or not UTF-8.
    """
    make_room(len(data))
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # orjson refuses escaped lone surrogates, which servers and older tools do write.
        text = data.decode() if isinstance(data, bytes) else data
        if "\\ud" not in text.lower():
            raise
        return _loads_slowly(text, _integer)


def loads_exactly(data: bytes) -> Any:
    """As `loads`, but whole numbers of more than 64 bits, which it rounds, become texts of their digits.

    Raises:
        ValueError: not JSON, or not UTF-8.
    """
    return _loads_slowly(data.decode(), _digits)


def object_in(line: bytes) -> dict[str, Any]:
    """The JSON object in a line; an empty one if there is none, as where a crash tore the line."""
    try:
        found = loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def why_not_json(text: str) -> str:
    """What `loads` refused a text for."""
    try:
        json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=str)
    except json.JSONDecodeError as error:
        if text.startswith("\ufeff"):
            return "a byte order mark stands before it, as where files were joined"
        said = error.msg.removesuffix(" at").removesuffix(" starting")
        return said[:1].lower() + said[1:]
    except ValueError as error:
        return f"{error}, null is for what is missing"
    except RecursionError:
        pass
    return "nested too deeply"


def _loads_slowly(text: str, integer: Callable[[str], Any], *, strict: bool = True) -> Any:
    try:
        return _without_surrogates(
            json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=integer, strict=strict)
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _digits(digits: str) -> int | str:
    number = int(digits)
    return number if _LEAST_INTEGER <= number <= _LARGEST_INTEGER else digits


def make_room(length: int) -> None:
    """Check that there is memory to decode or encode JSON of so many characters.

    Without it, orjson aborts the process.

    Raises:
        MemoryError: there is not enough.
    """
    if length > _LARGE:
        bytes(_ROOM * length)  # never touched, and freed at once


def dumps(value: Any, *, default: Callable[[Any], Any] | None = None, option: int = 0) -> bytes:
    """Encode as JSON; lone surrogates become U+FFFD.

    Python reads paths, arguments and headers that are not UTF-8 as lone surrogates.

    Args:
        value: the value to encode.
        default: converts types that JSON does not have.
        option: orjson's.

    Raises:
        TypeError: the value holds a type that cannot be encoded.
    """
    try:
        return orjson.dumps(value, default=default, option=option)
    except TypeError:
        clean = None if default is None else lambda found: _without_surrogates(default(found))
        return orjson.dumps(_without_surrogates(value), default=clean, option=option)


def printable(text: str) -> str:
    """Text without control characters except tab and line break: input and servers must not control a terminal."""
    return _CONTROL.sub("\ufffd", text)


def printable_within(text: str) -> str:
    """The same for a part of a line: nor may it turn the direction of writing around for the rest of the line.

    A text of its own keeps those signs: in Arabic or Hebrew they are part of it.
    """
    return _TURNING.sub("\ufffd", printable(text))


def strip_fence(text: str) -> str:
    """The inside of a markdown fence around the whole text, or of the only one in it; else the text."""
    first, line_break, rest = text.strip().partition("\n")
    language = first.removeprefix(_FENCE).strip()
    fenced = line_break and first.startswith(_FENCE) and rest.endswith(_FENCE)
    if fenced and (not language or language.isalpha()):
        return rest.removesuffix(_FENCE).strip()
    # "Here is the JSON:" stands before many an answer; of two blocks nobody knows which is meant.
    only = _FENCED.search(text) if text.count(_FENCE) == 2 else None  # noqa: PLR2004 - it is opened and closed
    return text if only is None else only[1].strip()


def json_in(text: str) -> Any:
    """Decode the JSON that is a model's answer, inside a fence or between marks of one, but not among words.

    Line breaks and tabs may stand inside its strings as they are: models without a grammar write them so.

    Raises:
        ValueError: there is none.
    """
    inside = strip_fence(text)
    try:
        return loads(inside)
    except ValueError:
        bare = inside.strip(_MARKS)
        if bare[:4].lower() == "json":
            bare = bare[4:].lstrip()
        if not bare.startswith("{") or _NO_BREAK.search(bare):
            raise
        return _loads_slowly(bare, _integer, strict=False)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_number(digits)


def _integer(digits: str) -> int | float:
    """An integer as orjson decodes it: it could not encode one of more than 64 bits."""
    value = int(digits)
    return value if _LEAST_INTEGER <= value <= _LARGEST_INTEGER else _finite(digits)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def strings(value: Any) -> Iterator[str]:
    """All strings in a JSON value, or in one of TOML; not its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from strings(inner)
