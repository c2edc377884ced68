"""The answer to each request of a batch, as its line in the output or the error file."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from asyncgen.simulator.batch.batch_job import BatchTally
from asyncgen.simulator.batch.chance import Chance
from asyncgen.simulator.counts import Counts, Seen
from asyncgen.simulator.draws import body_key, draw
from asyncgen.simulator.faults import Fault, FaultPlan, concerns
from asyncgen.simulator.profile import Profile
from asyncgen.simulator.providers import ErrorAnswer, OpenAI
from asyncgen.simulator.respond import respond
from asyncgen.simulator.simulated_requests import InvalidRequestError, SimulatedRequest, parse_request

# Faults of a connection or of the bytes on it, which cannot happen to a line of a file.
_OF_CONNECTIONS = frozenset({"drop", "reset_body", "hang", "drip", "html_error", "bad_json", "error_in_200"})


class ResultLine(NamedTuple):
    """A line with its line break; `good` ones belong to the output file, and it is written `copies` times."""

    good: bool
    text: bytes
    copies: int


class LineAnswers:
    """Answers requests as the live server would answer the same body, without its limits and connections."""

    def __init__(
        self, profile: Profile, provider: OpenAI, counts: Counts, chance: Chance, ids: Iterator[str]
    ) -> None:
        self._profile = profile
        self._provider = provider
        self._counts = counts
        self._chance = chance
        self._ids = ids
        self._faults = FaultPlan(profile.faults)

    def answer(self, raw: bytes, tally: BatchTally) -> ResultLine:
        """Answer the request in a valid line of an input file, and count it."""
        data = orjson.loads(raw)
        custom_id, body = data["custom_id"], orjson.dumps(data["body"])
        key = body_key(body)
        seen = self._counts.take_batched(key, custom_id)
        if self._chance.hits_line("timeout_lines", key, seen.arrivals):
            tally.failed += 1
            return self.unanswered(raw, "request_timeout", "The underlying call to the model timed out.")
        error, text = self._work(body, key, seen, tally)
        status, text = (error.status, error.body) if error else (200, text)
        if error:
            tally.failed += 1
        else:
            tally.completed += 1
        text = text[text.find(b"{") :]  # without the comments that some providers send first
        answer = text.decode() if self._profile.batch.body_as_text else orjson.Fragment(text)
        response = {"status_code": status, "request_id": f"req_{next(self._ids)}", "body": answer}
        line = self._line(custom_id, response, None)
        return ResultLine(not error, line, self._copies(key, seen))

    def unanswered(self, raw: bytes, code: str, message: str) -> ResultLine:
        """The line of an unanswered request, with the reason."""
        custom_id = orjson.loads(raw)["custom_id"]
        return ResultLine(
            good=False, text=self._line(custom_id, None, {"code": code, "message": message}), copies=1
        )

    def _work(self, body: bytes, key: int, seen: Seen, tally: BatchTally) -> tuple[ErrorAnswer | None, bytes]:
        try:
            chat = parse_request(body)
        except InvalidRequestError as invalid:
            return self._provider.invalid(invalid.message, invalid.param), b""
        if refused := self._provider.check(chat):
            return refused, b""
        seen.admitted += 1
        if self._chance.hits_line("error_lines", key, seen.admitted):
            return self._provider.server_error(), b""
        fault = self._fault(body, chat, key, seen)
        if fault and (error := self._provider.faulty(fault, chat)):
            return error, b""
        kind = fault.kind if fault else None
        answer_id = f"chatcmpl-{next(self._ids)}"
        completion, text = respond(chat, key, kind, self._provider, self._profile, answer_id)
        self._counts.spend(completion.prompt_tokens, completion.completion_tokens)
        if kind is None:
            self._counts.answer(seen)
        tally.input_tokens += completion.prompt_tokens
        tally.output_tokens += completion.completion_tokens
        tally.reasoning_tokens += completion.reasoning_tokens
        return None, text

    def _fault(self, body: bytes, chat: SimulatedRequest, key: int, seen: Seen) -> Fault | None:
        fault = self._faults.hit(body, seen.admitted, draw(self._profile.seed, key, seen.admitted))
        if fault is None or fault.kind in _OF_CONNECTIONS or not concerns(fault, chat):
            return None
        self._counts.faults[fault.kind] += 1
        return fault

    def _copies(self, key: int, seen: Seen) -> int:
        if self._chance.hits_line("missing_lines", key, seen.arrivals):
            return 0
        return 2 if self._chance.hits_line("duplicate_lines", key, seen.arrivals) else 1

    def _line(self, custom_id: str, response: dict[str, Any] | None, error: dict[str, str] | None) -> bytes:
        line = {
            "id": f"batch_req_{next(self._ids)}",
            "custom_id": custom_id,
            "response": response,
            "error": error,
        }
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
