"""A hundred broken recipe, prompt and input files, and more: the command says what is wrong, and asks nothing."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.simulator import Latency, Profile
from tests import asyncgen_process
from tests.recipes.broken_files import BROKEN, write
from tests.recipes.broken_files import RIGHT as RIGHT_RECIPE

from .broken_prompts_and_inputs import INPUTS, PROMPTS, ROW
from .conftest import SAMPLES, Server, clean_env

RECIPES = BROKEN[::6]
"""With these the command is tried; that the others are found as well is shown where recipes are read."""
MOST_LINES = 4
"""What is said of an input: the file, the lines that are wrong (two at most here), and what to do."""
Refused = Callable[..., list[str]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them: it is never asked."""
    with_nothing_to_do = Server(Profile(latency=Latency(median_s=0.0)))
    yield with_nothing_to_do
    with_nothing_to_do.close()


@pytest.fixture
def refused(server: Server, tmp_path: Path) -> Refused:
    """Runs a command that must be refused; what it says, by lines."""

    def run(**flags: Path | str) -> list[str]:
        words = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        command = [sys.executable, "-m", "asyncgen", "run", *words, "--output-dir", str(tmp_path / "out")]
        done = asyncgen_process.run(
            [*command, "--base-url", server.base_url, "--add-reasoning" if "prompt_file" in flags else "-q"],
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_env(None),
        )
        assert done.returncode == 65, done.stderr
        assert "Traceback" not in done.stderr
        assert ROW["correct_note"][:40] not in done.stderr
        assert not (tmp_path / "out").exists()
        assert server.counts["requests"] == 0
        return done.stderr.splitlines()

    return run


@pytest.mark.parametrize("name", PROMPTS)
def test_a_broken_prompt_file_is_one_line(refused: Refused, tmp_path: Path, name: str) -> None:
    """It names the file."""
    content, said = PROMPTS[name]
    path = tmp_path / "prompts.json"
    path.write_bytes(content)

    [line] = refused(input_jsonl=SAMPLES, prompt_file=path)

    assert line.startswith(f"❌ the prompt file {path}")
    assert said in line


@pytest.mark.parametrize("name", INPUTS)
def test_a_broken_input_is_named_with_its_first_bad_line(refused: Refused, tmp_path: Path, name: str) -> None:
    """And with what to do about it."""
    file, content, said = INPUTS[name]
    path = tmp_path / file
    path.write_bytes(content)

    lines = refused(input_jsonl=path, prompt_file=shipped("prompts", "medec_safe.json"))

    assert len([line for line in lines if not line.startswith("  and ")]) <= MOST_LINES, lines
    assert str(path) in lines[0]
    assert any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("old", "new", "number", "said"), RECIPES, ids=[f"{new[:30]!r}" for _, new, _, _ in RECIPES]
)
def test_a_broken_recipe_is_one_line(
    refused: Refused, tmp_path: Path, old: str, new: str, number: int, said: str
) -> None:
    """It names the file and the line."""
    path = write(tmp_path, RIGHT_RECIPE.replace(old, new, 1))

    [line] = refused(input_jsonl=SAMPLES, recipe=path)

    assert line.startswith(f"❌ the recipe file {path}, line {number}: ")
    assert said in line


def test_there_are_a_hundred_broken_files_beside_the_recipes() -> None:
    """And as many of these."""
    assert len(PROMPTS) + len(INPUTS) >= 90
    assert len(PROMPTS) + len(INPUTS) + len(BROKEN) >= 190
