"""The short way of a request, against servers on this machine that answer as they like."""

import asyncio
import gzip
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from asyncgen.client import http_client
from asyncgen.client.http_client import BodyTooLargeError
from asyncgen.client.sdk import ChatCompletions, PlainChatCompletions, completions_class

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = b'{"model": "m", "messages": []}'


class Server:
    """Answers every request with `answer` and keeps what it read."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
                )
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                writer.write(self.answer)
                if b"connection: close" in self.answer.lower() or b"\r\n\r\n" not in self.answer:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


PRIVATE_PARTS = ("FinalRequestOptions", "_build_request", "request")


def another_sdk(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    """Take a private part away from the SDK, as another version of it may have done."""
    if lacking == "FinalRequestOptions":
        monkeypatch.delattr(openai._models, lacking)
        return
    # The SDK needs its own methods: they have another form.
    found = getattr(openai.AsyncOpenAI, lacking)

    def changed(self: Any, *args: Any, context: Any = None, **options: Any) -> Any:
        return found(self, *args, **options)

    monkeypatch.setattr(openai.AsyncOpenAI, lacking, changed)


@pytest.fixture(params=["", *PRIVATE_PARTS], autouse=True)
def lacking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run every test with the SDK as it is, and with versions of it that lack a private part."""
    part: str = request.param
    if part:
        another_sdk(monkeypatch, part)
    return part


def open_client(base_url: str) -> PlainChatCompletions:
    """A client as a run opens it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = completions_class()
    return found(api_key="key", base_url=base_url, connections=4, connect_timeout=5)


@asynccontextmanager
async def serving(answer: bytes) -> AsyncIterator[tuple[Server, PlainChatCompletions]]:
    """A server and a client of it."""
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    client = open_client(f"http://127.0.0.1:{server.port}/v1")
    try:
        yield server, client
    finally:
        await client.close()
        listening.close()
        await listening.wait_closed()


def whole(body: bytes, *headers: bytes, status: bytes = OK) -> bytes:
    """An answer with its length."""
    return status + b"".join(h + b"\r\n" for h in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*pieces: bytes) -> bytes:
    """An answer in chunks."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        whole(b'{"a": 1}'),
        chunked(b'{"a"', b": ", b"1}"),
        whole(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip"),
        OK + b'Connection: close\r\n\r\n{"a": 1}',
    ],
    ids=["length", "chunks", "gzip", "until the end"],
)
async def test_an_answer_is_read_whole_and_decoded_however_it_is_framed(answer: bytes) -> None:
    """Its headers are there, by whatever case."""
    async with serving(answer) as (_, client):
        response = await client.create(BODY)
    assert response.content == b'{"a": 1}'
    assert response.headers.get("content-type") == "application/json"


async def test_requests_are_those_of_the_sdk_but_for_their_bodies() -> None:
    """Address, key and headers: what is built once is what the SDK would build each time."""
    async with serving(whole(b"{}")) as (server, client):
        plain = openai.AsyncOpenAI(api_key="key", base_url=f"http://127.0.0.1:{server.port}/v1", max_retries=0)
        await plain.post("/chat/completions", cast_to=object, body={"model": "m", "messages": []})
        await plain.close()
        await client.create(BODY)
        await client.create(BODY.replace(b"[]", b"[1, 2]"))
    differing = (b"content-length", b"accept-encoding", b"connection")
    the_sdk, first, second = (
        sorted(line for line in head.lower().split(b"\r\n") if not line.startswith(differing))
        for head in server.heads
    )
    assert first == second == the_sdk
    assert server.bodies[1:] == [BODY, BODY.replace(b"[]", b"[1, 2]")]


async def test_a_connection_serves_many_requests() -> None:
    """One after another over the same one."""
    async with serving(whole(b"{}")) as (server, client):
        for _ in range(5):
            await client.create(BODY)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(b"429 Too Many Requests", openai.RateLimitError), (b"500 Oh", openai.InternalServerError)],
)
async def test_another_status_is_an_error_of_the_sdk_with_headers_and_body(
    status: bytes, error: type[openai.APIStatusError]
) -> None:
    """Compressed or not."""
    body = gzip.compress(b'{"error": {"code": "some"}}')
    answer = whole(body, b"Content-Encoding: gzip", b"Retry-After: 7", status=b"HTTP/1.1 " + status + b"\r\n")
    async with serving(answer) as (_, client):
        with pytest.raises(error) as caught:
            await client.create(BODY)
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.response.text == '{"error": {"code": "some"}}'


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    """Wherever it points."""
    async with serving(whole(b"{}")) as (elsewhere, _):
        location = b"Location: http://127.0.0.1:%d/v1/chat/completions" % elsewhere.port
        async with serving(whole(b"", location, status=b"HTTP/1.1 307 There\r\n")) as (_, client):
            with pytest.raises(openai.APIStatusError) as caught:
                await client.create(BODY)
    assert caught.value.status_code == 307
    assert elsewhere.heads == []


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"x" * 3000),
        chunked(*[b"x" * 100] * 30),
        whole(gzip.compress(b"x" * 1_000_000), b"Content-Encoding: gzip"),
    ],
    ids=["length", "chunks", "bomb"],
)
async def test_a_body_that_is_too_large_is_not_read_to_its_end(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as it is decoded."""
    monkeypatch.setattr(http_client, "MOST_BYTES", 2000)
    async with serving(answer) as (_, client):
        with pytest.raises(openai.APIConnectionError) as caught:
            await client.create(BODY)
    assert isinstance(caught.value.__cause__, BodyTooLargeError)


@pytest.mark.parametrize(
    "answer",
    [b"", OK + b'Content-Length: 100\r\nConnection: close\r\n\r\n{"a', b"nonsense\r\n\r\n", OK[:20]],
    ids=["nothing", "cut", "nonsense", "cut head"],
)
async def test_no_answer_is_an_error_of_connection(answer: bytes) -> None:
    """Disconnected at once, in the middle, or after what is no HTTP."""
    async with serving(answer) as (_, client):
        with pytest.raises(openai.APIConnectionError):
            await client.create(BODY)


async def test_a_body_that_is_not_compressed_as_it_says_is_an_error_of_connection() -> None:
    """It is cut or damaged."""
    async with serving(whole(b"no gzip", b"Content-Encoding: gzip")) as (_, client):
        with pytest.raises(openai.APIConnectionError):
            await client.create(BODY)


@pytest.mark.parametrize("status", [b"200 OK", b"503 Oh"])
async def test_a_header_may_hold_any_bytes(status: bytes) -> None:
    """Latin-1, UTF-8 or neither: it is no reason to end a run."""
    head = b"HTTP/1.1 " + status + b"\r\n"
    async with serving(whole(b"{}", b"Server: caf\xe9 \xc3\xa9\xff", status=head)) as (_, client):
        try:
            headers = (await client.create(BODY)).headers
        except openai.APIStatusError as error:
            headers = error.response.headers
    assert headers.get("content-length") == "2"


async def test_nobody_listening_is_an_error_of_connection(unused_port: Callable[[], int]) -> None:
    """At once."""
    client = open_client(f"http://127.0.0.1:{unused_port()}/v1")
    with pytest.raises(openai.APIConnectionError):
        await client.create(BODY)
    await client.close()


@pytest.mark.parametrize(("bypass", "asked"), [("", True), ("127.0.0.1", False)])
async def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, bypass: str, *, asked: bool
) -> None:
    """But for hosts that it is not for."""
    async with serving(whole(b"{}")) as (proxy, _), serving(whole(b"{}")) as (server, client):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", bypass)
        await client.create(BODY)
    assert (len(proxy.heads), len(server.heads)) == ((1, 0) if asked else (0, 1))


def test_an_sdk_without_a_private_part_is_used_the_plain_way_with_one_warning(lacking: str) -> None:
    """It names the part; all the tests above hold with it."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = completions_class()
    assert found is (PlainChatCompletions if lacking else ChatCompletions)
    assert [lacking in str(one.message) for one in warned] == ([True] if lacking else [])


async def test_a_later_sdk_may_ask_an_answer_for_more() -> None:
    """What a short answer lacks is that of a whole response."""
    async with serving(whole(b"{}", b"X-Odd: \xe9")) as (_, client):
        answer: Any = await client.create(BODY)
    assert answer.is_success
    assert answer.text == "{}"
    assert not hasattr(answer, "no_such_part")


@pytest.fixture
def unused_port() -> Callable[[], int]:
    """A port of this machine on which nobody listens."""
    import socket  # noqa: PLC0415

    def find() -> int:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port: int = bound.getsockname()[1]
            return port

    return find
