"""flexllm as its page says: `chat_batch` with `output_jsonl`, from which a second start goes on.

It is given 10 retries, not its 3, and no limit where the server has none.
"""

import asyncio
import json

from flexllm import LLMClient

from benchmark.calls import MODEL, SAMPLING, Job


async def main() -> None:
    """Ask everything that the file does not have, then write the results in the order that it returns."""
    job = Job.from_command_line()
    calls = list(job.calls())
    qps = 1_000_000 if job.rpm is None else job.rpm / 60
    async with LLMClient(
        model=MODEL,
        base_url=job.base_url,
        api_key="bench",
        concurrency_limit=job.in_flight,
        max_qps=qps,
        retry_times=10,
    ) as client:
        results = await client.chat_batch(
            [call.messages for call in calls],
            output_jsonl=str(job.output / "progress.jsonl"),
            show_progress=False,
            **SAMPLING,
        )
    with job.result.open("w", encoding="utf-8") as file:
        for call, result in zip(calls, results, strict=True):
            if result.ok:
                file.write(json.dumps({"id": call.note_id, "text": result.content}) + "\n")


asyncio.run(main())
