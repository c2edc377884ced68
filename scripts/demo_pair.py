"""Shows one pair that a run has written: the note, its paraphrase, and the words that changed."""

import json
import sys
import textwrap
from pathlib import Path

from asyncgen.quality.view.word_diff import mark_changes

WIDTH = 100
RED, GREEN, BOLD, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"


def first_of(path: Path, **wanted: str) -> dict[str, str] | None:
    """The first line of a JSONL file that has these values; None where there is none."""
    with path.open(encoding="utf-8") as lines:
        return next((row for row in map(json.loads, lines) if wanted.items() <= row.items()), None)


def marked(pieces: list[str], begin: str, end: str) -> str:
    """A text with its changed words marked."""
    return "".join(f"{begin}{piece}{end}" if place % 2 and piece else piece for place, piece in enumerate(pieces))


def show(title: str, text: str) -> None:
    """A text with a title, in lines that fit a terminal."""
    print(f"{title}:")
    print(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False))


def main() -> None:
    """Show the pair of the first example."""
    pairs, output = map(Path, sys.argv[1:])
    colour = sys.stdout.isatty()
    example = first_of(output / "sft_correct.jsonl")
    if example is None:
        print("None was made: failed.jsonl says why.")
        return
    pair = first_of(pairs, note_id=example["original_note_id"])
    assert pair is not None
    was, became = mark_changes(pair["correct_note"], example["note"])
    _, wrong = mark_changes(pair["correct_note"], pair["incorrect_note"])
    red = (RED, PLAIN) if colour else ("[-", "-]")
    green = (GREEN, PLAIN) if colour else ("{+", "+}")
    bold = (BOLD, PLAIN) if colour else ("**", "**")
    show(f"{pair['note_id']}, the correct note", marked(was, *red))
    show("CORRECT, paraphrased (what changed is marked)", marked(became, *green))
    show("INCORRECT, as it was (the planted error is marked)", marked(wrong, *bold))


if __name__ == "__main__":
    main()
