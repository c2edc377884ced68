"""The short way of a request, against servers on this machine that answer as they like."""

import asyncio
import gzip
import os
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import openai
import pytest

from asyncgen.client import http_client
from asyncgen.client.sdk import ChatCompletions, PlainChatCompletions, completions_class
from asyncgen.client.transport_errors import (
    BodyTooLargeError,
    ProxyRefusedError,
    SchemeError,
    UnreadableError,
    unanswered,
)
from asyncgen.errors import KeyOrQuotaError

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
        self.greeting = b""
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        if self.greeting:
            writer.write(self.greeting)
            writer.close()
            return
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


PRIVATE_PARTS = ("_build_request", "_make_status_error_from_response")


def another_sdk(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    """Take a private part away from the SDK, as another version of it may have done."""
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


def open_client(base_url: str, **more: Any) -> PlainChatCompletions:
    """A client as a run opens it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = completions_class()
    return found(api_key="key", base_url=base_url, connections=4, connect_timeout=5, **more)


async def cause_of(base_url: str) -> BaseException | None:
    """Why there is no answer from an address."""
    client = open_client(base_url)
    with pytest.raises(openai.APIConnectionError) as caught:
        await client.create(BODY)
    await client.close()
    return caught.value.__cause__


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
    "unasked",
    [
        whole(b'{"of": "another row"}'),
        whole(b"", status=b"HTTP/1.1 408 Idle\r\n"),
        OK + b'Content-Length: 100\r\n\r\n{"of": "ano',
    ],
    ids=["answer", "refusal", "cut answer"],
)
@pytest.mark.parametrize("passes", [0, 50])
async def test_what_came_unasked_on_idle_connections_is_nobodys_answer(unasked: bytes, passes: int) -> None:
    """However many they are, read by the loop or not yet: the next request has a new one, and its own answer."""
    async with serving(whole(b'{"of": "this row"}')) as (server, client):
        await asyncio.gather(*(client.create(BODY) for _ in range(4)))
        opened = server.connections
        for writer in server.writers:
            writer.write(unasked)
        for _ in range(passes):  # of the loop, in which it is read
            await asyncio.sleep(0)
        assert (await client.create(BODY)).content == b'{"of": "this row"}'
    assert server.connections == opened + 1


async def test_the_greeting_of_a_new_connection_is_read() -> None:
    """A server may refuse before it has read anything."""
    async with serving(whole(b"{}")) as (server, client):
        server.greeting = whole(b"", b"Connection: close", status=b"HTTP/1.1 503 Too many\r\n")
        for _ in range(2):
            with pytest.raises(openai.APIStatusError) as caught:
                await client.create(BODY)
            assert caught.value.status_code == 503
    assert server.connections == 2


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


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-32", "idna", "undefined", "base64", "bz2", "hex", "rot13", "unknown", "utf-8"]
)
async def test_a_charset_that_does_not_fit_the_body_is_ignored(charset: str) -> None:
    """Gateways name any; some of Python's codecs are not for texts, and some never fit."""
    body = '{"error": {"code": "café"}}'
    kind = f"Content-Type: application/json; charset={charset}".encode()
    async with serving(whole(body.encode(), kind, status=b"HTTP/1.1 502 Oh\r\n")) as (_, client):
        with pytest.raises(openai.APIStatusError) as caught:
            await client.create(BODY)
    assert caught.value.response.text == body


async def test_a_charset_that_fits_the_body_is_used() -> None:
    """Such as that of old gateways."""
    answer = whole(
        "café".encode("latin-1"), b"Content-Type: text/plain; charset=latin-1", status=b"HTTP/1.1 502 Oh\r\n"
    )
    async with serving(answer) as (_, client):
        with pytest.raises(openai.APIStatusError) as caught:
            await client.create(BODY)
    assert caught.value.response.text == "café"


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
    """Disconnected at once, in the middle, or after what is not HTTP."""
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


@asynccontextmanager
async def connecting(answer: bytes, end: bytes = b"\r\n\r\n") -> AsyncIterator[int]:
    """A port where `answer` is said to what has come up to `end`, or at once, and the connection is closed."""

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await (reader.readuntil(end) if end else reader.read(65_536))
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("bypass", "asked"), [("", True), (".example.test", False), ("*", False)])
async def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, bypass: str, *, asked: bool
) -> None:
    """But for hosts that it is not for; its password is sent to it."""
    async with serving(whole(b"{}")) as (proxy, _):
        monkeypatch.setenv("http_proxy", f"http://user:sekret@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", bypass)
        client = open_client("http://api.example.test/v1")
        if asked:
            await client.create(BODY)
        else:
            with pytest.raises(openai.APIConnectionError):
                await client.create(BODY)
        await client.close()
    assert len(proxy.heads) == asked
    assert all(b"proxy-authorization: basic dxnlcjpzzwtyzxq=" in head.lower() for head in proxy.heads)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7F000001",
        "2130706433",
        "0177.0.0.1",
        "0.0.0.0",
        "localhost",
        "LocalHost",
        "localhost.",
        "model.localhost",
        "[::ffff:127.0.0.1]",
    ],
)
async def test_this_machine_is_asked_without_a_proxy_however_it_is_spelled(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """A proxy that keeps all it sees has seen nothing."""
    async with serving(whole(b"{}")) as (proxy, _), serving(whole(b"{}")) as (server, _):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        client = open_client(f"http://{host}:{server.port}/v1")
        await client.create(BODY)
        await client.close()
    assert (proxy.heads, len(server.heads)) == ([], 1)


async def test_a_proxy_that_refuses_is_told_from_a_server_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own status; a dead one is named, and neither shows its password."""
    async with connecting(b"HTTP/1.1 407 Wants a password\r\nContent-Length: 0\r\n\r\n") as port:
        for address, status in ((f"127.0.0.1:{port}", 407), ("127.0.0.1:1", None)):
            monkeypatch.setenv("https_proxy", f"user:sekret@{address}")
            cause = await cause_of("https://api.example.test/v1")
            assert isinstance(cause, ProxyRefusedError)
            assert cause.status == status
            assert address in str(cause)
            assert "sekret" not in str(cause)


async def test_a_proxy_that_has_no_address_or_no_tls_is_told_from_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever is behind one must not look for the fault at the server."""
    async with connecting(b"HTTP/1.1 400 No\r\n\r\n", end=b"") as port:
        for address, why in (
            (
                "http://proxy.invalid:3128",
                "the proxy proxy.invalid:3128 (HTTPS_PROXY) cannot be reached: its name",
            ),
            (f"https://127.0.0.1:{port}", f"the proxy 127.0.0.1:{port} (HTTPS_PROXY) cannot be reached by TLS"),
        ):
            monkeypatch.setenv("https_proxy", address)
            cause = await cause_of("https://api.example.test/v1")
            failure = unanswered(cause)
            assert (failure.kind, failure.unsaid) == ("connection", False)
            assert why in failure.code


async def test_a_connection_that_is_closed_in_the_handshake_says_so() -> None:
    """Servers do it that want another version of TLS, or a certificate of the client."""
    async with connecting(b"", end=b"") as port:
        cause = await cause_of(f"https://127.0.0.1:{port}/v1")
    assert unanswered(cause).code == "it was closed while it was opened (TLS?)"


async def test_the_other_scheme_is_named() -> None:
    """A plain server that is asked for TLS, and an alert of TLS in answer to a plain request."""
    async with connecting(b"HTTP/1.1 400 No\r\n\r\n", end=b"") as port:
        cause = await cause_of(f"https://127.0.0.1:{port}/v1")
    assert isinstance(cause, SchemeError)
    assert cause.found == "no TLS"
    async with serving(b"\x15\x03\x01\x00\x02\x02F") as (_, client):
        with pytest.raises(openai.APIConnectionError) as caught:
            await client.create(BODY)
    assert isinstance(caught.value.__cause__, SchemeError)
    assert caught.value.__cause__.found == "TLS"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (whole(b"{}", b"Content-Encoding: snappy"), "encoding"),
        (whole(b"no gzip", b"Content-Encoding: gzip"), "encoding"),
        (whole(b"\x28\xb5\x2f\xfdno zstd", b"Content-Encoding: zstd"), "encoding"),
        (whole(b"{}", b"X: " + b"x" * 100_000), "large_header"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "no_http"),
    ],
)
async def test_what_cannot_be_read_is_named(answer: bytes, kind: str) -> None:
    """It is no trouble with the connection, and trying again does not help."""
    async with serving(answer) as (_, client):
        with pytest.raises(openai.APIConnectionError) as caught:
            await client.create(BODY)
    assert isinstance(caught.value.__cause__, UnreadableError)
    assert caught.value.__cause__.kind == kind


async def test_the_large_headers_of_gateways_are_read() -> None:
    """A policy of 12 kB, and 200 cookies."""
    many = [b"Set-Cookie: c%d=v" % number for number in range(200)]
    async with serving(whole(b"{}", b"Content-Security-Policy: " + b"x" * 12_000, *many)) as (_, client):
        assert (await client.create(BODY)).content == b"{}"


async def test_headers_and_query_of_the_user_are_sent() -> None:
    """The query stays behind the path; a header takes the place of the SDK's of the same name, once."""
    async with serving(whole(b"{}")) as (server, _):
        client = open_client(
            f"http://127.0.0.1:{server.port}/openai/deployments/d?api-version=2024-10-21",
            headers={"api-key": "key", "AUTHORIZATION": "Basic abc"},
        )
        await client.create(BODY)
        await client.close()
    [head] = server.heads
    assert head.startswith(b"POST /openai/deployments/d/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n")
    assert b"api-key: key\r\n" in head
    assert head.lower().count(b"\r\nauthorization:") == 1
    assert b": Basic abc\r\n" in head


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there_are_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent, and not as trouble with the connection."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, "/nonexistent/ca.pem")
    with pytest.raises(KeyOrQuotaError, match=f"{variable} names /nonexistent/ca.pem"):
        open_client("https://api.example.test/v1")


def test_of_several_directories_of_certificates_one_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a list, as PATH is."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", f"/nonexistent/certs{os.pathsep}{tmp_path}")
    open_client("https://api.example.test/v1")
    monkeypatch.setenv("SSL_CERT_DIR", f"/nonexistent/certs{os.pathsep}/nonexistent/others")
    with pytest.raises(KeyOrQuotaError, match="SSL_CERT_DIR names /nonexistent/certs"):
        open_client("https://api.example.test/v1")


def test_a_file_without_certificates_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone has saved an HTML page as a certificate."""
    path = tmp_path / "ca.pem"
    path.write_text("<html>")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(KeyOrQuotaError, match="SSL_CERT_FILE"):
        open_client("https://api.example.test/v1")


def test_an_sdk_without_a_private_part_is_used_the_plain_way_with_one_warning(lacking: str) -> None:
    """It names the part; all the tests above hold with it."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = completions_class()
    assert found is (PlainChatCompletions if lacking else ChatCompletions)
    assert [lacking in str(one.message) for one in warned] == ([True] if lacking else [])


def test_this_version_of_aiohttp_has_what_direct_posts_need() -> None:
    """So all the tests above hold for them, where the SDK lacks nothing."""
    assert http_client.are_possible()


async def test_a_version_of_aiohttp_that_lacks_a_part_is_used_as_it_offers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its requests are the same."""
    heads = []
    for possible in (True, False):
        monkeypatch.setattr(http_client, "are_possible", lambda answer=possible: answer)
        async with serving(chunked(b"{", b"}")) as (server, client):
            assert (await client.create(BODY)).content == b"{}"
        heads.append(sorted(line for line in server.heads[0].lower().split(b"\r\n") if b"host" not in line))
    assert heads[0] == heads[1]


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # of aiohttp, where it writes the body
async def test_a_connection_that_still_sends_when_the_answer_is_there_is_not_used_again() -> None:
    """What is left of the first body would be taken for the next request."""
    connections = 0
    answered = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole(b"", status=b"HTTP/1.1 413 No\r\n"))
        await answered.wait()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        client = open_client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        for _ in range(2):
            with pytest.raises(openai.APIStatusError):
                await client.create(b"x" * 50_000_000)
        await client.close()
        answered.set()
    assert connections == 2


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
