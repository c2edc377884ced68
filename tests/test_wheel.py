"""What is in the wheel and in the source distribution."""

import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from asyncgen.config.version import __version__

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of both: `python -m build` makes the wheel out of the source distribution."""
    pytest.importorskip("hatchling", reason="the wheel is built by hatchling")
    pytest.importorskip("build", reason="build is not installed")
    directory = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory), str(ROOT)]
    # Not here: a directory called build would be taken for the program.
    done = subprocess.run(words, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


@pytest.mark.timeout(120)
def test_the_wheel_holds_the_package_and_what_ships_in_configs(built: Path) -> None:
    """An installation finds prompts, samples and profiles by name, and brings no tests."""
    names = set(ZipFile(built / f"asyncgen-{__version__}-py3-none-any.whl").namelist())
    assert names >= {
        "asyncgen/cli/main.py",
        "asyncgen/py.typed",
        "asyncgen/configs/prompts/medec_safe.json",
        "asyncgen/configs/recipes/mails.md",
        "asyncgen/configs/samples/pairs.jsonl",
        "asyncgen/configs/profiles/default.toml",
        "asyncgen/configs/models.toml",
        "asyncgen/configs/tiers/openai.toml",
        "asyncgen/configs/export/detection.toml",
    }
    outside = {name for name in names if not name.startswith(("asyncgen/", "asyncgen-"))}
    assert not outside


@pytest.mark.timeout(120)
def test_the_wheel_says_what_it_is(built: Path) -> None:
    """Name, version, licence, command, and the README as its description."""
    wheel = ZipFile(built / f"asyncgen-{__version__}-py3-none-any.whl")
    about = f"asyncgen-{__version__}.dist-info"
    metadata = wheel.read(f"{about}/METADATA").decode()
    for line in (
        "Name: asyncgen",
        f"Version: {__version__}",
        "License-Expression: MIT",
        "Requires-Python: >=3.11",
    ):
        assert f"{line}\n" in metadata
    assert (ROOT / "README.md").read_text("utf-8").splitlines()[0] in metadata
    assert b"asyncgen = asyncgen.__main__:program" in wheel.read(f"{about}/entry_points.txt")


@pytest.mark.timeout(120)
def test_the_command_runs_out_of_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, with the shipped recipe and its sample."""
    ZipFile(built / f"asyncgen-{__version__}-py3-none-any.whl").extractall(tmp_path / "there")
    words = ["-m", "asyncgen", "preview", "--recipe", "mails", "--prompts-only", "--input"]
    sample = tmp_path / "there" / "asyncgen" / "configs" / "samples" / "mails.jsonl"
    done = subprocess.run(
        [sys.executable, *words, str(sample)],
        cwd=tmp_path / "there",  # goes before the checkout
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Delivery on Thursday" in done.stdout


@pytest.mark.timeout(120)
def test_the_source_distribution_holds_what_it_takes_to_test_it(built: Path) -> None:
    """And no environment, cache or data of whoever builds it."""
    with tarfile.open(built / f"asyncgen-{__version__}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "scripts/test",
        "tests/conftest.py",
        "docs/index.md",
    }
    assert [name for name in names if name.startswith((".venv", "build/", "demo-output", ".mypy_cache"))] == []
