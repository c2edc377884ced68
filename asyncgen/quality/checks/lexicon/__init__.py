"""Closed lists of synonyms: one alternative may replace another of its line."""

from importlib.resources import files


def lexicon_lines(name: str) -> list[str]:
    """The lines of a list, `NAME.txt` in this package, without its comments."""
    text = (files(__name__) / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
