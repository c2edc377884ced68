"""NVIDIA's Data Designer as its page says: rows as a seed dataset, a text column of a model, `create`.

A second start goes on with the row groups that the first has finished (`resume`).
"""

import json

import data_designer.config as dd
import pandas as pd
from data_designer.interface import DataDesigner

from benchmark.calls import MODEL, SAMPLING, Job

NAME = "bench"


def main() -> None:
    """Ask everything that finished row groups do not have, then write the dataset."""
    job = Job.from_command_line()
    calls = list(job.calls())
    model = dd.ModelConfig(
        alias=NAME,
        model=MODEL,
        provider=NAME,
        inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=job.in_flight, **SAMPLING),
        skip_health_check=True,
    )
    config = dd.DataDesignerConfigBuilder(model_configs=[model])
    rows = pd.DataFrame({"note_id": [call.note_id for call in calls], "user": [call.user for call in calls]})
    config.with_seed_dataset(dd.DataFrameSeedSource(df=rows), sampling_strategy=dd.SamplingStrategy.ORDERED)
    config.add_column(
        dd.LLMTextColumnConfig(name="text", prompt="{{ user }}", system_prompt=calls[0].system, model_alias=NAME)
    )
    designer = DataDesigner(
        artifact_path=job.output / "artifacts",
        model_providers=[dd.ModelProvider(name=NAME, endpoint=job.base_url, api_key="bench")],
    )
    designer.set_run_config(dd.RunConfig(disable_early_shutdown=True, otel_metrics_port=None))
    created = designer.create(config, num_records=len(calls), resume=dd.ResumeMode.IF_POSSIBLE)
    found = created.load_dataset()
    with job.result.open("w", encoding="utf-8") as file:
        for note_id, text in zip(found["note_id"], found["text"], strict=True):
            if text:
                file.write(json.dumps({"id": note_id, "text": text}) + "\n")


if __name__ == "__main__":
    main()
