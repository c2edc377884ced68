"""Packages fill themselves when something is asked of them, and nobody can tell the difference."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import asyncgen_process


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that gathers names of a module and of a package in it; each says that it was executed."""
    inner = tmp_path / "gathered" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "gathered/__init__.py").write_text(
        "print('gathered')\n__all__ = ['one', 'Deep']\n"
        "from gathered.ones import one\nfrom gathered.inner import Deep\n"
    )
    (tmp_path / "gathered/ones.py").write_text("print('ones')\none = 1\n")
    (inner / "__init__.py").write_text("print('inner')\nfrom gathered.inner.deep import Deep\n")
    (inner / "deep.py").write_text("print('deep')\nclass Deep: pass\n")
    return tmp_path


def executed(directory: Path, program: str) -> list[str]:
    """What a program prints that runs with `gathered` deferred."""
    before = f"import sys; sys.path.insert(0, {str(directory)!r})\n"
    before += "from asyncgen.client.sdk import defer; defer('gathered'); defer('gathered')\n"
    done = asyncgen_process.run(
        [sys.executable, "-c", before + program], capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("program", "prints"),
    [
        ("import gathered", []),
        ("import gathered.inner.deep", ["deep"]),
        ("from gathered.ones import one; print(one)", ["ones", "1"]),
        ("import gathered; print(gathered.one)", ["gathered", "ones", "inner", "deep", "1"]),
        (
            "from gathered import Deep; print(Deep.__module__)",
            ["gathered", "ones", "inner", "deep", "gathered.inner.deep"],
        ),
        ("from gathered import *; print(one, Deep.__name__)", ["gathered", "ones", "inner", "deep", "1", "Deep"]),
        ("import gathered; print(hasattr(gathered, 'none'))", ["gathered", "ones", "inner", "deep", "False"]),
    ],
)
def test_a_package_is_executed_when_something_is_asked_of_it(
    package: Path, program: str, prints: list[str]
) -> None:
    """And its modules when they are imported."""
    assert executed(package, program) == prints


def test_a_package_that_cannot_be_executed_says_why(package: Path) -> None:
    """As an import would."""
    (package / "gathered/__init__.py").write_text("import no_such_module\n")
    asked = "try:\n    gathered.one\nexcept ModuleNotFoundError as error:\n    print(error.name)\n"
    assert executed(package, f"import gathered\n{asked}") == ["no_such_module"]


def test_a_client_does_not_load_the_models_of_endpoints() -> None:
    """Which are hundreds of modules; and whoever wants them has them."""
    program = """
import asyncio, json, sys
from pathlib import Path
from asyncgen.client.wire import SdkWire
from asyncgen.config import RunConfig

async def main():
    config = RunConfig(input_jsonl=Path(), output_dir=Path(), prompt_file=Path())
    await SdkWire(config).close()

asyncio.run(main())
models = sum(name.startswith("openai.types") for name in sys.modules)
import openai
print(json.dumps([models, openai.types.Batch.__module__, openai.types.chat.ChatCompletion.__module__]))
"""
    # In a process that has imported nothing yet: what the server of forks has loaded would be counted too.
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    models, *places = json.loads(done.stdout)
    assert models < 150
    assert places == ["openai.types.batch", "openai.types.chat.chat_completion"]
