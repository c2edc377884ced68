"""Ready-made requests, one per line, and their answers in the Batch API's output format.

Rules:

1. The line is the request: it is sent unchanged, with unknown fields too; only `model` may be replaced.
2. Each request has one line of output, in the same order: its answer, or why it has none.
3. Nothing that differs from run to run is in a line. Ids are made from hashes of the request, `created` is 0; what
   a server adds of its own (times, cache, tier, fingerprint) is left out.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from asyncgen.chat import ChatRequest, Completion, Sampling, WholeBody
from asyncgen.errors import BadDataError, CallFailed, Setting
from asyncgen.recipe import Examples, Generate, OutputFile, Unparsed
from asyncgen.recipes.batch_line import BatchLine, parse_line
from asyncgen.storage.fingerprint import digest

VERSION = 1
STEP = "request"
RESPONSES_FILE = "responses.jsonl"
COMPLETED = "completed"


class Requests:
    """Sends each request of a batch file.

    Args:
        model: of all requests.
        replace_model: requests that name another model use this one instead.
    """

    rows = "requests"
    unique = "custom_id"
    sends_whole = True
    outputs = (OutputFile(RESPONSES_FILE, 1),)
    counters = (COMPLETED, "failed")
    failure_counters: Mapping[str, str] = {STEP: "failed"}
    fingerprint: Mapping[str, Any] = {"recipe": f"requests/{VERSION}"}

    def __init__(self, model: str, *, replace_model: bool) -> None:
        self._model = model
        self._replace_model = replace_model

    def parse(self, fields: Mapping[str, Any]) -> BatchLine:
        """Take the request out of a line.

        Raises:
            BadFieldError: it is not a request, or not a supported one.
            BadDataError: the file as a whole cannot be sent.
        """
        line = parse_line(fields, self._model)
        if line.model not in {"", self._model} and not self._replace_model:
            raise BadDataError(
                f"the requests name several models ({self._model} and {line.model}), and a run asks one: ",
                "split the file, or name the one to ask with ",
                Setting("model"),
            )
        return line

    async def run(self, pair: BatchLine, generate: Generate) -> Examples:
        """Make the one call of a row."""
        # Made in place: thousands may wait here, and everything but the bytes serves only planning.
        answer = await generate(STEP, _request(pair))
        request_id = digest(pair.data)
        completion = _completion(answer, self._model, request_id)
        response = {"status_code": HTTPStatus.OK, "request_id": request_id, "body": completion}
        return Examples((_line(pair, request_id, response, None),), {COMPLETED: 1})

    def lines_of_failed(self, pair: BatchLine | Unparsed, failure: CallFailed) -> tuple[bytes, ...]:
        """The line of a request without an answer: the server's refusal, else the reason."""
        request = "" if isinstance(pair, Unparsed) else digest(pair.data)
        message = _message(failure)
        response = None
        if failure.status is not None and failure.status != HTTPStatus.OK:
            said = {"message": message, "type": failure.kind, "param": failure.param, "code": failure.code}
            response = {"status_code": failure.status, "request_id": request, "body": {"error": said}}
        return (_line(pair, request, response, {"code": failure.kind, "message": message}),)

    def recognise(self, pair: BatchLine, blobs: tuple[bytes, ...]) -> None:  # noqa: ARG002 - the protocol's
        """Recognise nothing: other tools' files have other ids."""
        return


def _request(pair: BatchLine) -> ChatRequest:
    body = pair.body
    effort = body.fields.get("reasoning_effort")
    more = () if effort is None else (("reasoning_effort", orjson.dumps(effort).decode()),)
    sampling = Sampling(None, None, body.limit, more)
    return ChatRequest("", body.text, sampling, whole=WholeBody(pair.data, body.attachments))


def _line(pair: BatchLine | Unparsed, request: str, response: Any, error: Any) -> bytes:
    """A line of output; requests that differ only in their `custom_id` have different ids."""
    name = digest(f"{pair.note_id}\0{request}".encode())
    line = {
        "id": f"batch_req_{name}",
        "custom_id": pair.note_id,
        "response": response,
        "error": error,
    }
    if isinstance(pair, BatchLine) and pair.metadata is not None:
        line["metadata"] = pair.metadata
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _completion(answer: Completion, model: str, request: str) -> dict[str, Any]:
    """The body of a response."""
    used = answer.usage
    usage: dict[str, Any] = {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.total_tokens,
    }
    if used.reasoning_tokens:
        usage["completion_tokens_details"] = {"reasoning_tokens": used.reasoning_tokens}
    return {
        "id": f"chatcmpl-{request}",
        "object": "chat.completion",
        "created": 0,
        "model": answer.model or model,
        "choices": answer.choices,
        **({"usage": usage} if used.total_tokens else {}),
    }


def _message(failure: CallFailed) -> str:
    """Why there is no answer, in our own words: those of servers may quote the request."""
    if failure.status is None or failure.status == HTTPStatus.OK:
        return f"no usable answer came: {failure.kind}"
    names = [f"status {failure.status}", failure.code, f"param {failure.param}" if failure.param else None]
    return f"the server gave no answer: {', '.join(filter(None, names))}"
