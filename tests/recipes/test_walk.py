"""What a recipe asks, known before anything is sent."""

from pathlib import Path

from asyncgen.medec.pair import Pair
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.recipes.walk import likely_answer, walk

PROMPTS = Path(__file__).parents[2] / "configs" / "prompts" / "medec_safe.json"
PAIR = Pair("n1", "The correct note.", "The wrong note.", "diagnosis", "The wrong note.", "The correct note.")


async def test_all_steps_are_asked_with_what_the_answers_before_them_bring():
    """The reasoning about the paraphrase is asked with the answer that the paraphrase was given."""
    recipe = MedecSafe(PromptFile.load(PROMPTS), add_reasoning=True)
    asked = dict(
        await walk(recipe, PAIR, lambda step, _: "Another note." if step == "paraphrase" else '{"why": "so"}')
    )
    assert set(asked) == {"paraphrase", "correct_reasoning", "error_reasoning"}
    assert PAIR.correct_note in asked["paraphrase"].user
    assert "Another note." in asked["correct_reasoning"].user


async def test_a_likely_paraphrase_is_as_long_as_its_note():
    """It stands for it in the prompts that follow, so that their sizes are about right."""
    recipe = MedecSafe(PromptFile.load(PROMPTS), add_reasoning=True)
    asked = dict(await walk(recipe, PAIR, likely_answer(PAIR)))
    assert asked["correct_reasoning"].user.count(PAIR.correct_note) == 2
