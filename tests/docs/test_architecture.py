"""Files that the pages name are there."""

import re
from pathlib import Path

import pytest

from .pages import PAGES, ROOT

_PATH = re.compile(r"`((?:asyncgen|tests|scripts|configs|docs)/[\w./-]+)`")
_TABLE = re.compile(r"^## Where to change what\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def test_the_files_of_the_table_are_there() -> None:
    """A file that is renamed or divided takes its line along."""
    found = _TABLE.search((ROOT / "docs" / "architecture.md").read_text("utf-8"))
    assert found is not None
    paths = re.findall(r"`([a-z_]+/[\w/]+)`", found[1])
    assert len(paths) > 10
    missing = [path for path in paths if not (ROOT / "asyncgen" / f"{path}.py").exists()]
    assert [path for path in missing if not (ROOT / "asyncgen" / path).is_dir()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_paths_in_a_page_are_there(page: Path) -> None:
    """Also those that no link leads to."""
    named = _PATH.findall(page.read_text("utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []
