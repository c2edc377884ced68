"""Checks of the values in a profile."""

import difflib


class ProfileError(ValueError):
    """The profile cannot be used; the message names the key and what it should be."""


def not_negative(values: object, table: str, *names: str) -> None:
    """Refuse a value below zero, or NaN."""
    for name in names:
        value = getattr(values, name)
        if not 0 <= value < float("inf"):
            raise ProfileError(f"{table}.{name} must be zero or more, not {value}")


def one_of(key: str, value: str, known: tuple[str, ...], what: str) -> None:
    """Refuse an unknown name, and suggest the nearest known one."""
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(filter(None, known))}"
        raise ProfileError(f"{key} = {value!r} is no {what}; {hint}")
