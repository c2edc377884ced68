"""A printed command can be pasted where the user stands, whatever the PATH holds."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.cli import invocation

Environment = Callable[..., None]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment with programs in its bin/, begun by one of them, with a PATH of some directories."""

    def make(argv0: str, *path: str, programs: tuple[str, ...] = ("asyncgen", "python")) -> None:
        for name in ("mine/bin", "other/bin"):
            (tmp_path / name).mkdir(parents=True)
            for program in programs if name == "mine/bin" else ("asyncgen", "python"):
                (tmp_path / name / program).write_text("#!/bin/sh\n")
                (tmp_path / name / program).chmod(0o755)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "mine" / "bin" / "python"))
        monkeypatch.setattr(sys, "argv", [argv0])
        monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name) for name in path))

    return make


@pytest.mark.parametrize("argv0", ["mine/bin/asyncgen", "/lib/asyncgen/__main__.py", "scripts/generate.py"])
def test_the_name_is_enough_where_the_path_leads_to_this_program(environment: Environment, argv0: str) -> None:
    """However this process was started."""
    environment(argv0, "mine/bin", "other/bin")
    assert (invocation.asyncgen_here(), invocation.python_here()) == ("asyncgen", "python")


def test_another_program_of_the_name_is_not_meant(environment: Environment, tmp_path: Path) -> None:
    """The place is said instead, so that it works after `cd` too."""
    environment("mine/bin/asyncgen", "other/bin", "mine/bin")
    assert invocation.asyncgen_here() == shlex.quote(str(tmp_path / "mine" / "bin" / "asyncgen"))
    assert invocation.python_here() == shlex.quote(str(tmp_path / "mine" / "bin" / "python"))


def test_a_program_outside_the_environment_of_its_python_is_known_by_its_own_place(
    environment: Environment, tmp_path: Path
) -> None:
    """As `pip install --user` leaves it."""
    environment(str(tmp_path / "other" / "bin" / "asyncgen"), "other/bin", programs=("python",))
    assert invocation.asyncgen_here() == "asyncgen"


def test_without_a_program_the_module_is_run(environment: Environment, tmp_path: Path) -> None:
    """By the Python of this process."""
    environment("/lib/asyncgen/__main__.py", programs=("python",))
    assert invocation.asyncgen_here() == f"{shlex.quote(str(tmp_path / 'mine' / 'bin' / 'python'))} -m asyncgen"


@pytest.mark.timeout(90)  # several processes, one after the other
@pytest.mark.parametrize("on_path", [True, False])
def test_the_next_command_works_as_it_is_printed(tmp_path: Path, on_path: bool) -> None:
    """Pasted into a shell in the same place, from the first one to the last."""
    path = os.environ["PATH"] if on_path else os.defpath
    line = shlex.join([sys.executable, "-m", "asyncgen", "init", "--directory", "my job", "news"])
    where = tmp_path
    for _ in range(4):
        done = subprocess.run(
            ["bash", "-ec", line],
            cwd=where,
            env={name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"} | {"PATH": path},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        printed = [said.removeprefix("next: ") for said in done.stdout.splitlines() if said.startswith("next: ")]
        if not printed:
            break
        [line] = printed
        if line.startswith("cd "):
            where, line = tmp_path / "my job", line.partition(" && ")[2]
    assert "the lines are for you to use" in done.stdout
    assert (tmp_path / "my job" / "out" / "news.jsonl").exists()
