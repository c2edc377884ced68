"""Answers over a failing connection: cut before or within the body, or too slow."""

import asyncio
from typing import NoReturn

from aiohttp import web

_DRIP_S = 1.0  # between bytes: no read times out, but a body takes minutes


async def hang() -> NoReturn:
    """Never answer; ends when the client disconnects or the server stops, which cancels the request."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody resolves this future")


def drop(http: web.BaseRequest) -> web.StreamResponse:
    """Close the connection without a byte of an answer."""
    http.protocol.force_close()
    return web.Response()


async def reset_body(http: web.BaseRequest, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    """Announce the whole body, send half of it and cut the connection."""
    response = await _begin(http, body, headers)
    await response.write(body[: len(body) // 2])
    http.protocol.force_close()
    return response


async def drip(http: web.BaseRequest, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    """Send a byte a second."""
    response = await _begin(http, body, headers)
    for at in range(len(body)):
        await response.write(body[at : at + 1])
        await asyncio.sleep(_DRIP_S)
    return response


async def _begin(http: web.BaseRequest, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers={**headers, "Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(http)
    return response
