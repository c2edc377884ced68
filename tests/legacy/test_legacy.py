"""Directories that an older version left unfinished are finished by this one, to the same bytes."""

import importlib.util
import json
import sys
import tarfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import asyncgen_process
from tests.end_to_end.conftest import clean_env

from .cases import CASES, HERE, OUTPUTS, STATISTICS, lay_out, words
from .server import Server

MODEL = ("--model", "gpt-4o")
VERSIONS = sorted(path.name.removesuffix(".tar.xz") for path in HERE.glob("*.tar.xz"))

_ON_RAY = (
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="Ray is not here: pip install 'asyncgen[ray]'"
    ),
)


@pytest.fixture(scope="module", params=VERSIONS)
def left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an old version left, and what it makes when nothing interrupts it."""
    place = tmp_path_factory.mktemp(request.param)
    with tarfile.open(HERE / f"{request.param}.tar.xz") as archive:
        archive.extraction_filter = lambda member, _: member  # Pythons before 3.11.4 take no argument `filter`
        archive.extractall(place)
    return place


def finish(name: str, work: Path, *flags: str) -> tuple[str, Counter[str]]:
    """Give the commands of a case with more flags; what the first one says, and the requests of all."""
    said = []
    with closing(Server()) as server:
        for command in CASES[name].commands:
            given = words(command, work, server.base_url)
            done = asyncgen_process.run(
                [sys.executable, "-m", "asyncgen", *given, *(flags if given[0] != "merge" else ())],
                check=False,
                capture_output=True,
                text=True,
                timeout=200,
                env=clean_env(None),
            )
            assert done.returncode == 0, done.stderr
            said.append(done.stdout)
        return said[0], server.asked


def counters(directory: Path) -> dict[str, Any]:
    """What the final statistics count."""
    content = json.loads((directory / STATISTICS).read_text())
    return {name: content[name] for name in content["counters"]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=_ON_RAY if name == "ray" else ()) for name in CASES])
def test_what_an_older_version_left_is_finished_to_the_same_bytes(left: Path, name: str, tmp_path: Path) -> None:
    """In another place, at another port and concurrency; and no call that was paid is sent again."""
    work = tmp_path / "elsewhere"
    lay_out(left / name / "before", work)

    said, asked = finish(name, work, *MODEL)

    expected = left / "expected" / CASES[name].expected
    assert CASES[name].says in said
    assert asked == Counter(json.loads((left / name / "missing.json").read_text()))
    for file in OUTPUTS:
        assert (work / "out" / file).read_bytes() == (expected / file).read_bytes(), file
    assert counters(work / "out") == counters(expected)
    assert sorted(path.name for path in (work / "out").iterdir()) == sorted([".asyncgen", STATISTICS, *OUTPUTS])


def test_there_is_something_to_test() -> None:
    """An old version at least, or the tests above were skipped in silence."""
    assert VERSIONS
