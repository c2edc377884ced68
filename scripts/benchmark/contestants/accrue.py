"""accrue as its page says: a pipeline of one step with one field, its cache for what was paid.

It always asks for a JSON object, and takes its field from it.
"""

import json

from accrue import EnrichmentConfig, LLMStep, Pipeline

from benchmark.calls import MODEL, SAMPLING, Job

FIELD = "clinical_summary"  # that the server's JSON answers have


def main() -> None:
    """Ask everything that the cache does not have, then write what was answered."""
    job = Job.from_command_line()
    calls = list(job.calls())
    step = LLMStep(
        "paraphrase",
        fields={FIELD: "The paraphrase of the note"},
        model=MODEL,
        temperature=SAMPLING["temperature"],
        max_tokens=int(SAMPLING["max_tokens"]),
        system_prompt=calls[0].system,
        api_key="bench",
        base_url=job.base_url,
        provider_kwargs={"top_p": SAMPLING["top_p"]},
    )
    config = EnrichmentConfig(
        max_workers=job.in_flight,
        max_retries=10,
        enable_progress_bar=False,
        cache_dir=str(job.output / "cache"),
        checkpoint_dir=str(job.output / "checkpoints"),
    )
    result = Pipeline([step]).run([{"id": call.note_id, "user": call.user} for call in calls], config)
    with job.result.open("w", encoding="utf-8") as file:
        for row in result.data:
            if row.get(FIELD):
                file.write(json.dumps({"id": row["id"], "text": row[FIELD]}) + "\n")


if __name__ == "__main__":
    main()
