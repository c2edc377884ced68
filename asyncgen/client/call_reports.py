"""Reports the end of each attempt at a call to observers, with the reason of a failure as it may be shown."""

from asyncgen.chat import Completion
from asyncgen.client.caller import Caller
from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.explanations import Explanations
from asyncgen.events import CallEnded, Observer


class CallReports:
    """Reports attempts.

    Args:
        observe: called for each.
        explanations: take out of a server's words what must not be shown.
    """

    def __init__(self, observe: Observer, explanations: Explanations) -> None:
        self._observe = observe
        self._explanations = explanations

    def ended(
        self,
        caller: Caller,
        request: Prepared,
        result: Completion | Failure,
        *,
        attempt: int,
        request_id: str | None,
        started: float,
        endpoint: str,
        waited: float = 0.0,
        took: float = 0.0,
        adapted: bool = False,
        batch: str = "",
    ) -> None:
        """Report the end of an attempt; for the arguments see `CallEnded`."""
        outcome: str = "ok"
        status: int | None = 200
        failed = isinstance(result, Failure)
        request_id = self._explanations.request_id(request_id, request if failed else None, caller.answers)
        code = param = sentence = None
        removed: tuple[str, ...] = ()
        of_day = False
        if isinstance(result, Failure):
            outcome, status = result.kind, result.status
            of_day = result.day_over is not None
            names = self._explanations.names(result, request, caller.answers)
            code, param = names
            if not adapted:
                sentence = self._explanations.sentence(result, request, caller.answers, names)
        else:
            removed = result.removed
        self._observe(
            CallEnded(
                caller.index,
                caller.note_id,
                request.step,
                request.hash,
                attempt,
                outcome,
                status,
                request_id,
                started,
                waited,
                took,
                result.usage,
                endpoint,
                code,
                param,
                sentence,
                batch,
                adapted,
                removed,
                of_day,
            )
        )
