"""The command in this process: real files and a real event loop, but for the wire."""

import io
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

import orjson

from asyncgen.cli.main import build_parser, main
from asyncgen.client import http_client
from asyncgen.client.http_client import HttpClient
from tests.storage.world import OUTPUTS

from .wire import Call, Fault, Reply, Server, Wire
from .world import PROMPTS

PAIRS = 6


class InstantServer(Server):
    """Takes no time."""

    def reply(self, body: bytes) -> Reply:
        """What becomes of a request."""
        return replace(super().reply(body), seconds=0.0)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to: exit code, what it printed, and how many requests it sent."""

    code: int
    stdout: str
    stderr: str
    requests: int

    @property
    def lines(self) -> list[str]:
        """Of its errors and warnings."""
        return self.stderr.splitlines()


def good_line(index: int = 0, **fields: object) -> bytes:
    """An input line, with other values for some fields."""
    notes = {"correct_note": f"pair-{index}: right", "incorrect_note": f"pair-{index}: wrong"}
    return orjson.dumps({"note_id": f"n{index}", **notes, **fields}, option=orjson.OPT_APPEND_NEWLINE)


@dataclass
class Command:
    """`asyncgen run` with good files, which a test may make bad."""

    directory: Path
    flags: list[str] = field(default_factory=lambda: ["--add-reasoning", "--no-progress"])

    def __post_init__(self) -> None:
        self.input = self.directory / "pairs.jsonl"
        self.prompts = self.directory / "prompts.json"
        self.output = self.directory / "out"
        self.input.write_bytes(b"".join(map(good_line, range(PAIRS))))
        self.prompts.write_bytes(orjson.dumps(PROMPTS))

    def __call__(
        self,
        *more: str,
        fault: Fault | None = None,
        hits: Callable[[Call, int], bool] = lambda *_: False,
        **environment: str,
    ) -> Said:
        """Run it; more flags override the ones before."""
        paths = {
            "--input-jsonl": self.input,
            "--output-dir": self.output,
            "--prompt-file": self.prompts,
        }
        words = [str(word) for pair in paths.items() for word in pair]
        server = InstantServer(fault, hits)
        stdout, stderr = io.StringIO(), io.StringIO()
        with wired(server, environment), redirect_stdout(stdout), redirect_stderr(stderr):
            try:
                code = main(["run", *words, *self.flags, *more])
            except SystemExit as exit_:
                code = exit_.code if isinstance(exit_.code, int) else 1
        return Said(code, stdout.getvalue(), stderr.getvalue(), server.attempts.total())

    def outputs(self) -> dict[str, bytes]:
        """The bytes of the three files."""
        return {name: (self.output / name).read_bytes() for name in OUTPUTS}

    def everything(self) -> dict[str, bytes]:
        """All that is in the output directory, by path."""
        files = sorted(path for path in self.output.rglob("*") if path.is_file())
        return {str(path.relative_to(self.output)): path.read_bytes() for path in files}


@cache
def parser_of(*names: str) -> ArgumentParser:
    """The parser of some commands; made once for all commands here."""
    return build_parser(names)


@contextmanager
def wired(server: Server, environment: dict[str, str]) -> Iterator[None]:
    """The transport sends to the server; keys and addresses are those of `environment` alone."""
    names = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"} | environment
    with (
        patch.object(HttpClient, "_open", lambda _client, _scheme: Wire(server)),
        patch.object(http_client, "are_possible", lambda: False),  # all goes by way of what is opened
        patch("asyncgen.cli.main.build_parser", lambda names: parser_of(*names)),
        patch.dict("os.environ", names),
        patch("signal.signal", lambda *_: None),  # the handlers of the tests' own process stay
    ):
        yield
