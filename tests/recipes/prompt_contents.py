"""Contents of prompt files, by the steps that they have."""

from pathlib import Path

PATH = Path("prompts.json")
PARAPHRASE = {
    "correct_paraphrase_system": 'You answer like {"a": 1}.',
    "correct_paraphrase_user": "Paraphrase: {note}",
}
CORRECT_REASONING = {
    "correct_reasoning_system": "You reason.",
    "correct_reasoning_user": "{original_note} became {paraphrased_note}",
}
ERROR_REASONING = {"reasoning_system": "You find errors.", "reasoning_user": "{incorrect_note}: {error_type}"}
COMPLETE = {**PARAPHRASE, **CORRECT_REASONING, **ERROR_REASONING}
