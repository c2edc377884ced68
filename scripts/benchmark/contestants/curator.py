"""Bespoke Curator as its guide says: an `LLM` with a prompt and a parse function, its cache for what was paid."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# tiktoken would fetch its vocabulary; litellm, which curator needs, has it inside.
_litellm = find_spec("litellm")
assert _litellm is not None
assert _litellm.origin is not None
_VOCABULARY = Path(_litellm.origin).parent / "litellm_core_utils" / "tokenizers"
os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(_VOCABULARY))

from bespokelabs import curator  # noqa: E402 - reads the environment

from benchmark.calls import MODEL, SAMPLING, Job  # noqa: E402


class Paraphrase(curator.LLM):
    """One call for a row."""

    def prompt(self, row: dict[str, Any]) -> list[dict[str, str]]:
        """What is asked."""
        return [{"role": "system", "content": row["system"]}, {"role": "user", "content": row["user"]}]

    def parse(self, row: dict[str, Any], response: str) -> dict[str, str]:
        """What is kept."""
        return {"id": row["id"], "text": response}


def main() -> None:
    """Ask everything that the cache does not have, then write the dataset."""
    job = Job.from_command_line()
    rows = [{"id": call.note_id, "system": call.system, "user": call.user} for call in job.calls()]
    # Unlimited where the server is: it would take 10 requests a minute for the limit of an unknown server.
    limits = {"max_requests_per_minute": int(job.rpm or 10_000_000), "max_tokens_per_minute": 10_000_000_000}
    llm = Paraphrase(
        model_name=MODEL,
        backend="openai",
        generation_params=SAMPLING,
        backend_params={
            "base_url": job.base_url,
            "api_key": "bench",
            "max_concurrent_requests": job.in_flight,
            **limits,
        },
    )
    llm(rows, working_dir=str(job.output / "cache")).dataset.to_json(str(job.result))


if __name__ == "__main__":
    main()
