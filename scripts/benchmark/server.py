"""A chat completions server that is never what a contestant waits for: a bare protocol and ready-made answers.

    python -m benchmark.server LATENCY [--rpm N] [--storm START SECONDS]

Prints its port, and ends when its standard input does. A POST is a call: answered after LATENCY seconds, refused
with 429 beyond N a minute (a bucket of one second) or in the storm, which begins START seconds after the first
call. Calls are told apart by their bodies. Small ones, with which some clients look for limits, are answered and
not counted. GET /statistics answers with `Statistics` as JSON, any other GET with a list of models.
"""

import argparse
import asyncio
import json
import re
import resource
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import uvloop

HOSTS = ("127.0.0.1", "127.0.0.2")
SMALL = 1_000
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSING = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
RETRY_AFTER = 1
ROUNDING = 0.0005  # seconds: the loop's timers know whole milliseconds
NOTE = "A 54-year-old man presents to the physician because of a cough for 3 days. "
PARAPHRASE = NOTE * 33
OF_CORRECT = ("clinical_summary", "consistency_check", "why_correct", "conclusion")
OF_ERROR = ("clinical_summary", "error_sentence", "error_type", "why_wrong", "correction", "conclusion")
ANY_JSON = b'"response_format"'
ANSWERS = {
    kind: json.dumps({"key_findings": [NOTE] * 25} | dict.fromkeys(keys, NOTE))
    for kind, keys in {
        b'"correct_reasoning"': OF_CORRECT,
        b'"error_reasoning"': OF_ERROR,
        ANY_JSON: (*OF_CORRECT, *OF_ERROR),
    }.items()
} | {b"": PARAPHRASE}
"""What is answered, by what stands in a request: the name of a schema, any JSON, or nothing of that."""


@dataclass(slots=True)
class Statistics:
    """What the server saw of one run, times in seconds of the monotonic clock.

    `calls` counts every call; those that are not `refused` are accepted, and paid. `repeated` are those of them
    that had been accepted before. `cpu` is the server's own since the first call.
    """

    calls: int = 0
    answered: int = 0
    refused: int = 0
    repeated: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    connections: int = 0
    first: float = 0.0
    last: float = 0.0
    cpu: float = 0.0


def response(status: str, body: bytes, *headers: str) -> bytes:
    """A whole HTTP response."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def completion(content: str) -> bytes:
    """The body of an answer, about 3 kB."""
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    usage = {"prompt_tokens": 1200, "completion_tokens": 600, "total_tokens": 1800}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    head = {"id": "chatcmpl-bench", "object": "chat.completion", "created": 1763769600, "model": "gpt-4o"}
    return json.dumps({**head, "choices": [choice], "usage": usage}).encode()


def refusal() -> bytes:
    """The body of a 429."""
    error = {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
    return json.dumps({"error": error}).encode()


def kind_of(body: bytes) -> bytes:
    """What a request wants. Its format stands at its end, and a look through all of it is not cheap."""
    place = body.rfind(ANY_JSON)
    return b"" if place < 0 else next(kind for kind in ANSWERS if body.find(kind, place) >= 0)


class Bucket:
    """A bucket of one second: full in the beginning, filled evenly.

    Its headers speak of the minute, as an API's do: what is missing in the bucket is missing in the minute.

    Args:
        rpm: requests a minute; None is no limit.
    """

    def __init__(self, rpm: float | None) -> None:
        self.rpm = rpm
        self._rate = (rpm or 0.0) / 60
        self._level = self._rate
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Whether a request is granted."""
        if self.rpm is None:
            return True
        self._level = min(self._rate, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def headers(self) -> list[str]:
        """What an API says about its limit."""
        if self.rpm is None:
            return []
        used = self._rate - self._level
        return [
            f"x-ratelimit-limit-requests: {self.rpm:.0f}",
            f"x-ratelimit-remaining-requests: {self.rpm - used:.0f}",
            f"x-ratelimit-reset-requests: {used / self._rate * 1000:.0f}ms",
        ]


class Room:
    """What all connections share: the answers, the limits, the counts."""

    def __init__(self, latency: float, bucket: Bucket, storm: tuple[float, float] | None) -> None:
        self.latency = latency
        self.statistics = Statistics()
        self._loop = asyncio.get_running_loop()
        self._due: deque[tuple[float, Callable[[], None]]] = deque()
        self._bucket = bucket
        self._storm = storm
        self._accepted: set[int] = set()
        self._cpu_before = 0.0
        self._bodies = {kind: completion(text) for kind, text in ANSWERS.items()}
        self._plain = {kind: response("200 OK", body) for kind, body in self._bodies.items()}

    def ask(self, body: bytes) -> tuple[bytes, bool]:
        """The response to a call, and whether it is accepted: then the response is for later."""
        now, seen = time.monotonic(), self.statistics
        if not seen.calls:
            seen.first, self._cpu_before = now, cpu_seconds()
        seen.calls += 1
        if self._stormy(now) or not self._bucket.take(now):
            seen.refused += 1
            seen.last = now
            headers = [f"retry-after: {RETRY_AFTER}", *self._bucket.headers()]
            return response("429 Too Many Requests", refusal(), *headers), False
        seen.in_flight += 1
        seen.most_in_flight = max(seen.most_in_flight, seen.in_flight)
        key = hash(body)
        seen.repeated += key in self._accepted
        self._accepted.add(key)
        kind = kind_of(body)
        if self._bucket.rpm is None:
            return self._plain[kind], True
        return response("200 OK", self._bodies[kind], *self._bucket.headers()), True

    def later(self, answer: Callable[[], None]) -> None:
        """Answer when the latency is over: all in order, so that one timer is enough for all."""
        self._due.append((self._loop.time() + self.latency, answer))
        if len(self._due) == 1:
            self._loop.call_later(self.latency, self._answer_due)

    def _answer_due(self) -> None:
        now = self._loop.time()
        while self._due and self._due[0][0] <= now + ROUNDING:
            self._due.popleft()[1]()
        if self._due:
            self._loop.call_at(self._due[0][0], self._answer_due)

    def probed(self) -> bytes:
        """The response to a call that is not one of the job."""
        return response("200 OK", self._bodies[b""], *self._bucket.headers())

    def answered(self) -> None:
        """The response of an accepted call was written."""
        self.statistics.answered += 1
        self.statistics.last = time.monotonic()

    def over(self) -> None:
        """An accepted call is no longer in flight, answered or not."""
        self.statistics.in_flight -= 1

    def report(self) -> bytes:
        """The statistics, to be sent."""
        if self.statistics.calls:
            self.statistics.cpu = cpu_seconds() - self._cpu_before
        return response("200 OK", json.dumps(asdict(self.statistics)).encode())

    def _stormy(self, now: float) -> bool:
        if self._storm is None:
            return False
        start, seconds = self._storm
        return start <= now - self.statistics.first < start + seconds


class Connection(asyncio.Protocol):
    """One keep-alive connection: a request, its answer, the next request."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._transport: Any = None
        self._received = b""
        self._wanted = 0
        self._head_end = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self._transport = transport
        self._room.statistics.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer when the request is whole."""
        self._received = received = self._received + data if self._received else data
        if not self._wanted:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            length = LENGTH.search(received, 0, end)
            self._head_end = end + 4
            self._wanted = self._head_end + (int(length[1]) if length else 0)
        if len(received) < self._wanted:
            return
        head, body = received[: self._head_end], received[self._head_end : self._wanted]
        self._received, self._wanted = received[self._wanted :], 0
        closing = CLOSING.search(head) is not None
        if head.startswith(b"GET "):
            listed = response("200 OK", b'{"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]}')
            self._write(self._room.report() if b" /statistics" in head else listed, closing)
            return
        if len(body) < SMALL:
            self._write(self._room.probed(), closing)
            return
        answer, accepted = self._room.ask(body)
        if accepted:
            self._room.later(partial(self._answer, answer, closing))
        else:
            self._write(answer, closing)

    def _answer(self, answer: bytes, closing: bool) -> None:
        self._room.over()
        if not self._transport.is_closing():
            self._write(answer, closing)
            self._room.answered()

    def _write(self, answer: bytes, closing: bool) -> None:
        self._transport.write(answer)
        if closing:
            self._transport.close()


def cpu_seconds() -> float:
    """CPU of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def serve(latency: float, rpm: float | None, storm: tuple[float, float] | None) -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    room = Room(latency, Bucket(rpm), storm)
    first = await loop.create_server(lambda: Connection(room), HOSTS[0], 0, backlog=8192)
    port = first.sockets[0].getsockname()[1]
    # Another name for this machine, for clients that treat the usual one in a special way.
    await loop.create_server(lambda: Connection(room), HOSTS[1], port, backlog=8192)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("latency", type=float)
    parser.add_argument("--rpm", type=float)
    parser.add_argument("--storm", type=float, nargs=2)
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
    uvloop.run(serve(args.latency, args.rpm, tuple(args.storm) if args.storm else None))


if __name__ == "__main__":
    main()
