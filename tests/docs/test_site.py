"""The pages as a whole: they build without a dead link, and the README is short."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from .pages import README, ROOT

MOST_LINES = 150
needs_mkdocs = pytest.mark.skipif(find_spec("material") is None, reason="mkdocs-material is not installed")


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a checkout."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_mkdocs
@pytest.mark.timeout(60)
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Pages, anchors, and files of the repository that pages link to; none is missing in the navigation."""
    built = build(ROOT, tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "exit-codes" / "index.html").exists()


@needs_mkdocs
@pytest.mark.timeout(60)
def test_dead_links_are_errors(tmp_path: Path) -> None:
    """To a page, to a place in it, or out of docs/."""
    for name in ("mkdocs.yml", "scripts/documentation", "docs"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(exist_ok=True)
        copy(ROOT / name, tmp_path / name)
    for name in (".github", "configs", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    dead = ("nowhere.md", "models.md#no-such-place", "../configs/no-such-file.toml")
    with (tmp_path / "docs" / "models.md").open("a") as page:
        page.writelines(f"\n[dead]({link})\n" for link in dead)
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    for name in ("nowhere.md", "no-such-place", "no-such-file.toml"):
        assert name in built.stdout + built.stderr


def test_the_readme_fits_on_two_screens() -> None:
    """Everything else has a page of its own."""
    assert len(README.read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", [README, *sorted((ROOT / ".github").glob("*.md"))], ids=lambda page: page.stem)
def test_links_outside_the_site_lead_somewhere(page: Path) -> None:
    """Of what mkdocs does not see."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert links
    assert missing == []


def test_the_figures_of_the_readme_are_those_that_were_measured() -> None:
    """`scripts/bench --write` writes them into docs/benchmarks.md; the README repeats some."""
    [said] = re.findall(r"^## How fast\n(.*?)^## ", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    table = (ROOT / "docs" / "benchmarks.md").read_text("utf-8").splitlines()
    speed, _with_many_in_flight = (line for line in table if line.startswith("| **asyncgen** 0"))
    [limited] = [line for line in table if line.startswith("| **asyncgen** |")]
    calls, of_the_loop, cpu = (cell.strip() for cell in speed.split("|")[2:5])
    ideal, refused, _, _, again = (cell.strip() for cell in limited.split("|")[2:7])
    assert f"{calls} calls/s, {of_the_loop} times what" in said
    assert f"CPU {cpu} a call" in said
    assert f"{ideal} times the ideal time, {refused} call refused" in said
    assert again.replace(" sent again", " calls sent again") in said
