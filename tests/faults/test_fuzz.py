"""Any bytes as lines, prompts, checkpoints and configuration: refused, or the whole job is done."""

import random
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncgen.medec.pair import parse_pair
from asyncgen.storage.input_file import scan
from tests.effort import FEW_EXAMPLES

from .bad import LINES
from .command import Command, Said, good_line
from .table import says
from .world import PROMPTS

REFUSED = {2, 65, 77}
few = settings(max_examples=FEW_EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | texts,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(texts, inside, max_size=3),
    max_leaves=6,
)
pairs = st.fixed_dictionaries(
    {"note_id": texts | values, "correct_note": values | st.just("pair-0: x"), "incorrect_note": values},
    optional={"error_type": values, "error_sentence": values, "corrected_sentence": values},
)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command with good files."""
    return Command(tmp_path)


def damaged(data: bytes, seed: int) -> bytes:
    """Some bytes of it changed, gone, or doubled."""
    draw = random.Random(seed)
    content = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(content) + 1)
        match draw.randrange(4):
            case 0:
                content[place : place + 1] = bytes([draw.randrange(256)])
            case 1:
                del content[place : place + draw.randint(1, 40)]
            case 2:
                content[place:place] = content[place : place + draw.randint(1, 40)]
            case 3:
                del content[place:]
    return bytes(content)


def fresh(command: Command) -> None:
    """Nothing has been run."""
    shutil.rmtree(command.output, ignore_errors=True)


def answered_clearly(said: Said, command: Command) -> None:
    """Refused before anything was sent or written."""
    assert said.code in REFUSED, said
    assert said.requests == 0
    assert "Traceback" not in said.stderr
    assert said.stderr.startswith("❌ ")
    assert not command.output.exists()


@given(content=st.binary(max_size=200))
@few
def test_any_bytes_as_input(command: Command, content: bytes) -> None:
    """Hardly ever a pair."""
    fresh(command)
    command.input.write_bytes(content)
    answered_clearly(command(), command)


@given(rows=st.lists(pairs, min_size=1, max_size=4))
@few
def test_any_values_in_lines(command: Command, rows: list[dict[str, Any]]) -> None:
    """All bad lines are refused before a call; when there is none, nothing is refused by the scan."""
    fresh(command)
    command.input.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    found = scan(command.input, parse_pair, limit=None, prefix_index=-1)
    if found.bad_count:
        answered_clearly(command(), command)
    else:
        assert found.pairs == len(rows)


@given(seed=st.integers(0, 2**32))
@few
def test_damaged_lines(command: Command, seed: int) -> None:
    """Still pairs, or refused."""
    fresh(command)
    command.input.write_bytes(damaged(b"".join(map(good_line, range(4))), seed))
    found = scan(command.input, parse_pair, limit=None, prefix_index=-1)
    if found.bad_count or not found.pairs:
        answered_clearly(command(), command)


@given(line=st.sampled_from(list(LINES.values())), seed=st.integers(0, 2**32))
@few
def test_damaged_bad_lines_never_end_the_scan_with_a_traceback(command: Command, line: bytes, seed: int) -> None:
    """Whatever is wrong with what was wrong."""
    command.input.write_bytes(damaged(line[:2000] or b"x", seed))
    scan(command.input, parse_pair, limit=None, prefix_index=-1)


@given(content=st.binary(max_size=200) | st.dictionaries(st.sampled_from(list(PROMPTS)), values).map(orjson.dumps))
@few
def test_any_prompt_file(command: Command, content: bytes) -> None:
    """Never a prompt that could be sent."""
    fresh(command)
    command.prompts.write_bytes(content)
    answered_clearly(command(), command)


@given(seed=st.integers(0, 2**32))
@few
def test_a_damaged_prompt_file(command: Command, seed: int) -> None:
    """Still whole, with other words, or refused."""
    fresh(command)
    command.prompts.write_bytes(damaged(orjson.dumps(PROMPTS), seed))
    # A note that is in no server's book: what is still a prompt file goes no further than the first refusal.
    said = command(fault=says(402), hits=lambda *_: True)
    if not said.requests:
        answered_clearly(said, command)


@given(
    text=st.text(max_size=100)
    | st.builds("[{}]\n{} = {}".format, texts, texts, values.map(repr))
    | st.builds(
        "[{}]\n{} = {}".format,
        st.sampled_from(["faults", "limits", "storm", "latency", 'models."*".t']),
        st.sampled_from(["rpm", "tpm", "hang", "share", "kind", "median_s", "burst_s"]),
        values.map(repr),
    )
)
@few
def test_any_configuration(command: Command, text: str) -> None:
    """Tiers and profiles: understood, or refused with exit code 2; a profile alone is never reason to send."""
    fresh(command)
    path = command.directory / "my.toml"
    path.write_text(text)
    # The input is bad: whoever gets past the configuration goes no further than the scan.
    command.input.write_bytes(b"no pair\n")
    for said in (command("--tier", f"{path}:t"), command("--simulate", str(path), OPENAI_BASE_URL="")):
        answered_clearly(said, command)


@pytest.mark.parametrize("name", ["checkpoint.json", ".asyncgen/manifest.json", "journal"])
@given(seed=st.integers(0, 2**32))
@few
def test_a_damaged_state(command: Command, name: str, seed: int) -> None:
    """Refused and left as it is, or the whole job done: never other bytes."""
    kept, golden = command.directory / "kept", command.directory / "golden"
    if not kept.exists():
        fresh(command)
        command()
        command.output.rename(golden)
        command(fault=says(402), hits=lambda call, _: call[0] == 4)
        command.output.rename(kept)
    fresh(command)
    shutil.copytree(kept, command.output)
    path = next(command.output.glob(".asyncgen/journal-*")) if name == "journal" else command.output / name
    path.write_bytes(damaged(path.read_bytes(), seed))
    said = command()
    assert "Traceback" not in said.stderr
    assert said.code == 0 or (said.code, said.requests) == (65, 0), said
    if not said.code:
        assert command.outputs() == {output: (golden / output).read_bytes() for output in command.outputs()}
