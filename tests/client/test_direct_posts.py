"""Posts over aiohttp's pool: when they are written (a real server on this machine)."""

import asyncio
import tracemalloc

import aiohttp
import openai
import pytest
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from asyncgen.client.direct_posts import DirectPosts, HeaderLimits

from .raw_server import BODY, serving, whole

MEGABYTE = 1_000_000


async def _serve(answer) -> tuple[web.AppRunner, URL]:
    app = web.Application(client_max_size=1 << 30)
    app.router.add_post("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, URL(f"http://127.0.0.1:{runner.addresses[0][1]}/")


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def _ask(posts: DirectPosts, body: bytes) -> bytes:
    async with posts.post(body) as answer:
        return await answer.content.read()


@pytest.fixture
async def posts():
    """Posts to a server that sends back what it gets."""
    runner, url = await _serve(_echo)
    connector = aiohttp.TCPConnector(limit=8)
    yield DirectPosts(connector, aiohttp.ClientTimeout(), url, CIMultiDict(), HeaderLimits(8192, 100))
    await connector.close()
    await runner.cleanup()


async def test_each_post_gets_its_own_answer(posts):
    """Many at once, of all sizes."""
    bodies = [bytes([number]) * 10 ** (number % 6) for number in range(60)]
    assert await asyncio.gather(*(_ask(posts, body) for body in bodies)) == bodies


async def test_posts_of_one_pass_of_the_loop_are_written_together(posts, monkeypatch):
    """None is written before all tasks of the pass have had their turn: the server wakes once for all of them."""
    await asyncio.gather(*(_ask(posts, b"open a connection") for _ in range(4)))
    order: list[str] = []
    write = posts._write
    monkeypatch.setattr(posts, "_write", lambda: (order.append("written"), write()))

    async def ask(number: int) -> None:
        order.append(f"asked {number}")
        await _ask(posts, b"again")

    await asyncio.gather(*map(ask, range(4)))
    assert order == ["asked 0", "asked 1", "asked 2", "asked 3", "written"]


async def test_what_waits_for_its_answer_keeps_no_copy_of_its_body():
    """With thousands in flight that would be most of the program's memory."""
    read, answering = asyncio.Event(), asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        async for _ in request.content.iter_any():
            pass
        read.set()
        await answering.wait()
        return web.Response()

    runner, url = await _serve(wait)
    connector = aiohttp.TCPConnector()
    posts = DirectPosts(connector, aiohttp.ClientTimeout(), url, CIMultiDict(), HeaderLimits(8192, 100))
    body = bytes(MEGABYTE)
    tracemalloc.start()
    asked = asyncio.ensure_future(_ask(posts, body))
    await read.wait()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    answering.set()
    await asked
    await connector.close()
    await runner.cleanup()
    assert kept < MEGABYTE


async def test_a_connection_that_closes_before_the_write_fails_its_post_alone(posts):
    """The others of the same pass are written all the same."""
    await asyncio.gather(*(_ask(posts, b"open a connection") for _ in range(2)))
    first, second = (asyncio.ensure_future(_ask(posts, body)) for body in (b"first", b"second"))
    await asyncio.sleep(0)  # both wait to be written
    posts._to_write[0].transport.abort()

    with pytest.raises(aiohttp.ClientError):
        await first
    assert await second == b"second"


async def _begun(posts: DirectPosts, body: bytes) -> asyncio.Future[bytes]:
    """A post that waits to be written."""
    asked = asyncio.ensure_future(_ask(posts, body))
    await asyncio.sleep(0)
    return asked


async def test_an_answer_that_comes_before_its_request_is_none(posts):
    """The request is not sent either, and the next one gets its own answer."""
    await _ask(posts, b"open a connection")
    asked = await _begun(posts, b"asked")
    posts._to_write[0].protocol.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nanother")
    with pytest.raises(aiohttp.ClientError):
        await asked
    assert await _ask(posts, b"next") == b"next"


async def test_after_a_refusal_that_comes_before_its_request_another_connection_is_taken(posts):
    """The refusal is read: so servers greet."""
    await _ask(posts, b"open a connection")
    asked = await _begun(posts, b"asked")
    transport = posts._to_write[0].transport
    posts._to_write[0].protocol.data_received(b"HTTP/1.1 503 Full\r\nContent-Length: 4\r\n\r\nfull")
    assert await asked == b"full"
    assert transport.is_closing()
    assert await _ask(posts, b"next") == b"next"


async def test_a_connection_answered_before_all_was_written_takes_no_other_request():
    """Also if the rest is gone when the answer has been read."""
    ends = []

    async def answer_early(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 5
        await response.prepare(request)
        await response.write(b"early"[:4])
        await request.read()
        await response.write(b"early"[4:])
        ends.append(request.transport)
        return response

    runner, url = await _serve(answer_early)
    async with aiohttp.TCPConnector() as connector:
        posts = DirectPosts(connector, aiohttp.ClientTimeout(), url, CIMultiDict(), HeaderLimits(8192, 100))
        for _ in range(2):
            assert await _ask(posts, bytes(50_000_000)) == b"early"
    await runner.cleanup()
    assert len(set(ends)) == 2


async def test_a_connection_on_which_the_server_failed_is_not_used_again() -> None:
    """Servers in Python close it behind such an answer, and do not say so."""
    async with serving(whole(b"Internal Server Error", status=b"HTTP/1.1 500 Oh\r\n")) as (server, client):
        for _ in range(3):
            with pytest.raises(openai.InternalServerError):
                await client.create(BODY)
        assert server.connections == 3
