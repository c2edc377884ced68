"""The table of where to change what names files that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TABLE = re.compile(r"^## Where to change what\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def test_the_files_of_the_table_are_there() -> None:
    """A file that is renamed or divided takes its line along."""
    found = _TABLE.search((ROOT / "docs" / "architecture.md").read_text("utf-8"))
    assert found is not None
    paths = re.findall(r"`([a-z_]+/[\w/]+)`", found[1])
    assert len(paths) > 10
    missing = [path for path in paths if not (ROOT / "asyncgen" / f"{path}.py").exists()]
    assert [path for path in missing if not (ROOT / "asyncgen" / path).is_dir()] == []
