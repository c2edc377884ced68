"""Problems of an input file as a whole."""

from asyncgen.simulator.batch.batch_job import BatchJob, InputProblem
from asyncgen.simulator.batch.batch_profile import Batch
from asyncgen.simulator.batch.input_lines import LineCheck


def no_file(job: BatchJob) -> InputProblem:
    """The problem that there is no file with the id in the batch."""
    message = f"Cannot find file {job.input_file_id}, or organization org-simulator does not have access to it."
    return InputProblem("invalid_request", message, param="file_id")


def file_problem(job: BatchJob, check: LineCheck, table: Batch, enqueued: int) -> InputProblem | None:
    """Why the batch fails for more than single lines; `enqueued` tokens of its model are waiting already."""
    if job.fate == "fail":
        return InputProblem("server_error", "The batch could not be validated. Please try again.")
    if check.lines > table.max_requests:
        message = f"The input file has more requests than the allowed {table.max_requests:,}."
        return InputProblem("too_many_tasks", message)
    if not check.problems and 0 < table.enqueued_tokens < enqueued + check.tokens:
        message = check.rules.enqueued_message.format(model=check.model, limit=table.enqueued_tokens)
        return InputProblem("token_limit_exceeded", message)
    return None
