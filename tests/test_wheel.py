"""What is in the wheel."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_the_package_and_what_ships_in_configs(tmp_path: Path) -> None:
    """An installation finds prompts, samples and profiles by name, and brings no tests."""
    pytest.importorskip("hatchling", reason="the wheel is built by hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr

    (wheel,) = tmp_path.glob("*.whl")
    names = set(ZipFile(wheel).namelist())
    assert names >= {
        "asyncgen/cli/main.py",
        "asyncgen/py.typed",
        "asyncgen/configs/prompts/medec_safe.json",
        "asyncgen/configs/samples/pairs.jsonl",
        "asyncgen/configs/profiles/default.toml",
        "asyncgen/configs/models.toml",
        "asyncgen/configs/tiers/openai.toml",
        "asyncgen/configs/export/detection.toml",
    }
    outside = {name for name in names if not name.startswith(("asyncgen/", "asyncgen-"))}
    assert not outside
