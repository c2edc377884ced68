"""`scripts/demo --simulate`: one pair with its change marked, and next commands that work as they are pasted."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import clean_env

pytestmark = pytest.mark.timeout(120)
ROOT = Path(__file__).parents[2]
ENVIRONMENT = """root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
step() { printf '==> %s\\n' "$*"; }
fail() { printf '%s\\n' "$*" >&2; exit 1; }
make_environment() { :; }
"""
"""What stands in for the file that installs packages: the environment is there."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose environment was made: the demo, the samples, and the program of these tests."""
    root = tmp_path_factory.mktemp("a checkout").resolve()
    (root / "scripts").mkdir()
    for name in ("demo", "demo_pair.py"):
        shutil.copy(ROOT / "scripts" / name, root / "scripts" / name)
    (root / "scripts" / "environment.sh").write_text(ENVIRONMENT)
    (root / "configs").symlink_to(ROOT / "configs")
    programs = root / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, words in (("python", ""), ("asyncgen", "-m asyncgen ")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" {words}"$@"\n')
        program.chmod(0o755)
    return root


def shell(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a line."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=place,
        env=clean_env(None),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module", params=["there", "elsewhere"])
def shown(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """What the demo shows, begun in the checkout or elsewhere; and where."""
    place = checkout if request.param == "there" else tmp_path_factory.mktemp("elsewhere")
    done = shell(f"'{checkout}/scripts/demo' --simulate", place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout, place


def test_one_pair_is_shown_with_what_changed(shown: tuple[str, Path]) -> None:
    """The paraphrase against the note, and the planted error."""
    said, _ = shown
    assert re.search(r"the correct note:\n(?:    .*\n)*.*\[-\w.*-\]", said)
    assert re.search(r"CORRECT, paraphrased.*:\n(?:    .*\n)*.*\{\+\w.*\+\}", said)
    assert re.search(r"INCORRECT, as it was.*:\n(?:    .*\n)*.*\*\*\w.*\*\*", said)
    assert "nothing is charged" in said


def test_every_next_command_works_as_it_is_pasted(shown: tuple[str, Path]) -> None:
    """From where the user stands; verify, which is one of them, raises no alarm."""
    said, place = shown
    commands = [
        line.strip() for line in said.splitlines() if re.match(r"    .*asyncgen (verify|report|export) ", line)
    ]
    assert len(commands) == 3
    for command in commands:
        done = shell(command, place)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert done.stderr == ""
        if " verify " in command:
            assert re.search(r"^flagged +0 of 24 pairs", done.stdout, re.MULTILINE)


def test_a_demo_knows_no_other_word(checkout: Path) -> None:
    """It names those that it takes."""
    done = shell(f"'{checkout}/scripts/demo' --fast", checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert "takes --simulate, --local or nothing" in done.stderr
