"""The types of flags: how the text of a value is read, and what is said of one that cannot be."""

import argparse
import math
from contextlib import suppress

from asyncgen.cli.paths import a_file_of_prompts
from asyncgen.shard import Shard

_LARGEST = 2**63 - 1


def a_recipe(text: str) -> str:
    """The recipe; a file by its absolute path, like all other files of a run.

    Raises:
        argparse.ArgumentTypeError: it is a pipe or an address, or its links lead in a circle.
    """
    path = a_file_of_prompts(text)
    if not text.endswith(".toml"):
        return text
    with suppress(RuntimeError):  # of Python 3.11 and 3.12, where links lead in a circle
        whole = path.resolve()
        if not whole.is_symlink():
            return str(whole)
    raise argparse.ArgumentTypeError(f"{text}: its links lead in a circle")


def a_field(text: str) -> tuple[str, str]:
    """A recipe's field and its column in the input: `NAME=COLUMN`.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    name, equals, column = text.partition("=")
    if not (name and equals and column):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=COLUMN, such as text=body")
    return name, column


def a_number(text: str) -> float:
    """A number that is finite: JSON has no others, and the files of a run are JSON.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not {text!r}") from None
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a finite number, not {text}")
    return number


def a_duration(text: str) -> float:
    """Seconds; `inf` is no limit, as `math.inf` is from Python.

    Raises:
        argparse.ArgumentTypeError: it is no number.
    """
    return math.inf if text.strip().lower() in {"inf", "+inf", "infinity"} else a_number(text)


def a_whole_number(text: str) -> int:
    """A whole number that fits into 64 bits, as those in the files of a run do.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}") from None
    return _in_64_bits(number)


def _in_64_bits(number: int) -> int:
    if abs(number) > _LARGEST:
        raise argparse.ArgumentTypeError(f"must be at most {_LARGEST:,}")
    return number


def a_count(text: str) -> int:
    """A whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return _in_64_bits(number)


def a_shard(text: str) -> Shard:
    """A shard: `3/8`.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def a_concurrency(text: str) -> int | None:
    """A number of calls in flight; `auto`: None.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    try:
        return None if text == "auto" else _in_64_bits(int(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a whole number") from None


def a_share(text: str) -> float:
    """A share: `1/8`, `0.125` or `12.5%`; the configuration checks the range.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    number, slash, of = text.removesuffix("%").partition("/")
    try:
        share = float(number) / (float(of) if slash else 100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        share = math.nan
    if not math.isfinite(share):
        raise argparse.ArgumentTypeError(f"{text!r} is not a share: write 1/8, 0.125 or 12.5%")
    return share


def a_tolerance(text: str) -> int | float:
    """A number of rows (int), or a share of them (float).

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    try:
        value = float(text.removesuffix("%")) / 100 if text.endswith("%") else int(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= (1 if text.endswith("%") else math.inf):  # false for NaN
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a share: write 50 or 10%")
    return value
