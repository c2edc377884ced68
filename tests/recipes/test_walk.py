"""What a recipe asks, known before anything is sent."""

import json
import re
from pathlib import Path

from asyncgen.chat import ChatRequest, Sampling
from asyncgen.medec.pair import Pair
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.recipes.walk import likely_answer, walk

PROMPTS = Path(__file__).parents[2] / "configs" / "prompts" / "medec_safe.json"
PAIR = Pair("n1", "The correct note.", "The wrong note.", "diagnosis", "The wrong note.", "The correct note.")


async def test_all_steps_are_asked_with_what_the_answers_before_them_bring():
    """The reasoning about the paraphrase is asked with the answer that the paraphrase was given."""
    recipe = MedecSafe(PromptFile.load(PROMPTS), add_reasoning=True)
    walked = await walk(recipe, PAIR, lambda step, _: "Another note." if step == "paraphrase" else '{"why": "so"}')
    asked = dict(walked.requests)
    assert set(asked) == {"paraphrase", "correct_reasoning", "error_reasoning"}
    assert PAIR.correct_note in asked["paraphrase"].user
    assert "Another note." in asked["correct_reasoning"].user


async def test_a_likely_paraphrase_is_as_long_as_its_note():
    """It stands for it in the prompts that follow, so that their sizes are about right."""
    recipe = MedecSafe(PromptFile.load(PROMPTS), add_reasoning=True)
    asked = dict((await walk(recipe, PAIR, likely_answer(PAIR))).requests)
    assert asked["correct_reasoning"].user.count(PAIR.correct_note) == 2


class Demanding:
    """Looks for something in an answer that a made-up one does not have."""

    async def run(self, pair, generate):
        answer = await generate("ask", ChatRequest("", pair.correct_note, Sampling(None, None, None)))
        return json.loads(answer.text)["verdict"]


async def test_a_recipe_that_raises_over_a_made_up_answer_has_asked_what_it_has_asked():
    """The place is the recipe's, and not that of the library that it called."""
    walked = await walk(Demanding(), PAIR, likely_answer(PAIR))
    assert [step for step, _ in walked.requests] == ["ask"]
    assert re.fullmatch(r"JSONDecodeError at test_walk\.py:\d+", walked.problem)
