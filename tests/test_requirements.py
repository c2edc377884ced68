"""What is pinned can be installed with every Python that pyproject.toml allows."""

import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
PINNED = ("run", "dev", "local", "ray")


def _pins(name: str) -> set[str]:
    """The names of the packages in a file of pins."""
    lines = (ROOT / f"scripts/requirements/{name}.txt").read_text("utf-8").splitlines()
    return {line.partition("==")[0] for line in lines if "==" in line}


@pytest.mark.parametrize("name", PINNED)
def test_every_pin_that_is_installed_takes_the_oldest_python(name: str) -> None:
    """Its own last word is what pip goes by, so that the pin of a package that wants a newer one cannot be had."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    oldest = f"{project['requires-python'].removeprefix('>=')}.0"
    pins = _pins(name)
    refusing = {
        found.name: found.metadata["Requires-Python"]
        for found in distributions()
        if found.name.lower().replace("_", "-").replace(".", "-") in pins
        and oldest not in SpecifierSet(found.metadata.get("Requires-Python") or "")
    }
    assert not refusing
