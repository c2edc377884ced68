"""datatrove's `InferenceRunner` with an endpoint for its server, and its checkpoints (chunks of 6,000)."""

from collections.abc import Iterator
from typing import Any

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.writers import JsonlWriter

from benchmark.calls import MODEL, SAMPLING, Job


async def ask(document: Document, generate: Any) -> Any:
    """One call for a document."""
    return await generate({"messages": document.metadata.pop("messages")})


def main() -> None:
    """Ask everything that the checkpoints do not have."""
    job = Job.from_command_line()

    def documents(*_: Any) -> Iterator[Document]:
        for call in job.calls():
            yield Document(text=call.user, id=call.note_id, metadata={"messages": call.messages})

    config = InferenceConfig(
        server_type="endpoint",
        model_name_or_path=MODEL,
        endpoint_url=job.base_url,
        api_key="bench",
        default_generation_params=SAMPLING,
        max_concurrent_generations=job.in_flight,
        server_ready_delay_sec=0.1,
    )
    runner = InferenceRunner(
        rollout_fn=ask,
        config=config,
        output_writer=JsonlWriter(
            str(job.output / "data"), output_filename="${rank}_chunk_${chunk_index}.jsonl", compression=None
        ),
        checkpoints_local_dir=str(job.output / "checkpoints"),
    )
    LocalPipelineExecutor(pipeline=[documents, runner], logging_dir=str(job.output / "logs"), tasks=1).run()


if __name__ == "__main__":
    main()
