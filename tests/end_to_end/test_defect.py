"""A defect of our own ends a run with exit 1, and says where it was without quoting anybody's note."""

import json
from collections.abc import Callable

from tests.end_to_end.conftest import SAMPLES, Job

BROKEN = """
import sys
from asyncgen.cli.main import main
from asyncgen.engine.worker import Worker

async def process(self, row):
    try:
        raise KeyError(row.pair.correct_note)
    except KeyError as error:
        raise ValueError("about " + row.pair.correct_note) from error

Worker._process = process
sys.exit(main(sys.argv[1:]))
"""


def test_a_defect_says_where_it_was_and_nothing_of_the_notes(job: Callable[..., Job]) -> None:
    """With what led to it, from within the tasks of the engine."""
    ended = job(command=["-c", BROKEN, "run"]).run("--simulate", "fast")
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert any(line.startswith("Traceback") for line in lines)
    assert lines.count("KeyError") == 1
    assert "which led to" in lines
    assert lines[-1] == "ValueError"
    assert any("worker.py" in line for line in lines)
    for line in SAMPLES.read_text().splitlines():
        assert json.loads(line)["correct_note"][:20] not in ended.stderr + ended.stdout
