"""What everybody writes first: `asyncio.gather` over `create` under a semaphore, the file when all is done."""

import asyncio
import json
from typing import Any

import openai

from benchmark.calls import Call, Job, body


async def main() -> None:
    """Ask everything, so many at once, then write what was answered."""
    job = Job.from_command_line()
    client, places = openai.AsyncOpenAI(base_url=job.base_url), asyncio.Semaphore(job.in_flight)

    async def ask(call: Call) -> str:
        async with places:
            answer: Any = await client.chat.completions.create(**body(call))
        return str(answer.choices[0].message.content)

    calls = list(job.calls())
    answers = await asyncio.gather(*map(ask, calls), return_exceptions=True)
    with job.result.open("w", encoding="utf-8") as file:
        for call, text in zip(calls, answers, strict=True):
            if isinstance(text, str):
                file.write(json.dumps({"id": call.note_id, "text": text}) + "\n")


asyncio.run(main())
