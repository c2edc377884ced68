"""The way that the work was done before: three calls for each pair, one after another."""

import json
from typing import Any

import openai

from benchmark.calls import MODEL, SAMPLING, Job


def main() -> None:
    """Paraphrase, reasoning about it, reasoning about the error; for pair after pair."""
    job = Job.from_command_line()
    client, prompts = openai.OpenAI(base_url=job.base_url), json.loads(job.prompts.read_text("utf-8"))

    def ask(step: str, more: dict[str, Any], **values: Any) -> str:
        user = prompts[f"{step}_user"]
        for name, value in values.items():
            user = user.replace(f"{{{name}}}", str(value))
        messages: Any = [
            {"role": "system", "content": prompts[f"{step}_system"]},
            {"role": "user", "content": user},
        ]
        answer: Any = client.chat.completions.create(model=MODEL, messages=messages, **more)
        return str(answer.choices[0].message.content)

    as_json = {"temperature": 0.3, "top_p": 0.9, "max_tokens": 1024, "response_format": {"type": "json_object"}}
    with job.result.open("a", encoding="utf-8") as file:
        for pair in job.pairs_read():
            text = ask("correct_paraphrase", SAMPLING, note=pair["correct_note"])
            ask("correct_reasoning", as_json, original_note=pair["correct_note"], paraphrased_note=text)
            ask("reasoning", as_json, **pair)
            file.write(json.dumps({"id": pair["note_id"], "text": text}) + "\n")
            file.flush()


main()
