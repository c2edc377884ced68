"""The notebook runs from top to bottom, and shows what it prints."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import clean_env

from .notebook import as_output, code_cells
from .pages import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
REWRITE = "python -m tests.docs.notebook docs/notebook.ipynb"


@pytest.mark.timeout(60)
def test_the_notebook_runs_and_shows_what_it_prints(tmp_path: Path) -> None:
    """With the simulator that it starts, and from the first cell to the last."""
    copy = tmp_path / NOTEBOOK.name
    shutil.copy(NOTEBOOK, copy)
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.notebook", str(copy)],
        cwd=ROOT,
        env=clean_env(None),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown, printed = (json.loads(path.read_text("utf-8"))["cells"] for path in (NOTEBOOK, copy))
    assert shown == printed, REWRITE


def test_it_shows_both_ways_to_run() -> None:
    """Awaited, and as a stream."""
    code = "".join("".join(cell["source"]) for cell in code_cells(json.loads(NOTEBOOK.read_text("utf-8"))))
    assert "await asyncgen.run_async(" in code
    assert "asyncgen.stream(" in code
    assert as_output("") == []
