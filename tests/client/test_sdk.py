"""The short way of a request, against servers on this machine that answer as they like."""

import asyncio
import gzip
import warnings
from typing import Any

import openai
import pytest

from asyncgen.client import http_client
from asyncgen.client.sdk import ChatCompletions, PlainChatCompletions, completions_class
from asyncgen.client.transport_errors import BodyTooLargeError, UnreadableError
from asyncgen.errors import UsageError

from .raw_server import BODY, OK, chunked, open_client, serving, whole

pytestmark = pytest.mark.usefixtures("lacking")


@pytest.mark.parametrize(
    "answer",
    [
        whole(b'{"a": 1}'),
        chunked(b'{"a"', b": ", b"1}"),
        whole(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip"),
        OK + b'Connection: close\r\n\r\n{"a": 1}',
        whole(b'{"a": 1}', b"Content-Encoding: UTF-8"),
        whole(b'{"a": 1}', b"Content-Encoding: none"),
        whole(b'{"a": 1}', b"content-length: 8"),
        OK + b'Content-Length: 8, 8\r\n\r\n{"a": 1}',
    ],
    ids=["length", "chunks", "gzip", "until the end", "charset", "no encoding", "two lengths", "one twice"],
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


@pytest.mark.parametrize(
    ("said", "sent"), [("org-a", b"org-a"), (" org-a\r\n", b"org-a"), ("\n", None), ("", None)]
)
async def test_the_organization_and_the_project_of_the_environment_are_sent(
    monkeypatch: pytest.MonkeyPatch, said: str, sent: bytes | None
) -> None:
    """Without the line break of the file that they came from."""
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, said)
    async with serving(whole(b"{}")) as (server, client):
        await client.create(BODY)
    lines = dict(line.split(b": ", 1) for line in server.heads[0].lower().split(b"\r\n")[1:] if line)
    assert [lines.get(name) for name in (b"openai-organization", b"openai-project")] == [sent, sent]


@pytest.mark.parametrize("name", ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
@pytest.mark.parametrize("value", ["a\nb", "\u043e\u0440\u0433"])
def test_a_variable_that_no_header_can_hold_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Before anything is sent."""
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"^{name} OpenAI-.*: its value holds line breaks or other characters"):
        open_client("http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (whole(b"{}", b"Content-Encoding: snappy"), "encoding"),
        (whole(b"no gzip", b"Content-Encoding: gzip"), "encoding"),
        (whole(b"\x28\xb5\x2f\xfdno zstd", b"Content-Encoding: zstd"), "encoding"),
        (whole(b"{}", b"X: " + b"x" * 100_000), "large_header"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "no_http"),
        (OK + b"X Bad: 1\r\nContent-Length: 2\r\n\r\n{}", "bad_http"),
        (OK + b": 1\r\nContent-Length: 2\r\n\r\n{}", "bad_http"),
        (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "bad_http"),
        (whole(b"{}", b"Content-Length: 3"), "bad_http"),
        (OK + b"Content-Length: 2, 3\r\n\r\n{} ", "bad_http"),
        (OK + b"Content-Encoding: x-gzip\r\nContent-Length: 2\r\n\r\n{}", "encoding"),
    ],
)
async def test_what_cannot_be_read_is_named(answer: bytes, kind: str) -> None:
    """It is no trouble with the connection, and trying again does not help."""
    async with serving(answer) as (_, client):
        with pytest.raises(openai.APIConnectionError) as caught:
            await client.create(BODY)
    assert isinstance(caught.value.__cause__, UnreadableError)
    assert caught.value.__cause__.kind == kind


@pytest.mark.parametrize("name", [b"none", b"UTF-8", b"identity"])
async def test_names_of_no_encoding_are_read_as_such(name: bytes) -> None:
    """Some servers put the charset there."""
    async with serving(whole(b"{}", b"Content-Encoding: " + name)) as (_, client):
        assert (await client.create(BODY)).content == b"{}"


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
