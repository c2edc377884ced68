"""Makes the input of the benchmark of the samples: pairs, and prompts whose requests are of real size."""

import json
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "configs" / "samples" / "pairs.jsonl"
PROMPTS = ROOT / "configs" / "prompts" / "medec_safe.json"
RECIPE = ROOT / "configs" / "recipes" / "medec_safe.toml"
PAIRS = 40_000


def make(directory: Path, pairs: int = PAIRS) -> None:
    """Write `pairs.jsonl`, so many different pairs, `prompts.json`, and `recipe.toml`, which asks the same.

    The system prompt of the paraphrase has that of the reasoning behind it: then a request is 5 to 6 kB, which is
    what users' own prompt files make of it.
    """
    prompts = json.loads(PROMPTS.read_text("utf-8"))
    own, other = prompts["correct_paraphrase_system"], prompts["correct_reasoning_system"]
    prompts["correct_paraphrase_system"] = f"{own}\n\n{other}"
    (directory / "prompts.json").write_text(json.dumps(prompts), "utf-8")
    recipe = RECIPE.read_text("utf-8")
    if own not in recipe:
        raise ValueError(f"{RECIPE} and {PROMPTS} ask different things")
    (directory / "recipe.toml").write_text(recipe.replace(own, prompts["correct_paraphrase_system"], 1), "utf-8")
    with SAMPLES.open(encoding="utf-8") as file:
        samples = [json.loads(line) for line in islice(file, 24)]
    with (directory / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for index in range(pairs):
            pair = dict(samples[index % len(samples)], note_id=f"pair-{index}")
            pair["correct_note"] += f" Visit {index}."
            file.write(json.dumps(pair, ensure_ascii=False) + "\n")
