"""Every planted bug is found by the history that docs/TESTING.md names; `planted` looks for it anew."""

import re
from pathlib import Path

import pytest

from .bugs import BUGS
from .planted import found_by
from .play import Worlds

PAGE = Path(__file__).parents[3] / "docs" / "TESTING.md"
FOUND = {
    wrong: int(seed) for wrong, seed in re.findall(r"^\| ([^|]+) \| (\d+) \| ", PAGE.read_text(), re.MULTILINE)
}


def test_the_page_names_every_bug() -> None:
    """The table on the page has all of them, and no other."""
    assert FOUND.keys() == BUGS.keys()


@pytest.mark.parametrize("wrong", BUGS)
def test_a_planted_bug_is_found(wrong: str, worlds: Worlds) -> None:
    """The history finds it."""
    assert found_by(worlds, BUGS[wrong], FOUND[wrong]) is not None
