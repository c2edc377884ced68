"""A gateway before an API that refuses without a word why, as nginx does with `limit_req_status 429`."""

from typing import ClassVar

from asyncgen.simulator.buckets import RateLimits, Refusal
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI

_HTML = (
    b"<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n"
    b"<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class Gateway(OpenAI):
    """OpenAI's answers, but nothing of limits in them, and no batches."""

    batch_rules: ClassVar[BatchRules | None] = None

    def over_limit(self, refusal: Refusal, model: str) -> ErrorAnswer:
        """The refusal, the same for every limit."""
        del refusal, model
        return ErrorAnswer(429, _HTML, content_type="text/html")

    def rate_headers(self, limits: RateLimits, now: float) -> dict[str, str]:
        """Return no headers."""
        del limits, now
        return {}
