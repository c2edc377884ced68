"""The way from the published CSV to a file that trains: each command as docs/getting-started.md has it."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from tests import asyncgen_process
from tests.corpus.files import CSV_NAME
from tests.corpus.real import REAL_CORPUS

from .conftest import clean_env

pytestmark = pytest.mark.timeout(240)  # the first of them takes the whole way
PAGE = Path(__file__).parents[2] / "docs" / "getting-started.md"
NEXT = "next: "
LEFT_OUT = "…"


def steps_of(section: str) -> list[tuple[str, list[str]]]:
    """The commands in the console blocks of a section, each with the lines of output below it."""
    [text] = re.findall(rf"^## {section}\n(.*?)^## ", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    lines = [line for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    places = [place for place, line in enumerate(lines) if line.startswith("$ ")]
    ends = [*places[1:], len(lines)]
    return [(lines[place][2:], lines[place + 1 : end]) for place, end in zip(places, ends, strict=True)]


STEPS = steps_of("From MEDEC to a file that trains")


def run(directory: Path, line: str, *more: str) -> str:
    """Run a command line as it stands; all that it prints."""
    program, *words = shlex.split(line)
    assert program == "asyncgen"
    done = asyncgen_process.run(
        [sys.executable, "-m", program, *words, *more],
        cwd=directory,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        env=clean_env(None),
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.replace(str(shipped()), "configs")


def without_figures(line: str) -> str:
    """A line with numbers and Text IDs made alike, and without the count of pairs that have no Error Type."""
    return re.sub(r", unknown N\Z", "", re.sub(r"\d+", "N", re.sub(r"\w+-val-", "", line)))


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory, medec_csv: Path) -> tuple[Path, list[str]]:
    """A directory in which all was carried out on a corpus, against the simulator; and what was printed."""
    directory = tmp_path_factory.mktemp("way").resolve()
    (directory / CSV_NAME).symlink_to(medec_csv)
    (directory / "configs").symlink_to(shipped())
    said = []
    for command, _ in STEPS:
        paid = command.startswith("asyncgen run ")
        said.append(run(directory, command, *(["--simulate", "fast"] if paid else [])))
    return directory, said


def test_each_of_five_commands_prints_the_next_one(way: tuple[Path, list[str]]) -> None:
    """And the page has them in that order."""
    commands = [command for command, _ in STEPS[:5]]
    assert [shlex.split(command)[1] for command in commands] == ["prepare", "plan", "run", "verify", "export"]
    for said, following in zip(way[1], commands[1:], strict=False):
        assert [line for line in said.splitlines() if line.startswith(NEXT)] == [NEXT + following]
    assert "to load: " in way[1][4]


@pytest.mark.parametrize("number", range(len(STEPS)), ids=lambda number: STEPS[number][0].split()[1])
def test_the_page_shows_what_a_command_prints(way: tuple[Path, list[str]], number: int) -> None:
    """But for what it leaves out, and on the own corpus for the figures, which are those of the real data."""
    seen = str if REAL_CORPUS else without_figures
    printed = {seen(line) for line in way[1][number].splitlines()}
    for line in STEPS[number][1]:
        assert line == LEFT_OUT or seen(line) in printed


def test_both_examples_of_every_pair_that_is_not_flagged_arrive_in_a_file_that_trains(
    way: tuple[Path, list[str]],
) -> None:
    """In the format of OpenAI; and with the reasoning on two sides for TRL."""
    directory, said = way
    left_out = sum(map(int, re.findall(r"leaves (\d+) pairs? of", said[4])))
    pairs = [json.loads(line) for line in (directory / "pairs.jsonl").read_bytes().splitlines()]
    chats = [json.loads(line)["messages"] for line in (directory / "out-openai.jsonl").read_bytes().splitlines()]
    assert len(chats) == 2 * (len(pairs) - left_out) > 600
    told = {chat[-2]["content"] for chat in chats if chat[-1]["content"] == "INCORRECT"}
    assert len(told) == len(pairs) - left_out
    notes = tuple(pair["incorrect_note"].strip() for pair in pairs)
    assert all(text.endswith(notes) for text in told)
    sides = [(directory / f"sft-{side}.jsonl").read_bytes().splitlines() for side in ("train", "validation")]
    assert sum(map(len, sides)) == len(chats)
    assert 0.8 < len(sides[0]) / len(chats) < 0.97
