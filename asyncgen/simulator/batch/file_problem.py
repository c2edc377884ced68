"""What is wrong with an input file as a whole."""

from asyncgen.simulator.batch.batch_job import BatchJob, Problem
from asyncgen.simulator.batch.input_lines import LineCheck
from asyncgen.simulator.batch.table import Batch
from asyncgen.simulator.providers import OpenAI
from asyncgen.simulator.providers.batch_rules import BatchRules


def file_problem(
    job: BatchJob, check: LineCheck, table: Batch, rules: BatchRules, provider: OpenAI, enqueued: int
) -> Problem | None:
    """Why the batch fails for more than single lines; `enqueued` tokens of its model wait already."""
    if job.fate.fail:
        return Problem("server_error", "The batch could not be validated. Please try again.")
    if not check.lines:
        return Problem("empty_file", "The input file is empty.")
    if check.lines > table.max_requests:
        message = f"The input file has more requests than the allowed {table.max_requests}."
        return Problem(rules.too_many_code, message)
    if check.problems:
        return None
    if provider.missing(check.model):
        message = f"The provided model '{check.model}' is not supported by the Batch API."
        return Problem("model_not_found", message, 1, "body.model")
    if 0 < table.enqueued_tokens < enqueued + check.tokens:
        message = (
            f"Enqueued token limit reached for {check.model} in organization org-simulator. Limit: "
            f"{table.enqueued_tokens:,} enqueued tokens. Please try again once some in_progress batches have been "
            "completed."
        )
        return Problem("token_limit_exceeded", message)
    return None
