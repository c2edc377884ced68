"""What the tests of the simulator share."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from asyncgen.simulator import Simulator

from .helpers import Post

# The plugins ask for the current loop before synchronous tests too, which would make one that nobody closes.
asyncio.set_event_loop(None)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A function of a simulator and a request body that gives the answer's status, headers and text."""
    async with aiohttp.ClientSession() as session:

        async def send(sim: Simulator, body: Any) -> tuple[int, Any, str]:
            async with session.post(f"{sim.base_url}/chat/completions", json=body) as response:
                return response.status, response.headers, await response.text()

        yield send
