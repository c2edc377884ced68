"""What is wrong with an input file as a whole."""

from asyncgen.simulator.batch.batch_job import BatchJob, Problem
from asyncgen.simulator.batch.input_lines import LineCheck
from asyncgen.simulator.batch.table import Batch


def no_file(job: BatchJob) -> Problem:
    """There is no file with the id that the batch names."""
    message = f"Cannot find file {job.input_file_id}, or organization org-simulator does not have access to it."
    return Problem("invalid_request", message, param="file_id")


def file_problem(job: BatchJob, check: LineCheck, table: Batch, enqueued: int) -> Problem | None:
    """Why the batch fails for more than single lines; `enqueued` tokens of its model wait already."""
    if job.fate == "fail":
        return Problem("server_error", "The batch could not be validated. Please try again.")
    if check.lines > table.max_requests:
        message = f"The input file has more requests than the allowed {table.max_requests:,}."
        return Problem("too_many_tasks", message)
    if not check.problems and 0 < table.enqueued_tokens < enqueued + check.tokens:
        message = check.rules.enqueued_message.format(model=check.model, limit=table.enqueued_tokens)
        return Problem("token_limit_exceeded", message)
    return None
