"""What is checked is said in one way: before a commit, by scripts/test, and for whoever contributes."""

import re
import tomllib
from pathlib import Path

from asyncgen.config.version import __version__

ROOT = Path(__file__).parents[1]
SCRIPT = (ROOT / "scripts" / "test").read_text("utf-8")


def test_pre_commit_checks_what_the_script_checks_without_the_tests() -> None:
    """In the same order of importance or another, with the programs of the same environment."""
    hooks = re.findall(r"entry: (\.venv/bin/[^,]+),", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    checks = re.findall(r"^check (.+)$", SCRIPT, re.MULTILINE) + re.findall(
        r"^step (lint-imports|mypy)$", SCRIPT, re.MULTILINE
    )
    wanted = {check.removesuffix(" .") for check in checks if not check.startswith("pytest")}
    assert {hook.removeprefix(".venv/bin/") for hook in hooks} == wanted


def test_agents_are_told_the_same_checks() -> None:
    """In one line to paste."""
    text = (ROOT / ".github" / "AGENTS.md").read_text("utf-8")
    for check in ("ruff format", "ruff check", "mypy", "lint-imports", "pytest"):
        assert f".venv/bin/{check}" in text


def test_the_version_stands_in_one_place() -> None:
    """The build reads it there, and the changelog has come as far."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"] == {"path": "asyncgen/config/version.py"}
    assert f"## {__version__}\n" in (ROOT / "docs" / "changelog.md").read_text("utf-8")


def test_the_pythons_that_are_named_are_those_that_are_tested() -> None:
    """The oldest that is allowed is the one of the container and the pins; the others have a part in CI."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)]
    newer = re.findall(r"^for version in (.+); do$", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    assert [*named, "system"] == [project["requires-python"].removeprefix(">="), *newer[0].split()]


def test_addresses_of_the_project_are_placeholders_of_one_owner() -> None:
    """A person replaces OWNER, everywhere at once."""
    files = [
        ROOT / "pyproject.toml",
        ROOT / "mkdocs.yml",
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.*")),
    ]
    texts = [path.read_text("utf-8") for path in files if path.suffix in {".toml", ".yml", ".md", ".ipynb"}]
    owners = {owner for text in texts for owner in re.findall(r"github\.com/([\w-]+)/asyncgen", text)}
    assert owners == {"OWNER"}
