"""Nothing but recipes, the corpus and what ships knows the names of the recipe for pairs of notes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import asyncgen
from asyncgen.recipes.medec_safe import MedecSafe

ROOT = Path(asyncgen.__file__).parent
AT_HOME = ("recipes", "medec")
NAMES = re.compile(
    "|".join(["medec(?!ine)", *(re.escape(output.name) for output in MedecSafe.outputs), *MedecSafe.counters]),
    re.IGNORECASE,
)
NEEDED = {
    "cli/commands/__init__.py",  # says what the next one is for
    "cli/commands/prepare.py",  # the command that makes pairs of what the corpus publishes
    "config/__init__.py",  # the recipe that is the default
    "engine/reader.py",  # names that command, for a file that looks like such a one
    "storage/takeover.py",  # reads what the tool wrote that knew this job alone
}


def lines_with_names() -> Iterator[tuple[str, int]]:
    """Where the names stand, but for imports."""
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(tuple(f"{room}/" for room in AT_HOME)):
            continue
        text = path.read_text("utf-8")
        imports = {
            number
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }
        for number, line in enumerate(text.splitlines(), start=1):
            if number not in imports and NAMES.search(line):
                yield name, number


def test_names_of_one_recipe_stand_where_that_recipe_is_at_home():
    """Files, counters and the corpus: every other recipe is as good."""
    assert {(name, number) for name, number in lines_with_names() if name not in NEEDED} == set()
