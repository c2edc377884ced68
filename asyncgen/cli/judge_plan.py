"""The forecast of judging a run that has not been made yet."""

import argparse
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from asyncgen.cli.judge_run import judge_job
from asyncgen.config import RunConfig
from asyncgen.errors import UsageError
from asyncgen.planning.forecast import forecast
from asyncgen.planning.survey import MOST_WALKED, survey
from asyncgen.quality.judge.case import Case
from asyncgen.quality.judge.judge_rounds import CASES
from asyncgen.quality.judge.known_cases import wanted_cases
from asyncgen.recipes import build
from asyncgen.recipes.contents import contents_of_recipe
from asyncgen.storage.input_file import rows_of

SHARES = (0.1, 0.4, 1.0)
"""The share of rows that the rules may leave to the judge: few for a careful model, all for a careless one."""


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """Low, likely and high: comparisons, and their cost (None: unknown price), by a model."""

    model: str
    comparisons: tuple[int, int, int]
    cost: tuple[float, float, float] | None


async def plan_judge(
    args: argparse.Namespace, config: RunConfig, rows: int, share_known: float, least_known: int
) -> JudgePlan:
    """Plan the judge by the first rows of the input, comparing each note with one of its own length.

    Args:
        args: the flags; `judge_model` names the judge.
        config: of the run.
        rows: of the run.
        share_known: the share of known cases among all comparisons.
        least_known: at least so many of them.

    Raises:
        UsageError: the recipe makes no paraphrases.
    """
    recipe = build(config)
    rule = contents_of_recipe(recipe).paraphrase
    if rule is None:
        raise UsageError("--judge compares paraphrases with their originals, and this recipe makes none")
    job = judge_job(args, config.output_dir)
    with TemporaryDirectory() as place:
        cases = Path(place) / CASES
        with cases.open("wb") as file:
            for row in islice(rows_of(config.input_jsonl, recipe.parse), MOST_WALKED):
                original = rule.original(row.pair)
                revised = original if rule.wrong is None else rule.wrong(row.pair)
                file.write(Case(original, revised).line())
        _, sample = await survey(replace(job.config, input_jsonl=cases))
    low, likely, high = (
        number + wanted_cases(number, share_known, least_known)
        for number in (ceil(rows * part) for part in SHARES)
    )
    price = job.price.of_batches if job.price is not None and job.config.batch else job.price
    costs = [forecast(sample, number, price).cost for number in (low, likely, high)]
    cost = None
    if costs[0] is not None and costs[1] is not None and costs[2] is not None:
        cost = (costs[0][0], costs[1][1], costs[2][2])
    return JudgePlan(job.config.model, (low, likely, high), cost)
