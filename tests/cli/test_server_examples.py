"""The settings for local servers that ship: they name flags that exist, with values that those take."""

import tomllib
from pathlib import Path

import pytest

from asyncgen.address import is_loopback
from asyncgen.cli.main import build_parser
from asyncgen.config.shipped import shipped

EXAMPLES = sorted(shipped("servers").glob("*.toml"))
JOB = ["run", "--input-jsonl", "in", "--output-dir", "out", "--prompt-file", "prompts"]


def test_there_are_the_four_that_people_use():
    """One file for each."""
    assert [path.stem for path in EXAMPLES] == ["llama-cpp", "lm-studio", "ollama", "vllm"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_command_line_for_this_machine_with_a_bound(path: Path):
    """Its keys are flags of `run`; the address is a loopback one, where no key is needed."""
    settings = tomllib.loads(path.read_text())

    args = build_parser().parse_args(
        [*JOB, *(word for name, value in settings.items() for word in (f"--{name}", str(value)))]
    )

    assert is_loopback(args.base_url)
    assert args.model
    assert args.concurrency >= 1
