"""The least that an asyncio program can do: aiohttp and a loop. Nothing is kept, nothing is asked again."""

import asyncio
from collections.abc import Iterator

import aiohttp
import orjson
import uvloop

from benchmark.calls import Call, Job, body


async def work(session: aiohttp.ClientSession, url: str, calls: Iterator[Call]) -> None:
    """Ask until there is nothing left."""
    for call in calls:
        async with session.post(url, data=orjson.dumps(body(call))) as response:
            orjson.loads(await response.read())["choices"][0]["message"]["content"]


async def main() -> None:
    """Ask everything, so many at once."""
    job = Job.from_command_line()
    headers = {"content-type": "application/json", "authorization": "Bearer bench"}
    url, calls = f"{job.base_url}/chat/completions", job.calls()
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session, url, calls) for _ in range(job.in_flight)))


uvloop.run(main())
