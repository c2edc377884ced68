"""What the tests of the simulator share."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from asyncgen.simulator import Simulator

from .helpers import Post


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A function of a simulator and a request body that gives the answer's status, headers and text."""
    async with aiohttp.ClientSession() as session:

        async def send(sim: Simulator, body: Any) -> tuple[int, Any, str]:
            async with session.post(f"{sim.base_url}/chat/completions", json=body) as response:
                return response.status, response.headers, await response.text()

        yield send
