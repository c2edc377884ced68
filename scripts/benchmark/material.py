"""Makes the input of the benchmark of the samples: pairs and a prompt file whose requests are of real size."""

import json
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "configs" / "samples" / "pairs.jsonl"
PROMPTS = ROOT / "configs" / "prompts" / "medec_safe.json"
PAIRS = 40_000


def make(directory: Path) -> None:
    """Write `pairs.jsonl`, `PAIRS` different pairs, and `prompts.json` into a directory.

    The system prompt of the paraphrase has that of the reasoning behind it: then a request is 5 to 6 kB, which is
    what users' own prompt files make of it.
    """
    prompts = json.loads(PROMPTS.read_text("utf-8"))
    prompts["correct_paraphrase_system"] += "\n\n" + prompts["correct_reasoning_system"]
    (directory / "prompts.json").write_text(json.dumps(prompts), "utf-8")
    with SAMPLES.open(encoding="utf-8") as file:
        samples = [json.loads(line) for line in islice(file, 24)]
    with (directory / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for index in range(PAIRS):
            pair = dict(samples[index % len(samples)], note_id=f"pair-{index}")
            pair["correct_note"] += f" Visit {index}."
            file.write(json.dumps(pair, ensure_ascii=False) + "\n")
