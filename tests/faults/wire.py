"""A wire without sockets, and the server at its end: what it answers is a script, what it saw is counted.

It stands where aiohttp's session stands, so that everything above it is the real thing: how the transport
translates errors and reads bodies, the SDK, the verdict, retries, the gate, the journal and the writer.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from multidict import CIMultiDict

Call = tuple[int, str]
"""Index of the pair and step."""

STEPS = {"Paraphrase.": "paraphrase", "Explain.": "error_reasoning", "Justify.": "correct_reasoning"}
"""Steps by the system prompt that asks for them."""
LATENCY = 0.05


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with a request: an answer, or what goes wrong in place of one.

    `error` is raised before there is an answer, `cut` after the body; the head comes after `seconds`, each piece
    of the body after `drip` more.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Callable[[], BaseException] | None = None
    cut: Callable[[], BaseException] | None = None
    seconds: float = LATENCY
    drip: float = 0.0
    pieces: int = 1


Fault = Callable[[Call], Reply]


def good_text(call: Call) -> str:
    """The text of the answer to a call."""
    index, step = call
    return f"Paraphrase of pair-{index}." if step == "paraphrase" else f'{{"why": "{step} of pair-{index}"}}'


def completion(call: Call, **changes: Any) -> dict[str, Any]:
    """A good answer, with other values for `message`, `choice` or `body` keys."""
    message = {"role": "assistant", "content": good_text(call)} | changes.pop("message", {})
    choice = {"index": 0, "message": message, "finish_reason": "stop"} | changes.pop("choice", {})
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return {"model": "m", "choices": [choice], "usage": usage} | changes


def answer(call: Call, **changes: Any) -> Reply:
    """An answer of 200."""
    return Reply(body=orjson.dumps(completion(call, **changes)))


class Server:
    """Answers every request; with the fault where `hits` says so, by call and attempt (from 1).

    `attempts` counts requests by call; `answered` has the calls that got an answer without the fault; `moments`
    has the times of the attempts of each call, on the clock of the loop.
    """

    def __init__(self, fault: Fault | None, hits: Callable[[Call, int], bool]) -> None:
        self._fault = fault
        self._hits = hits
        self.attempts: Counter[Call] = Counter()
        self.answered: set[Call] = set()
        self.moments: dict[Call, list[float]] = {}

    def reply(self, body: bytes) -> Reply:
        """What becomes of a request."""
        system, user = (message["content"] for message in orjson.loads(body)["messages"])
        call = int(user.partition("pair-")[2].partition(":")[0]), STEPS.get(system, "unknown")
        self.attempts[call] += 1
        self.moments.setdefault(call, []).append(asyncio.get_running_loop().time())
        if self._fault is not None and self._hits(call, self.attempts[call]):
            return self._fault(call)
        self.answered.add(call)
        return answer(call)


class Wire:
    """As much of `aiohttp.ClientSession` as the transport uses."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def request(self, _method: str, _address: Any, *, data: bytes, **_options: Any) -> "Exchange":
        """Send a request."""
        return Exchange(self._server, data)

    async def close(self) -> None:
        """There is no connection."""


class Exchange:
    """A request and its answer, which is also its body."""

    def __init__(self, server: Server, data: bytes) -> None:
        self._server = server
        self._data = data
        self.content = self

    async def __aenter__(self) -> Self:
        self._reply = reply = self._server.reply(self._data)
        await asyncio.sleep(reply.seconds)
        if reply.error is not None:
            raise reply.error()
        self.status = reply.status
        self.headers = CIMultiDict(reply.headers)
        self.raw_headers = tuple((name.encode(), value.encode()) for name, value in reply.headers.items())
        size = -(-len(reply.body) // reply.pieces)
        self._pieces = [reply.body[n * size : (n + 1) * size] for n in range(reply.pieces)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def readany(self) -> bytes:
        """The next piece of the body; nothing at its end."""
        await asyncio.sleep(self._reply.drip)
        piece = self._pieces.pop(0) if self._pieces else b""
        if not piece and self._reply.cut is not None:
            raise self._reply.cut()
        return piece

    def close(self) -> None:
        """Hang up."""


def at_random(share: float) -> Callable[[Call, int], bool]:
    """Hits a share of all attempts; the same ones each time, in whatever order they come."""

    def hits(call: Call, attempt: int) -> bool:
        draw = hashlib.blake2b(repr((call, attempt)).encode(), digest_size=4).digest()
        return int.from_bytes(draw) < share * 2**32

    return hits
