"""async-batch-llm as its page says for production runs: `process_prompts`, a JSONL checkpoint, results in order.

Two settings help it: the checkpoint is not synced for each answer, as it is in its example, and a refusal pauses
it for 5 seconds, not for its 300.
"""

import asyncio
import json

from async_batch_llm import (
    ArtifactIdentity,
    JsonlArtifactStore,
    ProcessorConfig,
    RateLimitConfig,
    ResumePolicy,
    llm,
    process_prompts,
)

from benchmark.calls import MODEL, SAMPLING, Job


async def main() -> None:
    """Ask everything that the checkpoint does not have, then write the results."""
    job = Job.from_command_line()
    calls = list(job.calls())
    rest = {name: value for name, value in SAMPLING.items() if name != "temperature"}
    strategy = llm(
        f"openai-compatible:{MODEL}",
        base_url=job.base_url,
        system_instruction=calls[0].system,
        temperature=SAMPLING["temperature"],
        generation_config=rest,
    )
    identity = ArtifactIdentity(provider="bench", model=MODEL, prompt_version="1")
    batch = await process_prompts(
        strategy,
        [(call.note_id, call.user) for call in calls],
        config=ProcessorConfig(
            concurrency=job.in_flight,
            max_requests_per_minute=job.rpm,
            rate_limit=RateLimitConfig(cooldown_seconds=5.0),
        ),
        artifact_store=JsonlArtifactStore(job.output / "checkpoint.jsonl", identity=identity),
        resume=ResumePolicy.REUSE_SUCCESSES,
        preserve_order=True,
    )
    with job.result.open("w", encoding="utf-8") as file:
        for item in batch.results:
            if item.success:
                file.write(json.dumps({"id": item.item_id, "text": item.output}) + "\n")


asyncio.run(main())
