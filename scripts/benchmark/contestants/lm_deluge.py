"""lm-deluge as its page says: a model of one's own with its address, and `process_prompts_async` over all prompts.

It is given 10 attempts, not its 5, and no limit where the server has none. It keeps nothing for a second start.
"""

import asyncio
import json

from lm_deluge import Conversation, LLMClient
from lm_deluge.models import register_model

from benchmark.calls import MODEL, SAMPLING, Job

NAME = "bench"
UNLIMITED = 10_000_000_000


async def main() -> None:
    """Ask everything, then write what was answered."""
    job = Job.from_command_line()
    register_model(id=NAME, name=MODEL, api_base=job.base_url, api_key_env_var="OPENAI_API_KEY", regions=[])
    calls = list(job.calls())
    client = LLMClient(
        NAME,
        max_requests_per_minute=int(job.rpm or UNLIMITED),
        max_tokens_per_minute=UNLIMITED,
        max_concurrent_requests=job.in_flight,
        max_attempts=10,
        temperature=SAMPLING["temperature"],
        top_p=SAMPLING["top_p"],
        max_new_tokens=SAMPLING["max_tokens"],
    )
    prompts = [Conversation().system(call.system).user(call.user) for call in calls]
    answers = await client.process_prompts_async(prompts, show_progress=False)
    with job.result.open("w", encoding="utf-8") as file:
        for call, answer in zip(calls, answers, strict=True):
            if answer is not None and not answer.is_error:
                file.write(json.dumps({"id": call.note_id, "text": answer.completion}) + "\n")


asyncio.run(main())
